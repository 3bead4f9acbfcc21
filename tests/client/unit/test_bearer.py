"""The token of a request is found whatever the framework calls its headers."""

from email.message import Message
from types import SimpleNamespace

import pytest
from werkzeug.datastructures import EnvironHeaders, Headers

from sojourn_client import InvalidToken, TokenMissing
from sojourn_client.decisions.bearer import bearer_token

message = Message()
message["Authorization"] = "Bearer t.o.k"
HEADERS = {
    "a dict": {"Authorization": "Bearer t.o.k"},
    "lower case": {"authorization": "Bearer t.o.k"},
    "capitals": {"AUTHORIZATION": "BEARER t.o.k"},
    "white space": {"Authorization": "  Bearer   t.o.k "},
    "pairs": [("Host", "x"), ("Authorization", "Bearer t.o.k")],
    "ASGI's bytes": [(b"host", b"x"), (b"authorization", b"Bearer t.o.k")],
    "werkzeug": Headers([("Authorization", "Bearer t.o.k")]),
    "Flask": EnvironHeaders({"HTTP_AUTHORIZATION": "Bearer t.o.k"}),
    "the standard library": message,
}


@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS)
def test_token_is_found(headers: object) -> None:
    """The token is found in each kind of headers, in any case."""
    assert bearer_token(SimpleNamespace(headers=headers)) == "t.o.k"


def test_token_of_an_event() -> None:
    """An event of Lambda has its headers as a member."""
    assert bearer_token({"headers": {"authorization": "Bearer t.o.k"}}) == "t.o.k"
    many = {"Authorization": ["Bearer t.o.k"], "x-nothing": None}
    for headers in ({"Authorization": "Bearer t.o.k"}, None):
        assert bearer_token({"headers": headers, "multiValueHeaders": many}) == "t.o.k"


MISSING: dict[str, object] = {
    "no headers": object(),
    "None": SimpleNamespace(headers=None),
    "an event without": {},
    "none of this name": SimpleNamespace(headers={"Cookie": "a=b"}),
    "another scheme": SimpleNamespace(headers={"Authorization": "Basic dDpv"}),
    "a scheme alone": SimpleNamespace(headers={"Authorization": "Bearer "}),
    "a bare token": SimpleNamespace(headers={"Authorization": "t.o.k"}),
}


@pytest.mark.parametrize("request_", MISSING.values(), ids=MISSING)
def test_no_token(request_: object) -> None:
    """A request without a bearer token is told so, and its challenge has no error."""
    with pytest.raises(TokenMissing) as caught:
        bearer_token(request_)
    assert (caught.value.code, caught.value.challenge) == ("token_missing", "Bearer")


TWO = {
    "a dict in two cases": {"Authorization": "Bearer a.b.c", "authorization": "Bearer t.o.k"},
    "joined by a gateway": {"Authorization": "Bearer a.b.c, Bearer t.o.k"},
    "werkzeug": Headers([("Authorization", "Bearer a.b.c"), ("Authorization", "Bearer t.o.k")]),
}


@pytest.mark.parametrize("headers", TWO.values(), ids=TWO)
def test_two_credentials_are_refused(headers: object) -> None:
    """Of two tokens none is chosen."""
    with pytest.raises(InvalidToken, match="send one"):
        bearer_token(SimpleNamespace(headers=headers))
