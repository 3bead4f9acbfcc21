"""Requests from API Gateway events: every bad one gets its problem and message."""

import base64
import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from sojourn.api.callers import bearer
from sojourn.api.dispatch import gateway_answer, respond
from sojourn.api.json_body import DEPTH_LIMIT, convert
from sojourn.api.problems import problem, problem_type
from sojourn.api.request import BODY_LIMIT, Request, client_name
from sojourn.api.response import Response
from sojourn.directory.bodies import AccessKeyBody
from sojourn.domain import ids
from sojourn.domain.errors import (
    AccessKeyInvalid,
    BodyInvalid,
    CredentialsAmbiguous,
    Invalid,
    LoginFailed,
    SessionEnded,
    SessionExpired,
    SojournError,
    TokenInvalid,
    TokenMissing,
    TooLarge,
    Unavailable,
    UnsupportedMediaType,
)
from sojourn.login.bodies import LoginBody
from sojourn.sessions.validate_many import BODY_LIMIT as MANY_LIMIT
from sojourn.sessions.validate_many import TokensBody
from tests.support.cpu import LIMIT_MS, cpu_ms

REALM = ids.new_id("rl", 1)
GOOD: dict[str, Any] = {"realm_id": REALM, "username": "ada", "password": "correct horse"}
ROUTE = "POST /v1/login"


def event(body: str | None, *, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """A payload-2.0 event with this body, as JSON unless the headers say otherwise."""
    return {
        "version": "2.0",
        "routeKey": ROUTE,
        "headers": {"Content-Type": "application/json"} if headers is None else headers,
        "requestContext": {
            "requestId": "r-1",
            "domainName": "sessions.example.com",
            "http": {"sourceIp": "203.0.113.9", "userAgent": "tests/1.0"},
        },
        "body": body,
        "isBase64Encoded": False,
    }


def nested(levels: int) -> str:
    """A JSON object of so many levels."""
    return '{"a":' * levels + "1" + "}" * levels


def login(body: str | None, **more: Any) -> LoginBody:
    """The body as the login route reads it."""
    return Request.of(event(body, **more)).parse(LoginBody)


def good(**changes: object) -> str:
    """A good login with changes."""
    return json.dumps(GOOD | changes)


BAD: dict[str, tuple[str | None, type[SojournError], str]] = {
    "absent": (None, BodyInvalid, "empty"),
    "empty": ("", BodyInvalid, "empty"),
    "not JSON": ("realm_id=x", BodyInvalid, "not JSON: Expecting value at line 1, column 1"),
    "cut off": ('{"realm_id": "', BodyInvalid, "not JSON"),
    "two objects": ("{}{}", BodyInvalid, "Extra data"),
    "a list": ("[]", BodyInvalid, "one JSON object"),
    "a text": ('"x"', BodyInvalid, "one JSON object"),
    "null": ("null", BodyInvalid, "one JSON object"),
    "NaN": ('{"a": NaN}', BodyInvalid, "NaN is not JSON"),
    "Infinity": ('{"a": -Infinity}', BodyInvalid, "-Infinity is not JSON"),
    "a number without end": ('{"a": 1e999}', BodyInvalid, "too large"),
    "a number of 60 kB": (f'{{"a": {"9" * 60_000}}}', BodyInvalid, "too long"),
    "half of UTF-8": ('{"a": "\udcff"}', BodyInvalid, "not UTF-8"),
    "nested 30,000 lists": ("[" * 30_000, BodyInvalid, "nested too deeply"),
    "nested 10,000 objects": (nested(10_000), BodyInvalid, "nested too deeply"),
    "nested 65 objects": (nested(DEPTH_LIMIT + 1), BodyInvalid, "nested too deeply"),
    "a field twice": (
        '{"password": "a", "password": "b"}',
        BodyInvalid,
        "'password' occurs more",
    ),
    "over 64 KiB": (good(password="x" * BODY_LIMIT), TooLarge, "at most 65536"),
    "a password of 60 kB": (good(password="x" * 60_000), Invalid, "password must be at most"),
    "a NUL": (good(username="a\0b"), Invalid, "$.username contains a NUL"),
    "a NUL in a name": (good(**{"a\0b": 1}), Invalid, "a name in $ contains a NUL"),
    "a lone surrogate": (good(username="\ud800"), Invalid, "$.username contains half"),
    "a lone surrogate in a list": (good(x=["\udfff"]), Invalid, "$.x[0] contains half"),
    "a number for a text": (
        good(password=12345678),
        Invalid,
        "password must be text or null.",
    ),
    "a list for a text": (good(username=["ada"]), Invalid, "username must be text or null."),
    "null for a required field": (
        good(realm_id=None),
        Invalid,
        "realm_id must be an id, rl_ followed by 22",
    ),
    "an unknown field": (
        good(passwort="x"),
        Invalid,
        "passwort is not a field of this request; it takes: realm_id",
    ),
    "a field missing": ('{"username": "ada", "password": "x"}', Invalid, "realm_id is required."),
    "a malformed id": (good(realm_id="rl_1"), Invalid, "rl_ followed by 22"),
    "an id with a newline": (good(realm_id=REALM + "\n"), Invalid, "rl_ followed by 22"),
    "no name": (f'{{"realm_id": "{REALM}", "password": "x"}}', Invalid, "either username or email"),
    "two names": (good(email="a@b.example"), Invalid, "either username or email"),
    "a password and a key": (good(api_key="ak_1"), CredentialsAmbiguous, "and not both"),
}


@pytest.mark.parametrize("name", list(BAD))
def test_bad_bodies(name: str) -> None:
    """Each bad body is refused in its own way, with a sentence that says what is wrong."""
    body, kind, words = BAD[name]
    with pytest.raises(SojournError) as refused:
        login(body)
    assert type(refused.value) is kind
    assert any(words in sentence for sentence in refused.value.errors), refused.value.errors
    assert all(len(sentence) < 400 for sentence in refused.value.errors)
    json.dumps(refused.value.errors, ensure_ascii=False).encode()


@pytest.mark.parametrize("name", list(BAD))
def test_bad_bodies_are_problems(name: str) -> None:
    """A bad body's answer is a problem document with `code` and `errors`."""
    answer = respond(
        event(BAD[name][0]), {ROUTE: lambda request: Response(body=str(request.parse(LoginBody)))}
    )
    assert answer["statusCode"] == problem_type(BAD[name][1]).status
    assert answer["headers"]["content-type"] == "application/problem+json"
    document = json.loads(answer["body"])
    assert (document["status"], document["code"]) == (
        problem_type(BAD[name][1]).status,
        BAD[name][1].code,
    )
    assert document["errors"]
    assert document["request_id"] == "r-1"
    assert "Traceback" not in answer["body"]


def filled(before: str, unit: str, after: str) -> Callable[[int], str]:
    """Bodies of so many bytes, with as many of a unit in the middle as fit."""

    def of(size: int) -> str:
        room = size - len((before + after).encode())
        return before + unit * (room // len(unit.encode())) + after

    return of


HOSTILE: dict[str, Callable[[int], str]] = {
    "lists": filled('{"tokens": [[]', ",[]", "]}"),
    "lists of 60 levels": filled('{"tokens": [0', "," + "[" * 60 + "]" * 60, "]}"),
    "objects": filled('{"tokens": [{}', ",{}", "]}"),
    "objects of 60 levels": filled('{"tokens": [0', "," + '{"":' * 60 + "0" + "}" * 60, "]}"),
    "objects without an end": filled("", '{"a":', ""),
    "lists without an end": filled('{"tokens":', "[", ""),
    "numbers": filled('{"tokens": [0', ",0", "]}"),
    "fractions": filled('{"tokens": [0', ",0.1", "]}"),
    "numbers of 4,300 digits": filled('{"tokens": [0', "," + "9" * 4_300, "]}"),
    "one number": filled('{"tokens": ', "9", "}"),
    "one fraction": filled('{"tokens": 0.', "9", "}"),
    "one exponent": filled('{"tokens": 1e', "9", "}"),
    "texts": filled('{"tokens": [""', ',""', "]}"),
    "texts and a list": filled('{"tokens": [""', ',""', ",[]]}"),
    "escapes": filled('{"tokens": ["', r"\u00e9", '"]}'),
    "escaped backslashes": filled('{"tokens": ["', r"\\", r'\u0000"]}'),
    "halves of pairs": filled('{"tokens": ["', r"\ud800", '"]}'),
    "numbers and a NUL": filled('{"tokens": [0', ",0", r',"\u0000"]}'),
    "lists of 60 levels and a half": filled(
        r'{"tokens": ["\ud800"', "," + "[" * 60 + "]" * 60, "]}"
    ),
    "a field again and again": filled('{"tokens": 1', ',"tokens":1', "}"),
    "many fields": lambda size: "{" + ",".join(f'"{n}":0' for n in range(size // 10)) + "}",
    "nothing": filled("{", " ", ""),
}


@pytest.mark.parametrize("name", list(HOSTILE))
@pytest.mark.parametrize(
    ("size", "options"),
    [(BODY_LIMIT, {}), (MANY_LIMIT, {"limit": MANY_LIMIT, "any_text": True})],
    ids=["64 KiB", "256 KiB"],
)
def test_hostile_bodies_cost_little(name: str, size: int, options: dict[str, Any]) -> None:
    """A body of the largest size is read or refused within 50 ms, whatever it is made of."""
    wrapped = event(HOSTILE[name](size))
    assert size * 0.8 < len(wrapped["body"].encode()) <= size

    def read() -> None:
        with contextlib.suppress(SojournError):
            Request.of(wrapped).parse(TokensBody, **options)

    assert cpu_ms(read) < LIMIT_MS


@pytest.mark.parametrize("size", [100, BODY_LIMIT + 1])
def test_large_bodies_are_read_like_small_ones(size: int) -> None:
    """Large bodies are accepted and refused exactly like small ones."""

    def tokens(body: str) -> list[str]:
        padded = body + " " * (size - len(body.encode("utf-8", "surrogatepass")))
        return Request.of(event(padded)).parse(TokensBody, limit=MANY_LIMIT, any_text=True).tokens

    assert tokens(r'{"tokens": ["a", "\ud800", "\u0000", "\\ud800"]}') == [
        "a",
        "\ud800",
        "\0",
        r"\ud800",
    ]
    for body, kind, words in (
        ('{"tokens": [1]}', Invalid, "tokens[0] must be text."),
        (
            '{"tokens": ["a"], "more": 1}',
            Invalid,
            "more is not a field of this request; it takes: tokens, realm_id.",
        ),
        ("{}", Invalid, "tokens is required."),
        ('{"tokens": ["a"], "tokens": []}', BodyInvalid, "'tokens' occurs more than once"),
        ('{"tokens": ["a"]', BodyInvalid, "not JSON"),
        ('{"tokens": ["\udcff"]}', BodyInvalid, "not UTF-8"),
    ):
        with pytest.raises(SojournError) as refused:
            tokens(body)
        assert type(refused.value) is kind, body
        assert words in refused.value.errors[0]


@pytest.mark.parametrize(
    "body", [r'{"tokens": "\ud800"}', r'{"\ud800": []}', r'{"tokens": [{"\ud800": 1}]}']
)
def test_half_a_pair_where_no_text_belongs(body: str) -> None:
    """Half a surrogate pair is an error of its field, except in a field that takes any text."""
    with pytest.raises(Invalid):
        Request.of(event(body)).parse(TokensBody, any_text=True)


def test_place_of_what_is_wrong_is_short() -> None:
    """A sentence about a text deep within says where it is, and not at any length."""
    body = '{"' + "a" * 50 + '":'
    with pytest.raises(Invalid) as refused:
        login(body * 60 + r'"\u0000"' + "}" * 60)
    (sentence,) = refused.value.errors
    assert sentence.startswith("$.aaa")
    assert sentence.endswith("contains a NUL character; leave it out.")
    assert len(sentence) < 300


def test_body_of_64_levels_is_read() -> None:
    """The last level that is taken is read."""
    assert Request.of(event(nested(DEPTH_LIMIT))).json()["a"]


def test_body_at_the_limit_is_read() -> None:
    """64 KiB are taken to the last byte."""
    body = '{"a": "' + "x" * (BODY_LIMIT - 9) + '"}'
    assert len(body) == BODY_LIMIT
    assert Request.of(event(body)).json()["a"].startswith("x")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "json"])
def test_other_content_types(kind: str) -> None:
    """Only JSON is read, whatever the body is."""
    with pytest.raises(UnsupportedMediaType, match="application/json"):
        login(good(), headers={"content-type": kind})


def test_no_content_type() -> None:
    """A body of no kind is not guessed at."""
    with pytest.raises(UnsupportedMediaType):
        login(good(), headers={})


def test_content_type_is_read_as_http_has_it() -> None:
    """Case and parameters of the content type do not matter."""
    headers = {"CONTENT-TYPE": "Application/JSON; charset=utf-8"}
    assert login(good(), headers=headers).username == "ada"


def test_base64_bodies() -> None:
    """A body that the gateway encoded is decoded; one that it cannot have is refused."""
    wrapped = event(base64.b64encode(good().encode()).decode()) | {"isBase64Encoded": True}
    assert Request.of(wrapped).parse(LoginBody).username == "ada"
    with pytest.raises(BodyInvalid, match="base64"):
        Request.of(wrapped | {"body": "%%%"})
    with pytest.raises(BodyInvalid, match="UTF-8"):
        Request.of(wrapped | {"body": "/////w=="}).json()


def headers_of(**headers: str) -> Request:
    """A request with these headers; `_` becomes a hyphen."""
    return Request.of(event(None, headers={k.replace("_", "-"): v for k, v in headers.items()}))


def test_one_credential() -> None:
    """One credential is taken, from either header, whatever the case of the scheme."""
    assert bearer(headers_of()) is None
    assert bearer(headers_of(Authorization="bearer  abc ")) == "abc"
    assert bearer(headers_of(authrocket_api_key=" ks_1 ")) == "ks_1"
    assert bearer(headers_of(X_Authrocket_Api_Key="ks_1")) == "ks_1"


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer a,Bearer b"},
        {"authorization": "Bearer a, Bearer b"},
        {"authorization": "Bearer a", "authrocket_api_key": "ks_1"},
        {"authrocket_api_key": "ks_1", "x_authrocket_api_key": "ks_1"},
        {"authrocket_api_key": "ks_1,ks_2"},
    ],
    ids=str,
)
def test_two_credentials(headers: dict[str, str]) -> None:
    """Two credentials at once are refused: which of them counts is nobody's guess."""
    with pytest.raises(CredentialsAmbiguous):
        bearer(headers_of(**headers))


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer ", "Basic YTpi", "abc", "\0"])
def test_garbage_authorization(value: str) -> None:
    """An Authorization that is no Bearer token is an invalid token, not a missing one."""
    with pytest.raises(TokenInvalid, match="Bearer <token>"):
        bearer(headers_of(authorization=value))


def test_login_token_as_an_access_key() -> None:
    """AuthRocket's header takes access keys alone."""
    with pytest.raises(AccessKeyInvalid):
        bearer(headers_of(authrocket_api_key="eyJ.eyJ.x"))


@pytest.mark.parametrize("value", ["ks_secret", "it's", "x - at `$.name`", "line\nline"])
def test_value_that_a_field_does_not_take_is_not_said_back(value: str) -> None:
    """A complaint names the field; what was sent may be a secret in the wrong one."""
    body = {"name": "x", "permission": value}
    with pytest.raises(Invalid) as raised:
        convert(body, AccessKeyBody)
    assert raised.value.errors == ("permission must be admin, read or write.",)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("MyApp for iOS/1.0", "MyApp for iOS/1.0"),
        ("a\r\nb\x1b[31m\u202ec\0", "ab[31mc"),
        ("é" * 100, "é" * 80),
        ("a" + "€" * 60, "a" + "€" * 53),
        ("\ud800x", "x"),
    ],
    ids=ascii,
)
def test_client_is_printable_and_short(sent: str, kept: str) -> None:
    """Rule 10: what is not printable is left out, and 160 bytes kept, in whole characters."""
    assert client_name(sent) == kept
    assert len(kept.encode()) <= 160


def test_address_is_the_connections() -> None:
    """Rule 10: no header that a client can set moves the address."""
    headers = {"x-forwarded-for": "192.0.2.1", "forwarded": "for=192.0.2.1"}
    assert Request.of(event(None, headers=headers)).ip == "203.0.113.9"


def test_problem_headers() -> None:
    """401 names its scheme, 503 says when to try again, and neither is stored."""
    refused = gateway_answer(problem(TokenInvalid(), request_id="r"))
    assert refused["headers"]["www-authenticate"].startswith("Bearer")
    away = gateway_answer(problem(Unavailable(), request_id="r"))
    assert int(away["headers"]["retry-after"]) > 0
    for answer in (refused, away):
        assert answer["headers"]["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("error", "challenge"),
    [
        (TokenMissing(), "Bearer"),
        (LoginFailed(), "Bearer"),
        (TokenInvalid(), 'error="invalid_token", error_description="The token is not valid"'),
        (SessionExpired(), 'error="invalid_token", error_description="The session has expired"'),
        (SessionEnded("Ended: x."), 'error="invalid_token", error_description="Ended: x."'),
        (
            TokenInvalid('a"b\\c\r\nd\x7fé~[]!# '),
            'error="invalid_token", error_description="abcd~[]!# "',
        ),
    ],
)
def test_challenge_says_what_is_wrong_with_a_token(error: SojournError, challenge: str) -> None:
    """RFC 6750, 3: a token that came is invalid, and why; where none came, only the scheme."""
    sent = gateway_answer(problem(error, request_id="r"))["headers"]["www-authenticate"]
    assert sent == (challenge if challenge == "Bearer" else f"Bearer {challenge}")


@pytest.mark.parametrize("response", [Response(status=204), problem(Unavailable(), request_id="r")])
def test_every_answer_has_the_browsers_headers(response: Response) -> None:
    """Every answer, a problem too, is for https alone and of no other type than it says."""
    headers = gateway_answer(response)["headers"]
    assert headers["strict-transport-security"] == "max-age=63072000"
    assert headers["x-content-type-options"] == "nosniff"


def test_empty_event_is_answered() -> None:
    """An event that API Gateway never sends gets an answer, not an exception."""
    assert respond({}, {})["statusCode"] == 404
