"""What OAuth's endpoints do otherwise: callers, forms and errors."""

import base64
import json
from typing import Any

import pytest

from sojourn.api.callers import Callers
from sojourn.api.dispatch import answer, respond
from sojourn.api.oauth import CHALLENGE, oauth_type
from sojourn.api.problems import PROBLEM_TYPES
from sojourn.api.route import Call, Route
from sojourn.api.structs import Answer, Form
from sojourn.domain import errors
from sojourn.domain.access_key import Server
from sojourn.domain.errors import SojournError
from tests.support.world import World
from tests.unit.api.test_callers import OTHER, SECRET, key

FORM = "application/x-www-form-urlencoded"
BASIC = base64.b64encode(f"{key().id}:{SECRET}".encode()).decode()


class Named(Form, frozen=True, kw_only=True):
    """A form."""

    name: str


class Seen(Answer, frozen=True, kw_only=True):
    """An answer: what the form named, and the access key that called."""

    name: str
    key: str | None


@Route("POST /x", oauth=True, public=True, server="write", body=Named, answers={200: (Seen,)})
def optional(_services: object, call: Call[Server | None, Named]) -> Seen:
    """See."""
    return Seen(name=call.body.name, key=None if call.caller is None else call.caller.key.id)


@Route("POST /y", oauth=True, server="read", body=Named, answers={200: (Seen,)})
def required(_services: object, call: Call[Server, Named]) -> Seen:
    """See."""
    return optional.do(_services, call)  # type: ignore[return-value]


@pytest.fixture
def world() -> World:
    """A world with an access key that may write."""
    world = World()
    world.store.keys.add(key())
    return world


def asked(
    world: World,
    route: Route = required,
    body: str = "name=x",
    query: dict[str, str] | None = None,
    **headers: str,
) -> tuple[int, Any, dict[str, str]]:
    """Status, body and headers of the answer to a form."""

    class Services:
        callers = Callers(world.store.keys, world.cache, world.clock)

    event = {
        "routeKey": route.at,
        "requestContext": {"requestId": "r-1"},
        "headers": {"content-type": FORM} | {n.replace("_", "-"): t for n, t in headers.items()},
        "queryStringParameters": query,
        "body": body,
    }
    table = {route.at: lambda request: answer(route, Services, request)}
    made = respond(event, table, oauth=[route.at])
    return made["statusCode"], json.loads(made["body"]), made["headers"]


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": f"Basic {BASIC}"},
        {"authorization": f"bASIC  {BASIC} "},
        {"authorization": f"Bearer {SECRET}"},
        {"authrocket_api_key": SECRET},
    ],
    ids=str,
)
@pytest.mark.parametrize("route", [optional, required], ids=lambda route: route.name)
def test_server_calls_by_basic_or_bearer(
    world: World, route: Route, headers: dict[str, str]
) -> None:
    """An access key comes as a client's id and secret, as a bearer, or in AuthRocket's header."""
    sent: dict[str, Any] = {**headers}
    status, body, _ = asked(world, route, **sent)
    assert (status, body) == (200, {"name": "x", "key": key().id})


def test_nobody_may_call_where_a_server_is_optional(world: World) -> None:
    """Without a credential a public endpoint has no caller, and another is refused."""
    assert asked(world, optional)[:2] == (200, {"name": "x", "key": None})
    status, body, headers = asked(world, required)
    assert (status, body["error"], body["code"]) == (401, "invalid_client", "token_missing")
    assert headers["www-authenticate"] == CHALLENGE


BAD: dict[str, tuple[dict[str, Any], int, str, str]] = {
    "unknown key": (
        {"authorization": "Bearer " + SECRET[:-1] + "b"},
        401,
        "invalid_client",
        "access_key_invalid",
    ),
    "another id": (
        {"authorization": "Basic " + base64.b64encode(f"key_x:{SECRET}".encode()).decode()},
        401,
        "invalid_client",
        "access_key_invalid",
    ),
    "a login token": ({"authorization": "Bearer a.b.c"}, 401, "invalid_client", "wrong_caller"),
    "another scheme": ({"authorization": "Digest x"}, 401, "invalid_client", "token_invalid"),
    "no bearer": ({"authorization": "Bearer"}, 401, "invalid_client", "token_invalid"),
    "two headers": (
        {"authorization": f"Basic {BASIC}", "authrocket_api_key": SECRET},
        400,
        "invalid_request",
        "credentials_ambiguous",
    ),
    "a secret in the form too": (
        {"authorization": f"Basic {BASIC}", "body": f"name=x&client_secret={SECRET}"},
        400,
        "invalid_request",
        "credentials_ambiguous",
    ),
    "a secret in the form": (
        {"body": f"name=x&client_id={key().id}&client_secret={SECRET}"},
        401,
        "invalid_client",
        "access_key_invalid",
    ),
    "an assertion in the form": (
        {"body": "name=x&client_assertion=a.b.c"},
        401,
        "invalid_client",
        "access_key_invalid",
    ),
    "a query": ({"query": {"name": "x"}}, 400, "invalid_request", "invalid"),
    "no name": ({"body": "other=x"}, 400, "invalid_request", "invalid"),
    "a name twice": ({"body": "name=x&name=x"}, 400, "invalid_request", "body_invalid"),
    "no body": ({"body": ""}, 400, "invalid_request", "body_invalid"),
    "JSON": (
        {"content_type": "application/json"},
        415,
        "invalid_request",
        "unsupported_media_type",
    ),
    "too large": ({"body": "name=" + "x" * 65_536}, 413, "invalid_request", "body_too_large"),
    "a realm that is none": (
        {"authorization": f"Basic {BASIC}", "authrocket_realm": "x"},
        400,
        "invalid_request",
        "invalid",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_errors_have_the_form_of_oauth(world: World, name: str) -> None:
    """An error is `error` and `error_description` (RFC 6749, 5.2), with the code of the problem."""
    sent, status, error, code = BAD[name]
    made, body, headers = asked(world, optional, **sent)
    assert (made, body["error"], body["code"]) == (status, error, code)
    assert body.keys() == {"error", "error_description", "code", "request_id"}
    assert headers["content-type"] == "application/json"
    assert headers["cache-control"] == "no-store"
    challenge = headers.get("www-authenticate")
    assert challenge == (CHALLENGE + ', error="invalid_token"' if status == 401 else None)
    assert SECRET not in json.dumps(body)


def test_key_of_less_permission_or_another_realm_is_not_authorized(world: World) -> None:
    """A key that may not, or that is bound to another realm than is named, is 403."""
    world.store.keys.add(key(permission="read"))
    status, body, _ = asked(world, optional, authorization=f"Basic {BASIC}")
    assert (status, body["error"]) == (403, "unauthorized_client")
    assert body["code"] == "permission_missing"
    world.store.keys.add(key(realm_id=world.realm_id))
    status, body, _ = asked(world, optional, authorization=f"Basic {BASIC}", authrocket_realm=OTHER)
    assert (status, body["code"]) == (403, "realm_forbidden")


def test_unknown_parameters_are_ignored(world: World) -> None:
    """A form may have parameters that the endpoint does not know (RFC 6749, 3.2)."""
    assert asked(world, optional, "name=x&client_id=y&resource=z")[0] == 200


def test_description_has_the_characters_of_oauth(world: World) -> None:
    """An `error_description` has no quotation mark, backslash or character beyond ASCII."""
    _, body, _ = asked(world, optional, "name=x", {'"\\é\n': "1"})
    description = body["error_description"]
    assert "Unknown query parameter" in description
    assert all(" " <= c <= "~" and c not in '"\\' for c in description)


def test_unavailable_may_be_tried_again(world: World) -> None:
    """A 503 has `Retry-After`: the token still stands (RFC 7009, 2.2.1)."""

    def away(_key_id: str) -> None:
        raise errors.Unavailable

    world.store.keys.access_key = away  # type: ignore[method-assign,assignment]
    status, body, headers = asked(world, authorization=f"Basic {BASIC}")
    assert (status, body["error"]) == (503, "temporarily_unavailable")
    assert headers["retry-after"] == "2"


@pytest.mark.parametrize("kind", PROBLEM_TYPES)
def test_each_error_has_a_form(kind: type[SojournError]) -> None:
    """Every error of the service has a status and a word of OAuth, and 422 is 400."""
    status, error = oauth_type(kind)
    assert status != 422
    assert (status == 401) == (error == "invalid_client")
