"""A request is admitted as its route says, before the function that does it is called."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from sojourn.api.dispatch import answer
from sojourn.api.parameters import REALM, Parameter
from sojourn.api.request import Request
from sojourn.api.route import Call, Route
from sojourn.api.structs import Answer, InRealm
from sojourn.domain import ids
from sojourn.domain.access_key import Permission, Server
from sojourn.domain.errors import Invalid, PermissionMissing, TwoRealmsNamed
from tests.unit.flows import access_key

ONE, TWO = ids.new_id("rl", 1), ids.new_id("rl", 2)


class Named(InRealm, forbid_unknown_fields=True, frozen=True):
    """A body."""

    name: str


class Seen(Answer, frozen=True, kw_only=True):
    """An answer."""

    realm_id: str | None


@Route(
    "POST /v1/things",
    caller="server",
    permission="write",
    query=(REALM, Parameter("scope", only="user")),
    body=Named,
    answers={201: (Seen,), 204: ()},
)
def make_thing(_services: object, call: Call[Server, Named]) -> Seen | None:
    """Make one thing."""
    return None if call.body.name == "nothing" else Seen(realm_id=call.caller.realm_id)


def asked(
    body: str, *, permission: Permission = "write", query: dict[str, str] | None = None
) -> Any:
    """What the route answers to a server with a stack-wide key of that permission."""
    server = Server(key=replace(access_key(None), permission=permission), realm_id=None)
    callers = SimpleNamespace(server=lambda _request, recorded: server)
    event = {
        "headers": {"content-type": "application/json"},
        "queryStringParameters": query,
        "body": body,
    }
    return answer(make_thing, SimpleNamespace(callers=callers), Request.of(event))


def test_answer_has_its_status() -> None:
    """What the function gives has the route's first status, and nothing has 204."""
    made = asked('{"name": "x"}')
    assert (made.status, made.body) == (201, Seen(realm_id=None))
    nothing = asked('{"name": "nothing"}')
    assert (nothing.status, nothing.body) == (204, None)


def test_permission_is_asked_for_before_query_and_body() -> None:
    """A key that lacks the permission learns of nothing else that is wrong."""
    with pytest.raises(PermissionMissing):
        asked("[", permission="read", query={"x": "1"})


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


def test_route_is_named_by_its_function() -> None:
    """A route has its function's name and first sentence; by another method it is another's."""
    assert (make_thing.name, make_thing.does) == ("make_thing", "Make one thing.")
    by_put = make_thing.by("PUT", "put_thing")
    assert (by_put.at, by_put.name, by_put.do) == ("PUT /v1/things", "put_thing", make_thing.do)
