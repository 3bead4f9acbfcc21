"""What the authorizer answers to each kind of gateway."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, Final, cast

import pytest

from functions.authorizer.app import handler
from sojourn.bootstrap import Resources
from sojourn.domain.errors import Unavailable
from sojourn.sessions.authorizer_events import EventUnknown, Services, answer, every_method
from tests.support.world import MINUTES, World
from tests.unit.sessions.test_authorize import token_of

API: Final = "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3d4e5"
Event = dict[str, Any]


def http_2(header: str) -> Event:
    """An HTTP API, payload 2.0: names of headers in small letters, values joined by commas."""
    return {
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": f"{API}/$default/GET/pets/7",
        "identitySource": [header],
        "headers": {"authorization": header},
        "requestContext": {"apiId": "a1b2c3d4e5"},
    }


def http_1(header: str) -> Event:
    """An HTTP API, payload 1.0."""
    return {
        "version": "1.0",
        "type": "REQUEST",
        "methodArn": f"{API}/prod/GET/pets/7",
        "identitySource": header,
        "authorizationToken": header,
        "headers": {"Authorization": header},
        "requestContext": {"apiId": "a1b2c3d4e5"},
    }


def rest_request(header: str) -> Event:
    """A REST API: names as they were sent, and every value."""
    return {
        "type": "REQUEST",
        "methodArn": f"{API}/prod/GET/pets/7",
        "headers": {"AUTHORIZATION": header},
        "multiValueHeaders": {"AUTHORIZATION": [header]},
        "stageVariables": None,
        "requestContext": {"apiId": "a1b2c3d4e5"},
    }


def rest_token(header: str) -> Event:
    """A REST API that passes the header alone."""
    return {
        "type": "TOKEN",
        "methodArn": f"{API}/prod/GET/pets/7",
        "authorizationToken": header,
    }


def appsync(header: str) -> Event:
    """AppSync."""
    return {
        "authorizationToken": header,
        "requestContext": {"apiId": "a1b2c3", "operationName": "pets"},
        "requestHeaders": {"authorization": header},
    }


KINDS: Final = (http_2, http_1, rest_request, rest_token, appsync)
POLICIES: Final = (http_1, rest_request, rest_token)
Make = Callable[[str], Event]


@pytest.fixture
def world() -> World:
    """A realm."""
    return World()


@pytest.fixture
def token(world: World) -> str:
    """A session's token."""
    return token_of(world, world.ada)


def admitted(given: Mapping[str, Any]) -> bool:
    """Whether an answer lets the call through."""
    if "isAuthorized" in given:
        return bool(given["isAuthorized"])
    (statement,) = given["policyDocument"]["Statement"]
    assert statement["Action"] == "execute-api:Invoke"
    return {"Allow": True, "Deny": False}[statement["Effect"]]


def said(services: Services, event: Event) -> bool | str:
    """Whether an answer lets the call through, or the error that a gateway is told."""
    try:
        return admitted(answer(services, event))
    except Exception as error:  # noqa: BLE001 - what a gateway is told of any error is its text
        return str(error)


@pytest.mark.parametrize("make", KINDS)
def test_active_session_is_admitted(world: World, token: str, make: Make) -> None:
    """Every kind of gateway is told yes, and who it is, in flat texts."""
    given = answer(world.authorizing, make(f"Bearer {token}"))
    assert admitted(given)
    context = given.get("context") or given["resolverContext"]
    assert context == {
        "session_id": world.active(world.ada)[0],
        "user_id": world.ada,
        "realm_id": world.realm_id,
        "session_type": "managed",
        "expires_at": context["expires_at"],
    }
    assert all(type(value) is str for value in context.values())
    assert int(context["expires_at"]) * 1000 > world.clock.wall_ms()


def test_open_ended_session_has_no_expiry(world: World) -> None:
    """The context of an open-ended session has no `expires_at`."""
    robot = token_of(world, world.user(user_type="api"), auth_method="api_key")
    assert "expires_at" not in answer(world.authorizing, http_2(f"Bearer {robot}"))["context"]


@pytest.mark.parametrize("make", POLICIES)
def test_policy_is_for_the_whole_api(world: World, token: str, make: Make) -> None:
    """A policy names every method of the stage, so that its cached copy fits the next call."""
    allowed = answer(world.authorizing, make(f"Bearer {token}"))
    assert allowed["principalId"] == world.ada
    twice = make(f"Bearer {token}, Bearer {token}")
    for given, effect in ((allowed, "Allow"), (answer(world.authorizing, twice), "Deny")):
        assert given["policyDocument"] == {
            "Version": "2012-10-17",
            "Statement": [
                {"Action": "execute-api:Invoke", "Effect": effect, "Resource": f"{API}/prod/*"}
            ],
        }


@pytest.mark.parametrize(
    ("arn", "every"),
    [
        (f"{API}/$default/GET/", f"{API}/$default/*"),
        (f"{API}/prod/POST/a/b/c", f"{API}/prod/*"),
        (f"{API}/prod/GET", f"{API}/prod/*"),
    ],
)
def test_every_method_of_a_stage(arn: str, every: str) -> None:
    """The ARN of a method, of whatever path, becomes that of the whole stage, and of no other."""
    assert every_method(arn) == every


def test_http_api_may_take_policies(world: World, token: str) -> None:
    """Payload 2.0 without simple answers gets a policy, as the stack's parameter says."""
    services = replace(world.authorizing, simple=False)
    given = answer(services, http_2(f"Bearer {token}"))
    assert given["policyDocument"]["Statement"][0]["Resource"] == f"{API}/$default/*"
    assert given["context"]["user_id"] == world.ada
    assert said(services, http_2("Bearer garbage")) is False


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize(
    "header",
    ["", "   ", "Bearer", "Bearer ", "Basic YTpi", "garbage", "Bearer a.b.c", "Bearer ks_x"],
)
def test_what_is_no_token_is_refused(world: World, make: Make, header: str) -> None:
    """No credential, another scheme, an access key and garbage: 401 of REST, and no elsewhere."""
    rest = make in (rest_request, rest_token)
    assert said(world.authorizing, make(header)) == ("Unauthorized" if rest else False)


@pytest.mark.parametrize("make", KINDS)
def test_ended_session_is_refused(world: World, token: str, make: Make) -> None:
    """The first event after a session's end is refused."""
    assert said(world.authorizing, make(f"Bearer {token}")) is True
    world.terminator.by_server(world.server, world.active(world.ada)[0])
    rest = make in (rest_request, rest_token)
    assert said(world.authorizing, make(f"Bearer {token}")) == ("Unauthorized" if rest else False)


@pytest.mark.parametrize("make", KINDS)
def test_scheme_is_in_any_case(world: World, token: str, make: Make) -> None:
    """`bearer` is a scheme whose case does not count."""
    assert said(world.authorizing, make(f"bEARER  {token} ")) is True


@pytest.mark.parametrize("make", KINDS)
def test_two_credentials_in_one_value_are_refused(world: World, token: str, make: Make) -> None:
    """A gateway joins two headers by a comma: denied by every kind, and not decided by either."""
    assert said(world.authorizing, make(f"Bearer {token},Bearer garbage")) is False


@pytest.mark.parametrize(
    "headers",
    [
        {"multiValueHeaders": {"Authorization": ["Bearer T", "Bearer garbage"]}},
        {"multiValueHeaders": {"Authorization": ["Bearer T", "Bearer T"]}},
        {"multiValueHeaders": {"Authorization": ["Bearer T"], "authorization": ["Bearer x"]}},
        {"headers": {"Authorization": "Bearer T", "authorization": "Bearer x"}},
        {
            "headers": {"Authorization": "Bearer x"},
            "multiValueHeaders": {"Authorization": ["Bearer T"]},
        },
    ],
)
def test_two_credentials_are_refused(world: World, token: str, headers: Event) -> None:
    """Two headers, or two values of one, whatever the case of their names, are denied."""
    named = {
        kind: {
            name: [v.replace("T", token) for v in value]
            if isinstance(value, list)
            else value.replace("T", token)
            for name, value in values.items()
        }
        for kind, values in headers.items()
    }
    event = rest_request(f"Bearer {token}") | {"headers": {}, "multiValueHeaders": {}} | named
    assert said(world.authorizing, event) is False


@pytest.mark.parametrize("make", [http_2, http_1, rest_request])
def test_api_names_its_realm(world: World, token: str, make: Make) -> None:
    """A stage variable of the API restricts it to the tokens of one realm."""
    for realm_id, wanted in ((world.realm_id, True), (world.new_realm().id, False)):
        event = make(f"Bearer {token}") | {"stageVariables": {"sojourn_realm_id": realm_id}}
        assert (said(world.authorizing, event) is True) is wanted


@pytest.mark.parametrize("make", [http_2, http_1])
def test_answer_is_cached_by_the_token_alone(world: World, token: str, make: Make) -> None:
    """An API that caches by something else would give one caller another's answer: denied."""
    event = make(f"Bearer {token}")
    other = "tenant-7" if isinstance(event["identitySource"], str) else ["tenant-7"]
    uncached = replace(
        world.authorizing, authorizer=replace(world.authorizing.authorizer, ttl_seconds=0)
    )
    assert said(world.authorizing, event | {"identitySource": other}) is False
    assert said(uncached, event | {"identitySource": other}) is True
    assert said(world.authorizing, event | {"identitySource": None}) is True


def test_appsync_keeps_an_answer_for_what_the_session_has_left(world: World, token: str) -> None:
    """`ttlOverride` is the TTL, or what the session has left; 0 with a refusal."""
    ttl = world.authorizing.authorizer.ttl_seconds
    event = appsync(f"Bearer {token}")
    assert answer(world.authorizing, event)["ttlOverride"] == ttl
    world.clock.advance(MINUTES * 60 - 7)
    assert answer(world.authorizing, event)["ttlOverride"] in (6, 7)
    world.clock.advance(7)
    assert answer(world.authorizing, event) == {"isAuthorized": False, "ttlOverride": 0}


@pytest.mark.parametrize("make", KINDS)
def test_misconfigured_cache_is_denied_and_logged(
    world: World, token: str, make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    """A realm that allows less than the cache makes of it is denied; the log says what to do."""
    world.settings(max_staleness_seconds=10)
    capsys.readouterr()
    assert said(world.authorizing, make(f"Bearer {token}")) is False
    logged = capsys.readouterr().out
    (line,) = [line for line in map(json.loads, logged.splitlines()) if line["level"] == "ERROR"]
    assert "raise max_staleness_seconds" in line["stack_trace"]["value"]
    assert token not in logged


@pytest.mark.parametrize("make", KINDS)
def test_error_is_no_yes(
    world: World, token: str, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the store does not answer, the gateway gets an error, which it never caches."""

    def unavailable(*_: object) -> None:
        raise Unavailable

    monkeypatch.setattr(type(world.store.users), "get", unavailable)
    monkeypatch.setattr(type(world.store.directory), "read", unavailable)
    with pytest.raises(Unavailable):
        answer(world.authorizing, make(f"Bearer {token}"))


@pytest.mark.parametrize(
    "event", [{}, {"version": "2.0", "routeKey": "GET /pets"}, {"authorizationToken": "Bearer x"}]
)
def test_unknown_event_is_an_error(world: World, event: Event) -> None:
    """An event of no authorizer is an error, and no yes."""
    with pytest.raises(EventUnknown):
        answer(world.authorizing, event)


def test_handler_has_a_deadline_below_the_gateways(world: World, token: str) -> None:
    """The handler answers an event as it came."""
    resources = cast(Resources, SimpleNamespace(clock=world.clock))
    handle = handler.serve(resources, world.authorizing)
    context = SimpleNamespace(aws_request_id="r-1")
    assert handle(http_2(f"Bearer {token}"), context)["isAuthorized"] is True
