"""`Operation`, and the operations that begin, validate, list and end sessions."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import pytest

from provers.faults.cast import Cast
from sojourn.store import users
from tests.support.http_world import PASSWORD, Answer, World

Act = Callable[[World, Cast], Answer]
Prepare = Callable[[World, Cast], object]
NEW_PASSWORD: Final = "another horse battery"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, with the statuses of it and of the same once more.

    Where it has several `steps`, a failure may leave some of them to whoever comes next; where not,
    it is done wholly or not at all.
    """

    name: str
    statuses: tuple[int, int]
    act: Act
    prepare: Prepare = lambda _world, _cast: None
    steps: bool = False


def _full(world: World, cast: Cast) -> None:
    """Bring ada to her limit of three."""
    cast.begin(world, "third")


def _denying(world: World, cast: Cast) -> None:
    _full(world, cast)
    world.admin("PATCH", f"/v1/realms/{cast.realm}", {"at_limit": "deny"})


def _login(world: World, cast: Cast) -> Answer:
    return world.login("ada")


def _login_to_replace(world: World, cast: Cast) -> Answer:
    return world.login("ada", replace=cast.session["first"])


def _open_login(world: World, cast: Cast) -> Answer:
    body = {"realm_id": cast.open_realm, "username": "bob", "password": PASSWORD}
    return world.call("POST", "/v1/login", body)


def _server_session(world: World, cast: Cast) -> Answer:
    reported = {"ip": "198.51.100.7", "client": "Phone"}
    return world.admin("POST", "/v1/sessions", {"user_id": cast.ada, "request": reported})


def _authenticate(world: World, cast: Cast) -> Answer:
    path, body = "/v1/users/ada/authenticate", {"password": PASSWORD}
    return world.call("POST", path, body, bearer=world.key, realm=cast.realm)


def _authenticate_key(world: World, cast: Cast) -> Answer:
    body = {"realm_id": cast.realm, "api_key": cast.api_key}
    return world.admin("POST", "/v1/users/authenticate_key", body)


def _validate(name: str) -> Act:
    return lambda world, cast: world.call("GET", "/v1/session", bearer=cast.token[name])


def _validate_many(world: World, cast: Cast) -> Answer:
    return world.admin("POST", "/v1/sessions/validate", {"tokens": list(cast.token.values())})


def _with_token(what: str, name: str, *, by_server: bool = True) -> Act:
    """A call of an OAuth endpoint with that session's token in a form."""

    def act(world: World, cast: Cast) -> Answer:
        path, form = f"/v1/realms/{cast.realm}/{what}", {"token": cast.token[name]}
        return world.call("POST", path, form=form, bearer=world.key if by_server else None)

    return act


def as_user(method: str, path: Callable[[Cast], str], body: object = None) -> Act:
    """A call with ada's second session."""
    return lambda world, cast: world.call(method, path(cast), body, bearer=cast.token["second"])


def as_server(method: str, path: Callable[[Cast], str], body: object = None) -> Act:
    """A call with the admin key."""
    return lambda world, cast: world.admin(method, path(cast), body)


def in_realm(method: str, path: Callable[[Cast], str], body: object = None) -> Act:
    """A call with the admin key that says which realm it is about."""
    return lambda world, cast: world.call(
        method, path(cast), body, bearer=world.key, realm=cast.realm
    )


def _change_password(keep: str) -> Act:
    body = {"current_password": PASSWORD, "password": NEW_PASSWORD, "keep_sessions": keep}
    return as_user("POST", lambda _: "/v1/password", body)


def _end_all_archiving(world: World, cast: Cast) -> Answer:
    """End more sessions than fit one commit: the records of those left over follow it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(users, "ENDED_PER_COMMIT", 1)
        return world.admin("DELETE", f"/v1/sessions?user_id={cast.ada}")


LOGINS: Final = (
    Operation("login", (200, 200), _login),
    Operation("login-evicting", (200, 200), _login, _full),
    Operation("login-denied", (409, 409), _login, _denying),
    Operation("login-replacing", (200, 404), _login_to_replace, _denying),
    Operation("login-wrong", (401, 401), lambda w, _: w.login("ada", password="wrong password")),
    Operation("login-nobody", (401, 401), lambda w, _: w.login("nobody")),
    Operation("login-unmanaged", (200, 200), _open_login, steps=True),
    Operation(
        "login-by-key",
        (200, 200),
        lambda w, c: w.call("POST", "/v1/login", {"realm_id": c.realm, "api_key": c.api_key}),
    ),
    Operation("server-session", (201, 201), _server_session),
    Operation("authenticate", (200, 200), _authenticate),
    Operation("authenticate-key", (200, 200), _authenticate_key),
)
READS: Final = (
    Operation("validate", (200, 200), _validate("second")),
    Operation("validate-ended", (401, 401), _validate("ended")),
    Operation("validate-unmanaged", (200, 200), _validate("robot")),
    Operation("validate-many", (200, 200), _validate_many),
    Operation("introspect", (200, 200), _with_token("introspect", "second")),
    Operation("introspect-ended", (200, 200), _with_token("introspect", "ended")),
    Operation("list-own", (200, 200), as_user("GET", lambda _: "/v1/sessions")),
    Operation("list-ended", (200, 200), as_user("GET", lambda _: "/v1/sessions?state=ended")),
    Operation(
        "list-by-server", (200, 200), as_server("GET", lambda c: f"/v1/sessions?user_id={c.ada}")
    ),
    Operation(
        "get-own", (200, 200), as_user("GET", lambda c: f"/v1/sessions/{c.session['first']}")
    ),
    Operation(
        "get-ended",
        (200, 200),
        as_server("GET", lambda c: f"/v1/sessions/{c.session['ended']}?state=any"),
    ),
    Operation(
        "get-of-ended",
        (404, 404),
        as_server("GET", lambda c: f"/v1/sessions/{c.session['ended']}"),
    ),
    Operation(
        "end-user-counted",
        (200, 200),
        as_server("POST", lambda c: f"/v1/users/{c.ada}/end_sessions?dry_run=true"),
    ),
    Operation(
        "end-realm-counted",
        (200, 200),
        as_server("POST", lambda c: f"/v1/realms/{c.realm}/end_sessions?dry_run=true"),
    ),
    Operation(
        "key-set",
        (200, 200),
        lambda w, c: w.call("GET", f"/v1/realms/{c.realm}/.well-known/jwks.json"),
    ),
)
ENDS: Final = (
    Operation("logout", (204, 204), as_user("DELETE", lambda _: "/v1/session")),
    Operation(
        "end-own", (204, 204), as_user("DELETE", lambda c: f"/v1/sessions/{c.session['first']}")
    ),
    Operation(
        "end-by-server",
        (204, 204),
        as_server("DELETE", lambda c: f"/v1/sessions/{c.session['first']}"),
    ),
    Operation("revoke", (200, 200), _with_token("revoke", "first", by_server=False)),
    Operation("revoke-by-server", (200, 200), _with_token("revoke", "first")),
    Operation("end-others", (204, 204), as_user("DELETE", lambda _: "/v1/sessions?scope=others")),
    Operation("end-all", (204, 401), as_user("DELETE", lambda _: "/v1/sessions?scope=all")),
    Operation(
        "end-all-by-server",
        (204, 204),
        as_server("DELETE", lambda c: f"/v1/sessions?user_id={c.ada}"),
    ),
    Operation("end-all-archiving", (204, 204), _end_all_archiving, steps=True),
    Operation(
        "end-user", (200, 200), as_server("POST", lambda c: f"/v1/users/{c.ada}/end_sessions")
    ),
    Operation(
        "end-realm", (200, 200), as_server("POST", lambda c: f"/v1/realms/{c.realm}/end_sessions")
    ),
    Operation("password-keeping-current", (204, 422), _change_password("current")),
    Operation("password-keeping-none", (204, 401), _change_password("none")),
)
