"""CSRF: whether a request that changes something comes from the application's own pages.

A browser sends its cookies with requests that other sites make, too. It also says where a request
comes from: in `Sec-Fetch-Site` (all browsers since 2023), and in `Origin` (all since 2020, also
over http). Neither can be set by a page, so no token in forms is needed.
"""

from typing import Final
from urllib.parse import urlsplit

from sojourn_client.decisions.headers import method, values
from sojourn_client.errors import SojournError

_SAFE: Final = ("GET", "HEAD", "OPTIONS")
_OWN: Final = ("same-origin", "none")
"""`none`: the user typed the address, or chose a bookmark."""


class CrossSite(SojournError):
    """The request comes from another site, or does not say where from; the answer to it is 403."""

    code = "cross_site"

    def __init__(
        self, detail: str = "The request was not made by a page of this application."
    ) -> None:
        super().__init__(detail)
        self.detail = detail


def check(request: object, *, trusted_origins: tuple[str, ...] = ()) -> None:
    """Raise `CrossSite` unless the request may change something.

    `GET`, `HEAD` and `OPTIONS` may come from anywhere, so they must not change anything. A
    WebSocket, which has no method or begins as a `GET`, is checked. All else must come from

    - one of `trusted_origins`, such as `https://admin.example.com`,
    - or the same origin by `Sec-Fetch-Site`; another origin of the same site is another's,
    - or, if a browser does not send that, an `Origin` whose host is that of `Host`.

    Behind a proxy that does not pass on `Host`, the application's own origin must be trusted.
    """
    if method(request) in _SAFE and not _opens_websocket(request):
        return
    origins = values(request, "origin")
    if len(origins) == 1 and origins[0] in trusted_origins:
        return
    if sites := values(request, "sec-fetch-site"):
        if len(sites) > 1 or sites[0] not in _OWN:
            raise CrossSite
        return
    if not origins:
        raise CrossSite("The request has neither Sec-Fetch-Site nor Origin, which browsers send.")
    hosts = values(request, "host")
    host = _host(origins[0])
    if len(origins) > 1 or not host or [host] != [each.lower() for each in hosts]:
        raise CrossSite


def _opens_websocket(request: object) -> bool:
    return any("websocket" in each.lower() for each in values(request, "upgrade"))


def _host(origin: str) -> str:
    """Host and port; "" for `null` and what is no origin."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return ""
    return parts.netloc.lower() if parts.scheme in ("http", "https") else ""
