"""A trusted edge: how its headers are read, and what others can claim."""

import hashlib
from collections.abc import Mapping
from typing import Any

import pytest

from sojourn.api import edge
from sojourn.api.dispatch import GatewayAnswer, respond
from sojourn.api.edge import Edge
from sojourn.api.request import Request
from sojourn.api.response import Response
from sojourn.domain.errors import EdgeRequired
from sojourn.runtime.settings import EnvironmentSettings, SettingsError

OLD, NEW = "an old secret of the edge", "a new secret of the edge"
BOTH = Edge(tuple(hashlib.sha256(text.encode()).digest() for text in (OLD, NEW)))
CDN, VIEWER = "130.176.1.1", "198.51.100.7"
CLAIM = {"cloudfront-viewer-address": f"{VIEWER}:46532"}


def event(**headers: str) -> dict[str, Any]:
    """A request by way of the CDN with these headers."""
    return {
        "routeKey": "GET /x",
        "headers": {name.replace("_", "-"): value for name, value in headers.items()},
        "requestContext": {"requestId": "r-1", "http": {"sourceIp": CDN, "userAgent": "app/1"}},
        "body": "/",
        "isBase64Encoded": False,
    }


def seen(told: Edge, sent: Mapping[str, Any]) -> Request:
    """The request as a route sees it."""
    requests: list[Request] = []

    def route(request: Request) -> Response:
        requests.append(request)
        return Response(status=204)

    respond(sent, {"GET /x": route}, told)
    return requests[0]


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_viewer_is_believed_from_the_edge(secret: str) -> None:
    """Either secret is good, and then the viewer's address is the one that the edge tells."""
    request = seen(BOTH, event(x_sojourn_edge=secret, **CLAIM))
    assert (request.ip, request.client) == (VIEWER, "app/1")


@pytest.mark.parametrize("name", ["X-Sojourn-Edge", "X-SOJOURN-EDGE"])
def test_names_of_headers_have_no_case(name: str) -> None:
    """However the headers are written, they are the edge's."""
    sent = event() | {"headers": {name: NEW, "CloudFront-Viewer-Address": f"{VIEWER}:1"}}
    assert seen(BOTH, sent).ip == VIEWER


def test_secret_goes_no_further() -> None:
    """No route sees the secret, nor is it in what a request looks like."""
    request = seen(BOTH, event(x_sojourn_edge=OLD, accept="*/*"))
    assert request.headers == {"accept": "*/*"}
    assert OLD not in repr(request)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-sojourn-edge": ""},
        {"x-sojourn-edge": "wrong"},
        {"x-sojourn-edge": OLD + " "},
        {"x-sojourn-edge": OLD.upper()},
        {"x-sojourn-edge": f"{OLD},{NEW}"},
        {"x-sojourn-edge": f"wrong,{OLD}"},
        {"x-sojourn-edge": hashlib.sha256(OLD.encode()).hexdigest()},
        {"x-sojourn-edge": "\ud800"},
        {"x-sojourn-edge": None},
        {"x-sojourn-edge": 5},
        {"x-edge": OLD},
    ],
)
def test_without_the_secret_nobody_comes_in(headers: dict[str, Any]) -> None:
    """A wrong secret, two at once, its digest or none at all is refused, whatever is claimed."""
    with pytest.raises(EdgeRequired):
        BOTH.admitted(event() | {"headers": {**CLAIM, **headers}})


@pytest.mark.parametrize("headers", [None, "text", []])
def test_headers_that_are_none_are_refused(headers: object) -> None:
    """An event without headers did not come by the edge."""
    with pytest.raises(EdgeRequired):
        BOTH.admitted(event() | {"headers": headers})


def test_without_an_edge_nothing_is_claimed() -> None:
    """A stack that has no edge takes the connection's address, whatever the headers say."""
    sent = event(x_sojourn_edge=OLD, x_forwarded_for=VIEWER, **CLAIM)
    request = seen(Edge(), sent)
    assert (request.ip, request.headers) == (CDN, sent["headers"])


@pytest.mark.parametrize(
    ("sent", "ip"),
    [
        ("198.51.100.7:46532", "198.51.100.7"),
        ("198.51.100.7:0", "198.51.100.7"),
        ("2001:db8::1:443", "2001:db8::1"),
        ("2001:0DB8:0000:0000:0000:0000:0000:0001:443", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("::ffff:198.51.100.7:443", "198.51.100.7"),
        ("::1:443", "::1"),
        ("2001:db8::1:2:3:4:5", "2001:db8::1:2:3:4"),
    ],
)
def test_port_is_behind_the_last_colon(sent: str, ip: str) -> None:
    """The address is what comes before the last colon, with brackets or without."""
    assert edge.viewer(sent) == ip


@pytest.mark.parametrize(
    "sent",
    [
        None,
        "",
        "..",
        "198.51.100.7",
        "198.51.100.7:",
        "198.51.100.7:port",
        "198.51.100.7:123456",
        "198.51.100.7:1:2",
        "198.51.100.7:1,203.0.113.9:1",
        "203.0.113.9:1, 198.51.100.7:1",
        "198.51.100.300:1",
        "198.51.100.7:1\n",
        " 198.51.100.7:1",
        "fe80::1%eth0:1",
        "fe80::1%<img src=x>:1",
        "[2001:db8::1:443",
        "2001:db8::1]:443",
        "[198.51.100.7]:443",
        "[2001:db8::1]",
        ":443",
        "unknown:1",
        "../../etc/passwd:1",
        "１９８.51.100.7:1",
    ],
)
def test_what_is_no_address_is_none(sent: str | None) -> None:
    """A header that is not one address and one port leaves the address unknown."""
    assert edge.viewer(sent) is None
    headers = {} if sent is None else {"cloudfront_viewer_address": sent}
    assert seen(BOTH, event(x_sojourn_edge=NEW, **headers)).ip is None


def answer(told: Edge, sent: Mapping[str, Any]) -> GatewayAnswer:
    """The answer of a function with one route."""
    return respond(sent, {"GET /x": lambda _: Response(status=204)}, told)


@pytest.mark.parametrize("route", ["GET /x", "GET /unknown"])
def test_refusal_comes_first(route: str) -> None:
    """A request that bypasses the edge learns nothing else, for instance about its body."""
    sent = event() | {"routeKey": route, "body": "not base64", "isBase64Encoded": True}
    refused = answer(BOTH, sent)
    assert refused["statusCode"] == 403
    assert '"code":"edge_required"' in refused["body"]
    assert answer(BOTH, event(x_sojourn_edge=NEW))["statusCode"] == 204


def settings(digests: str) -> tuple[bytes, ...]:
    """The digests of an environment."""
    tables = {"DIRECTORY_TABLE": "d", "SESSIONS_TABLE": "s"}
    return EnvironmentSettings.of({**tables, "EDGE_SECRET_SHA256": digests}).edge_digests


@pytest.mark.parametrize("form", [str.lower, str.upper])
def test_digests_are_read(form: Any) -> None:
    """One digest or two with a comma between are taken, of letters large or small; none is none."""
    first, second = (digest.hex() for digest in BOTH.digests)
    assert settings(form(first)) == BOTH.digests[:1]
    assert settings(form(f"{first}, {second}")) == BOTH.digests
    assert settings("") == settings(" ") == ()
    assert (
        EnvironmentSettings.of({"DIRECTORY_TABLE": "d", "SESSIONS_TABLE": "s"}).edge_digests == ()
    )


@pytest.mark.parametrize("text", ["secret", "0" * 63, "0" * 65, "g" * 64, "0" * 64 + ",", ","])
def test_digests_that_are_none_stop_the_function(text: str) -> None:
    """A function whose digests cannot be read does not start, rather than trust nobody's edge."""
    with pytest.raises(SettingsError, match="64 hexadecimal digits"):
        settings(text)


def test_digest_of_nothing_stops_the_function() -> None:
    """A digest that was made of a variable that was not set is no secret's."""
    with pytest.raises(SettingsError, match="empty text"):
        settings(hashlib.sha256(b"").hexdigest())
