"""`sojourn token`: a token's claims, and whether its session is active."""

import base64
import json

import pytest

from tests.cli.stub import Say, Stub, problem
from tests.cli.tool import Tool


def part(value: object) -> str:
    """One part of a token."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


CLAIMS = {"sub": "usr_x", "sid": "kss_x", "iat": 1_790_000_000, "exp": 1_790_021_600}
TOKEN = f"{part({'alg': 'RS256', 'kid': 'jky_x', 'typ': 'JWT'})}.{part(CLAIMS)}.c2lnbmF0dXJl"


def test_token_that_stands(stub: Stub, tool: Tool) -> None:
    """Claims are shown with their times in words; the token is asked by itself, without a key."""
    stub.on("*", Say(200, {"object": "session", "active": True, "revalidate_after": 250}))
    told = tool("token", input=f"Bearer {TOKEN}\n", SOJOURN_ACCESS_KEY="")
    assert told.exit_code == 0, told.output
    assert "sub: usr_x" in told.stdout
    assert "exp: 2026-09-2" in told.stdout
    assert "is active" in told.stderr
    assert stub.calls() == ["GET /v1/session"]
    assert stub.asked[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert TOKEN not in told.output


def test_token_whose_session_was_ended(stub: Stub, tool: Tool) -> None:
    """A session that is not active is shown with its reason and time, and exits with 1."""
    refused = problem(401, "session_ended", "The session was ended.")
    assert isinstance(refused.body, dict)
    refused.body.update({"reason": "evicted", "ended_at": 1_790_000_100.5})
    stub.on("*", refused)
    told = tool("token", input=TOKEN)
    assert told.exit_code == 1
    assert "session_ended, evicted at 2026-09-21" in told.stderr
    as_json = tool("token", "--json", input=TOKEN)
    assert json.loads(as_json.stdout)["validation"]["reason"] == "evicted"


def test_token_is_only_decoded(stub: Stub, tool: Tool) -> None:
    """--decode-only asks nobody, and says that nothing is verified."""
    told = tool("token", "--decode-only", input=TOKEN)
    assert told.exit_code == 0
    assert "not verified" in told.stderr
    assert stub.asked == []


@pytest.mark.parametrize(
    "text", ["", "abc", "a.b.c", f"{part([])}.{part([])}.x", "\x1b[0m.é.x", f"{TOKEN}漢"]
)
def test_text_that_is_no_token(stub: Stub, tool: Tool, text: str) -> None:
    """A text that is not a token is an error, and is not sent."""
    told = tool("token", input=text)
    assert told.exit_code == 1
    assert "no login token" in told.stderr
    assert stub.asked == []
