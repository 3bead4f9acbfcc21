"""Settlement: write the ended records of all users after their realm's sessions were ended.

Ending a realm's sessions, or stopping a signing key, is one commit of the realm. A user's item
follows when it is next written. An item that is never written again would keep the addresses of its
sessions until they would have expired, up to a year; rule 9 allows 30 days. So the commit adds a
job to the index of due work, and cleanup goes through the realm's users. It may crash at any point,
and two runs may overlap.
"""

from contextlib import suppress
from typing import Final

from sojourn.domain import session_rules as rules
from sojourn.domain.errors import NotFound
from sojourn.domain.job_ports import Settlements, TimeLeft
from sojourn.domain.ports import Realms, UserDirectory, UserStore
from sojourn.domain.realm import Realm
from sojourn.domain.user import Change, User
from sojourn.domain.values import dataclass
from sojourn.jobs.pending import archive_pending
from sojourn.runtime import deadline, optimistic
from sojourn.runtime.clock import Clock
from sojourn.runtime.clock_skew import Skew

PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class Settlement:
    """Goes through the users of a realm after their sessions ended with it."""

    settlements: Settlements
    realms: Realms
    directory: UserDirectory
    users: UserStore
    skew: Skew
    clock: Clock

    def resume(self, realm_id: str, name: str, time_left: TimeLeft) -> bool:
        """Continue a settlement while there is time; returns whether it is finished."""
        progress = self.settlements.progress(realm_id, name)
        if progress is None:
            return False
        if progress.after is None and self._covered(realm_id, name):
            self.settlements.finish_settlement(realm_id, name)
            return True
        realm = self.realms.get(realm_id)
        after, more = progress.after, True
        while realm is not None and more:
            users, more = self.directory.users_of_realm(
                realm_id, after=after, limit=PAGE, ascending=True
            )
            for user in self.users.get_many(users):
                if time_left() <= 0:
                    return False
                if user is not None:
                    self._settle(user, realm)
            if more:
                after = users[-1]
                if not self.settlements.save_progress(realm_id, name, after=after):
                    return False
        self.settlements.finish_settlement(realm_id, name)
        return True

    def _covered(self, realm_id: str, name: str) -> bool:
        """Whether the settlement of the realm's next end is due too: it includes this one.

        So repeated ends of a realm cause at most one settlement per cleanup run. A settlement that
        has begun continues, so that a stream of ends cannot restart it for ever.
        """
        if not name.isdecimal():
            # Of a stopped key.
            return False
        later = self.settlements.progress(realm_id, str(int(name) + 1))
        return later is not None and later.due_at <= self.clock.wall_ms() // 1000

    def _settle(self, user: User, realm: Realm) -> None:
        def decide(found: User) -> Change | None:
            return rules.record_ended(found, realm, now_ms=self.clock.wall_ms())

        # A fast clock would take active sessions for expired.
        self.skew.check()
        with suppress(NotFound), deadline.deadline(self.clock):
            done = optimistic.commit(self.users, user, decide, clock=self.clock)
            archive_pending(self.users, done)
