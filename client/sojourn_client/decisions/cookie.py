"""The login token in a cookie, for browsers.

The cookie is the host's alone (`__Host-`: no other host, not even a subdomain, can set it), no
script reads it (`HttpOnly`), it travels over https (`Secure`), and other sites' pages send it with
a plain link only (`SameSite=Lax`). It lasts as long as the session.
"""

import re
from dataclasses import dataclass
from typing import Final

from sojourn_client.decisions import csrf
from sojourn_client.decisions.headers import values
from sojourn_client.errors import InvalidToken, TokenMissing
from sojourn_client.session import Session

PREFIX: Final = "__Host-"
_NAME: Final = re.compile(rf"{PREFIX}[A-Za-z0-9_-]+")
_VALUE: Final = re.compile(r"[A-Za-z0-9._-]+")
_ATTRIBUTES: Final = "Path=/; Secure; HttpOnly; SameSite=Lax"


def make(name: str, value: str, *, max_age: int | None) -> str:
    """A `Set-Cookie`. Without `max_age` the cookie goes when the browser is closed."""
    if not _VALUE.fullmatch(value):
        raise ValueError("A cookie's value has letters, digits, and . _ - only.")
    lifetime = "" if max_age is None else f"; Max-Age={max_age}"
    return f"{name}={value}; {_ATTRIBUTES}{lifetime}"


def clear(name: str) -> str:
    """The `Set-Cookie` that makes a browser forget it."""
    return f"{name}=; {_ATTRIBUTES}; Max-Age=0"


def read(request: object, name: str) -> list[str]:
    """The values of a cookie: more than one if somebody added a second one.

    Only spaces and tabs around a name are ignored. Python's `strip()` would also take a name that
    begins with another white space for this one, and a subdomain may set such a cookie.
    """
    found = []
    for header in values(request, "cookie"):
        for part in header.split(";"):
            known, equals, value = part.partition("=")
            if equals and known.strip(" \t") == name:
                found.append(value.strip(" \t"))
    return found


@dataclass(frozen=True, slots=True)
class SessionCookie:
    """Cookie mode: where the login token is, and which requests may use it.

    - `name` must begin with `__Host-`.
    - `trusted_origins`: other origins whose pages may change something here; see `csrf.check`.

    `begin` and `end` give a list, for the day on which a session has a second cookie.
    """

    name: str = f"{PREFIX}session"
    trusted_origins: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"A cookie's name begins with {PREFIX}, and has letters, digits, _ -.")
        if isinstance(self.trusted_origins, str):
            raise ValueError('trusted_origins is a tuple: ("https://admin.example.com",).')

    def begin(self, session: Session, *, now: float) -> list[str]:
        """Each `Set-Cookie` after a login. Raises `ValueError` if the session has no `token`."""
        if session.token is None:
            raise ValueError("Only the session that login or authenticate began has its token.")
        lasts = None if session.expires_at is None else max(0, int(session.expires_at - now))
        return [make(self.name, session.token, max_age=lasts)]

    def end(self) -> list[str]:
        """Each `Set-Cookie` after a log-out."""
        return [clear(self.name)]

    def check(self, request: object) -> None:
        """Raise `CrossSite` if the request may not change anything: see `csrf.check`."""
        csrf.check(request, trusted_origins=self.trusted_origins)

    def token(self, request: object) -> str:
        """The login token of a request. Raises `TokenMissing`, `InvalidToken`, `CrossSite`."""
        found = read(request, self.name)
        if not found or found == [""]:
            raise TokenMissing("Log in first: the request has no session cookie.")
        if len(found) > 1:
            raise InvalidToken(f"Two cookies {self.name} came.")
        self.check(request)
        return found[0]
