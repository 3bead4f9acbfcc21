"""Hostile input for every route and every part of a request, and impossible events."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count, islice
from typing import Any
from urllib.parse import urlencode

import pytest

from local.events import event_of
from local.stack import Context
from sojourn.api.request import FORM
from tests.integration.conftest import empty, resources_of
from tests.support import contract
from tests.support.clock import MovedClock
from tests.support.hostile import Stopwatch, Things
from tests.support.http_world import ROUTES, World, request_of
from tests.support.provoking import path_of
from tools.openapi.routes import ROUTES as OPERATIONS

TEXTS: dict[str, str] = {
    "nothing": "",
    "a space": " ",
    "a NUL": "\0",
    "half of a pair": "\ud800",
    "a line's end": "\r\n",
    "an id and a line's end": "usr_" + "0" * 22 + "\n",
    "a prefix": "kss_",
    "many zeros": "0" * 9_000,
    "digits of another script": "\u0661\u0660",
    "marks": "a" + "\u0301\u0316" * 400,
    "one that grows eighteenfold": "\ufdfa" * 500,
    "text that turns": "\u202e\u2066x",
    "a family": "\U0001f469\u200d\U0001f469" * 50,
    "the last character": "\U0010ffff",
    "a path": "../../../etc/passwd",
    "a query": "' OR 1=1 --",
    "a lookup": "${jndi:ldap://x}",
    "a pattern": "(a+)+$" * 100,
    "commas": "," * 500,
    "percent": "%00%ff%zz",
    "null": "null",
    "a number": "-1e999999",
}
VALUES: dict[str, Any] = {
    "null": None,
    "true": True,
    "zero": 0,
    "less than nothing": -1,
    "2^63": 2**63,
    "2^64": 2**64,
    "a googol": 10**100,
    "a fraction": 0.1,
    "the largest": 1.7976931348623157e308,
    "a list": [],
    "lists in lists": [[[[]]]],
    "an object": {},
    "an object without a name": {"": {"": {}}},
    "a thousand": list(range(1_000)),
}
BODIES: dict[str, bytes] = {
    "1e999999": b'{"name": 1e999999}',
    "64 KiB of digits": b'{"name": ' + b"9" * 65_000 + b"}",
    "64 KiB of lists": b'{"name": ' + b"[" * 65_000,
    "64 KiB of objects": b'{"a":' * 13_000,
    "64 KiB of fields": json.dumps({str(n): n for n in range(4_800)}).encode(),
    "64 KiB of spaces": b" " * 65_000 + b"{}",
    "a mark of byte order": b"\xef\xbb\xbf{}",
    "UTF-16": '{"name": "x"}'.encode("utf-16"),
    "half of UTF-8": b'{"name": "\xc3',
    "a surrogate in UTF-8": b'{"name": "\xed\xa0\x80"}',
    "a NUL": b'{"name": "\x00"}',
    "NaN": b'{"name": NaN}',
    "a comma too many": b'{"name": "x",}',
    "a remark": b'{"name": "x"} // x',
}

FORMS: dict[str, bytes] = {
    "10,000 parameters": b"&".join(b"n%d=1" % n for n in range(8_000)),
    "64 KiB of separators": b"&" * 65_000,
    "64 KiB of signs": b"=" * 65_000,
    "64 KiB of percent": b"token=" + b"%" * 65_000,
    "64 KiB of token": b"token=" + b"a" * 65_000,
    "a token twice": b"token=a&token=b",
    "no value": b"token=",
    "no sign": b"token",
    "half of UTF-8": b"token=%C3",
    "a surrogate in UTF-8": b"token=%ED%A0%80",
    "a NUL": b"token=%00",
    "junk for percent": b"token=%zz%",
}


@pytest.fixture(scope="module")
def things(environment: dict[str, str]) -> Iterator[Things]:
    """A thing of every kind; each answer is held to the document, and to 50 ms."""
    empty(environment)
    with watched(environment) as made:
        yield made


@contextmanager
def watched(environment: dict[str, str]) -> Iterator[Things]:
    """Things of a realm of their own."""
    clock, stopwatch = MovedClock(), Stopwatch()
    world = World(resources_of(environment, clock), environment, clock)
    for name, handler in world._handlers.items():
        world._handlers[name] = stopwatch.over(handler)
    with stopwatch.started():
        yield Things(world)


def test_right_requests_are_right(environment: dict[str, str]) -> None:
    """What is spoilt here is right before: most of it is taken, of things that nobody spoilt."""
    with watched(environment) as things:
        found = [things.send(route) for route in sorted(ROUTES) if not route.startswith("DELETE")]
    taken = [answer for answer in found if answer is not None and answer.status < 400]
    assert len(taken) > 0.8 * len(found)


def turn(things: Things, route: str, *, every: int = 1) -> int:
    """Put the texts in every part of a request to a route, and the values in every field.

    `every` leaves some out, others for each route. How many requests that were.
    """
    wheel = count(list(ROUTES).index(route))
    before = len(things.world.answered)
    named = [parameter.name for parameter in OPERATIONS[route].parameters]
    for text in TEXTS.values():
        latin = text.encode("latin-1", "replace").decode("latin-1")
        sendable = text.encode("utf-8", "replace").decode()
        query = dict.fromkeys([*named, "nonsense"], sendable)
        parts: list[dict[str, Any]] = [
            {"bearer": latin},
            {"headers": [("authrocket-realm", latin), ("if-none-match", latin)]},
            {"headers": [("content-type", latin), ("user-agent", latin)]},
            {"query": query},
            {"query": dict.fromkeys(named, sendable)},
            {"identifier": sendable or "%"} if "{id}" in route else {"ip": latin},
        ]
        for part in parts:
            if next(wheel) % every == 0:
                things.send(route, **part)
    body = things.body_of(route)
    spoilt = [] if body is None else [*BODIES.values()]
    for name in body or {}:
        for value in (*VALUES.values(), *TEXTS.values()):
            spoilt.append(json.dumps((body or {}) | {name: value}).encode())
    if contract.media_type(route) == FORM:
        spoilt = list(form_bodies(things, route))
    for raw in spoilt:
        if next(wheel) % every == 0:
            things.send(route, raw=raw)
    return len(things.world.answered) - before


def form_bodies(things: Things, route: str) -> Iterator[bytes]:
    """Forms that are none, and each text in each parameter of a right one."""
    yield from (*BODIES.values(), *FORMS.values())
    body = things.body_of(route) or {}
    for name in body:
        for text in TEXTS.values():
            yield urlencode(body | {name: text}, errors="surrogatepass").encode()


@pytest.mark.parametrize("route", [r for r in ROUTES if not OPERATIONS[r].cached])
def test_unknown_parameters_are_refused(things: Things, route: str) -> None:
    """A request that is right but for a parameter that the route does not know is refused."""
    answer = things.send(route, query={"nonsense": "1"})
    assert answer is not None
    status, told = (400, "error_description") if OPERATIONS[route].oauth else (422, "detail")
    assert (answer.status, answer.body["code"]) == (status, "invalid")
    assert "Unknown query parameter 'nonsense'" in answer.body[told]


@pytest.mark.parametrize("route", ROUTES)
def test_hostile_requests(things: Things, route: str) -> None:
    """No text in any part, no body and no value of a field makes a route fail or slow."""
    assert turn(things, route, every=20) > 3


EVENTS: dict[str, dict[str, Any]] = {
    "no context": {"requestContext": None},
    "a text for a context": {"requestContext": "x"},
    "a text for a connection": {"requestContext": {"http": "x"}},
    "numbers in the context": {"requestContext": {"http": {"sourceIp": 1, "userAgent": 2}}},
    "no headers": {"headers": None},
    "a list of headers": {"headers": [["authorization", "x"]]},
    "a number for a header": {"headers": {"authorization": 1, "content-type": None}},
    "no path": {"pathParameters": None},
    "another parameter": {"pathParameters": {"user": "x"}},
    "a number for an id": {"pathParameters": {"id": 1}},
    "nothing for an id": {"pathParameters": {"id": None}},
    "a text for a query": {"queryStringParameters": "x=y"},
    "a list in a query": {"queryStringParameters": {"realm_id": ["x"], "max_results": 5}},
    "a number for a body": {"body": 1},
    "an object for a body": {"body": {"name": "x"}},
    "junk for base64": {"body": "e30=!", "isBase64Encoded": True},
    "base64 of text": {"body": "\u00e9", "isBase64Encoded": True},
    "a number for base64": {"body": 1, "isBase64Encoded": True},
    "base64 of nothing": {"body": "", "isBase64Encoded": True},
    "base64 of a body": {"body": base64.b64encode(b"{}").decode(), "isBase64Encoded": "yes"},
    "joined credentials": {"headers": {"authorization": "Bearer a,Bearer b"}},
}


@pytest.mark.parametrize("route", ROUTES)
def test_events_no_gateway_makes(things: Things, route: str) -> None:
    """An event that lacks a part, or has it of another kind, is answered, and not by a 500."""
    wheel = list(ROUTES).index(route)
    for event in islice(events(things, route), wheel % 4, None, 4):
        handler = things.world._handlers[ROUTES[route]]
        answer = handler(event, Context("tests", 512, 30))
        assert 200 <= answer["statusCode"] < 500, answer
        if answer["statusCode"] >= 400 and not route.startswith("HEAD "):
            told = "error_description" if OPERATIONS[route].oauth else "errors"
            assert json.loads(answer["body"])[told]


def events(things: Things, route: str) -> Iterator[dict[str, Any]]:
    """The right event of a route with a part of it spoilt, and with each part left out."""
    raw, content_type = contract.encoded(route, things.body_of(route) or {})
    headers = [content_type]
    if bearer := things.bearer_of(route):
        headers.append(("authorization", f"Bearer {bearer}"))
    method = route.partition(" ")[0]
    request = request_of(method, path_of(route), headers, raw, ip="203.0.113.9")
    right = event_of(request, route, {"id": "none"}, host="sessions.example.com")
    for spoilt in EVENTS.values():
        yield right | spoilt
    for part in right:
        if part != "routeKey":
            yield {name: value for name, value in right.items() if name != part}
