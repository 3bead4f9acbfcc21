"""Routes that wait five seconds have a lower throttle in the template."""

import ast
from collections.abc import Mapping
from typing import Any

import pytest

from local.template import ROOT, Template
from sojourn.store import realm_cache
from tests.support.changes import CHANGES, Call, spare_key
from tests.support.clock import MovedClock
from tests.support.http_world import World

(API,) = Template.read().resources("AWS::Serverless::HttpApi").values()
SETTINGS: Mapping[str, Any] = API["RouteSettings"]
WAITING = {
    "ThrottlingRateLimit": {"Ref": "WaitingThrottleRate"},
    "ThrottlingBurstLimit": {"Ref": "WaitingThrottleBurst"},
}
SLOW = {route for route, settings in SETTINGS.items() if settings == WAITING}


class Watch(MovedClock):
    """A clock that notes how long its callers wait."""

    def __init__(self) -> None:
        super().__init__()
        self.waited = 0.0

    def sleep(self, seconds: float) -> None:
        self.waited += seconds
        super().sleep(seconds)


@pytest.fixture
def clock() -> MovedClock:
    """The clock of the world under test."""
    return Watch()


def forces_a_key(world: World) -> Call:
    """The removal of a signing key of which tokens may be alive; that of a spare one waits not."""
    in_realm = f"realm_id={world.realm_id}"
    world.clock.advance(1)
    spare_key(world)
    world.clock.advance(2.5 * 3_600)
    keys = world.admin("GET", f"/v1/jwt_keys?{in_realm}").body["collection"]
    (first,) = [key["id"] for key in keys if key["state"] == "verifying"]
    return "DELETE", f"/v1/jwt_keys/{first}?force=true&{in_realm}", None, {}


def waits(world: World, route: str) -> float:
    """How long one call of a route waits."""
    assert isinstance(world.clock, Watch)
    make = forces_a_key if route == "DELETE /v1/jwt_keys/{id}" else CHANGES[route][1]
    method, path, body, _ = make(world)
    world.clock.waited = 0.0
    assert world.admin(method, path, body).status < 300
    return world.clock.waited


@pytest.mark.parametrize("route", sorted(CHANGES))
def test_what_waits_is_throttled(world: World, route: str) -> None:
    """A route whose handler waits for caches to expire has the throttle for it, and no other."""
    assert (waits(world, route) >= realm_cache.SECONDS) == (route in SLOW)


def test_throttled_routes_are_tried() -> None:
    """Each route that has that throttle is one by which a server changes something."""
    assert len(SLOW) == 5
    assert CHANGES.keys() >= SLOW


def test_who_waits_is_known() -> None:
    """No other module waits for caches to expire: its routes would need the throttle too."""
    calling = {
        f"{path.parent.name}.{path.stem}"
        for path in (ROOT / "layers/core/sojourn").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "wait_for_expiry"
    }
    assert calling == {
        "sessions.end_realm",
        "directory.realm_deletion",
        "directory.signing_keys",
    }


def test_few_run_at_once() -> None:
    """With the defaults, all that waits holds less than a tenth of an account's executions."""
    defaults = Template.read().defaults()
    seconds = realm_cache.SECONDS + realm_cache.EXPIRY_MARGIN
    each = defaults["WaitingThrottleRate"] * seconds + defaults["WaitingThrottleBurst"]
    assert each * len(SLOW) < 100


def test_reserved_concurrency_is_by_parameter() -> None:
    """Nothing is reserved unless a parameter says so: a new account could not deploy it."""
    functions = Template.read().resources("AWS::Serverless::Function")
    reserving = {
        name.removesuffix("Function"): function["ReservedConcurrentExecutions"]
        for name, function in functions.items()
        if "ReservedConcurrentExecutions" in function
    }
    assert reserving == {
        name: {
            "Fn::If": [
                f"Reserves{name}",
                {"Ref": f"{name}ReservedConcurrency"},
                {"Ref": "AWS::NoValue"},
            ]
        }
        for name in ("Login", "Validate", "Terminate", "Directory")
    }
    defaults = Template.read().defaults()
    assert {defaults[f"{name}ReservedConcurrency"] for name in reserving} == {0}
