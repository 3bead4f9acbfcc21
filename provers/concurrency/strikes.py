"""Inject random faults into simultaneous calls to DynamoDB.

The faults are those of `provers/faults`. What a connection does is raised as the pool raises it,
and a request that arrives late is carried out while others go on, or after its caller gave up.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Final

from provers.faults.catalogue import BY_NAME
from provers.faults.layer import Call
from provers.faults.wire import Manner
from sojourn.aws.endpoints import Endpoint
from sojourn.aws.errors import NoAnswer
from sojourn.aws.http1 import Reply
from sojourn.aws.pool import Request, Transport
from sojourn.bootstrap import Connect

FAULTS: Final = tuple(
    BY_NAME[name]
    for name in (
        *("dropped", "delayed", "arrives-late", "internal-after"),
        *("throttled", "conflict", "in-progress", "internal-before"),
    )
)
OUTAGES: Final = 0.15
"""Of what is struck, how much is an outage."""
OUTAGE: Final = 0.6
"""Seconds that an outage lasts, which are more than a call tries."""
LATEST: Final = 0.6
"""Seconds after which the last of the late requests arrives: longer than a call tries."""


@dataclass(slots=True)
class _Lane:
    random: Random
    share: float
    out_until: float = 0.0


class Strikes:
    """Sits under all of a process's clients, which share connections; it strikes DynamoDB's calls.

    An outage lasts for `outage` seconds, or for a time between two of them; what is late comes
    within `latest`.
    """

    def __init__(
        self,
        connect: Connect,
        counts: "Counter[str]",
        *,
        outage: tuple[float, float] = (OUTAGE, OUTAGE),
        latest: float = LATEST,
    ) -> None:
        self._outage = outage
        self._latest = latest
        self._below = cache(connect)
        self._counts = counts
        self._here = threading.local()
        self._late: list[threading.Thread] = []

    def connect(self, endpoint: Endpoint) -> Transport:
        """Sit under a client that is being made."""
        return _Under(self, self._below(endpoint))

    @contextmanager
    def on(self, random: Random, share: float) -> Iterator[None]:
        """Strike this share of the requests that this thread sends."""
        self._here.lane = _Lane(random, share) if share else None
        try:
            yield
        finally:
            self._here.lane = None

    def settle(self) -> None:
        """Wait until everything that was late has arrived."""
        while self._late:
            self._late.pop().join()

    @property
    def _lane(self) -> _Lane | None:
        return getattr(self._here, "lane", None)

    def send(self, request: Request, transport: Transport) -> Reply:
        """What comes back from a request."""
        call, lane = Call(0, request, transport), self._lane
        if call.service == "dynamodb":
            self._counts["calls"] += 1
        if lane is None or call.service != "dynamodb":
            return self.through(call)
        if time.monotonic() >= lane.out_until and lane.random.random() >= lane.share:
            return self.through(call)
        fault = lane.random.choice([fault for fault in FAULTS if fault.applies(call)])
        if time.monotonic() >= lane.out_until and lane.random.random() < OUTAGES:
            lane.out_until = time.monotonic() + lane.random.uniform(*self._outage)
        self._counts["struck"] += 1
        return fault.strike(self, call)

    def through(self, call: Call) -> Reply:
        """Have the request carried out; its true answer."""
        return call.carried_out()

    def postpone(self, call: Call) -> None:
        """Have the request carried out a while later."""
        lane = self._lane
        assert lane is not None
        seconds = lane.random.uniform(0, self._latest)

        def arrive() -> None:
            time.sleep(seconds)
            self.through(call)

        thread = threading.Thread(target=arrive)
        thread.start()
        self._late.append(thread)

    def spoiled(self, answer: Reply, manner: Manner) -> Reply:
        """An answer that does not come."""
        if manner == "hold":
            raise NoAnswer("The answer did not come in time.")
        raise NoAnswer("The connection was closed.")

    def refused(self) -> Reply:
        """A connection that nobody takes."""
        raise NoAnswer("No connection.", sent=False)

    def wait_in_vain(self) -> None:
        """The others need no longer wait than they do."""

    def meanwhile(self) -> None:
        """The others are at it already."""


@dataclass(frozen=True, slots=True)
class _Under:
    """A transport that is struck."""

    strikes: Strikes
    transport: Transport

    def send(self, request: Request) -> Reply:
        return self.strikes.send(request, self.transport)

    def warm(self) -> None:
        self.transport.warm()

    def close(self) -> None:
        self.transport.close()
