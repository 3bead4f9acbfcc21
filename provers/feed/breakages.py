"""Changes of the code with which something must be missed, one at a time."""

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import pytest

from provers.feed.clock import SPEED
from sojourn.aws.client import Client, Response
from sojourn.domain.revocation import Revocation
from sojourn.feed import cursor
from sojourn.store import feed
from sojourn.store.client import DynamoDB

LAG: Final = 12.0 / SPEED
"""Seconds by which a read that is not consistent is behind, or a second call late."""
LOST: Final = 0.25
"""How many of the second calls are never made: the function was stopped before."""


class Replica:
    """Answers reads that are not consistent. It shows an item a while after it first met it."""

    def __init__(self) -> None:
        self._call = Client.call
        self._met: dict[tuple[str, str], float] = {}
        self._lock = threading.Lock()

    def sit(self) -> None:
        """Stand before the calls of every client from now on."""

        def call(client: Client, operation: str, parameters: Mapping[str, Any]) -> Response:
            return self.call(client, operation, parameters)

        Client.call = call  # type: ignore[method-assign,assignment]

    def call(self, client: Client, operation: str, parameters: Mapping[str, Any]) -> Response:
        """An answer; of a query, one of a moment ago if it need not be consistent."""
        answer = self._call(client, operation, parameters)
        if operation != "Query" or parameters.get("ConsistentRead"):
            return answer
        now = time.monotonic()
        with self._lock:
            shown = [
                item
                for item in answer.members["Items"]
                if now - self._met.setdefault((item["pk"]["S"], item["sk"]["S"]), now) >= LAG
            ]
        return answer._replace(members={**answer.members, "Items": shown})


def no_overlap(patch: pytest.MonkeyPatch) -> None:
    """A cursor points to the time at which its sweep began."""
    patch.setattr(cursor, "OVERLAP_MS", 0)


def not_consistent(patch: pytest.MonkeyPatch) -> None:
    """Queries do not ask for a consistent read."""
    call = DynamoDB._call

    def eventually(self: DynamoDB, operation: str, **parameters: Any) -> Any:
        if operation == "Query":
            parameters.pop("ConsistentRead", None)
        return call(self, operation, **parameters)

    patch.setattr(DynamoDB, "_call", eventually)


class _Afterwards(feed.Announcement):
    """An entry that a second call writes after the commit: it comes later, or never."""

    def __init__(self, to: feed.DynamoFeed, revocation: Revocation) -> None:
        super().__init__(to, revocation)
        self._later, self.writes = self.writes, []

    def confirm(self) -> None:
        if random.random() < LOST:
            return
        for write in self._later:
            threading.Timer(LAG, self._feed.write, [write]).start()


def not_in_the_transaction(patch: pytest.MonkeyPatch) -> None:
    """An entry is written after the transaction that ends."""
    patch.setattr(feed, "Announcement", _Afterwards)


BREAKAGES: Final[Mapping[str, Callable[[pytest.MonkeyPatch], None]]] = {
    "no overlap": no_overlap,
    "reads that are not consistent": not_consistent,
    "an entry outside the transaction": not_in_the_transaction,
}


@contextmanager
def applied(broken: str | None) -> Iterator[None]:
    """Break this process's code in one way within the block; None: in none."""
    with pytest.MonkeyPatch.context() as patch:
        if broken is not None:
            BREAKAGES[broken](patch)
        yield
