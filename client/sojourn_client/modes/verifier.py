"""What verifies tokens, in whichever mode."""

import asyncio
from collections.abc import Callable
from typing import Protocol, TypeVar

from sojourn_client.modes.workers import Workers
from sojourn_client.session import Session

T = TypeVar("T")


class Verifier(Protocol):
    """Verifies tokens for threads and for asyncio."""

    def verify(self, text: str, max_staleness: float | None = None, /) -> Session:
        """The session of a token. Raises `Rejected`, `Refused`, `Unavailable`."""

    async def averify(self, text: str, max_staleness: float | None = None, /) -> Session:
        """The session of a token. What is known needs no thread. Raises as `verify` does."""

    def prefetch(self) -> None:
        """Fetch the realm's public keys, unless they are there. Raises `Refused`, `Unavailable`."""

    def forget_user(self, user_id: str) -> None:
        """Ask again for each session of a user: this process has ended some of them."""


async def awaited(workers: Workers, work: Callable[[], T]) -> T:
    """The result of what runs in a thread. The work goes on if its awaiter is cancelled."""
    return await asyncio.shield(asyncio.wrap_future(workers.submit(work)))
