"""`World`: a realm in memory and one instance of every function. No AWS, no socket."""

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import Any, Final, cast

from sojourn.api.paging import Page
from sojourn.bootstrap import Resources
from sojourn.crypto.tokens import Claims, verified
from sojourn.crypto.unverified_token import UnverifiedToken
from sojourn.directory.bodies import RealmBody
from sojourn.domain import ids
from sojourn.domain import session_rules as rules
from sojourn.domain.access_key import AccessKey, Server
from sojourn.domain.errors import SessionEnded
from sojourn.domain.realm import Realm
from sojourn.domain.session import Actor, Login, Origin, Session
from sojourn.domain.user import User
from tests.support.instance import Instance
from tests.support.memory.resources import MemoryResources

BY: Final = Actor(type="access_key", id="key_tests")
LOGIN: Final = Login("server", Origin(ip="203.0.113.9", client="tests/1.0"))
MINUTES: Final = 60


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


def meanwhile(store: object, operation: str, act: Callable[[], object]) -> None:
    """Do something, once, before the next call of that operation of a store."""
    call = getattr(store, operation)

    def interrupted(*given: Any, **named: Any) -> Any:
        setattr(store, operation, call)
        act()
        return call(*given, **named)

    setattr(store, operation, interrupted)


class World:
    """A realm, made by a stack-wide server, and the features of one instance of every function."""

    def __init__(self, **settings: Any) -> None:
        given = MemoryResources()
        self.clock, self.skew, self.cipher = given.clock, given.skew, given.cipher
        self.store, self.cache = given.store, given.realm_cache
        instance = Instance(cast(Resources, given))
        self.logins, self.password_logins = instance.login.logins, instance.login.password_logins
        self.lockout = self.logins.lockout
        self.validator, self.many = instance.validate.validator, instance.validate.many
        self.introspector = instance.validate.introspector
        self.authorizing = instance.authorizer
        self.listing = instance.list_sessions.listing
        self.terminator = instance.terminate.terminator
        self.revoker = instance.terminate.revoker
        self.realm_ends = instance.terminate.realm_ends
        self.realms, self.signing_keys = instance.directory.realms, instance.directory.signing_keys
        self.realm_deletion = instance.directory.realm_deletion
        self.users, self.lookup = instance.directory.users, instance.directory.lookup
        self.credentials = instance.directory.credentials
        self.access_keys = instance.directory.access_keys
        self.password_change = instance.directory.password
        self.cleanup, self.rotation = instance.cleanup, instance.rotate
        self.reader = instance.revocations.reader
        self.stack = Server(key=access_key(None), realm_id=None)
        self.realm_id = self.new_realm(**settings).id
        self.server = Server(key=self.stack.key, realm_id=self.realm_id)

    def new_realm(self, **settings: Any) -> Realm:
        """A realm with its signing keys."""
        usual: dict[str, Any] = {"name": "Tests", "jwt_algo": "eddsa"}
        usual |= {"session_minutes": MINUTES, "max_sessions": 3}
        body = RealmBody(**usual | settings)
        return self.find(self.realms.create(self.stack, body, domain="api.example.com").id)

    def find(self, realm_id: str) -> Realm:
        """A realm as it is stored, also while it is being deleted."""
        found = self.store.realms.find(realm_id)
        assert found is not None
        return found

    @property
    def realm(self) -> Realm:
        """The realm as it is stored."""
        return self.find(self.realm_id)

    def put(self, realm: Realm) -> None:
        """Another state of the realm, which every cache has learnt."""
        self.store.realms.add(realm)
        self.clock.advance(5)

    def settings(self, **settings: Any) -> None:
        """Other settings of the realm, which every cache has learnt."""
        self.put(replace(self.realm, settings=replace(self.realm.settings, **settings)))

    def user(self, *, sessions: int = 0, **changes: Any) -> str:
        """The id of a new user, with so many sessions."""
        now_ms = self.clock.wall_ms()
        made = User(
            id=ids.new_id("usr", now_ms),
            realm_id=self.realm_id,
            user_type="human",
            created_ms=now_ms,
        )
        made = replace(made, **changes)
        self.store.users.add(made)
        self.store.directory.add_member(made.realm_id, made.id)
        for kind, name in made.unique_names:
            self.store.realms.add_name(made.realm_id, kind, name, made.id)
        for _ in range(sessions):
            self.begin(made.id)
        return made.id

    @cached_property
    def ada(self) -> str:
        """The id of a user."""
        return self.user()

    @cached_property
    def bob(self) -> str:
        """The id of another user."""
        return self.user()

    def stored(self, user_id: str) -> User:
        """The user, who must be there."""
        found = self.store.users.get(user_id)
        assert found is not None
        return found

    def begin(self, user_id: str) -> Session:
        """A session of the key that signs now, without a token."""
        now_ms, realm = self.clock.wall_ms(), self.realm
        number = realm.signing_key(now_ms).number
        change, session = rules.begin(
            self.stored(user_id), realm, LOGIN, key_number=number, now_ms=now_ms
        )
        self.store.users.commit(change)
        return session

    def login(self, user_id: str, **changes: Any) -> Claims:
        """Begin a session; what its token claims."""
        login = replace(LOGIN, **changes)
        view = self.logins.of_server(self.realm, self.stored(user_id), login)
        token = UnverifiedToken(view.token)
        return verified(token, self.cache.with_key(*token.named), self.clock)

    def again(self, claims: Claims) -> Claims:
        """The same token's claims, against the realm as it is now."""
        realm = self.cache.get(claims.realm.id)
        assert realm is not None
        return replace(claims, realm=realm)

    def active(self, user_id: str) -> list[str]:
        """The ids of a user's sessions that a server sees, newest first."""
        view = self.listing.of_user(self.stack, user_id, state="active", page=Page(limit=100))
        return [item.id for item in view.collection]

    def reason(self, claims: Claims) -> str | None:
        """Why a session is not active; None: it is."""
        try:
            self.validator.validate(self.again(claims))
        except SessionEnded as error:
            return error.reason or "nothing known"
        return None
