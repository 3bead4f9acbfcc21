"""What every request must show before the console's pages see it, and every answer's headers."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sojourn_cli.console.door import Door

COOKIE: Final = "sojourn_console"
HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; "
        "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "cache-control": "no-store",
    # With no-referrer, browsers send `Origin: null` when a form is posted.
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
PUBLIC: Final = ("/style.css", "/icon.svg")
"""Files that say nothing of the stack."""
_LINK: Final = re.compile(r"/open/[^/]+")
_OURS: Final = ("same-origin", "none")
_CLOSED: Final = (
    "This console is open in the browser that used its link. "
    "To use this one, stop the console by Ctrl-C, and start it again."
)


@dataclass(frozen=True, slots=True)
class Guard:
    """Refuses what does not come from the console's own pages in the browser that has its cookie.

    `authority` is the only accepted Host, `base` the beginning of every path. `seen` is called
    for each request with the cookie.
    """

    app: ASGIApp
    authority: str
    base: str
    door: Door
    seen: Callable[[], None]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
            await send(message)

        refusal = self._refusal(str(scope["method"]), str(scope["path"]), Headers(scope=scope))
        await (refusal or self.app)(scope, receive, sent)

    def _refusal(self, method: str, path: str, headers: Headers) -> Response | None:
        """The answer to a request that must not pass."""
        if headers.getlist("host") != [self.authority]:
            # A name that an attacker's DNS points to this machine (DNS rebinding).
            return _refused(421, f"The console is at http://{self.authority} only.")
        if method not in ("GET", "POST"):
            return _refused(405, "Only GET and POST are known here.")
        place = path.removeprefix(self.base)
        if place == path:
            return _refused(404, "There is nothing here.")
        if _LINK.fullmatch(place) and method == "GET":
            return None  # it may be followed from anywhere
        if headers.get("sec-fetch-site", _OURS[0]) not in _OURS:
            return _refused(403, "The console takes no requests of other sites.")
        if method == "POST" and headers.getlist("origin") != [f"http://{self.authority}"]:
            return _refused(403, "The console takes forms of its own pages only.")
        if place in PUBLIC and method == "GET":
            return None
        if not self._admits(headers.getlist("cookie")):
            return _refused(401, _CLOSED)
        self.seen()
        return None

    def _admits(self, cookies: list[str]) -> bool:
        """Whether the cookie is there. Servers on other ports may have set more of its name."""
        pairs = [pair.strip().partition("=") for line in cookies for pair in line.split(";")]
        return any(name == COOKIE and self.door.admits(value) for name, _, value in pairs)


def cookie_of(base: str, value: str) -> str:
    """The `Set-Cookie` of the browser that used the link.

    `Secure` and `__Host-` need https. A browser sends a cookie to every port of a host, so its path
    is one that no other server knows.
    """
    return f"{COOKIE}={value}; Path={base}/; HttpOnly; SameSite=Strict"


def _refused(status: int, text: str) -> Response:
    return PlainTextResponse(f"{text}\n", status)
