"""The services over the store in memory, with a realm and two users: no AWS, and no socket."""

from dataclasses import replace
from typing import Any

from sojourn.api.paging import Page
from sojourn.crypto import signing_keys
from sojourn.crypto.signing_keys import SigningKeys
from sojourn.crypto.tokens import Claims, verify
from sojourn.domain import ids
from sojourn.domain.access_key import AccessKey, Server
from sojourn.domain.errors import (
    SessionEnded,
)
from sojourn.domain.policy import Settings
from sojourn.domain.realm import Realm
from sojourn.domain.session import Actor, Login, Origin
from sojourn.domain.user import User
from sojourn.login.lockout import Lockout
from sojourn.login.login import Logins
from sojourn.runtime.clock_skew import Skew
from sojourn.sessions.listing import Listing
from sojourn.sessions.terminate import Terminator
from sojourn.sessions.validate import Validator
from sojourn.store.realm_cache import RealmCache
from tests.clock import MovedClock
from tests.support.memory.access_keys import MemoryAccessKeys
from tests.support.memory.attempts import MemoryAttempts
from tests.support.memory.realms import MemoryRealms
from tests.support.memory.store import MemoryTogether
from tests.support.memory.users import MemoryUsers

LOGIN = Login("server", Origin(ip="203.0.113.9", client="tests/1.0"))
BY = Actor(type="access_key", id="key_a")
MINUTES = 60


class Plain:
    """A key service that hides nothing."""

    def encrypt(self, plaintext: bytes, *, realm_id: str, key_id: str) -> bytes:
        return plaintext

    def decrypt(self, ciphertext: bytes, *, realm_id: str, key_id: str) -> bytes:
        return ciphertext


class World:
    """One realm with two users, and an instance of the services."""

    def __init__(self) -> None:
        self.clock = MovedClock()
        self.user_store, self.realms = MemoryUsers(), MemoryRealms()
        self.keys = MemoryAccessKeys(self.realms)
        self.realm = self.new_realm()
        self.ada, self.bob = self.user(), self.user()
        self.server = Server(key=access_key(None), realm_id=None)
        self.cache = RealmCache(self.realms, self.clock)
        parts: dict[str, Any] = {"users": self.user_store, "realms": self.cache}
        parts |= {"clock": self.clock}
        together = MemoryTogether(self.realms, self.user_store)
        self.validator = parts["validator"] = Validator(**parts, together=together)
        self.terminator, self.listing = Terminator(**parts), Listing(**parts)
        self.attempts = MemoryAttempts(self.user_store)
        self.lockout = Lockout(self.attempts, self.clock, Skew())
        self.logins = Logins(
            realms=self.realms,
            users=self.user_store,
            lockout=self.lockout,
            keys=SigningKeys(self.realms, Plain(), self.clock),
            clock=self.clock,
            skew=Skew(),
        )

    def new_realm(self, **settings: Any) -> Realm:
        """Another realm with a key."""
        now_ms = self.clock.wall_ms()
        public, private = signing_keys.new_key(
            "eddsa", realm_id="rl_x", now_ms=now_ms, cipher=Plain()
        )
        wanted = replace(Settings(session_minutes=MINUTES, max_sessions=3), **settings)
        made = Realm(
            id=ids.new_id("rl", now_ms),
            name="Tests",
            issuer="https://sessions.example.com",
            created_ms=now_ms,
            version=1,
            settings=wanted,
            keys={public.id: public},
        ).remembering(now_ms)
        self.realms.add(made)
        self.realms.add_private_key(made.id, public.id, private)
        return made

    def change(self, realm: Realm) -> None:
        """Another state of the realm, which every cache has learnt."""
        self.realm = realm
        self.realms.add(realm)
        self.clock.advance(5)

    def settings(self, **settings: Any) -> None:
        """Other settings of the realm."""
        self.change(replace(self.realm, settings=replace(self.realm.settings, **settings)))

    def user(self, **changes: Any) -> str:
        """A new user's id."""
        now_ms = self.clock.wall_ms()
        made = User(
            id=ids.new_id("usr", now_ms),
            realm_id=self.realm.id,
            user_type="human",
            created_ms=now_ms,
        )
        self.user_store.add(replace(made, **changes))
        return made.id

    def stored(self, user_id: str) -> User:
        """The user, who must be there."""
        found = self.user_store.get(user_id)
        assert found is not None
        return found

    def login(self, user_id: str, **changes: Any) -> Claims:
        """Begin a session; what its token claims."""
        login = replace(LOGIN, **changes)
        view = self.logins.of_server(self.realm, self.stored(user_id), login)
        return verify(view.token, realm_of=self.cache.with_key, clock=self.clock)

    def again(self, claims: Claims) -> Claims:
        """The same token's claims, against the realm as it is now."""
        realm = self.cache.get(claims.realm.id)
        assert realm is not None
        return replace(claims, realm=realm)

    def active(self, user_id: str) -> list[str]:
        """The ids that a server sees, newest first."""
        view = self.listing.of_user(self.server, user_id, state="active", page=Page())
        return [item.id for item in view.collection]

    def reason(self, claims: Claims) -> str | None:
        """Why a session does not stand; None: it does."""
        try:
            self.validator.validate(self.again(claims))
        except SessionEnded as error:
            return error.reason or "nothing known"
        return None


def access_key(realm_id: str | None) -> AccessKey:
    """An access key of a realm, or of the stack."""
    return AccessKey(
        id=ids.new_id("key", 1),
        realm_id=realm_id,
        name="tests",
        permission="write",
        created_ms=1,
        secret_hash="",
    )
