"""Record what the end of a realm's sessions ended, user by user, after that end is definite.

The end, or a signing key's stop, is one commit of the realm, and a user's item learns of it when it
is next written. An item that never is would keep where its sessions began until they would have
expired, a year at most, and rule 9 gives them 30 days. So that commit leaves a job in the due
index, by which cleanup walks the realm's users. A walk may die anywhere, and two may work at once.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from sojourn.domain import session_rules as rules
from sojourn.domain.errors import NotFound
from sojourn.domain.realm import Realm
from sojourn.domain.user import Change, User
from sojourn.jobs.pending import archive_pending
from sojourn.runtime import deadline, optimistic
from sojourn.runtime.clock import Clock
from sojourn.store import expressions, user_items
from sojourn.store.client import ConditionFailed
from sojourn.store.expressions import Key
from sojourn.store.realms import DynamoDirectory
from sojourn.store.users import DynamoUsers

DELAY_SECONDS: Final = 3_600
"""From the end to the walk: no login that had read the realm before it commits so late."""
PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class Settlement:
    """Walks the users of a realm that ended sessions for all of them at once."""

    directory: DynamoDirectory
    accounts: DynamoUsers
    clock: Clock

    def job(self, realm_id: str, what: str) -> dict[str, Any]:
        """The write that leaves a walk to cleanup, in the transaction of what ended sessions."""
        due_at = self.clock.wall_ms() // 1000 + DELAY_SECONDS
        return expressions.update(
            Key(self.accounts.table, realm_id, user_items.SETTLEMENT + what),
            changed={"due_shard": user_items.shard(realm_id), "due_at": due_at},
        )

    def resume(self, realm_id: str, name: str, time_left: Callable[[], float]) -> bool:
        """Go on with a walk while there is time (seconds); whether it is finished."""
        dynamo = self.directory.dynamo
        job = Key(self.accounts.table, realm_id, name, user_items.WALK)
        found = dynamo.get(job)
        if found is None:
            return False
        if "after" not in found and self._covered(realm_id, name):
            dynamo.write(expressions.delete(job))
            return True
        realm = self.directory.get(realm_id)
        after, more = found.get("after"), True
        while realm is not None and more:
            users, more = self.directory.members(
                f"{realm_id}#users", after=after, limit=PAGE, ascending=True
            )
            for account in self.accounts.get_many(users):
                if time_left() <= 0:
                    return False
                if account is not None:
                    self._settle(account, realm)
            after = users[-1] if users else after
            if more and not self._note(job, after):
                return False
        dynamo.write(expressions.delete(job))
        return True

    def _covered(self, realm_id: str, name: str) -> bool:
        """Whether the realm's next end has a walk that is due too: it records this one's as well.

        So a realm that is ended again and again is walked no more often than cleanup runs. A walk
        that has begun goes on, so that no stream of ends begins it anew for ever.
        """
        generation = name.removeprefix(user_items.SETTLEMENT)
        if not generation.isdecimal():
            # Of a stopped key.
            return False
        later = f"{user_items.SETTLEMENT}{int(generation) + 1}"
        found = self.directory.dynamo.get(
            Key(self.accounts.table, realm_id, later, user_items.WALK)
        )
        return found is not None and found["due_at"] <= self.clock.wall_ms() // 1000

    def _settle(self, account: User, realm: Realm) -> None:
        def decide(found: User) -> Change | None:
            return rules.record_ended(found, realm, now_ms=self.clock.wall_ms())

        # A clock that is ahead would take for expired what is live.
        self.directory.dynamo.skew.check()
        with suppress(NotFound), deadline.deadline(self.clock):
            done = optimistic.commit(self.accounts, account, decide, clock=self.clock)
            archive_pending(self.accounts, done)

    def _note(self, job: Key, after: str | None) -> bool:
        """Write down how far the walk has come; False when another has finished it."""
        write = expressions.update(job, changed={"after": after}, condition="attribute_exists(pk)")
        try:
            self.directory.dynamo.write(write)
        except ConditionFailed:
            return False
        return True
