"""Count a realm's active sessions, up to a number of users and a time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sojourn.domain.errors import Unavailable
from sojourn.domain.ports import UserDirectory, UserStore
from sojourn.domain.session import Session
from sojourn.runtime import deadline
from sojourn.runtime.clock import Clock

USERS: Final = 2_000
SECONDS: Final = 4.0
PAGE: Final = 25
"""Users that are read at once: few, so that a slow store still gives some in the time."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many sessions were met; not `complete` when the realm is larger than was looked at."""

    sessions: int
    complete: bool


@dataclass(frozen=True, slots=True)
class Census:
    """Counts sessions user by user; nothing is ever decided from it."""

    directory: UserDirectory
    users: UserStore
    clock: Clock

    def count(self, realm_id: str, wanted: Callable[[Session], bool]) -> Count:
        """How many unexpired sessions of the realm are `wanted`, of 2,000 users or in 4 seconds.

        When the time is up, or the store does not answer in it, those that were counted by then.
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
                # What the store holds up ends the count, and not the whole call.
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
