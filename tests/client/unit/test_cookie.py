"""The cookie of a session: what a browser is told, and what is taken from it."""

from dataclasses import replace

import pytest

from sojourn_client import CrossSite, InvalidToken, SessionCookie, TokenMissing
from sojourn_client.decisions.token import LONGEST
from sojourn_client.session import session_of
from tests.client.unit.requests import Incoming
from tests.client.unit.script import token, valid

COOKIE = SessionCookie()
SESSION = session_of(valid(token=token()))
NOW = 1_790_000_000.9


def test_cookie_of_a_session() -> None:
    """It is the host's alone, for https, hidden from scripts, and lasts as long as the session."""
    assert COOKIE.begin(SESSION, now=NOW) == [
        f"__Host-session={token()}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=21599"
    ]


def test_cookie_of_an_open_ended_session() -> None:
    """Without an end it has no lifetime, so it goes when the browser is closed."""
    (told,) = COOKIE.begin(replace(SESSION, expires_at=None), now=NOW)
    assert "Max-Age" not in told
    assert "Expires" not in told


def test_cookie_never_outlives_the_session() -> None:
    """A session that is over by the application's clock leaves no cookie."""
    (told,) = COOKIE.begin(SESSION, now=NOW + 1e6)
    assert told.endswith("; Max-Age=0")


def test_cookie_is_cleared() -> None:
    """It is cleared with the attributes that it was set with, or browsers would keep it."""
    assert COOKIE.end() == ["__Host-session=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"]


def test_longest_token_fits() -> None:
    """Browsers keep a name and a value of 4,096 bytes together."""
    assert len(COOKIE.name) + LONGEST <= 4_096


def test_only_a_begun_session_has_a_token() -> None:
    """A session that was verified has no token to be set."""
    with pytest.raises(ValueError, match="has its token"):
        COOKIE.begin(replace(SESSION, token=None), now=NOW)


@pytest.mark.parametrize("text", ["a; Domain=evil.example", "a\r\nSet-Cookie: b=c", "a b", "", "ä"])
def test_nothing_is_put_beside_the_value(text: str) -> None:
    """A value that would add an attribute or a header is refused."""
    with pytest.raises(ValueError, match="letters, digits"):
        COOKIE.begin(replace(SESSION, token=text), now=NOW)


@pytest.mark.parametrize(
    "name", ["session", "__Secure-session", "__host-session", "__Host-", "__Host-a;b"]
)
def test_name_has_the_prefix(name: str) -> None:
    """Without `__Host-` a subdomain could set the cookie."""
    with pytest.raises(ValueError, match="__Host-"):
        SessionCookie(name)


def test_trusted_origins_are_many() -> None:
    """One text would be taken for a list of letters."""
    with pytest.raises(ValueError, match="tuple"):
        SessionCookie(trusted_origins="https://admin.example")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "cookies",
    [
        ["__Host-session=A.b-c_d"],
        ["a=1; __Host-session=A.b-c_d; b=2"],
        ["a=1;__Host-session=A.b-c_d;b=2"],
        ["a=1", "__Host-session=A.b-c_d"],
        ['a="1; __Host-other=2; __Host-session=A.b-c_d'],
        ["\t__Host-session = A.b-c_d "],
    ],
)
def test_cookie_is_read(cookies: list[str]) -> None:
    """It is found among others, and in a second header, as HTTP/2 has it."""
    assert COOKIE.token(Incoming("GET", [("Cookie", each) for each in cookies])) == "A.b-c_d"


def test_cookie_of_a_lambda_event_is_read() -> None:
    """An event of an HTTP API has its cookies beside the headers."""
    event = {"cookies": ["a=1", "__Host-session=A.b.c"], "headers": {"host": "app.example"}}
    assert COOKIE.token({**event, "requestContext": {"http": {"method": "GET"}}}) == "A.b.c"


@pytest.mark.parametrize(
    "cookies",
    [
        *([], [""], ["__Host-session="], ["__Host-session"], ["a=__Host-session=x"], ["=x"]),
        *(["__host-session=x"], ["x__Host-session=x"], ["__Host-session2=x"]),
        # A cookie whose name begins with white space has no protected prefix for a browser, so a
        # subdomain can set it; servers that strip Unicode's white space took it for this one.
        *(["\x85__Host-session=x"], ["\xa0__Host-session=x"], ["\x0b__Host-session=x"]),
        ["\u2000__Host-session=x"],
    ],
)
def test_other_cookies_are_not_read(cookies: list[str]) -> None:
    """A cookie of another name, even one that looks alike, is no session's."""
    with pytest.raises(TokenMissing):
        COOKIE.token(Incoming("GET", [("cookie", each) for each in cookies]))


@pytest.mark.parametrize(
    "cookies",
    [["__Host-session=a; __Host-session=b"], ["__Host-session=a", "__Host-session=a"]],
)
def test_two_cookies_are_refused(cookies: list[str]) -> None:
    """Of two cookies of the name, one is not the application's; which, nobody knows."""
    with pytest.raises(InvalidToken):
        COOKIE.token(Incoming("GET", [("cookie", each) for each in cookies]))


def test_authorization_is_not_read() -> None:
    """In cookie mode there is one credential, the cookie."""
    with pytest.raises(TokenMissing):
        COOKIE.token(Incoming("GET", [("authorization", "Bearer a.b.c")]))


def test_cookie_counts_for_own_pages_alone() -> None:
    """A request that changes something has its cookie, and still is refused from another site."""
    headers = [("cookie", "__Host-session=A"), ("host", "app.example")]
    with pytest.raises(CrossSite):
        COOKIE.token(Incoming("POST", [*headers, ("sec-fetch-site", "cross-site")]))
    assert COOKIE.token(Incoming("POST", [*headers, ("sec-fetch-site", "same-origin")])) == "A"
    trusting = SessionCookie(trusted_origins=("https://admin.example",))
    told = [*headers, ("sec-fetch-site", "cross-site"), ("origin", "https://admin.example")]
    assert trusting.token(Incoming("POST", told)) == "A"
