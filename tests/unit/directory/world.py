"""Realms, their keys and their ends over the store in memory, with a server that may do it all."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sojourn.api.paging import Page
from sojourn.crypto.token_sizes import TokenSizes
from sojourn.directory import answers
from sojourn.directory.bodies import JwtKeyBody, RealmBody, RealmChanges
from sojourn.directory.realms import RealmDirectory
from sojourn.directory.signing_keys import JwtKeys
from sojourn.domain import ids
from sojourn.domain import session_rules as rules
from sojourn.domain.access_key import Server
from sojourn.domain.due import Due
from sojourn.domain.realm import Realm, RealmChange
from sojourn.domain.session import Session
from sojourn.domain.user import User
from sojourn.jobs.rotation import Rotation
from sojourn.runtime.clock_skew import Skew
from sojourn.sessions.counts import Census
from sojourn.sessions.end_realm import RealmEnds
from sojourn.store.realm_cache import RealmCache
from tests.clock import MovedClock
from tests.support.memory.realms import MemoryRealms
from tests.support.memory.user_directory import MemoryUserDirectory
from tests.support.memory.users import MemoryUsers
from tests.unit.flows import LOGIN, Plain, access_key

DAY = 86_400


class BusyRealms(MemoryRealms):
    """A store in memory where somebody else comes first, if told to."""

    def __init__(self) -> None:
        super().__init__()
        self.between: Callable[[], object] | None = None
        self.commits: list[RealmChange] = []

    def commit(self, change: RealmChange) -> RealmChange:
        if self.between is not None:
            between, self.between = self.between, None
            between()
        done = super().commit(change)
        self.commits.append(done)
        return done


class CountingCipher(Plain):
    """A key service that hides nothing, and counts the keys that it is given."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    def encrypt(self, plaintext: bytes, *, realm_id: str, key_id: str) -> bytes:
        self.keys.append(key_id)
        return plaintext


class World:
    """A realm, made by a stack-wide server."""

    def __init__(self, **settings: Any) -> None:
        self.clock, self.skew = MovedClock(), Skew()
        self.user_store, self.store, self.cipher = MemoryUsers(), BusyRealms(), CountingCipher()
        self.users = MemoryUserDirectory(self.store, self.user_store)
        self.left: list[Due] = []
        self.store.leave = self.left.append
        self.cache = RealmCache(self.store, self.clock)
        crypto: dict[str, Any] = {"cipher": self.cipher, "skew": self.skew, "clock": self.clock}
        members: dict[str, Any] = {"directory": self.users, "users": self.user_store}
        self.sizes = TokenSizes(**members, clock=self.clock)
        self.realms = RealmDirectory(store=self.store, public_url=None, sizes=self.sizes, **crypto)
        waiting: dict[str, Any] = {
            "realms": self.store,
            "census": Census(**members, clock=self.clock),
            "cache": self.cache,
        }
        self.keys = JwtKeys(sizes=self.sizes, **waiting, **crypto)
        self.ends = RealmEnds(**waiting, clock=self.clock)
        self.rotation = Rotation(realms=self.store, **crypto)
        self.stack = Server(key=access_key(None), realm_id=None)
        body = RealmBody(**{"name": "Tests", "jwt_algo": "eddsa"} | settings)
        made = self.realms.create(self.stack, body, domain="api.example.com")
        self.realm_id: str = made.id
        self.server = Server(key=self.stack.key, realm_id=self.realm_id)

    @property
    def realm(self) -> Realm:
        """The realm as it is."""
        found = self.store.find(self.realm_id)
        assert found is not None
        return found

    def change(self, **settings: Any) -> answers.Realm:
        """Change the realm's settings, a second later; the answer."""
        self.clock.advance(1)
        return self.realms.update(self.stack, self.realm_id, RealmChanges(**settings))

    def make_key(self, **body: Any) -> Any:
        """Make a signing key, a second later than any other; the answer."""
        self.clock.advance(1)
        return self.keys.create(self.server, JwtKeyBody(**body))

    def states(self, kind: str = "expiring") -> dict[str, str]:
        """The states of the listed keys of a kind, by id."""
        found = self.keys.page(self.server, Page(limit=100, ascending=True)).collection
        return {key.id: key.state for key in found if key.kind == kind}

    def signing(self, kind: str = "expiring") -> str:
        """The id of the key that signs now."""
        (key_id,) = [i for i, state in self.states(kind).items() if state == "signing"]
        return key_id

    def private(self) -> set[str]:
        """The ids of the keys of which there is a private half."""
        return {
            key_id for key_id in self.cipher.keys if self.store.private_key(self.realm_id, key_id)
        }

    def run(self, seconds: float = 60) -> dict[str, int]:
        """Run the rotation; what it met and did, without zeros."""
        report = self.rotation.run(lambda: seconds).answer()
        return {name: count for name, count in report.items() if count}

    def user(self, *, sessions: int = 0, **changes: Any) -> str:
        """A user with so many sessions, of the key that signs now; their id."""
        now_ms = self.clock.wall_ms()
        made = User(
            id=ids.new_id("usr", now_ms),
            realm_id=self.realm_id,
            user_type="human",
            created_ms=now_ms,
        )
        made = replace(made, **changes)
        realm = self.realm
        number = realm.signing_key(now_ms).number
        for _ in range(sessions):
            made = rules.begin(made, realm, LOGIN, key_number=number, now_ms=now_ms)[0].after
        self.user_store.add(made)
        self.users.add_member(self.realm_id, made.id)
        return made.id

    def active(self, user_id: str) -> tuple[Session, ...]:
        """The user's sessions that stand."""
        found = self.user_store.get(user_id)
        assert found is not None
        return tuple(rules.active(found, self.realm, now_ms=self.clock.wall_ms()))
