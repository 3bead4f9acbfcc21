"""Count a realm's active sessions, up to a number of users and a time."""

from collections.abc import Callable
from typing import Final

from sojourn.domain.errors import Unavailable
from sojourn.domain.ports import UserDirectory, UserStore
from sojourn.domain.session import Session
from sojourn.domain.values import dataclass
from sojourn.runtime import deadline
from sojourn.runtime.clock import Clock

USERS: Final = 2_000
SECONDS: Final = 4.0
PAGE: Final = 25
"""Users that are read at once: few, so that a slow store still returns some in time."""


@dataclass(frozen=True, slots=True)
class Count:
    """The number of counted sessions; not `complete` if some users were not reached."""

    sessions: int
    complete: bool


@dataclass(frozen=True, slots=True)
class Census:
    """Counts sessions user by user. The count is only shown, and decides nothing."""

    directory: UserDirectory
    users: UserStore
    clock: Clock

    def count(self, realm_id: str, wanted: Callable[[Session], bool]) -> Count:
        """Count the realm's unexpired sessions that are `wanted`, for 2,000 users or 4 seconds.

        If the time is up or the store does not answer, returns the count so far.
        """
        began = self.clock.stopwatch()
        sessions = counted = 0
        after: str | None = None
        more = True
        while more:
            left = began + SECONDS - self.clock.stopwatch()
            if counted >= USERS or (counted and left <= 0):
                return Count(sessions=sessions, complete=False)
            try:
                # A slow store ends the count, not the whole call.
                with deadline.deadline(self.clock, seconds=max(left, 0)):
                    found, more = self.directory.users_of_realm(
                        realm_id, after=after, limit=PAGE, ascending=True
                    )
                    users = self.users.get_many(found)
            except Unavailable:
                return Count(sessions=sessions, complete=False)
            now_ms = self.clock.wall_ms()
            for user in users:
                if user is not None:
                    sessions += sum(s.live(now_ms) and wanted(s) for s in user.sessions)
            counted += len(found)
            after = found[-1] if found else None
        return Count(sessions=sessions, complete=True)
