"""The dispatcher checks a request as its route says, before it calls the route's function."""

from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from sojourn.api.dispatch import answer
from sojourn.api.parameters import Parameter
from sojourn.api.request import Request
from sojourn.api.route import Call, Route
from sojourn.api.structs import Answer, InRealm
from sojourn.domain import ids
from sojourn.domain.access_key import Permission, Server
from sojourn.domain.errors import (
    BodyInvalid,
    Invalid,
    PermissionMissing,
    RealmForbidden,
    SojournError,
    TokenMissing,
    TwoRealmsNamed,
)
from tests.support.world import access_key

ONE, TWO = ids.new_id("rl", 1), ids.new_id("rl", 2)


class Named(InRealm, forbid_unknown_fields=True, frozen=True):
    """A body."""

    name: str


class Seen(Answer, frozen=True, kw_only=True):
    """An answer."""

    realm_id: str | None


@Route(
    "POST /v1/things",
    user=True,
    server="write",
    query=(Parameter("scope", only="user"),),
    body=Named,
    answers={201: (Seen,), 204: ()},
)
def make_thing(_services: object, call: Call[Server, Named]) -> Seen | None:
    """Make one thing."""
    return None if call.body.name == "nothing" else Seen(realm_id=call.caller.realm_id)


def event(body: str, query: dict[str, str] | None) -> dict[str, Any]:
    """An event with that body and query."""
    return {
        "headers": {"content-type": "application/json"},
        "queryStringParameters": query,
        "body": body,
    }


def asked(
    body: str,
    *,
    permission: Permission = "write",
    query: dict[str, str] | None = None,
    route: Route = make_thing,
) -> Any:
    """What the route answers to a server with a stack-wide key of that permission."""
    server = Server(key=replace(access_key(None), permission=permission), realm_id=None)
    callers = SimpleNamespace(either=lambda _request, recorded: server)
    request = Request.of(event(body, query))
    return answer(route, SimpleNamespace(callers=callers), request)


def test_answer_has_its_status() -> None:
    """The function's result gets the route's other status than 204, which None gets."""
    swapped = replace(make_thing, answers=dict(list(make_thing.answers.items())[::-1]))
    for route in (make_thing, swapped):
        made = asked('{"name": "x"}', route=route)
        assert (made.status, made.body) == (201, Seen(realm_id=None))
        nothing = asked('{"name": "nothing"}', route=route)
        assert (nothing.status, nothing.body) == (204, None)


def test_permission_is_asked_for_before_query_and_body() -> None:
    """A key that lacks the permission learns of nothing else that is wrong."""
    with pytest.raises(PermissionMissing):
        asked("[", permission="read", query={"x": "1"})


def test_request_is_checked_in_the_documented_order() -> None:
    """The first error is answered, in the order caller, permission, query, realm, body."""
    key = replace(access_key(ONE), permission="read")

    def nobody(_request: Request, *, recorded: bool) -> Server:
        raise TokenMissing

    def bound(_request: Request, *, recorded: bool) -> Server:
        return Server(key=key, realm_id=ONE)

    def writes(_request: Request, *, recorded: bool) -> Server:
        return Server(key=replace(key, permission="write"), realm_id=ONE)

    steps: list[tuple[Any, dict[str, str], str, type[SojournError] | None]] = [
        (nobody, {"realm_id": TWO, "x": "1"}, "[", TokenMissing),
        (bound, {"realm_id": TWO, "x": "1"}, "[", PermissionMissing),
        (writes, {"realm_id": TWO, "x": "1"}, "[", Invalid),
        (writes, {"realm_id": TWO}, "[", RealmForbidden),
        (writes, {"realm_id": ONE}, "[", BodyInvalid),
        (writes, {"realm_id": ONE}, f'{{"name": "x", "realm_id": "{TWO}"}}', RealmForbidden),
        (writes, {"realm_id": ONE}, '{"name": "x"}', None),
    ]
    for caller, query, body, error in steps:
        services = SimpleNamespace(callers=SimpleNamespace(either=caller))
        request = Request.of(event(body, query))
        with nullcontext() if error is None else pytest.raises(error) as refused:
            answer(make_thing, services, request)
        assert refused is None or type(refused.value) is error


def test_parameter_of_another_caller_is_unknown() -> None:
    """A parameter that only users may send is unknown to a server."""
    with pytest.raises(Invalid) as refused:
        asked('{"name": "x"}', query={"scope": "all"})
    assert refused.value.errors == ("Unknown query parameter 'scope'; known: realm_id.",)


def test_call_is_about_the_realm_that_query_or_body_name() -> None:
    """A stack-wide key's call is about the one realm that is named, wherever that is."""
    assert asked('{"name": "x"}', query={"realm_id": ONE}).body == Seen(realm_id=ONE)
    body = f'{{"name": "x", "realm_id": "{TWO}"}}'
    assert asked(body).body == Seen(realm_id=TWO)
    with pytest.raises(TwoRealmsNamed):
        asked(body, query={"realm_id": ONE})
