"""A process that answers events, and says what CPU that took.

Run: python -m bench.speed.worker WORLD (floor | FUNCTION)

Each line of its standard input is a case, a number, and perhaps a user's number. It answers the
case's event so many times, or the events of so many users from that one, and prints one line of
JSON. What handlers log goes to /dev/null, in lines, as Lambda's runtime has
it written.
"""

import importlib
import json
import math
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bench.speed.cases import BY_NAME, Case
from bench.speed.world import World

if TYPE_CHECKING:
    from sojourn.runtime.clock import Clock

Answer = Callable[[Mapping[str, Any]], Mapping[str, Any]]
STALE_SECONDS: Final = 6.0


class StillClock:
    """A clock that stands still but for what it is moved by, so that nothing grows old by itself.

    What is measured would else depend on how fast the machine is: a cached realm is read again
    every five seconds.
    """

    def __init__(self) -> None:
        self.ahead = 0.0
        self._wall_ms = time.time_ns() // 1_000_000
        self._monotonic = time.monotonic()

    def wall_ms(self) -> int:
        """When it began."""
        return self._wall_ms

    def machine_ms(self) -> int:
        """The machine's, which the stub's dates are compared with."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """When it began, moved on."""
        return self._monotonic + self.ahead

    def stopwatch(self) -> float:
        """The machine's, for deadlines."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait, as before a retry."""
        time.sleep(seconds)


def service(function: str, clock: "Clock") -> Answer:
    """The function's handler, composed as in Lambda but for the clock and the passwords' cost."""
    from bench.speed.world import CHEAP
    from sojourn.bootstrap import Resources

    class Cheap(Resources):
        hasher = CHEAP

    entry = importlib.import_module(f"functions.{function}.app").handler
    handler = entry.bind(Cheap(os.environ, clock=clock))

    def answer(event: Mapping[str, Any]) -> Mapping[str, Any]:
        found: Mapping[str, Any] = handler(event, None)
        return found

    return answer


class Worker:
    """Answers the events of cases, by a service or by the floor."""

    def __init__(self, world: World, answer: Callable[[Case], Answer], clock: StillClock) -> None:
        self._world = world
        self._answer = answer
        self._clock = clock

    def run(self, name: str, times: int, user: int | None = None) -> dict[str, Any]:
        """CPU of so many answers, and the last one; of many users, that of the cheapest each."""
        case = BY_NAME[name]
        answer = self._answer(case)
        events = [case.event(self._world, 0)] * times
        if user is not None:
            events = [case.event(self._world, user + number) for number in range(times)]
        clock, ahead = self._clock, STALE_SECONDS if case.stale else 0.0
        last: Mapping[str, Any] = {}
        least, began = math.inf, time.process_time_ns()
        for event in events:
            clock.ahead += ahead
            if user is None:
                last = answer(event)
                continue
            at = time.process_time_ns()
            last = answer(event)
            least = min(least, time.process_time_ns() - at)
        cpu_ns = time.process_time_ns() - began
        return {"cpu_ns": cpu_ns if user is None else least * times, "last": last}


def main() -> None:
    """Answer line by line."""
    path, kind = sys.argv[1:]
    world = World.read(Path(path))
    out = os.fdopen(os.dup(1), "w", buffering=1)
    sys.stdout = Path(os.devnull).open("w", buffering=1)  # noqa: SIM115 - until the end
    clock = StillClock()
    if kind == "floor":
        from bench.speed.floor import Floor

        floor = Floor.of(world, os.environ)
        worker = Worker(world, lambda case: getattr(floor, case.name), clock)
    else:
        answer = service(kind, clock)
        worker = Worker(world, lambda _case: answer, clock)
    print("{}", file=out)
    for line in sys.stdin:
        name, *numbers = line.split()
        print(json.dumps(worker.run(name, *map(int, numbers))), file=out)


if __name__ == "__main__":
    main()
