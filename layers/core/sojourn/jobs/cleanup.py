"""Cleanup: remove expired items that the TTL left, and complete unfinished work.

It reads an index, which may be out of date. So each step has its own condition, and an item that is
no longer due is left alone. Cleanup may crash between any two steps, and two runs may overlap.
"""

import random
from typing import Final

from sojourn.domain import session_rules as rules
from sojourn.domain.due import Due
from sojourn.domain.errors import NotFound, Unavailable
from sojourn.domain.job_ports import DueIndex, Removal, TimeLeft
from sojourn.domain.ports import UserStore
from sojourn.domain.user import User
from sojourn.domain.values import asdict, dataclass, replace
from sojourn.jobs.realm_removal import RealmRemoval
from sojourn.jobs.settlement import Settlement
from sojourn.runtime import deadline, metrics, optimistic, telemetry
from sojourn.runtime.clock import Clock
from sojourn.runtime.clock_skew import Skew

PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a run: counts, and for how many seconds the oldest item has been overdue."""

    found: int = 0
    removed: int = 0
    failed: int = 0
    remaining: int = 0
    oldest_overdue_seconds: int = 0

    def answer(self) -> dict[str, int]:
        """The report as the function's answer."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Cleanup:
    """Works through the index of due work until it is empty or the time is up."""

    due: DueIndex
    users: UserStore
    removal: Removal
    realm_removal: RealmRemoval
    settlement: Settlement
    skew: Skew
    clock: Clock

    def run(self, time_left: TimeLeft) -> Report:
        """Do all due work; stop early enough to report before `time_left()` (seconds) is over."""
        report = Report()
        now = self.clock.wall_ms() // 1000
        shards = list(range(self.due.shards))
        # In random order, so that runs without enough time do not always skip the same shards.
        random.shuffle(shards)
        for shard in shards:
            for page in self.due.pages(shard, now=now, limit=PAGE):
                for due in page:
                    if time_left() > 0:
                        report = self._step(report, due, now, time_left)
                    else:
                        report = replace(report, remaining=report.remaining + 1)
                if time_left() <= 0:
                    # The rest is counted by one page of each shard, so it is a lower bound.
                    break
        return self._told(report)

    def _step(self, report: Report, due: Due, now: int, time_left: TimeLeft) -> Report:
        report = replace(
            report,
            found=report.found + 1,
            oldest_overdue_seconds=max(report.oldest_overdue_seconds, now - due.due_at),
        )
        try:
            removed = self._settle(due, now, time_left)
        except Unavailable:
            return replace(report, failed=report.failed + 1, remaining=report.remaining + 1)
        left = not removed and time_left() <= 0
        return replace(report, removed=report.removed + removed, remaining=report.remaining + left)

    def _settle(self, due: Due, now: int, time_left: TimeLeft) -> bool:
        """Do one piece of work; False if it was no longer due, or there was not enough time."""
        match due.kind:
            case "user":
                return self._settle_user(due.owner, time_left)
            case "ended_record":
                return self.due.remove_record(due.owner, due.name, now=now)
            case "revocation":
                return self.due.remove_entry(due.owner, due.name, now=now)
            case "realm_deletion":
                return self.realm_removal.resume(due.owner, time_left)
            case "settlement":
                return self.settlement.resume(due.owner, due.name, time_left)

    def _settle_user(self, user_id: str, time_left: TimeLeft) -> bool:
        """Remove expired sessions, write pending ended records, and complete a deletion."""
        user = self.users.get(user_id)
        if user is None:
            return False
        if user.state == "deleted":
            return self.removal.finish_user(user_id, time_left)
        # A fast clock would take active sessions for expired.
        self.skew.check()
        self._outwait(user, time_left)
        if time_left() <= 0:
            return False
        slowest_ms = self.clock.wall_ms() - rules.CLOCKS_APART_MS
        try:
            with deadline.deadline(self.clock):
                change = optimistic.commit(
                    self.users,
                    user,
                    lambda found: rules.prune(found, now_ms=slowest_ms),
                    clock=self.clock,
                )
                self.users.archive(user_id)
        except NotFound:
            return False
        return change is not None

    def _outwait(self, user: User, time_left: TimeLeft) -> None:
        """Wait until the session has expired by every instance's clock, if there is time.

        A run waits at most once: sessions that expire later were not due when it began.
        """
        now_ms = self.clock.wall_ms()
        spent = rules.lingering(user, now_ms=now_ms)
        last_ms = max((session.expires_at for session in spent), default=0) * 1000
        wait = (last_ms + rules.CLOCKS_APART_MS - now_ms) / 1000
        if 0 < wait < time_left():
            self.clock.sleep(wait)

    def _told(self, report: Report) -> Report:
        metrics.count(
            CleanupFound=report.found,
            CleanupRemoved=report.removed,
            CleanupRemaining=report.remaining,
        )
        metrics.seconds(CleanupOldestOverdueSeconds=report.oldest_overdue_seconds)
        telemetry.info("Cleanup is done", **report.answer())
        return report
