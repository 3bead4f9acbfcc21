"""The net under the TTL: remove what is past its time, and finish what was left half recorded.

It reads an index, so what it finds may be old: each step writes under a condition of its own
and an item that is no longer due is not touched. It may die between any two steps and be run
twice at once.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from sojourn.directory.realm_deletion import RealmDeletion
from sojourn.domain import session_rules as rules
from sojourn.domain.errors import NotFound, Unavailable
from sojourn.domain.user import User
from sojourn.jobs.settlement import Settlement
from sojourn.runtime import deadline, optimistic, telemetry
from sojourn.runtime.clock import Clock
from sojourn.store import user_items
from sojourn.store.client import ConditionFailed, DynamoDB
from sojourn.store.expressions import Item, Key, delete
from sojourn.store.users import DynamoUsers

PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class Report:
    """What a run met: counts, and the age in seconds of the item that was due the longest."""

    found: int = 0
    removed: int = 0
    failed: int = 0
    remaining: int = 0
    oldest_overdue_seconds: int = 0

    def answer(self) -> dict[str, int]:
        """The report as the function answers it."""
        return {
            "found": self.found,
            "removed": self.removed,
            "failed": self.failed,
            "remaining": self.remaining,
            "oldest_overdue_seconds": self.oldest_overdue_seconds,
        }


@dataclass(frozen=True, slots=True)
class Cleanup:
    """Works through the due index until it is empty or the time is up."""

    dynamo: DynamoDB
    accounts: DynamoUsers
    deletions: RealmDeletion
    settlement: Settlement
    table: str
    clock: Clock

    def run(self, time_left: Callable[[], float]) -> Report:
        """Remove what is due; stop while `time_left()` (seconds) still allows to report."""
        report = Report()
        now = self.clock.wall_ms() // 1000
        shards = list(range(user_items.SHARDS))
        # A run that never gets through must not leave the same shards behind each time.
        random.shuffle(shards)
        for shard in shards:
            for page in self._pages(shard, now):
                for item in page:
                    if time_left() > 0:
                        report = self._step(report, item, now, time_left)
                    else:
                        report = replace(report, remaining=report.remaining + 1)
                if time_left() <= 0:
                    # What remains is counted by one page of each shard: at least so many.
                    break
        return self._told(report)

    def _step(
        self, report: Report, item: dict[str, Any], now: int, time_left: Callable[[], float]
    ) -> Report:
        report = replace(
            report,
            found=report.found + 1,
            oldest_overdue_seconds=max(report.oldest_overdue_seconds, now - item["due_at"]),
        )
        try:
            removed = self._settle(item, now, time_left)
        except Unavailable:
            return replace(report, failed=report.failed + 1, remaining=report.remaining + 1)
        left = not removed and time_left() <= 0
        return replace(report, removed=report.removed + removed, remaining=report.remaining + left)

    def _settle(self, item: dict[str, Any], now: int, time_left: Callable[[], float]) -> bool:
        """Do what is due for one item; False when it was no longer due."""
        if item["sk"] == user_items.HEART:
            return self._settle_heart(item["pk"], time_left)
        if item["sk"] == user_items.DELETION:
            return self.deletions.resume(item["pk"], time_left)
        if item["sk"].startswith(user_items.SETTLEMENT):
            return self.settlement.resume(item["pk"], item["sk"], time_left)
        key = Key(self.table, item["pk"], item["sk"])
        try:
            self.dynamo.write(delete(key, condition="due_at <= :now", values={":now": now}))
        except ConditionFailed:
            return False
        return True

    def _settle_heart(self, user_id: str, time_left: Callable[[], float]) -> bool:
        """Drop expired sessions and record endings left pending; finish a deletion."""
        account = self.accounts.get(user_id)
        if account is None:
            return False
        if account.state == "deleted":
            return self.accounts.finish_deletion(account, time_left)
        # A clock that is ahead would take for expired what is live.
        self.dynamo.skew.check()
        self._outwait(account, time_left)
        if time_left() <= 0:
            return False
        slowest_ms = self.clock.wall_ms() - rules.CLOCKS_APART_MS
        try:
            with deadline.deadline(self.clock):
                change = optimistic.commit(
                    self.accounts,
                    account,
                    lambda found: rules.prune(found, now_ms=slowest_ms),
                    clock=self.clock,
                )
                self.accounts.archive(user_id)
        except NotFound:
            return False
        return change is not None

    def _outwait(self, account: User, time_left: Callable[[], float]) -> None:
        """Wait until no instance's clock can take for live what has expired, if there is time.

        A run waits once at most: what expires meanwhile was not due when it began.
        """
        now_ms = self.clock.wall_ms()
        spent = rules.lingering(account, now_ms=now_ms)
        last_ms = max((session.expires_at for session in spent), default=0) * 1000
        wait = (last_ms + rules.CLOCKS_APART_MS - now_ms) / 1000
        if 0 < wait < time_left():
            self.clock.sleep(wait)

    def _pages(self, shard: int, now: int) -> Iterator[tuple[dict[str, Any], ...]]:
        start: Item | None = None
        while True:
            page = self.dynamo.query(
                table=self.table,
                index="due",
                condition="due_shard = :shard AND due_at <= :now",
                values={":shard": shard, ":now": now},
                limit=PAGE,
                start=start,
            )
            yield page.items
            start = page.next_start
            if start is None:
                return

    def _told(self, report: Report) -> Report:
        telemetry.count(
            CleanupFound=report.found,
            CleanupRemoved=report.removed,
            CleanupRemaining=report.remaining,
        )
        telemetry.seconds(CleanupOldestOverdueSeconds=report.oldest_overdue_seconds)
        telemetry.info("Cleanup is done", **report.answer())
        return report
