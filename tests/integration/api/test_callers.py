"""Every route accepts its own kinds of callers and no others."""

import pytest

from sojourn.api.route import Route
from tests.integration.conftest import empty, resources_of
from tests.support import contract
from tests.support.clock import MovedClock
from tests.support.http_world import ROUTES, World
from tests.support.provoking import Callers, path_of
from tools.openapi.routes import ROUTES as OPERATIONS

REFUSED = {"token_missing", "wrong_caller", "access_key_invalid", "permission_missing"}
LESS = {"read": None, "write": "read", "admin": "write"}


@pytest.fixture(scope="module")
def callers(environment: dict[str, str]) -> Callers:
    """Callers of every kind; nothing that they ask for here is there."""
    empty(environment)
    clock = MovedClock()
    return Callers(World(resources_of(environment, clock), environment, clock))


@pytest.fixture(scope="module")
def keys(callers: Callers) -> dict[str, str]:
    """An access key of each permission."""
    return {permission: callers._key(permission) for permission in ("read", "write", "admin")}


def refusal(callers: Callers, route: str, bearer: str | None) -> str | None:
    """The code by which a caller is refused a route; None where the caller is not what is wrong."""
    method, path = route.partition(" ")[0], path_of(route)
    raw, content_type = contract.encoded(route, {}) if OPERATIONS[route].body else (b"", None)
    headers = [] if content_type is None else [content_type]
    if bearer is not None:
        headers.append(("authorization", f"Bearer {bearer}"))
    answer = callers.world.send(method, path, raw, headers)
    code = (answer.body or {}).get("code")
    return code if code in REFUSED else None


def expected(operation: Route, caller: str) -> str | None:
    """What the table of routes says becomes of a caller."""
    if operation.caller == "nobody" or caller == operation.caller:
        return None
    if caller == "nobody":
        return None if operation.caller == "optional" else "token_missing"
    if operation.caller == "optional":
        return None if caller == "server" else "wrong_caller"
    return None if operation.caller == "either" else "wrong_caller"


@pytest.mark.parametrize("route", ROUTES)
def test_route_takes_its_callers_alone(callers: Callers, keys: dict[str, str], route: str) -> None:
    """Nobody, a user and a server are each taken or refused as the route's caller has it."""
    operation = OPERATIONS[route]
    assert refusal(callers, route, None) == expected(operation, "nobody")
    assert refusal(callers, route, callers.user) == expected(operation, "user")
    assert refusal(callers, route, keys["admin"]) == expected(operation, "server")


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if OPERATIONS[route].server is not None]
)
def test_server_needs_the_permission(callers: Callers, keys: dict[str, str], route: str) -> None:
    """A key with the route's permission is taken, and one with the next lower is not."""
    needed = OPERATIONS[route].server or "none"
    assert refusal(callers, route, keys[needed]) is None
    if less := LESS[needed]:
        assert refusal(callers, route, keys[less]) == "permission_missing"
