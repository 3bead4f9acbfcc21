"""Ways to break an application with the client, so that it accepts ended sessions for too long."""

from collections.abc import Callable
from functools import cache
from typing import Final

from sojourn_client import Session, Sojourn
from sojourn_client.clock import Instant
from sojourn_client.decisions.feed import Feed


def feed_ignored(_: Sojourn) -> None:
    """The feed is polled, and nothing that it tells is taken in."""
    Feed._take = lambda *_: None  # type: ignore[method-assign]


def clock_stands(_: Sojourn) -> None:
    """No answer gets older."""
    Instant.since = lambda *_: 0.0  # type: ignore[method-assign]


def kept_beside(sojourn: Sojourn) -> None:
    """The application keeps for itself what the client verified."""
    verify = cache(sojourn.verify)

    async def averify(token: str, **_: object) -> Session:
        return verify(token)

    sojourn.averify = averify  # type: ignore[method-assign,assignment]


BREAKAGES: Final[dict[str, tuple[str, Callable[[Sojourn], None]]]] = {
    "feed ignored": ("feed", feed_ignored),
    "clock stands": ("cached", clock_stands),
    "kept beside": ("always", kept_beside),
}
"""Each with the client's mode that it is about."""
