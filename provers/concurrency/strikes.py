"""Inject random faults into simultaneous calls to DynamoDB.

The faults are those of `provers/faults`. What a connection does is raised as botocore raises it,
and a request that arrives late is carried out while others go on, or after its caller gave up.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError

from provers.faults.catalogue import BY_NAME
from provers.faults.layer import Call
from provers.faults.wire import Manner

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
    """Sits under a process's DynamoDB client.

    An outage lasts for `outage` seconds, or for a time between two of them; what is late comes
    within `latest`.
    """

    def __init__(
        self,
        client: Any,
        counts: "Counter[str]",
        *,
        outage: tuple[float, float] = (OUTAGE, OUTAGE),
        latest: float = LATEST,
    ) -> None:
        self._outage = outage
        self._latest = latest
        self._session = client._endpoint.http_session
        self._counts = counts
        self._here = threading.local()
        self._late: list[threading.Thread] = []
        client.meta.events.register_first("before-send.dynamodb", self._before_send)

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

    def _before_send(
        self, event_name: str, request: AWSPreparedRequest, **_: Any
    ) -> AWSResponse | None:
        lane = self._lane
        if lane is None:
            return None
        if time.monotonic() >= lane.out_until and lane.random.random() >= lane.share:
            return None
        call = Call(0, event_name, request)
        fault = lane.random.choice([fault for fault in FAULTS if fault.applies(call)])
        if time.monotonic() >= lane.out_until and lane.random.random() < OUTAGES:
            lane.out_until = time.monotonic() + lane.random.uniform(*self._outage)
        self._counts["struck"] += 1
        return fault.strike(self, call)

    def through(self, call: Call) -> AWSResponse:
        """Have the request carried out; its true answer."""
        answer: AWSResponse = self._session.send(call.request)
        return answer

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

    def spoiled(self, answer: AWSResponse, manner: Manner) -> AWSResponse:
        """An answer that does not come."""
        if manner == "hold":
            raise ReadTimeoutError(endpoint_url=answer.url)
        raise ConnectionClosedError(endpoint_url=answer.url)

    def refused(self) -> AWSResponse:
        """A connection that nobody takes."""
        raise EndpointConnectionError(endpoint_url="")

    def wait_in_vain(self) -> None:
        """The others need no longer wait than they do."""

    def meanwhile(self) -> None:
        """The others are at it already."""
