"""The world that is measured: a realm, its users with their sessions, tokens and keys.

The items are made by the layer's own encoders, so that the stub answers with real ones.
"""

import json
import time
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, Self

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_der_private_key

from bench.speed import jws
from sojourn.crypto import signing_keys
from sojourn.crypto.passwords import Hasher
from sojourn.crypto.token_claims import claims_of
from sojourn.domain import ids, lockout
from sojourn.domain import session_rules as rules
from sojourn.domain.access_key import AccessKey
from sojourn.domain.names import fold
from sojourn.domain.policy import Settings
from sojourn.domain.realm import Realm
from sojourn.domain.session import Login, Origin
from sojourn.domain.signing_key import PublicKey
from sojourn.domain.user import Credential, Known, User
from sojourn.runtime import optimistic
from sojourn.store.access_key_items import access_key_values
from sojourn.store.expressions import encode
from sojourn.store.realm_items import realm_values
from sojourn.store.user_items import USER_ITEM, user_values

Wire = dict[str, Any]
"""An item as it is on the wire: typed attributes, bytes in base64."""

IP: Final = "203.0.113.9"
CLIENT: Final = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"
PASSWORD: Final = "correct horse battery staple"
CHEAP: Final = Hasher(memory_kib=64, iterations=1)
"""Argon2id is measured apart: at full strength it would hide everything else of a login."""
ISSUER: Final = "https://sessions.example.com/v1/realms/"
TABLES: Final = {
    "directory": "sojourn-directory",
    "sessions": "sojourn-sessions",
    "attempts": "sojourn-attempts",
}
MINUTES: Final = 360
BATCH: Final = 100


def plain(item: Mapping[str, Any]) -> Wire:
    """An encoded item as JSON has it."""

    def one(value: Any) -> Any:
        match value:
            case bytes():
                return b64encode(value).decode()
            case list():
                return [one(member) for member in value]
            case Mapping():
                return {name: one(member) for name, member in value.items()}
            case _:
                return value

    return {name: one(value) for name, value in item.items()}


@dataclass(frozen=True, slots=True)
class World:
    """What the tables hold, and what callers know. JSON can hold all of it."""

    realm_id: str
    key_id: str
    private_key: str
    """PKCS#8 DER in base64; the stub's KMS decrypts to it."""
    user_ids: tuple[str, ...]
    usernames: tuple[str, ...]
    tokens: tuple[str, ...]
    """Of each user's newest session."""
    oldest: tuple[str, ...]
    """The ids of each user's oldest session."""
    api_key: str
    access_key: str
    items: list[tuple[str, Wire]]
    """Each item, after the name of its table."""

    def write(self, path: Path) -> None:
        """Keep it in a file."""
        path.write_text(json.dumps(asdict(self)))

    @classmethod
    def read(cls, path: Path) -> Self:
        """The world of a file."""
        return cls(**json.loads(path.read_text()))


class Maker:
    """Makes a realm, and users of it in the stored form."""

    def __init__(self, *, most: int = 10, hasher: Hasher = CHEAP) -> None:
        self.now_ms = time.time_ns() // 1_000_000 - 60_000
        self.der, pem = signing_keys.generate("rs256")
        self.key_id = ids.new_id("jky", self.now_ms)
        key = PublicKey(
            id=self.key_id,
            algo="rs256",
            pem=pem,
            signs_from_ms=self.now_ms,
            created_ms=self.now_ms,
            longest_seconds=60 * MINUTES,
        )
        # A realm has a key for tokens without `exp` too: here one of half a minute later.
        endless = replace(
            key, id=ids.new_id("jky", self.now_ms + 1), number=2, kind="open_ended", open_ended=True
        )
        realm_id = ids.new_id("rl", self.now_ms)
        self.realm = Realm(
            id=realm_id,
            name="Example",
            issuer=ISSUER + realm_id,
            created_ms=self.now_ms,
            version=3,
            settings=Settings(max_sessions=most),
            keys={key.id: key, endless.id: endless},
            key_count=2,
        )
        self.endless_id = endless.id
        private = load_der_private_key(self.der, password=None)
        assert isinstance(private, RSAPrivateKey)
        self._private = private
        self._phc = hasher.hash(PASSWORD)

    def human(self, number: int, *, sessions: int) -> User:
        """A user with a password, who has logged in so many times from one address."""
        user_id = ids.new_id("usr", self.now_ms + number)
        credential_id = ids.new_credential_id(user_id, self.now_ms)
        user = User(
            id=user_id,
            realm_id=self.realm.id,
            user_type="human",
            created_ms=self.now_ms,
            version=1,
            username=f"ada.lovelace.{number}",
            email=f"ada.lovelace.{number}@example.com",
            name="Ada Lovelace",
            last_ms=self.now_ms,
            credentials={
                credential_id: Credential(credential_id, "password", self.now_ms, self._phc)
            },
        )
        login = Login("password", Origin(ip=IP, client=CLIENT))
        for at in range(sessions):
            _, commits = optimistic.marked(user.commits)
            change, _ = rules.begin(
                user, self.realm, login, key_number=1, now_ms=self.now_ms + 1_000 * at
            )
            user = replace(change.after, version=user.version + 1, commits=commits)
        known = Known(lockout.address_digest(user_id, IP), successes=0)
        return replace(user, known=(known,))

    def robot(self) -> tuple[User, str]:
        """An api user, and its API key."""
        user_id = ids.new_id("usr", self.now_ms)
        secret = ids.new_secret("ak", user_id)
        credential_id = ids.new_credential_id(user_id, self.now_ms)
        digest = ids.digest(secret).hex()
        credential = Credential(credential_id, "api_key", self.now_ms, digest)
        user = User(
            id=user_id,
            realm_id=self.realm.id,
            user_type="api",
            created_ms=self.now_ms,
            version=2,
            last_ms=self.now_ms,
            credentials={credential_id: credential},
        )
        return user, secret

    def token(self, user: User) -> str:
        """The token of a user's newest session."""
        session = user.sessions[-1]
        claims = claims_of(
            user,
            self.realm,
            session_id=session.id,
            session_type="managed",
            issued_at=session.created_ms // 1000,
            expires_at=session.expires_at,
        )
        return jws.signed(claims, self.key_id, self._private)

    def user_items(self, user: User) -> list[tuple[str, Wire]]:
        """The items of a user: all of them, as the tables have them."""
        realm_id = self.realm.id
        found = [_item("sessions", user.id, USER_ITEM, user_values(user))]
        found.append(_item("directory", f"{realm_id}#users", user.id, {}))
        for kind, name in user.unique_names:
            place = "name" if kind == "username" else kind
            claim = {"user_id": user.id, "idna": True if kind == "email" else None}
            found.append(_item("directory", f"{realm_id}#{place}#{fold(name)}", "claim", claim))
        return found

    def realm_items(self) -> list[tuple[str, Wire]]:
        """The realm's items, with its private keys as the stub's KMS encrypts them."""
        realm_id = self.realm.id
        values = {"ciphertext": self.der}
        return [
            _item("directory", realm_id, "realm", realm_values(self.realm)),
            _item("directory", "realms", realm_id, {}),
            _item("directory", realm_id, self.key_id, values),
            _item("directory", realm_id, self.endless_id, values),
        ]


def _item(table: str, pk: str, sk: str, values: Mapping[str, object]) -> tuple[str, Wire]:
    return TABLES[table], plain(encode({"pk": pk, "sk": sk, **values}))


def made(*, sessions: int = 3, users: int = BATCH, hasher: Hasher = CHEAP) -> World:
    """A world whose users have so many sessions each."""
    maker = Maker(most=max(10, sessions + 1), hasher=hasher)
    humans = [maker.human(number, sessions=sessions) for number in range(users)]
    robot, api_key = maker.robot()
    key_id = ids.new_id("key", maker.now_ms)
    secret = ids.new_secret("ks", key_id)
    key = AccessKey(
        id=key_id,
        realm_id=maker.realm.id,
        name="backend",
        permission="write",
        created_ms=maker.now_ms,
        secret_hash=ids.digest(secret).hex(),
        # Its use was written within the hour.
        last_used_ms=maker.now_ms,
    )
    items = maker.realm_items()
    items.append(_item("directory", key_id, "key", access_key_values(key)))
    for each in (*humans, robot):
        items += maker.user_items(each)
    return World(
        realm_id=maker.realm.id,
        key_id=maker.key_id,
        private_key=b64encode(maker.der).decode(),
        user_ids=tuple(each.id for each in humans),
        usernames=tuple(each.username or "" for each in humans),
        tokens=tuple(maker.token(each) for each in humans),
        oldest=tuple(each.sessions[0].id for each in humans),
        api_key=api_key,
        access_key=secret,
        items=items,
    )
