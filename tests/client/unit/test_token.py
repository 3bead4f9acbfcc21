"""Text that cannot be a token of the realm is refused before it goes anywhere."""

import base64

import pytest

from sojourn_client import InvalidToken
from sojourn_client.decisions.token import LONGEST, digest, read
from tests.client.unit.script import REALM, SESSION, token

HEADER = base64.urlsafe_b64encode(b'{"alg":"ES256"}').decode().rstrip("=")
GARBAGE = {
    "nothing": "",
    "no text": None,
    "bytes": b"a.b.c",
    "two parts": "a.b",
    "four parts": token() + ".a",
    "a line break": token() + "\r\nX-Evil: 1",
    "a space": token() + " ",
    "padding": token() + "=",
    "beyond ASCII": token().replace("c2ln", "c2lñ"),
    "no JSON": f"{HEADER}.bm9wZQ.c2ln",
    "a list": f"{HEADER}.W10.c2ln",
    "nested without end": f"{HEADER}.{base64.urlsafe_b64encode(b'[' * 2_000).decode()}.c2ln",
    "an access key": "ks_" + "0" * 65,
    "another realm's": token(rid="rl_" + "9" * 22),
    "no realm": token(rid=None),
    "too long": token(cs="x" * LONGEST),
}


@pytest.mark.parametrize("text", GARBAGE.values(), ids=GARBAGE)
def test_garbage_is_no_token(text: object) -> None:
    """What has not the shape of a token of this realm is `InvalidToken`, without its text."""
    with pytest.raises(InvalidToken) as caught:
        read(text, realm_id=REALM)
    assert str(caught.value) == "The token is not valid."


def test_token_says_its_session() -> None:
    """A token that may be one of this realm is read."""
    assert read(token(), realm_id=REALM).session_id == SESSION


def test_longest_token_is_read() -> None:
    """A token of 4,000 bytes is read."""
    empty = len(token(cs=""))
    text = next(t for n in range(LONGEST - empty) if len(t := token(cs="x" * n)) >= LONGEST - 1)
    assert len(text) <= LONGEST
    assert read(text, realm_id=REALM).text == text


def test_token_is_remembered_by_its_hash() -> None:
    """A token's digest is 32 bytes that differ between tokens and have nothing of it."""
    assert len(digest(token())) == 32
    assert digest(token()) != digest(token(cs=""))
