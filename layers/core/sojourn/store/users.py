"""Users in DynamoDB: one item per user, written under an optimistic lock."""

from collections.abc import Sequence
from typing import Any, Final

from sojourn.domain.errors import Superseded
from sojourn.domain.session import Ended
from sojourn.domain.user import Change, User
from sojourn.domain.values import replace
from sojourn.runtime import optimistic
from sojourn.store import expressions, user_items
from sojourn.store.client import ConditionFailed, DynamoDB
from sojourn.store.expressions import Key
from sojourn.store.feed import DynamoFeed

ENDED_PER_COMMIT: Final = 99
"""Ended records that fit into the transaction beside the user's item: DynamoDB takes 100 writes."""

_SAME: Final = "v = :v"


class DynamoUsers:
    """`UserStore` over the sessions table.

    `only` names the attributes of a user to read. `user_items.SEEN` is all except the credentials,
    which then cannot be looked at or changed. None named: all.
    """

    def __init__(
        self, dynamo: DynamoDB, table: str, feed: DynamoFeed, *, only: tuple[str, ...] = ()
    ) -> None:
        self._dynamo = dynamo
        self._feed = feed
        self.table = table
        self._only = only

    def user_key(self, user_id: str) -> Key:
        """The key of a user's item."""
        return Key(self.table, user_id, user_items.USER_ITEM, self._only)

    def _record(self, user_id: str, session_id: str) -> Key:
        return Key(self.table, user_id, user_items.ENDED + session_id, user_items.RECORD)

    def get(self, user_id: str) -> User | None:
        item = self._dynamo.item(self.user_key(user_id))
        return None if item is None else user_items.user_from(item)

    def get_many(self, user_ids: Sequence[str]) -> list[User | None]:
        found = self._dynamo.items([self.user_key(user_id) for user_id in user_ids])
        return [None if item is None else user_items.user_from(item) for item in found]

    def commit(self, change: Change) -> Change:
        return self.commit_with(change, [])

    def commit_with(self, change: Change, others: Sequence[dict[str, Any]]) -> Change:
        """Commit a change together with its entry in the feed, and with writes to other items.

        Ended records that do not fit into the transaction stay pending in the user's item. Raises
        `Superseded`, `ConditionFailed` if the condition of another item failed, and `Unavailable`
        if the user is gone and an earlier attempt may have been done.
        """
        told = change.revocation
        announced = None if told is None else self._feed.announcing(told)
        entries = [] if announced is None else announced.writes
        room = ENDED_PER_COMMIT - len(others) - len(entries)
        waiting = (*change.before.pending, *change.ended)
        mark, commits = optimistic.marked(change.before.commits)
        after = replace(
            change.after,
            version=change.before.version + 1,
            pending=waiting[room:],
            commits=commits,
        )
        done = replace(change, after=after)
        records = [self._record_write(after.id, e) for e in waiting[:room]]
        try:
            self._dynamo.commit([self._user_write(done), *entries, *records, *others])
        except ConditionFailed as error:
            if not error.failed[0]:
                raise
            item = error.found()
            current = None if item is None else user_items.user_from(item)
            if not _is_done(done, mark, current):
                raise Superseded(current) from error
        if announced is not None:
            announced.confirm()
        return done

    def _user_write(self, change: Change) -> dict[str, Any]:
        changed, removed = user_items.difference(change.before, change.after)
        return expressions.update(
            self.user_key(change.after.id),
            changed=changed,
            removed=removed,
            condition=_SAME,
            values={":v": change.before.version},
        )

    def _record_write(self, user_id: str, ended: Ended) -> dict[str, Any]:
        """An Update, because no role that ends sessions may put whole items: users are items."""
        values = user_items.ended_item(user_id, ended)
        return expressions.update(
            self._record(user_id, ended.session.id),
            changed=values,
            removed=[name for name in user_items.RECORD if name not in values],
        )

    def archive(self, user_id: str) -> int:
        written = 0
        user = self.get(user_id)
        while user is not None and user.pending:
            waiting = len(user.pending)
            try:
                user = self.commit(Change(before=user, after=user)).after
            except Superseded as error:
                user = error.current
            else:
                written += waiting - len(user.pending)
        return written

    def ended(self, user_id: str, session_id: str) -> Ended | None:
        item = self._dynamo.item(self._record(user_id, session_id))
        return None if item is None else user_items.ended_from(item)

    def ended_many(self, wanted: Sequence[tuple[str, str]]) -> list[Ended | None]:
        records = self._dynamo.items([self._record(*where) for where in wanted])
        return [None if item is None else user_items.ended_from(item) for item in records]

    def list_ended(
        self, user_id: str, *, after: str | None, limit: int, ascending: bool
    ) -> Sequence[Ended]:
        condition, values = "pk = :pk AND begins_with(sk, :prefix)", {":prefix": user_items.ENDED}
        if after is not None:
            # `~` sorts after every digit of an id, `#` is the last character of the prefix.
            low, high = user_items.ENDED + after, user_items.ENDED + "~"
            if not ascending:
                low, high = user_items.ENDED, user_items.ENDED + after
            condition = "pk = :pk AND sk BETWEEN :low AND :high"
            values = {":low": low, ":high": high}
        page = self._dynamo.query(
            table=self.table,
            condition=condition,
            values={":pk": user_id, **values},
            limit=limit + 1,
            ascending=ascending,
            only=user_items.RECORD,
        )
        found = [user_items.ended_from(item) for item in page.items]
        return [e for e in found if e.id != after][:limit]


def _is_done(change: Change, mark: bytes, current: User | None) -> bool:
    """Whether the user has changed because this change was done and its answer was lost.

    Its idempotency mark tells; or, after too many later commits, a session that it began.
    """
    if current is None:
        return False
    begun = {s.id for s in change.after.sessions} - {s.id for s in change.before.sessions}
    return mark in current.commits or any(s.id in begun for s in current.sessions)
