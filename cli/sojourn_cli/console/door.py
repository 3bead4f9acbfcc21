"""Who may use the console: the one-time link, the browser's cookie, and the token of forms."""

import hmac
import secrets
from typing import Final

from sojourn_cli.clock import Clock

LINK_SECONDS: Final = 300.0


class Door:
    """One link, which opens the console once, to one browser.

    Not safe to use from several threads: the server's event loop alone calls it.
    """

    def __init__(self, clock: Clock) -> None:
        self.link: Final = secrets.token_urlsafe(32)
        self.form_token: Final = secrets.token_urlsafe(32)
        """The CSRF token. The console has one session, so this is the token of its cookie."""
        self._clock = clock
        self._until = clock.monotonic() + LINK_SECONDS
        self._cookie: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether the link has been used."""
        return self._cookie is not None

    @property
    def is_late(self) -> bool:
        """Whether nobody has used the link in time."""
        return not self.is_open and self._clock.monotonic() >= self._until

    def open(self, link: str) -> str | None:
        """The cookie's value, for the right link, in time, once. Otherwise None."""
        if not _equal(link, self.link) or self.is_open or self.is_late:
            return None
        self._cookie = secrets.token_urlsafe(32)
        return self._cookie

    def admits(self, cookie: str) -> bool:
        """Whether a request's cookie is that of the browser that used the link."""
        return self._cookie is not None and _equal(cookie, self._cookie)

    def agrees(self, form_token: str | None) -> bool:
        """Whether a form is one of the console's own pages."""
        return form_token is not None and _equal(form_token, self.form_token)


def _equal(given: str, right: str) -> bool:
    """Whether two texts are equal, in constant time."""
    return hmac.compare_digest(given.encode(errors="replace"), right.encode())
