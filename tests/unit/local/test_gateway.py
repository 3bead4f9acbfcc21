"""The local gateway's own answers, and how it converts the handlers' answers."""

from collections.abc import Mapping
from typing import Any

import pytest
from werkzeug.test import Client

from local.clock import LocalClock
from local.gateway import Gateway
from local.stack import HandlerFailed, HandlerTimedOut
from local.template import Function

PAGE = "https://app.example.com"
CORS = {
    "AllowOrigins": [PAGE],
    "AllowMethods": ["GET", "POST"],
    "AllowHeaders": ["authorization"],
    "ExposeHeaders": ["retry-after"],
    "MaxAge": 600,
}


class OneFunction:
    """A stack whose one function answers, or raises, as scripted."""

    def __init__(self, answer: object) -> None:
        self.answer = answer
        self.clock = LocalClock()
        self.functions: dict[str, Function] = {}
        self.routes = {"GET /v1/session": "Function", "HEAD /v1/session": "Function"}

    def invoke(self, logical_id: str, event: Mapping[str, Any]) -> Any:
        """The messages that it got."""
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def client(answer: object, cors: Mapping[str, Any] | None = None) -> Client:
    """Calls the gateway before such a stack."""
    return Client(Gateway(OneFunction(answer), {}, cors or {}, host="127.0.0.1:3000"))


@pytest.mark.parametrize(
    ("raised", "status", "text"),
    [
        (HandlerTimedOut("LoginFunction took its time"), 503, "Service Unavailable"),
        (HandlerFailed("took longer than 30 s"), 500, "Internal Server Error"),
    ],
    ids=["too slow", "an exception"],
)
def test_function_that_fails(raised: Exception, status: int, text: str) -> None:
    """A function that took too long is 503, one that raised is 500, whatever its words say."""
    answer = client(raised).get("/v1/session")
    assert (answer.status_code, answer.json) == (status, {"message": text})


@pytest.mark.parametrize(
    ("returned", "status", "kind", "body"),
    [
        ({"a": 1}, 200, "application/json", b'{"a": 1}'),
        ({"statusCode": 201, "body": "x"}, 201, "text/plain; charset=utf-8", b"x"),
        ({"statusCode": 200, "body": "/wA=", "isBase64Encoded": True}, 200, None, b"\xff\x00"),
        ({"statusCode": 204}, 204, None, b""),
    ],
    ids=["no status", "a text", "bytes", "nothing"],
)
def test_what_a_function_returns(
    returned: object, status: int, kind: str | None, body: bytes
) -> None:
    """An answer without a status is JSON of its own; one with a status is taken as it is."""
    answer = client(returned).get("/v1/session")
    assert (answer.status_code, answer.data) == (status, body)
    assert kind is None or answer.headers["content-type"] == kind
    assert ("content-type" in answer.headers) == bool(body)


def test_cookies_are_headers_of_their_own() -> None:
    """Each cookie of an answer is one `Set-Cookie`."""
    returned = {"statusCode": 200, "cookies": ["a=1; Secure", "b=2"]}
    assert client(returned).get("/v1/session").headers.getlist("set-cookie") == [
        "a=1; Secure",
        "b=2",
    ]


def test_length_of_an_answer_to_head_is_not_guessed() -> None:
    """An answer to a HEAD without a body says no length; one to a GET says 0."""
    answers = client({"statusCode": 200})
    assert "content-length" not in answers.head("/v1/session").headers
    assert answers.get("/v1/session").headers["content-length"] == "0"


@pytest.mark.parametrize("method", ["get", "POST", "OPTIONS"])
def test_method_is_taken_as_it_came(method: str) -> None:
    """A method without a route is 404; methods are words whose case counts."""
    answer = client({}).open("/v1/session", environ_overrides={"REQUEST_METHOD": method})
    assert (answer.status_code, answer.json) == (404, {"message": "Not Found"})


def test_preflight_is_the_gateways() -> None:
    """A preflight is answered without the function, and says nothing to another origin."""
    answers = client(AssertionError("not to be called"), CORS)
    allowed = answers.options("/v1/session", headers={"origin": PAGE})
    assert {n.lower(): v for n, v in allowed.headers} == {
        "access-control-allow-origin": PAGE,
        "access-control-allow-methods": "GET,POST",
        "access-control-allow-headers": "authorization",
        "access-control-max-age": "600",
    }
    other = answers.options("/v1/session", headers={"origin": "https://evil.example"})
    assert (other.status_code, list(other.headers)) == (204, [])


def test_cors_is_the_gateways_not_the_functions() -> None:
    """The template's CORS settings replace a function's own CORS headers."""
    theirs = {"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "*", "x-kept": "1"}}
    answer = client(theirs, CORS).get("/v1/session", headers={"origin": PAGE})
    assert answer.headers.getlist("access-control-allow-origin") == [PAGE]
    assert answer.headers["access-control-expose-headers"] == "retry-after"
    assert answer.headers["x-kept"] == "1"
    other = client(theirs, CORS).get("/v1/session", headers={"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers
