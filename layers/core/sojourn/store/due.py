"""The index of due work in the sessions table, which cleanup reads.

`due_shard` and `due_at` are the key attributes of the index `due`, and are used for nothing else.
Users and ended records have them (see `user_items`), entries of the feed (see `feed`), and two
kinds of jobs, under their realm's id: `deletion`, for a realm that is being deleted, and
`settlement#…`, for the settlement of a realm's users, whose progress is in `after`.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sojourn.domain.due import Due, Progress
from sojourn.store import expressions, user_items
from sojourn.store.client import ConditionFailed, DynamoDB
from sojourn.store.expressions import Item, Key, Write

DELETION: Final = "deletion"
SETTLEMENT: Final = "settlement#"
PROGRESS: Final = ("due_at", "after")
"""The attributes of a settlement job that are read."""


class DynamoDue:
    """`DueIndex` and `Settlements` over the sessions table."""

    shards = user_items.SHARDS

    def __init__(self, dynamo: DynamoDB, table: str) -> None:
        self._dynamo = dynamo
        self._table = table

    def pages(self, shard: int, *, now: int, limit: int) -> Iterator[Sequence[Due]]:
        start: Item | None = None
        while True:
            page = self._dynamo.query(
                table=self._table,
                index="due",
                condition="due_shard = :shard AND due_at <= :now",
                values={":shard": shard, ":now": now},
                limit=limit,
                start=start,
            )
            yield [_due(values) for values in page.values]
            start = page.next_start
            if start is None:
                return

    def remove_record(self, user_id: str, session_id: str, *, now: int) -> bool:
        return self.remove_entry(user_id, user_items.ENDED + session_id, now=now)

    def remove_entry(self, owner: str, entry_id: str, *, now: int) -> bool:
        due = Key(self._table, owner, entry_id)
        return self._held(expressions.delete(due, condition="due_at <= :now", values={":now": now}))

    def progress(self, realm_id: str, name: str) -> Progress | None:
        found = self._dynamo.get(self._settlement(realm_id, name))
        return None if found is None else Progress(due_at=found["due_at"], after=found.get("after"))

    def save_progress(self, realm_id: str, name: str, *, after: str) -> bool:
        return self._held(
            expressions.update(
                self._settlement(realm_id, name),
                changed={"after": after},
                condition="attribute_exists(pk)",
            )
        )

    def finish_settlement(self, realm_id: str, name: str) -> None:
        self._dynamo.write(expressions.delete(self._settlement(realm_id, name)))

    def leaving(self, job: Due) -> Write:
        """The write that adds a job for cleanup, as part of another transaction."""
        values = {"due_shard": user_items.shard(job.owner), "due_at": job.due_at}
        if job.kind == "realm_deletion":
            return expressions.put(self.deletion(job.owner), values)
        # An Update, because no role that ends sessions may put whole items: users are items.
        return expressions.update(self._settlement(job.owner, job.name), changed=values)

    def deletion(self, realm_id: str) -> Key:
        """The key of the deletion job of a realm."""
        return Key(self._table, realm_id, DELETION)

    def _settlement(self, realm_id: str, name: str) -> Key:
        return Key(self._table, realm_id, SETTLEMENT + name, PROGRESS)

    def _held(self, write: Write) -> bool:
        """Do a conditional write; False if its condition failed."""
        try:
            self._dynamo.write(write)
        except ConditionFailed:
            return False
        return True


def _due(values: dict[str, Any]) -> Due:
    owner, place, due_at = values["pk"], values["sk"], values["due_at"]
    if place == user_items.USER_ITEM:
        return Due("user", owner, due_at)
    if place == DELETION:
        return Due("realm_deletion", owner, due_at)
    if place.startswith(SETTLEMENT):
        return Due("settlement", owner, due_at, place.removeprefix(SETTLEMENT))
    if place.startswith("rev_"):
        return Due("revocation", owner, due_at, place)
    return Due("ended_record", owner, due_at, place.removeprefix(user_items.ENDED))
