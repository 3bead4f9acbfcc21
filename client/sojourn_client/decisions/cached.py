"""Mode "cached": what the service said counts for up to `max_staleness` seconds. Pure.

The bound: after a termination was acknowledged at T, no request that comes at or after T + S is
accepted. An answer's age counts from when its request was sent, and by whichever of the wall and
the monotonic clock moved more.
"""

import hashlib
from dataclasses import dataclass, replace
from typing import Final

from cachetools import LRUCache

from sojourn_client.clock import Instant
from sojourn_client.decisions.decision import Accept, Ask, Decision, Refuse, Verdict
from sojourn_client.decisions.signature import Verified
from sojourn_client.errors import Terminated
from sojourn_client.session import Session

JITTER: Final = 0.2
"""The part of `max_staleness` by which sessions differ, so that not all are asked for at once."""
REFRESH: Final = 0.75
"""The part of its time after which an answer is asked for again in the background."""
REFRESH_PAUSE: Final = 5.0


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer that counts for `seconds` from when it was asked for."""

    session: Session
    sent: Instant
    seconds: float
    refreshed: Instant | None = None
    """When it was last asked for again in the background."""


class Cached:
    """The answers of the last `size` tokens, by their SHA-256."""

    def __init__(self, *, max_staleness: float, size: int) -> None:
        self._max_staleness = max_staleness
        self._size = size
        self._kept: LRUCache[bytes, Kept | Terminated] = LRUCache(size)
        self._ended_here: Instant | None = None

    def decide(self, token: Verified, now: Instant, max_staleness: float) -> Decision:
        found = self._kept.get(token.digest)
        if isinstance(found, Terminated):
            return Refuse(Terminated(found.reason, found.ended_at))
        if found is None:
            return Ask()
        age = now.since(found.sent)
        if age >= min(found.seconds, max_staleness):
            return Ask()
        refresh = age >= REFRESH * found.seconds and (
            found.refreshed is None or now.since(found.refreshed) >= REFRESH_PAUSE
        )
        if refresh:
            self._kept[token.digest] = replace(found, refreshed=now)
        return Accept(found.session, refresh=refresh)

    def learn(self, token: Verified, verdict: Verdict) -> None:
        known = self._kept.get(token.digest)
        outcome = verdict.outcome
        if isinstance(outcome, Terminated):
            # Ended is definite, so it may be remembered for good.
            self._kept[token.digest] = outcome
        elif isinstance(known, Terminated):
            return  # a late answer from before the end
        elif not isinstance(outcome, Session):
            self._kept.pop(token.digest, None)
        elif not self._is_late(verdict.sent, known):
            seconds = min(lifetime(token.session_id, self._max_staleness), verdict.revalidate_after)
            self._kept[token.digest] = Kept(outcome, verdict.sent, seconds)

    def forget_user(self, user_id: str, now: Instant) -> None:
        self._ended_here = now
        for key, found in list(self._kept.items()):
            if isinstance(found, Kept) and found.session.user_id == user_id:
                del self._kept[key]

    def clear(self) -> None:
        self._kept = LRUCache(self._size)
        self._ended_here = None

    def _is_late(self, sent: Instant, known: Kept | None) -> bool:
        """Whether an answer was asked for before a newer one, or before this process ended some."""
        ended = self._ended_here
        if ended is not None and sent.monotonic <= ended.monotonic:
            return True
        return known is not None and sent.monotonic < known.sent.monotonic


def lifetime(session_id: str, max_staleness: float) -> float:
    """Seconds for which an answer about this session counts: 80 to 100 % of `max_staleness`."""
    drawn = int.from_bytes(hashlib.sha256(b"jitter " + session_id.encode()).digest()[:4], "big")
    return max_staleness * (1 - JITTER * drawn / 0xFFFF_FFFF)
