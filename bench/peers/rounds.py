"""Measure peers in interleaved rounds: one operation of each of them after another.

What else the machine does only adds CPU time, and meets all of them alike. A figure is the median
of the rounds; the least is told beside it.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final

from bench.peers.peer import OPERATIONS, SESSIONS, Peer

PEOPLE: Final = 10
"""Users of each round; those of the first only warm up."""
TIMES: Final = {"log_in": 1, "validate": 10, "list_own": 5, "end_one": 3}
"""Of each user in a round."""
WARM: Final = {"log_in": 2, "validate": 100, "list_own": 40, "end_one": SESSIONS - 1}
"""Of each user before the first round: what is compiled while it runs has run often then."""
MOST: Final = 9
"""Rounds for which there are users with sessions."""
AFTER: Final = (MOST + 1) * PEOPLE - 1
"""A user of the last round, whom nothing is measured with any more."""
_SETTLE_SECONDS: Final = 0.03


@dataclass(frozen=True, slots=True)
class Taken:
    """Milliseconds of CPU of one operation of one peer, round by round."""

    name: str
    operation: str
    ms: list[float] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        """What is kept of it."""
        return {
            "name": self.name,
            "operation": self.operation,
            "median_ms": round(median(self.ms), 3),
            "least_ms": round(min(self.ms), 3),
        }


def measure(peers: Mapping[str, Peer], *, rounds: int) -> Iterator[Taken]:
    """Each operation of each peer."""
    found = {(name, each): Taken(name, each) for each in OPERATIONS for name in peers}
    for number in range(rounds + 1):
        users = range(number * PEOPLE, (number + 1) * PEOPLE)
        for (name, operation), taken in found.items():
            times = (TIMES if number else WARM)[operation]
            cost = cpu_ms(peers[name], operation, users, times)
            if number:
                taken.ms.append(cost)
        print(f"round {number} of {rounds}", flush=True)
    yield from found.values()


def cpu_ms(peer: Peer, operation: str, users: range, times: int) -> float:
    """Milliseconds of CPU of one operation. What a peer does after its last answer counts too."""
    ask = getattr(peer, operation)
    began = peer.cpu_ns()
    for _ in range(times):
        for user in users:
            ask(user)
    time.sleep(_SETTLE_SECONDS)
    return (peer.cpu_ns() - began) / 1e6 / (times * len(users))
