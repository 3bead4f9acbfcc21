"""What the integrations share: log-in, log-out, and the answers that refuse a request."""

from dataclasses import dataclass

import pytest

from sojourn_client import (
    CrossSite,
    Expired,
    InvalidToken,
    Refused,
    SessionCookie,
    SojournError,
    Terminated,
    TokenMissing,
    Unavailable,
)
from sojourn_client.service.transport import NoReply
from sojourn_client.web import Web, refusal
from tests.client.unit.requests import Incoming
from tests.client.unit.script import Answer, Script, answering, problem, reply, token, valid

OWN = [("host", "app.example"), ("sec-fetch-site", "same-origin"), ("user-agent", "Firefox/1.0")]
OTHER = [("host", "app.example"), ("sec-fetch-site", "cross-site")]
COOKIE = ("cookie", f"__Host-session={token()}")


@dataclass
class Site:
    """A site in cookie mode over a script of the service's answers."""

    script: Script
    web: Web

    @classmethod
    def of(cls, *answers: Answer) -> "Site":
        """A site, and what the service answers."""
        sojourn, script = answering(*answers, access_key="ks_1")
        return cls(script, Web(sojourn, SessionCookie(), script.clock))


def log_in(site: Site, headers: list[tuple[str, str]], ip: str | None = "203.0.113.9") -> list[str]:
    """Log in by a form."""
    return site.web.log_in(
        Incoming("POST", headers), "ada", "secret", ip=None, peer=ip, replace=None
    )[1]


def test_log_in_tells_where_the_browser_is() -> None:
    """The service is told the browser's address and User-Agent, and the browser its cookie."""
    site = Site.of(reply(200, valid(token=token())))
    (cookie,) = log_in(site, OWN)
    assert cookie.startswith(f"__Host-session={token()}; ")
    assert cookie.endswith("; Max-Age=21600")
    assert site.script.asked[0].body == (
        b'{"password": "secret", "request": {"ip": "203.0.113.9", "client": "Firefox/1.0"}}'
    )


@pytest.mark.parametrize("ip", [None, "", "testclient", "unix:"])
def test_what_is_no_address_is_not_told(ip: str | None) -> None:
    """A server behind a Unix socket knows no address, and the service none then."""
    site = Site.of(reply(200, valid(token=token())))
    log_in(site, OWN, ip)
    assert b'"ip"' not in (site.script.asked[0].body or b"")


def test_address_of_the_application_is_passed_on() -> None:
    """An address that the application gives goes to the service, which takes one with a port."""
    site = Site.of(reply(200, valid(token=token())))
    given = "203.0.113.9:443"
    site.web.log_in(Incoming("POST", OWN), "ada", "secret", ip=given, peer="10.0.0.1", replace=None)
    assert b'"ip": "203.0.113.9:443"' in (site.script.asked[0].body or b"")


def test_other_site_logs_nobody_in_or_out() -> None:
    """Another site's page reaches neither the log-in nor the log-out."""
    site = Site.of(reply(204))
    with pytest.raises(CrossSite):
        log_in(site, OTHER)
    with pytest.raises(CrossSite):
        site.web.log_out(Incoming("POST", [*OTHER, COOKIE]))
    assert site.script.asked == []


@pytest.mark.parametrize(
    "answer",
    [
        reply(204),
        problem(401, "session_ended", reason="evicted", ended_at=1.0),
        problem(401, "session_expired"),
        problem(401, "token_invalid"),
        problem(409, "session_unmanaged"),
    ],
)
def test_log_out_clears_the_cookie(answer: Answer) -> None:
    """The session is ended, or there is none to end, and the browser forgets it."""
    site = Site.of(answer)
    assert site.web.log_out(Incoming("POST", [*OWN, COOKIE])) == SessionCookie().end()
    assert site.script.asked[0].path == "/v1/session"


def test_log_out_of_nobody() -> None:
    """Without a cookie there is nothing to end."""
    site = Site.of(reply(204))
    assert site.web.log_out(Incoming("POST", OWN)) == SessionCookie().end()
    assert site.script.asked == []


def test_log_out_that_is_not_known() -> None:
    """If the service does not answer, the session may go on: nobody is told that it ended."""
    site = Site.of(NoReply("away", sent=False))
    with pytest.raises(Unavailable):
        site.web.log_out(Incoming("POST", [*OWN, COOKIE]))


def test_without_cookie_mode() -> None:
    """A browser is logged in by a cookie or not at all."""
    site = Site.of(reply(204))
    site.web = Web(site.web.sojourn)
    with pytest.raises(ValueError, match="SessionCookie"):
        log_in(site, OWN)
    with pytest.raises(ValueError, match="SessionCookie"):
        site.web.log_out(Incoming("POST", OWN))


REFUSALS: list[tuple[SojournError, int, str, str]] = [
    (TokenMissing(), 401, "WWW-Authenticate", "Bearer"),
    (InvalidToken(), 401, "WWW-Authenticate", InvalidToken().challenge),
    (Expired(), 401, "WWW-Authenticate", Expired().challenge),
    (Terminated("evicted", 5.5), 401, "WWW-Authenticate", Terminated("evicted").challenge),
    (Unavailable("away"), 503, "Retry-After", "1"),
    (Unavailable("away", 0.0), 503, "Retry-After", "0"),
    (Unavailable("away", 2.1), 503, "Retry-After", "3"),
]


@pytest.mark.parametrize(("error", "status", "name", "value"), REFUSALS)
def test_refusals(error: SojournError, status: int, name: str, value: str) -> None:
    """A token that is not accepted is 401 with a challenge, a service that is away 503."""
    told = refusal(error)
    assert told.status == told.body["status"] == status
    assert told.headers == {name: value, "Cache-Control": "no-store"}
    assert told.body["detail"] == str(error)


def test_refusal_says_why() -> None:
    """Who was logged out may know why and when."""
    told = refusal(Terminated("evicted", 5.5)).body
    assert (told["code"], told["reason"], told["ended_at"]) == ("session_ended", "evicted", 5.5)


def test_refusal_of_another_site() -> None:
    """A request from another site is 403."""
    assert (refusal(CrossSite()).status, refusal(CrossSite()).body["code"]) == (403, "cross_site")


def test_cookie_mode_asks_for_no_bearer() -> None:
    """In cookie mode the challenge names the cookie."""
    told = Site.of(reply()).web.refusal(TokenMissing())
    assert told.headers["WWW-Authenticate"] == 'Cookie cookie-name="__Host-session"'


def test_refused_is_the_applications_own() -> None:
    """An access key that the API refuses is the application's fault: no answer hides it."""
    with pytest.raises(Refused):
        refusal(Refused({"code": "access_key_invalid"}, 403))
