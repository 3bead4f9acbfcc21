"""Provoke each documented error of each route."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

import pytest

from local.stack import FastPasswords
from sojourn.aws.client import Client
from sojourn.domain import ids, lockout
from sojourn.domain.lockout import PER_ADDRESS
from sojourn.feed.cursor import Cursor
from tests.support import contract
from tests.support.calls import refusal
from tests.support.http_world import PASSWORD, Answer, World
from tests.support.instance import Instance
from tools.openapi.components import about
from tools.openapi.routes import ROUTES

HOUR: Final = 3_600
ABSENT: Final = {
    "realms": "rl_" + "0" * ids.BODY,
    "users": "usr_" + "0" * ids.BODY,
    "credentials": "crd_" + "0" * 2 * ids.BODY,
    "access_keys": "key_" + "0" * ids.BODY,
    "jwt_keys": "jky_" + "0" * ids.BODY,
    "sessions": "kss_" + "0" * (2 * ids.BODY + 2 * ids.GENERATION),
}
"""Ids of what is not there."""


class Callers:
    """Callers of every kind, of one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.other = self._made("/v1/realms", {"name": "Other"})["id"]
        self.admin = world.key
        self.bound = self._key("admin")
        self.reader = self._key("read")
        world.user("caller")
        self.ended = self.user
        world.call("DELETE", "/v1/session", bearer=self.ended)
        short = self._made("/v1/realms", {"name": "Short", "session_minutes": 1})["id"]
        body = {"realm_id": short, "username": "ada", "password": PASSWORD}
        self._made("/v1/users", body)
        self.expired = str(world.call("POST", "/v1/login", body).body["token"])
        world.clock.advance(61)

    @property
    def user(self) -> str:
        """A new session's token, so that it does not matter what became of the one before."""
        return str(self.world.login("caller").body["token"])

    def _made(self, path: str, body: object) -> Any:
        made = self.world.admin("POST", path, body)
        assert made.status == 201, made
        return made.body

    def _key(self, permission: str) -> str:
        body = {"name": permission, "permission": permission, "realm_id": self.world.realm_id}
        return str(self._made("/v1/access_keys", body)["secret"])


def path_of(route: str) -> str:
    """A path of the route, to what is not there."""
    path = route.partition(" ")[2]
    return path.replace("{id}", ABSENT.get(about(path), "none"))


def provoke(route: str, callers: Callers) -> None:
    """Call a route in every way that is wrong on any route of its sort."""
    world, operation = callers.world, ROUTES[route]
    method, path = route.partition(" ")[0], path_of(route)
    good = callers.user if operation.caller == "user" else callers.admin
    body = b"{}" if operation.body else b""
    content_type = ("content-type", contract.media_type(route))

    def call(
        bearer: str | None, *more: tuple[str, str], query: str = "", raw: bytes = body
    ) -> Answer:
        headers = [] if bearer is None else [("authorization", f"Bearer {bearer}")]
        sent = [*headers, *([content_type] if raw else []), *more]
        return world.send(method, path + query, raw, sent)

    for bearer in (None, "garbage", "ks_" + "0" * 65, callers.user, callers.admin):
        call(bearer)
    for bearer in (callers.ended, callers.expired, callers.reader, callers.bound):
        call(bearer)
    call(good, ("authrocket-api-key", callers.admin))
    call(None, ("authrocket-api-key", "garbage"))
    call(None, ("authorization", "Digest garbage"))
    call(callers.bound, ("authrocket-realm", callers.other))
    call(callers.admin, ("authrocket-realm", callers.other))
    call(good, query="?nonsense=1")
    with behind_edge(world):
        call(good)
    named = {parameter.name for parameter in operation.parameters}
    if "scope" in named:
        call(callers.ended, query="?scope=others")
        call(callers.reader, query=f"?user_id={ABSENT['users']}")
    if "after" in named:
        for query in ("?after=garbage", f"?after=garbage&user_id={ABSENT['users']}"):
            call(good, query=query)
            call(callers.user, query=query)
        call(callers.bound, query="?after=garbage")
    if operation.body:
        call(good, raw=b"")
        call(good, raw=b"[]")
        call(good, raw=b'{"nonsense": 1}')
        call(good, raw=b"\xff")
        call(good, raw=b" " * (operation.limit + 1))
        sent = [("authorization", f"Bearer {good}"), ("content-type", "text/plain")]
        world.send(method, path, b"{}", sent)
        body, _ = contract.encoded(route, _smallest(operation.body.__name__))
        call(good, raw=body)
        call(callers.ended, raw=body)
        call(callers.bound, raw=body)
    world.clock.advance(5)
    with broken_store():
        call(good, raw=body)


def _smallest(body: str) -> Mapping[str, object]:
    """A body that is right by itself, about what is not there."""
    bodies: dict[str, dict[str, object]] = {
        "LoginBody": {"realm_id": ABSENT["realms"], "username": "none", "password": PASSWORD},
        "ServerSessionBody": {"user_id": ABSENT["users"]},
        "AuthenticateBody": {"password": PASSWORD},
        "ApiKeyBody": {"realm_id": ABSENT["realms"], "api_key": "ak_none"},
        "PasswordBody": {"current_password": "wrong horse", "password": PASSWORD},
        "UserBody": {"realm_id": ABSENT["realms"], "username": "none"},
        "CredentialBody": {"user_id": ABSENT["users"], "credential_type": "api_key"},
        "AccessKeyBody": {"name": "x", "permission": "read", "realm_id": ABSENT["realms"]},
        "AccessKeyChanges": {"name": "x"},
        "JwtKeyBody": {"realm_id": ABSENT["realms"]},
        "JwtKeyChanges": {"compromised": True},
        "RealmDeletionBody": {"name": "none"},
        "TokenForm": {"token": "none"},
    }
    return bodies.get(body, {})


@contextmanager
def broken_store() -> Iterator[None]:
    """DynamoDB refuses every call."""

    def refused(*_: object) -> Any:
        raise refusal("ThrottlingException")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Client, "call", refused)
        yield


@contextmanager
def behind_edge(world: World) -> Iterator[None]:
    """The handlers of an instance with a trusted edge."""
    handlers = world._handlers
    told = world.environment | {"EDGE_SECRET_SHA256": bytes(32).hex()}
    world._handlers = Instance(FastPasswords(told, clock=world.clock)).handlers
    try:
        yield
    finally:
        world._handlers = handlers


Provocation = Callable[[Callers], object]


def _limited(callers: Callers) -> tuple[str, str]:
    """A realm that denies a second session, with a user who has one; the ids of both."""
    world = callers.world
    realm = callers._made("/v1/realms", {"name": "One", "max_sessions": 1, "at_limit": "deny"})
    body = {"realm_id": realm["id"], "username": "ada", "password": PASSWORD}
    user = callers._made("/v1/users", body)["id"]
    assert world.call("POST", "/v1/login", body).status == 200
    return realm["id"], user


def _at_limit_login(callers: Callers) -> None:
    realm_id, _ = _limited(callers)
    body = {"realm_id": realm_id, "username": "ada", "password": PASSWORD}
    callers.world.call("POST", "/v1/login", body)
    callers.world.call("POST", "/v1/login", body | {"replace": ABSENT["sessions"]})
    callers.world.call("POST", "/v1/login", body | {"api_key": "ak_none"})


def _at_limit_server(callers: Callers) -> None:
    _, user = _limited(callers)
    callers.world.admin("POST", "/v1/sessions", {"user_id": user})
    callers.world.admin("PATCH", f"/v1/users/{user}", {"state": "inactive"})
    callers.world.admin("POST", "/v1/sessions", {"user_id": user})


def _at_limit_authenticate(callers: Callers) -> None:
    _, user = _limited(callers)
    for password in (PASSWORD, "wrong horse"):
        body = {"password": password}
        callers.world.admin("POST", f"/v1/users/{user}/authenticate", body)


def _logs_out_unmanaged(callers: Callers) -> None:
    body = {"name": "Unmanaged", "session_type": "unmanaged"}
    realm = callers._made("/v1/realms", body)["id"]
    user = {"realm_id": realm, "username": "ada", "password": PASSWORD}
    callers._made("/v1/users", user)
    token = callers.world.call("POST", "/v1/login", user).body["token"]
    callers.world.call("DELETE", "/v1/session", bearer=token)
    callers.world.call("DELETE", "/v1/sessions?scope=all", bearer=token)
    callers.world.call("DELETE", "/v1/session", bearer=token)


def _takes_names(callers: Callers) -> None:
    body = {"realm_id": callers.other, "username": "ada"}
    callers._made("/v1/users", body)
    callers.world.admin("POST", "/v1/users", body)
    other = callers._made("/v1/users", body | {"username": "bob"})["id"]
    for method in ("PUT", "PATCH"):
        callers.world.admin(method, f"/v1/users/{other}", {"username": "ada"})


def _removes_the_signing_key(callers: Callers) -> None:
    of_realm = f"realm_id={callers.world.realm_id}"
    key, _ = callers.world.admin("GET", f"/v1/jwt_keys?{of_realm}").body["collection"]
    callers.world.admin("DELETE", f"/v1/jwt_keys/{key['id']}?{of_realm}")


def _has_enough_keys(callers: Callers) -> None:
    realm = callers._made("/v1/realms", {"name": "Keys", "jwt_algo": "es256"})["id"]
    for number in range(20):
        algo = ("eddsa", "es256")[number % 2]
        callers.world.admin("PATCH", f"/v1/realms/{realm}", {"jwt_algo": algo})
    callers.world.admin("PUT", f"/v1/realms/{realm}", {"jwt_algo": "rs256"})
    callers.world.admin("POST", "/v1/jwt_keys", {"realm_id": realm})


def _has_a_password(callers: Callers) -> None:
    user = callers.world.user("has-a-password")
    body = {"user_id": user, "credential_type": "password", "password": PASSWORD}
    callers.world.admin("POST", "/v1/credentials", body)


def _names_nobody(callers: Callers) -> None:
    for method, path in (("GET", "/v1/sessions"), ("DELETE", "/v1/sessions")):
        callers.world.admin(method, f"{path}?user_id={ABSENT['users']}")
    for what in ("users", "access_keys", "jwt_keys"):
        callers.world.admin("GET", f"/v1/{what}?realm_id={ABSENT['realms']}")
    callers.world.admin("GET", f"/v1/credentials?user_id={ABSENT['users']}")


def _turns_pages(callers: Callers) -> None:
    user = callers.world.user("turns-pages")
    callers.world.admin("GET", f"/v1/credentials?user_id={user}&after=garbage")


def _comes_back_late(callers: Callers) -> None:
    path = "/v1/revocations?realm_id="
    callers.world.admin("GET", path + ABSENT["realms"])
    known = f"{path}{callers.world.realm_id}&after="
    callers.world.admin("GET", f"{known}garbage")
    late = Cursor.first(now_ms=callers.world.clock.wall_ms() - 25 * 3_600_000, hours=24)
    callers.world.admin("GET", f"{known}{late}")


def _guesses(callers: Callers) -> None:
    world = callers.world
    user = world.user("guessed")
    token = world.login("guessed").body["token"]
    new = {"current_password": "wrong horse", "password": PASSWORD}
    for _ in range(6):
        world.admin("POST", f"/v1/users/{user}/authenticate", {"password": "wrong horse"})
    for _ in range(6):
        world.call("POST", "/v1/password", new, bearer=token)
        world.login("guessed", password="wrong horse")
    key = {"realm_id": world.realm_id, "api_key": "ak_none", "request": {"ip": "192.0.2.1"}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lockout, "PER_ADDRESS", replace(PER_ADDRESS, most=1))
        for _ in range(2):
            world.admin("POST", "/v1/users/authenticate_key", key)


OWN: Final[tuple[Provocation, ...]] = (
    _at_limit_login,
    _at_limit_server,
    _at_limit_authenticate,
    _logs_out_unmanaged,
    _takes_names,
    _removes_the_signing_key,
    _has_enough_keys,
    _has_a_password,
    _names_nobody,
    _turns_pages,
    _comes_back_late,
    _guesses,
)
"""What brings out the errors that are some route's own."""
