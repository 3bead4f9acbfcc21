"""Which requests may change something, by the headers that browsers send."""

import pytest

from sojourn_client import CrossSite
from sojourn_client.decisions.csrf import check
from tests.client.unit.requests import Incoming

HOST = ("host", "app.example")
OTHER = "https://evil.example"


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_what_changes_nothing_comes_from_anywhere(method: str) -> None:
    """A link of another site leads to a page, as `SameSite=Lax` allows."""
    check(Incoming(method, [HOST, ("sec-fetch-site", "cross-site"), ("origin", OTHER)]))


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "get", ""])
@pytest.mark.parametrize("site", ["cross-site", "same-site", "", "SAME-ORIGIN", "none, none"])
def test_other_sites_change_nothing(method: str, site: str) -> None:
    """All other methods, and WebSockets, come from the same origin or are refused."""
    with pytest.raises(CrossSite):
        check(Incoming(method, [HOST, ("sec-fetch-site", site), ("origin", "https://app.example")]))


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_own_pages_change_things(site: str) -> None:
    """What the application's own pages send, and what the user typed, is let through."""
    check(Incoming("POST", [HOST, ("Sec-Fetch-Site", site)]))


@pytest.mark.parametrize(
    "origin", ["https://app.example", "http://app.example", "https://APP.example"]
)
def test_origin_decides_without_fetch_metadata(origin: str) -> None:
    """A browser that sends no Sec-Fetch-Site is known by an Origin whose host is the request's."""
    check(Incoming("POST", [HOST, ("origin", origin)]))


@pytest.mark.parametrize(
    "origin",
    [
        *(OTHER, "null", "", "https://app.example:8443", "https://sub.app.example"),
        *("https://app.example.evil.example", "ftp://app.example", "https://[app.example"),
        *("app.example", "//app.example", "https://evil@app.example"),
    ],
)
def test_other_origins_change_nothing(origin: str) -> None:
    """Another host, port, scheme or no origin at all is refused."""
    with pytest.raises(CrossSite):
        check(Incoming("POST", [HOST, ("origin", origin)]))


def test_ports_are_compared() -> None:
    """The port is part of the host."""
    check(Incoming("POST", [("host", "localhost:8000"), ("origin", "http://localhost:8000")]))


@pytest.mark.parametrize(
    "headers",
    [
        [HOST],
        [],
        [("origin", "https://app.example")],
        [("host", ""), ("origin", "null")],
        [HOST, ("origin", "https://app.example"), ("origin", OTHER)],
        [HOST, HOST, ("origin", "https://app.example")],
        [HOST, ("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")],
    ],
)
def test_what_is_not_known_is_refused(headers: list[tuple[str, str]]) -> None:
    """A request that does not say where it comes from, or says it twice, is refused."""
    with pytest.raises(CrossSite):
        check(Incoming("POST", headers))


def test_trusted_origins() -> None:
    """Another origin may be trusted, exactly as it is written."""
    admin = "https://admin.app.example"
    headers = [HOST, ("sec-fetch-site", "same-site"), ("origin", admin)]
    check(Incoming("POST", headers), trusted_origins=(admin,))
    with pytest.raises(CrossSite):
        check(Incoming("POST", headers), trusted_origins=("https://app.example", f"{admin}:443"))


def test_asgi_scopes_have_a_method() -> None:
    """The method of an ASGI scope is found; that of a WebSocket has none, and is checked."""
    headers = [(b"sec-fetch-site", b"cross-site")]
    check({"type": "http", "method": "GET", "headers": headers})
    for scope in ({"type": "http", "method": "POST"}, {"type": "websocket"}):
        with pytest.raises(CrossSite):
            check({**scope, "headers": headers})


@pytest.mark.parametrize("name", ["upgrade", "Upgrade"])
@pytest.mark.parametrize("protocol", ["websocket", "WebSocket", "h2c, websocket"])
def test_a_websocket_is_opened_by_own_pages(name: str, protocol: str) -> None:
    """Outside ASGI a WebSocket begins as a GET; whoever opens it can change something by it."""
    upgrade = (name, protocol)
    check(Incoming("GET", [HOST, upgrade, ("origin", "https://app.example")]))
    for strange in (("sec-fetch-site", "same-site"), ("origin", "https://sub.app.example")):
        with pytest.raises(CrossSite):
            check(Incoming("GET", [HOST, upgrade, strange]))
    check(Incoming("GET", [HOST, ("upgrade", "h2c"), ("sec-fetch-site", "cross-site")]))


def test_lambda_events_have_a_method() -> None:
    """The method of an event of API Gateway is found in either form."""
    headers = {"sec-fetch-site": "cross-site"}
    check({"httpMethod": "GET", "headers": headers})
    check({"requestContext": {"http": {"method": "GET"}}, "headers": headers})
    for event in ({"httpMethod": "POST", "headers": headers}, {"headers": headers}):
        with pytest.raises(CrossSite):
            check(event)
