"""`Route`: callers, bodies and answers; it refuses fields that it would ignore."""

from typing import Any

import pytest

from sojourn.api.parameters import AFTER, REALM, Parameter
from sojourn.api.route import Call, Route
from sojourn.api.structs import Answer, Form, InRealm


class Seen(Answer, frozen=True, kw_only=True):
    """An answer."""


class Named(Form, frozen=True, kw_only=True):
    """A form."""

    name: str


NOTHING: dict[int, Any] = {204: ()}
SEEN: dict[int, Any] = {200: (Seen,)}
OAUTH: dict[str, Any] = {"oauth": True, "body": Named}
THINGS = Route("GET /v1/things", server="read", answers=SEEN)


@Route("PATCH /v1/things", server="write", body=InRealm, answers={202: (Seen,), 204: ()})
def change_thing(_services: object, _call: Call[Any, InRealm]) -> Seen | None:
    """Change one thing.

    Nothing else.
    """


def test_route_is_named_by_its_function() -> None:
    """A route has its function's name and first sentence; by another method it is another's."""
    assert (change_thing.name, change_thing.does) == ("change_thing", "Change one thing.")
    by_put = change_thing.by("PUT", "put_thing")
    assert (by_put.at, by_put.name, by_put.do) == ("PUT /v1/things", "put_thing", change_thing.do)


def test_callers_are_those_who_may() -> None:
    """A route is for anybody, a user, a server with a permission, or for either of these.

    An OAuth endpoint may be for anybody, and for a server by its key.
    """
    routes: list[dict[str, Any]] = [
        {"public": True},
        {"user": True},
        {"server": "read"},
        {"user": True, "server": "write"},
        {"public": True, "server": "write", "oauth": True, "body": Named},
    ]
    callers = [Route("POST /x", answers=NOTHING, **may).caller for may in routes]
    assert callers == ["nobody", "user", "server", "either", "optional"]


def test_server_may_name_its_realm() -> None:
    """A server's routes take `realm_id` behind their own parameters, unless they are about none."""
    assert Route("GET /x", user=True, answers=SEEN).parameters == ()
    assert THINGS.parameters == (REALM,)
    paged = Route("GET /x", server="read", query=(Parameter("x"),), order="ascending", answers=SEEN)
    assert paged.parameters[:3] == (Parameter("x"), REALM, AFTER)
    assert Route("GET /x", server="read", about_realm=False, answers=SEEN).parameters == ()
    oauth = Route("POST /x", server="read", oauth=True, body=Named, answers=SEEN)
    assert oauth.parameters == ()


def test_route_without_a_function_does_nothing_silently() -> None:
    """A route that no function was given to fails when it is called."""
    with pytest.raises(NotImplementedError):
        THINGS.do(None, None)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"at": "FETCH /x"}, "at must be"),
        ({"at": "GET x"}, "at must be"),
        ({}, "say who may call"),
        ({"public": True, "user": True}, "say who may call"),
        ({"public": True, "server": "read"}, "say who may call"),
        ({"public": True, "answers": {}}, "answers are"),
        ({"public": True, "answers": {200: (Seen,), 201: (Seen,)}}, "answers are"),
        ({"public": True, "answers": {200: ()}}, "answers are"),
        ({"public": True, "answers": {204: (Seen,)}}, "answers are"),
        ({"at": "GET /x", "public": True, "body": InRealm}, "no body comes"),
        ({"public": True, "optional": True}, "are of a body"),
        ({"public": True, "any_text": True}, "are of a body"),
        ({"public": True, "limit": 1}, "are of a body"),
        ({"server": "read", "current": THINGS}, "are of a body"),
        ({"public": True, "body": InRealm, "optional": True, "any_text": True}, "optional body"),
        ({"user": True, "body": InRealm, "current": THINGS}, "current is"),
        ({"user": True, "server": "read", "body": InRealm, "current": THINGS}, "current is"),
        ({"server": "read", "body": InRealm, "current": THINGS, "limit": 1}, "current is"),
        ({"user": True, "cached": True}, "cached is"),
        ({"public": True, "cached": True, "body": InRealm}, "cached is"),
        ({"public": True, "cached": True, "query": (REALM,)}, "cached is"),
        ({"public": True, "cached": True, "order": "ascending"}, "cached is"),
        ({"user": True, "records_use": False}, "are of servers"),
        ({"public": True, "about_realm": False}, "are of servers"),
        ({"server": "read", "body": Named}, "OAuth endpoint has a form"),
        ({"server": "read", "oauth": True}, "OAuth endpoint has a form"),
        ({"server": "read", "oauth": True, "body": InRealm}, "OAuth endpoint has a form"),
        ({"user": True, **OAUTH}, "no user"),
        ({"server": "read", **OAUTH, "query": (Parameter("x"),)}, "no query"),
        ({"server": "read", **OAUTH, "order": "ascending"}, "no query"),
        ({"server": "read", **OAUTH, "optional": True}, "no other body"),
        ({"server": "read", **OAUTH, "any_text": True}, "no other body"),
        ({"server": "read", **OAUTH, "current": THINGS}, "no other body"),
        ({"user": True, "query": (REALM,)}, "who may not call"),
        ({"server": "read", "query": (Parameter("x", only="user"),)}, "who may not call"),
    ],
)
def test_what_would_be_ignored_is_refused(said: dict[str, Any], sentence: str) -> None:
    """A route that says what does not go together is refused when it is made."""
    with pytest.raises(ValueError, match=f"^(GET|POST|FETCH) /?x: .*{sentence}"):
        Route(**{"at": "POST /x", "answers": NOTHING} | said)
