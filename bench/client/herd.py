"""Ten thousand sessions log in within one second: when does mode "cached" ask for them again?

Run: python -m bench.client.herd [--sessions 10000]

The real client under a made-up clock; each session makes a request every five seconds, so that it
is asked for as soon as the client wants to.
"""

import argparse
import random
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any, Final

from bench.client import results
from bench.client.fleet import Counted, Process, Simulation
from bench.plot import Axis, Mark, binned, histogram
from sojourn_client.modes.machine import MAX_STALENESS
from tests.client.unit.service import Begun

NAME: Final = "herd"
SESSIONS: Final = 10_000
EVERY: Final = 5.0
SECONDS: Final = 600.0


def measure(
    *, sessions: int = SESSIONS, seconds: float = SECONDS, every: float = EVERY
) -> dict[str, Any]:
    """When sessions were asked for again, in seconds after the first login."""
    random.seed(1)
    service = Counted()
    process, simulation, chance = Process.of(service, "cached"), Simulation(service), Random(1)
    began = service.true
    for begun in service.begin_many(sessions, within=1.0):
        process.verify(begun)
        simulation.at(chance.uniform(0, every), again_and_again(process, begun, every))
    simulation.run(seconds)
    logins, again = Counter[str](), []
    for time, session_id in service.validated:
        if logins[session_id]:
            again.append((time - began, logins[session_id]))
        logins[session_id] += 1
    by_second = Counter(int(time) for time, _ in again)
    first = [time for time, number in again if number == 1]
    return {
        "sessions": sessions,
        "every": every,
        "logins_validated": len(logins),
        "revalidated": len(first),
        "first": round(min(first), 1),
        "last": round(max(first), 1),
        "most_in_a_second": max(by_second.values()),
        "share": round(max(by_second.values()) / sessions, 4),
        "feed_validations": feed_validations(sessions),
        "by_second": {str(second): by_second[second] for second in sorted(by_second)},
    }


def feed_validations(sessions: int) -> int:
    """How often mode "feed" asks for as many sessions that begin while it polls."""
    service = Counted()
    process = Process.of(service, "feed")
    process.poll()
    service.passes(3)
    process.poll()
    for begun in service.begin_many(sessions, within=1.0):
        process.verify(begun)
    return service.counts["validations"]


def again_and_again(process: Process, begun: Begun, every: float) -> Callable[[], float]:
    """A session's requests, at equal intervals."""

    def event() -> float:
        process.verify(begun)
        return every

    return event


def draw(found: dict[str, Any]) -> str:
    """The plot."""
    times = [int(second) + 0.5 for second, n in found["by_second"].items() for _ in range(n)]
    return histogram(
        f"Revalidations of {found['sessions']:,} sessions that logged in within one second",
        Axis("seconds after the logins"),
        Axis("revalidations / s"),
        [binned("mode cached", times, width=1.0)],
        marks=[Mark(0, "logins"), Mark(MAX_STALENESS["cached"], "max_staleness")],
    )


def told(found: dict[str, Any]) -> str:
    """The figures as Markdown."""
    most = f"{found['most_in_a_second']:,} ({found['share'] * 100:.1f} % of the sessions)"
    rows = [
        ["the first session is asked for again after", f"{found['first']:g} s"],
        ["the last session is asked for again after", f"{found['last']:g} s"],
        ["most of these requests in one second", most],
        ['requests of mode "feed" for the same logins', f"{found['feed_validations']:,}"],
    ]
    return results.table([f"{found['sessions']:,} logins within one second", ""], rows)


def main() -> None:
    """Simulate, write the results and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=SESSIONS)
    found = measure(sessions=parser.parse_args().sessions)
    results.write(NAME, results.dated(found), draw(found))
    print(told(found))


if __name__ == "__main__":
    main()
