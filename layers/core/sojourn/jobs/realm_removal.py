"""Remove the content of a deleted realm, in steps that can be repeated.

Users are removed one by one, with their sessions, records and names. Two callers can work at once.
After a crash, the next call continues, or cleanup, which finds the deletion in the index of due
work.
"""

from typing import Final

from sojourn.domain.errors import Superseded, Unavailable
from sojourn.domain.job_ports import Removal, TimeLeft
from sojourn.domain.ports import UserDirectory, UserReader
from sojourn.domain.values import dataclass
from sojourn.runtime import deadline
from sojourn.runtime.clock import Clock

STEP: Final = 25
"""Users that are removed between two updates of the count."""


@dataclass(frozen=True, slots=True)
class RealmRemoval:
    """Continues deletions of realms."""

    removal: Removal
    directory: UserDirectory
    users: UserReader
    clock: Clock

    def resume(self, realm_id: str, time_left: TimeLeft) -> bool:
        """Continue a deletion while there is time; returns whether it is finished."""
        if not self.removal.remove_access_keys(realm_id, time_left):
            return False
        while time_left() > 0:
            found, _ = self.directory.users_of_realm(
                realm_id, after=None, limit=STEP, ascending=True
            )
            if not found:
                self.removal.remove_realm(realm_id)
                return True
            removed = 0
            for user_id in found:
                if time_left() <= 0 or not self._remove_user(realm_id, user_id, time_left):
                    break
                removed += 1
            if removed:
                self.removal.count_removed(realm_id, removed)
        return False

    def _remove_user(self, realm_id: str, user_id: str, time_left: TimeLeft) -> bool:
        """Remove a user; False if there was not enough time."""
        limit, attempt = deadline.current(self.clock), 0
        user = self.users.get(user_id)
        # Remove the records first. An end that adds another record changes the user's version.
        while self.removal.remove_records(user_id, time_left):
            if user is None:
                self.removal.forget_user(realm_id, user_id)
                return True
            try:
                self.removal.remove_user(user)
            except Superseded as error:
                user = error.current
            else:
                return True
            if not limit.wait(attempt):
                raise Unavailable("The user is being changed. Try again.")
            attempt += 1
        return False
