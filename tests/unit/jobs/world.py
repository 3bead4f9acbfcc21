"""What schedules run, over the store in memory: a realm, its users, and what is due."""

from dataclasses import replace
from typing import Any

from sojourn.domain import ids
from sojourn.domain import session_rules as rules
from sojourn.domain.due import settlement_job
from sojourn.domain.policy import Settings
from sojourn.domain.realm import Realm
from sojourn.domain.session import Actor, Login, Origin, Session
from sojourn.domain.signing_key import PublicKey
from sojourn.domain.user import Change, User
from sojourn.jobs.cleanup import Cleanup
from sojourn.jobs.realm_removal import RealmRemoval
from sojourn.jobs.settlement import Settlement
from sojourn.runtime.clock_skew import Skew
from tests.clock import MovedClock
from tests.support.memory.access_keys import MemoryAccessKeys
from tests.support.memory.due import MemoryDue
from tests.support.memory.realms import MemoryRealms
from tests.support.memory.removal import MemoryRemoval
from tests.support.memory.user_directory import MemoryUserDirectory
from tests.support.memory.users import MemoryUsers

BY = Actor(type="access_key", id="key_tests")
LOGIN = Login("password", Origin(ip="203.0.113.9", client="tests/1.0"))
MINUTES = 24 * 60
LIFETIME = 60 * MINUTES


def always() -> float:
    """There is time enough for everything."""
    return 1_000.0


class World:
    """A realm whose sessions live for a day, and the jobs of one instance."""

    def __init__(self) -> None:
        self.clock = MovedClock()
        self.skew = Skew()
        self.users, self.realms = MemoryUsers(), MemoryRealms()
        self.directory = MemoryUserDirectory(self.realms, self.users)
        self.keys = MemoryAccessKeys(self.realms)
        self.due = MemoryDue(self.users)
        self.removal = MemoryRemoval(self.users, self.realms, self.directory, self.keys, self.due)
        self.realm = self._realm()
        self.settlement = Settlement(
            walks=self.due,
            realms=self.realms,
            directory=self.directory,
            users=self.users,
            skew=self.skew,
            clock=self.clock,
        )
        self.realm_removal = RealmRemoval(
            removal=self.removal, directory=self.directory, users=self.users, clock=self.clock
        )
        self.cleanup = Cleanup(
            due=self.due,
            users=self.users,
            removal=self.removal,
            realm_removal=self.realm_removal,
            settlement=self.settlement,
            skew=self.skew,
            clock=self.clock,
        )

    def _realm(self) -> Realm:
        now_ms = self.clock.wall_ms()
        key = PublicKey(
            id=ids.new_id("jky", now_ms),
            algo="eddsa",
            pem="pem",
            signs_from_ms=now_ms,
            created_ms=now_ms,
        )
        made = Realm(
            id=ids.new_id("rl", now_ms),
            name="Tests",
            issuer="https://sessions.example.com",
            created_ms=now_ms,
            version=1,
            settings=Settings(session_minutes=MINUTES, max_sessions=100),
            keys={key.id: key},
        )
        self.realms.add(made)
        return made

    def user(self, **changes: Any) -> str:
        """The id of a new user of the realm."""
        now_ms = self.clock.wall_ms()
        made = User(
            id=ids.new_id("usr", now_ms),
            realm_id=self.realm.id,
            user_type="human",
            created_ms=now_ms,
        )
        made = replace(made, **changes)
        self.users.add(made)
        self.directory.add_member(self.realm.id, made.id)
        for kind, name in made.unique_names:
            self.realms.add_name(self.realm.id, kind, name, made.id)
        return made.id

    def people(self, count: int) -> list[str]:
        """So many users by id, each with a session."""
        made = sorted(self.user() for _ in range(count))
        for user_id in made:
            self.login(user_id)
        return made

    def stored(self, user_id: str) -> User:
        """A user, who must be there."""
        found = self.users.get(user_id)
        assert found is not None
        return found

    def login(self, user_id: str) -> Session:
        """Begin a session."""
        now_ms = self.clock.wall_ms()
        change, session = rules.begin(
            self.stored(user_id), self.realm, LOGIN, key_number=1, now_ms=now_ms
        )
        self.users.commit(change)
        return session

    def end_all(self, user_id: str) -> None:
        """End all of a user's sessions."""
        self.users.commit(self.ending(user_id))

    def ending(self, user_id: str) -> Change:
        """The change that ends all of a user's sessions."""
        return rules.end_all_for(
            self.stored(user_id),
            self.realm,
            "terminated_by_admin",
            by=BY,
            now_ms=self.clock.wall_ms(),
        )

    def delete_user(self, user_id: str) -> None:
        """Delete a user, of whom the rest is left to cleanup."""
        change = self.ending(user_id)
        after = replace(change.after, state="deleted", last_ms=self.clock.wall_ms())
        ended = tuple(replace(e, strip=True) for e in change.ended)
        self.users.commit(replace(change, after=after, ended=ended))

    def end_realm(self) -> str:
        """End everything in the realm; the name of the walk that is left to cleanup."""
        self.realm = self.realm.ending_all(by=BY.id, now_ms=self.clock.wall_ms())
        self.realms.add(self.realm)
        name = str(self.realm.generation)
        self.due.leave(settlement_job(self.realm.id, name, now_ms=self.clock.wall_ms()))
        return name

    def records(self, user_id: str) -> list[str]:
        """Why a user's ended sessions ended, by their ids."""
        found = self.users.list_ended(user_id, after=None, limit=200, ascending=True)
        return [record.reason for record in found]

    def sessions(self, *user_ids: str) -> list[int]:
        """How many sessions there are in the item of each user."""
        return [len(self.stored(user_id).sessions) for user_id in user_ids]
