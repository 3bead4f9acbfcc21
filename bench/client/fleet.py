"""An application's processes under a made-up clock: the real client, and a service in memory.

The client is `sojourn_client` as it is, but for three things: its clock and transport are the
tests' simulated service's, the feed is polled when the simulated clock says so rather than by a
thread, and what it does in the background is done at once. So what it asks for is counted, and does
not depend on the machine.
"""

import heapq
import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from types import SimpleNamespace
from typing import Any, Final

from sojourn.domain.policy import Settings
from sojourn.sessions.answers import revalidate_after
from sojourn_client import Sojourn
from sojourn_client.clock import Clock
from sojourn_client.modes.machine import Mode
from sojourn_client.service.transport import Reply, Request
from sojourn_client.store import Store
from tests.client.unit.feed_service import FeedService
from tests.client.unit.script import REALM
from tests.client.unit.service import Begun

CACHE_SIZE: Final = 100_000
KEPT: Final = 180.0
"""Seconds for which the feed is kept: longer than between two polls, and their overlap."""
_KINDS: Final = {
    "/v1/session": "validations",
    "/v1/sessions/validate": "validations",
    "/v1/revocations": "polls",
}
_REALM: Final[Any] = SimpleNamespace(settings=Settings())


@dataclass
class Counted(FeedService):
    """The simulated service. It counts requests by kind, the entries told, and verifications.

    `validated` are the sessions that were validated, and when. It advises what the real one does.
    """

    counts: Counter[str] = field(default_factory=Counter)
    validated: list[tuple[float, str]] = field(default_factory=list)

    def answer(self, request: Request) -> Reply:
        path = request.path.partition("?")[0]
        kind = _KINDS.get(path, "keys")
        self.counts[kind] += 1
        self.asked.clear()  # the tests' list would grow for ever
        answer = super().answer(request)
        if kind == "polls":
            # Entries that no cursor reaches any more would only make the simulation slow.
            self.entries = [each for each in self.entries if self.true - each.time < KEPT]
            self.counts["entries"] += answer.body.count(b'"object": "revocation"')
        return answer

    def judge(self, token: str) -> dict[str, Any]:
        told = super().judge(token)
        if told["active"]:
            told["revalidate_after"] = revalidate_after(told["id"], _REALM, left=None)
            self.validated.append((self.true, told["id"]))
        return told

    def begin_many(self, count: int, *, within: float = 0.0) -> Iterator[Begun]:
        """Sessions of as many users, which begin one after another within so many seconds."""
        for number in range(count):
            yield self.begin(user_id=f"usr_{number:022}")
            self.passes(within / count)


@dataclass
class Process:
    """One process of an application, with a client of its own."""

    sojourn: Sojourn
    counts: Counter[str]

    @classmethod
    def of(
        cls,
        service: Counted,
        mode: Mode,
        *,
        max_staleness: float | None = None,
        store: Store | None = None,
    ) -> "Process":
        """A process that has not verified anything yet."""
        sojourn = Sojourn(
            "https://sessions.example.com",
            REALM,
            "ks_secret",
            mode=mode,
            max_staleness=max_staleness,
            cache_size=CACHE_SIZE,
            store=store,
            transport=service,
            clock=service.clock,
        )
        inside: Any = sojourn
        inside._workers.in_background = _at_once
        if mode == "feed":
            inside._verifier._ensure = None  # no thread: `poll` is called by the simulation
        return cls(sojourn, service.counts)

    def verify(self, begun: Begun) -> None:
        """A request of a session comes to this process."""
        self.counts["verifications"] += 1
        self.sojourn.verify(begun.token)

    def poll(self) -> float:
        """Read the feed; returns the seconds until the next time."""
        poller = self.sojourn._machine.poller
        if poller is None:
            raise ValueError("only mode feed polls")
        return poller.poll()


@dataclass
class MemoryStore:
    """A store that all processes share, as Redis is."""

    clock: Clock
    _kept: dict[str, tuple[bytes, float]] = field(default_factory=dict)

    def get(self, key: str) -> tuple[bytes, float] | None:
        value, until = self._kept.get(key, (b"", 0.0))
        left = until - self.clock.now().monotonic
        return (value, left) if left > 0 else None

    def set(self, key: str, value: bytes, seconds: float) -> None:
        self._kept[key] = (value, self.clock.now().monotonic + seconds)


@dataclass
class Simulation:
    """Events in the order of their time."""

    service: Counted
    _events: list[tuple[float, int, Callable[[], float | None]]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def at(self, seconds: float, event: Callable[[], float | None]) -> None:
        """Let something happen, and again after as many seconds as it returns."""
        heapq.heappush(self._events, (self.service.true + seconds, next(self._numbers), event))

    def run(self, seconds: float) -> None:
        """Let so much time pass."""
        until = self.service.true + seconds
        while self._events and self._events[0][0] <= until:
            time, _, event = heapq.heappop(self._events)
            self.service.passes(max(0.0, time - self.service.true))
            again = event()
            if again is not None:
                self.at(again, event)
        self.service.passes(until - self.service.true)


def requests_of(
    begun: Begun, processes: Sequence[Process], *, every: float, chance: Random
) -> Callable[[], float]:
    """The requests of a session, to any process: one in so many seconds on average, at random."""

    def event() -> float:
        chance.choice(processes).verify(begun)
        return chance.expovariate(1 / every)

    return event


def _at_once(work: Callable[[], object]) -> bool:
    work()
    return True
