"""Revocations: entries of the feed from which applications learn what ended.

Every commit that ends sessions adds one entry, in the same transaction. An application that follows
the feed can accept a token without a call, and still refuses an ended session in time. Why nothing
is missed: docs/decisions/0022-the-revocation-feed.md.
"""

from typing import Final, Literal
from zlib import crc32

from sojourn.domain import ids
from sojourn.domain.session import Ended, Reason
from sojourn.domain.values import dataclass

Scope = Literal["user", "realm", "key"]
SHARDS: Final = (1, 16)
"""Shards of a realm's feed. DynamoDB writes some 500 entries a second to each."""
SLICE_MS: Final = 3_600_000
"""The time whose entries are in one partition of a shard."""
OVERLAP_MS: Final = 40_000
"""How far a cursor points behind the reader's clock, so that what commits late is read again.

An entry has the time at which its transaction was first sent. It is acknowledged at most 19 seconds
later: the request's deadline (10), its last attempt (4), and the wait for cached realms (5). Two
clocks differ by at most 10 seconds. The rest is for a write that is carried out after its sender
gave up.
"""
AGAIN_MS: Final = 1_200_000
"""How long after an end a call that finds it done announces it again. DynamoDB takes no request
whose signature is older than 15 minutes, so the commit of an older end was not a late one."""
CONFIRMED_SECONDS: Final = 14.0
"""How old a request may be when its commit is answered: its deadline and its last attempt. After a
longer time (the process was suspended) the entry is written again."""


@dataclass(frozen=True, slots=True)
class Revocation:
    """What one commit ended: these sessions, or all of a scope that began before.

    `scope` is `user` (all sessions and tokens of `user_id`, perhaps except the caller's), `realm`,
    or `key` (all of the signing key `key_id`). Of several reasons, `reason` is the first session's.
    `expires_at` is when the last of the sessions expires; None if their tokens may have no `exp`.
    """

    realm_id: str
    reason: Reason
    ended_ms: int
    shards: int
    """The shards that the realm's feed had when the commit was decided."""
    scope: Scope | None = None
    session_ids: tuple[str, ...] = ()
    user_id: str | None = None
    key_id: str | None = None
    expires_at: int | None = None

    @property
    def shard(self) -> int:
        """The shard that its entry belongs to."""
        return crc32((self.user_id or self.realm_id).encode()) % self.shards


def of_session(ended: Ended, user_id: str, realm_id: str, *, shards: int) -> Revocation:
    """The end of one session."""
    return Revocation(
        realm_id=realm_id,
        reason=ended.reason,
        ended_ms=ended.ended_ms,
        shards=shards,
        session_ids=(ended.session.id,),
        user_id=user_id,
        expires_at=ended.session.expires_at,
    )


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the feed. Its id `rev_…` has the time at which its commit was sent."""

    id: str
    revocation: Revocation


def first_id(ms: int) -> str:
    """The id before all entries of that time and later."""
    return "rev_" + ids.encode(max(ms, 0) << 80, ids.BODY)


def slice_of(ms: int) -> int:
    """The number of the slice of a time."""
    return ms // SLICE_MS


@dataclass(frozen=True, slots=True)
class FormerShards:
    """The most shards that a realm's feed had before the last change, and until when."""

    count: int
    left_ms: int
