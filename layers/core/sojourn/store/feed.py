"""The feed of revocations, in the sessions table.

An entry is at `rl_…#feed#SLICE#SHARD` / `rev_…`: in a shard of its realm's feed, in the slice of
the time at which its commit was sent, under an id that begins with this time.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sojourn.domain import ids
from sojourn.domain.revocation import CONFIRMED_SECONDS, Entry, Revocation, slice_of
from sojourn.domain.values import replace
from sojourn.runtime import deadline
from sojourn.runtime.clock import Clock
from sojourn.runtime.deadline import Deadline
from sojourn.store import expressions, user_items
from sojourn.store.client import DynamoDB
from sojourn.store.expressions import Key, Write

FEED: Final = "#feed#"
MARGIN_SECONDS: Final = 3_600
"""How much longer than promised an entry is kept: clocks differ, and a page may take a while."""
ENTRY: Final = (
    "reason",
    "ended_ms",
    "scope",
    "session_ids",
    "user_id",
    "key_id",
    "expires_at",
)
"""The attributes of an entry that are read."""


class Announcement:
    """The entry of one attempt to commit: it belongs into the commit's transaction."""

    def __init__(self, feed: "DynamoFeed", revocation: Revocation) -> None:
        self._feed = feed
        self._revocation = revocation
        # The request's: neither the entry nor the realm that names its shard is older.
        self._age = deadline.current(feed.clock)
        self._sent_ms = feed.now_ms()
        self.writes: list[Write] = [feed.entry(revocation)]

    def confirm(self) -> None:
        """Call it when the commit was answered: only a young entry can be relied upon.

        If the process was suspended or its clock was set, a reader may have passed the entry's
        time, or may no longer read its shard. Then it is written again, in the first shard, which
        is always read. Raises `Unavailable`.
        """
        while not self._is_young():
            self._age = Deadline(self._feed.clock)
            self._sent_ms = self._feed.now_ms()
            self._feed.write(self._feed.entry(replace(self._revocation, shards=1)))

    def _is_young(self) -> bool:
        """Whether few seconds passed, and the entry's time is still a moment ago."""
        passed = (self._feed.now_ms() - self._sent_ms) / 1000
        return self._age.age() <= CONFIRMED_SECONDS and -1 <= passed <= CONFIRMED_SECONDS


class DynamoFeed:
    """`RevocationFeed` over the sessions table, and the entries that commits add to it."""

    def __init__(self, dynamo: DynamoDB, table: str, clock: Clock, *, kept_seconds: int) -> None:
        self._dynamo = dynamo
        self._table = table
        self._kept_seconds = kept_seconds
        self.clock = clock

    def announcing(self, revocation: Revocation) -> Announcement:
        """The entry of an attempt that is sent now."""
        return Announcement(self, revocation)

    def announce(self, revocation: Revocation) -> None:
        announced = self.announcing(revocation)
        for entry in announced.writes:
            self.write(entry)
        announced.confirm()

    def entry(self, revocation: Revocation) -> Write:
        """The write of an entry with the present time."""
        now_ms = self.now_ms()
        entry_id = ids.new_id("rev", now_ms)
        until = now_ms // 1000 + self._kept_seconds + MARGIN_SECONDS
        values = {
            "reason": revocation.reason,
            "ended_ms": revocation.ended_ms,
            "scope": revocation.scope,
            "session_ids": list(revocation.session_ids) or None,
            "user_id": revocation.user_id,
            "key_id": revocation.key_id,
            "expires_at": revocation.expires_at,
            "ttl": until,
            "due_at": until,
            "due_shard": user_items.shard(revocation.user_id or revocation.realm_id),
        }
        at = partition(revocation.realm_id, slice_of(now_ms), revocation.shard)
        return expressions.put(Key(self._table, at, entry_id), values)

    def now_ms(self) -> int:
        return self.clock.wall_ms() - self._dynamo.skew.off_ms

    def write(self, entry: Write) -> None:
        """Write an entry alone."""
        self._dynamo.write(entry)

    def read(
        self, realm_id: str, number: int, shard: int, *, after: str, limit: int
    ) -> tuple[Sequence[Entry], bool]:
        page = self._dynamo.query(
            table=self._table,
            condition="pk = :pk AND sk > :after",
            values={":pk": partition(realm_id, number, shard), ":after": after},
            limit=limit,
            only=ENTRY,
        )
        return [_entry(realm_id, item) for item in page.values], page.next_start is not None


def partition(realm_id: str, number: int, shard: int) -> str:
    """The partition of a slice in a shard."""
    return f"{realm_id}{FEED}{number}#{shard}"


def _entry(realm_id: str, values: Mapping[str, Any]) -> Entry:
    return Entry(
        id=values["sk"],
        revocation=Revocation(
            realm_id=realm_id,
            reason=values["reason"],
            ended_ms=values["ended_ms"],
            shards=1,
            scope=values.get("scope"),
            session_ids=tuple(values.get("session_ids", ())),
            user_id=values.get("user_id"),
            key_id=values.get("key_id"),
            expires_at=values.get("expires_at"),
        ),
    )
