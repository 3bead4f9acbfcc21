"""One process of a race: instances of the service over one client, and threads that call them."""

import contextlib
import os
import threading
import time
import traceback
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from random import Random
from typing import Final, Protocol

from local.stack import FastPasswords
from provers.concurrency.strikes import Strikes
from provers.feed import breakages
from provers.feed.clock import SPEED, RaceClock, Start
from provers.feed.records import Played, together
from sojourn.aws.connection import Timeouts
from sojourn.aws.endpoints import Endpoint
from sojourn.aws.pool import Pool
from sojourn.bootstrap import Connect
from sojourn.runtime import deadline
from tests.support import contract
from tests.support.http_world import World

TIMEOUTS: Final = Timeouts(
    connect=deadline.CONNECT_SECONDS / SPEED, read=deadline.READ_SECONDS / SPEED
)
OUTAGE: Final = (0.3 * deadline.SECONDS / SPEED, 1.2 * deadline.SECONDS / SPEED)
"""Seconds that an outage lasts: some are longer than a call tries."""
LATEST: Final = deadline.SECONDS / SPEED
"""Seconds after which the last of the late requests arrives."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Tables, a realm and an admin key."""

    environment: Mapping[str, str]
    key: str
    realm_id: str


@dataclass(frozen=True, slots=True)
class Part:
    """What every process of a race is told."""

    stage: Stage
    start: Start
    until_ns: int
    seed: str
    strikes: float
    broken: str | None = None


class Lane(Protocol):
    """What one thread does until the race ends."""

    @property
    def ahead(self) -> Sequence[float]:
        """By how much the clocks of its instances are ahead."""

    def run(self, part: Part, worlds: Sequence[World], random: Random, played: Played) -> None: ...


def instance(stage: Stage, clock: RaceClock, connect: Connect) -> World:
    """An instance of every function, with a clock of its own."""
    environment = dict(stage.environment)
    resources = FastPasswords(environment, clock=clock, connect=connect)
    return World.attached(resources, environment, key=stage.key, realm_id=stage.realm_id)


def hasty(endpoint: Endpoint) -> Pool:
    """Connections with time-outs as much shorter as time is faster."""
    return Pool(endpoint, TIMEOUTS)


@dataclass(frozen=True, slots=True)
class Process:
    """What a process keeps from race to race: its client, and what strikes it."""

    strikes: Strikes
    counts: "Counter[str]"

    @classmethod
    def made(cls) -> "Process":
        """A process's connections, under which faults sit, and clients behind a replica."""
        counts = Counter[str]()
        breakages.Replica().sit()
        return cls(Strikes(hasty, counts, outage=OUTAGE, latest=LATEST), counts)

    def play(self, part: Part, lanes: Sequence[Lane]) -> Played:
        """Run the lanes, each in a thread, until the race ends."""
        self.counts.clear()
        played = [Played() for _ in lanes]

        def run(number: int, lane: Lane, mine: Played) -> None:
            random = Random(f"{part.seed}/{number}")
            clocks = [RaceClock(part.start, ahead) for ahead in lane.ahead]
            worlds = [instance(part.stage, clock, self.strikes.connect) for clock in clocks]
            try:
                with self.strikes.on(random, part.strikes):
                    lane.run(part, worlds, random, mine)
            except Exception:  # noqa: BLE001 - whatever it is, it must be told
                mine.errors.append(traceback.format_exc())

        given = zip(range(len(lanes)), lanes, played, strict=True)
        threads = [threading.Thread(target=run, args=one) for one in given]
        with breakages.applied(part.broken):
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.strikes.settle()
        return together([*played, Played(counts=Counter(self.counts))])


def main(connection: Connection, environment: Mapping[str, str], lanes: Sequence[Lane]) -> None:
    """Say that it is ready; then play each part that it is told, and send what was done."""
    os.environ.update(environment)
    # Other proofs hold answers to the API document, which takes longer than to give them.
    contract.check = _unchecked
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    process = Process.made()
    connection.send(None)
    with contextlib.suppress(EOFError):
        while True:
            connection.send(process.play(connection.recv(), lanes))


def _unchecked(*_: object, **__: object) -> None:
    """An answer as it is."""


def running(part: Part) -> bool:
    """Whether the race goes on."""
    return time.monotonic_ns() < part.until_ns
