"""Read the feed: a page of what ended since a cursor, oldest first."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from sojourn.api.structs import (
    Answer,
    JwtKeyId,
    Polled,
    RevocationId,
    SessionId,
    Time,
    UserId,
    WholeTime,
)
from sojourn.domain import ids
from sojourn.domain.access_key import Server
from sojourn.domain.errors import existing
from sojourn.domain.ports import Realms, RevocationFeed
from sojourn.domain.realm import Realm
from sojourn.domain.revocation import SLICE_MS, Entry, Scope, first_id, slice_of
from sojourn.domain.session import Reason
from sojourn.domain.values import dataclass, replace
from sojourn.feed.cursor import Cursor

QUERIES: Final = 48
"""The most queries of one page: a day in one shard, or three hours in sixteen."""
LEAST: Final = 20
"""Entries to read of each shard at least."""
SESSIONS: Final = 5_000
"""A page with that many session ids ends: an answer has at most 6 MB."""


class Revocation(Answer, frozen=True, kw_only=True):
    """What one commit ended: `session_ids`, or everything of a `scope` that began before."""

    object: Literal["revocation"] = "revocation"
    id: RevocationId
    session_ids: tuple[SessionId, ...] | UnsetType = UNSET
    scope: Scope | UnsetType = UNSET
    user_id: UserId | None
    key_id: JwtKeyId | UnsetType = UNSET
    ended_at: Time
    reason: Reason
    expires_at: WholeTime | None


class Revocations(Polled, frozen=True, kw_only=True):
    """A page of the feed, and the cursor with which to ask for the next one."""

    collection: Sequence[Revocation]
    cursor: Annotated[str, Meta(description="The next request's `after`")]
    complete_since: Annotated[
        float, Meta(description="Since then, its reader has been told of everything", gt=0)
    ]
    more_results: bool

    @property
    def seen(self) -> object:
        # With the cursor's hour: who is told 304 all day would be left with a cursor that expires.
        hour = slice_of(Cursor.of(self.cursor).floor_ms)
        return [e.id for e in self.collection], self.complete_since, self.more_results, hour


@dataclass(frozen=True, slots=True)
class RevocationReader:
    """`GET /v1/revocations`. It reads the realm newly, for a cached one may lack a new shard."""

    realms: Realms
    feed: RevocationFeed
    hours: int

    def page(self, server: Server, *, after: str | None, limit: int) -> Revocations:
        """What ended since the cursor `after`; for a new reader, in the last seconds.

        Raises `NotFound`, `CursorInvalid`, `CursorExpired`.
        """
        # Before anything is read: what is committed later is left to the next sweep.
        now_ms = self.feed.now_ms()
        cursor = Cursor.first(now_ms=now_ms, hours=self.hours)
        if after is not None:
            cursor = Cursor.of(after)
            cursor.check(now_ms=now_ms, hours=self.hours)
        realm = existing(self.realms.get(server.in_realm()))
        sweep = cursor.begun(now_ms=now_ms)
        entries, reached = self._read(realm, sweep.after, sweep.until_ms, limit)
        finished = reached > first_id(sweep.until_ms)
        sweep = replace(sweep, after=reached)
        following = cursor.at(sweep, finished=finished, hours=self.hours)
        return Revocations(
            collection=[_shown(entry) for entry in entries],
            cursor=str(following),
            complete_since=cursor.since_ms / 1000,
            more_results=not finished,
        )

    def _read(self, realm: Realm, after: str, until_ms: int, limit: int) -> tuple[list[Entry], str]:
        """The next entries, and the id up to which there is no other."""
        found: list[Entry] = []
        queries = sessions = 0
        last = slice_of(until_ms)
        for number in range(slice_of(ids.created_ms(after)), last + 1):
            shards = realm.shards_of(number)
            if queries and queries + shards > QUERIES:
                return found, after
            queries += shards
            entries, horizon = self._slice(realm.id, number, shards, after, limit + 1 - len(found))
            for entry in entries:
                if ids.created_ms(entry.id) > until_ms:
                    break
                if len(found) == limit or sessions >= SESSIONS:
                    return found, found[-1].id
                found.append(entry)
                sessions += len(entry.revocation.session_ids)
            if horizon is not None:
                return found, horizon
            after = first_id((number + 1) * SLICE_MS)
        return found, after

    def _slice(
        self, realm_id: str, number: int, shards: int, after: str, limit: int
    ) -> tuple[list[Entry], str | None]:
        """A slice's next entries of all shards, by id, and the id up to which that is all of them.

        None: the slice has no more.
        """
        found: list[Entry] = []
        horizons: list[str] = []
        each = min(limit, max(-(-limit // shards), LEAST))
        for shard in range(shards):
            entries, more = self.feed.read(realm_id, number, shard, after=after, limit=each)
            found += entries
            if more:
                horizons.append(entries[-1].id if entries else after)
        horizon = min(horizons, default=None)
        found.sort(key=lambda entry: entry.id)
        return [e for e in found if horizon is None or e.id <= horizon], horizon


def _shown(entry: Entry) -> Revocation:
    told = entry.revocation
    return Revocation(
        id=entry.id,
        session_ids=UNSET if told.scope else told.session_ids,
        scope=told.scope or UNSET,
        user_id=told.user_id,
        key_id=told.key_id or UNSET,
        ended_at=told.ended_ms / 1000,
        reason=told.reason,
        expires_at=told.expires_at,
    )
