"""Requests to the service by mode, for 1 to 100 processes and 1,000 to 1,000,000 sessions.

Run: python -m bench.client.traffic [--every 10]

What the real client asks for is counted in a simulation with few sessions: validations of each
request of a session, and polls of each process. Neither depends on the number of sessions (the
tests show it), so the requests of many sessions are sums of products. An active session makes a
request every ten seconds on average, to whichever process; half of the sessions are ended in their
six hours, the others expire.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bench.client import results
from bench.client.feed_units import ENTRY_BYTES
from bench.client.unit_costs import WAYS, Cost, Way, counted, polled, started
from bench.plot import Axis, Line, lines

NAME: Final = "traffic"
PROCESSES: Final = (1, 10, 100)
SESSIONS: Final = (1_000, 100_000, 1_000_000)
EVERY: Final = 10.0
LIFETIME: Final = 21_600.0
ENDED: Final = 0.5
"""The part of the sessions that are ended before they expire."""
POLLING: Final = 300.0
"""Seconds between validations of a session where somebody polls every five minutes."""
TIMER: Final = "each session once in 300 s, whoever asks"
FEEDS: Final[tuple[Way, ...]] = ("feed", "feed, 300 s")
FEWER: Final = 100.0
"""The goal: how many times fewer requests mode "feed" makes than five-minute caches do."""


@dataclass(frozen=True, slots=True)
class Run:
    """How long is simulated, in seconds, and with how many sessions."""

    every: float = EVERY
    sessions: int = 60
    seconds: float = 3_600.0


def measure(run: Run = Run()) -> dict[str, Any]:
    """The requests of every cell."""
    costs = {(way, n): of_fleet(way, n, run) for n in PROCESSES for way in WAYS}
    feeds = {
        (way, n): polled(way, n * ENDED / LIFETIME, seconds=run.seconds / 4)
        for way in FEEDS
        for n in SESSIONS
    }
    older = run.sessions * 10
    return {
        "every": run.every,
        "ended": ENDED,
        "entry_bytes": ENTRY_BYTES,
        "validations_of_a_start": started(older) / older,
        **figures(costs, feeds),
    }


def of_fleet(way: Way, processes: int, run: Run) -> Cost:
    """What a fleet of so many processes costs."""
    remembers = way.startswith("cached")  # for minutes, as no other does
    return counted(
        way,
        processes,
        every=run.every,
        sessions=run.sessions,
        warm=900.0 if remembers else 120.0,
        seconds=run.seconds if remembers else 300.0,
    )


def figures(
    costs: Mapping[tuple[Way, int], Cost], feeds: Mapping[tuple[Way, int], Cost]
) -> dict[str, Any]:
    """Every cell, and how many times more than the feed the other ways cost.

    `costs` are by way and processes, `feeds` by way and sessions: what a process polls while they
    end.
    """
    cells = []
    for (way, processes), cost in costs.items():
        for sessions in SESSIONS:
            here = cost.while_ending(feeds[way, sessions]) if way in FEEDS else cost
            cells.append(
                {
                    "way": way,
                    "processes": processes,
                    "sessions": sessions,
                    "requests": round(here.requests(processes, sessions), 3),
                    "read_units": round(here.read_units(processes, sessions), 3),
                }
            )
    return {"cells": cells, "ratios": ratios(cells)}


def of(cells: list[dict[str, Any]], way: str, processes: int, sessions: int) -> dict[str, Any]:
    """One cell."""
    wanted = (way, processes, sessions)
    return next(c for c in cells if (c["way"], c["processes"], c["sessions"]) == wanted)


def ratios(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """How many times more than the feed the other ways cost, with the most sessions."""
    most = SESSIONS[-1]
    return [
        {
            "way": way,
            "feed": feed,
            "processes": processes,
            **{
                unit: round(other[unit] / of(cells, feed, processes, most)[unit], 1)
                for unit in ("requests", "read_units")
            },
        }
        for feed in FEEDS
        for processes in PROCESSES
        for way, other in (
            ("always", of(cells, "always", processes, most)),
            ("cached", of(cells, "cached", processes, most)),
            ("cached, shared store", of(cells, "cached, shared store", processes, most)),
            (TIMER, {"requests": most / POLLING, "read_units": most / POLLING}),
        )
    ]


def draw(found: dict[str, Any]) -> str:
    """The plot: every way with 100 processes, and the feed with one."""
    shown = [(way, PROCESSES[-1]) for way in WAYS] + [("feed", PROCESSES[0])]
    series = [
        Line(
            f"{way}, {processes_of(n)}",
            [(each, of(found["cells"], way, n, each)["requests"]) for each in SESSIONS],
        )
        for way, n in shown
    ]
    return lines(
        "Requests to the service",
        Axis("active sessions", log=True),
        Axis("requests / s", log=True),
        series,
    )


def told(found: dict[str, Any]) -> str:
    """The figures as Markdown."""
    rows = [
        [f"{way}, {processes_of(n)}", *(both(of(found["cells"], way, n, s)) for s in SESSIONS)]
        for way in WAYS
        for n in PROCESSES
    ]
    head = ["requests (read units) a second", *(f"{s:,} sessions" for s in SESSIONS)]
    by = {(each["way"], each["feed"], each["processes"]): each for each in found["ratios"]}
    named = list(dict.fromkeys((each["way"], each["feed"]) for each in found["ratios"]))
    times = [
        [f"{way} / {feed}", *(both(by[way, feed, n], " ×") for n in PROCESSES)]
        for way, feed in named
    ]
    heading = [f"{SESSIONS[-1]:,} sessions: how many times more", *map(processes_of, PROCESSES)]
    return "\n\n".join([results.table(head, rows), results.table(heading, times), verdict(found)])


def verdict(found: dict[str, Any]) -> str:
    """Whether the goals are met, and what a start costs."""
    least = min(
        each["requests"]
        for each in found["ratios"]
        if (each["way"], each["feed"]) == ("cached", "feed")
    )
    feed = [of(found["cells"], "feed", PROCESSES[-1], each)["requests"] for each in SESSIONS]
    grows = [f"{n:,}" for n, each in zip(SESSIONS, feed, strict=True) if each > feed[0] * 1.1]
    told_of = [f"{short(each)} with {n:,}" for n, each in zip(SESSIONS, feed, strict=True)]
    start = found["validations_of_a_start"]
    return (
        f"- Goal: with {SESSIONS[-1]:,} sessions, mode `feed` makes at least {FEWER:.0f} times "
        f"fewer requests than mode `cached` with five minutes. "
        f"{'Met' if least >= FEWER else 'Missed'}: {short(least)} times at least.\n"
        f"- Goal: the requests of mode `feed` do not grow with the sessions. "
        f"{'Missed with ' + ', '.join(grows) if grows else 'Met'}: "
        f"requests a second of {PROCESSES[-1]} processes: {', '.join(told_of)}.\n"
        f"- A process in mode `feed` that starts asks for each older session "
        f"{'once' if start == 1 else f'{start:.3g} times'}."
    )


def processes_of(number: int) -> str:
    """A number of processes, in words."""
    return f"{number} process{'es' if number > 1 else ''}"


def both(figures: dict[str, Any], unit: str = "") -> str:
    """Requests, and read units in parentheses."""
    return f"{short(figures['requests'])}{unit} ({short(figures['read_units'])}{unit})"


def short(number: float) -> str:
    """A number in three digits, or whole."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def main() -> None:
    """Simulate, write the results and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=float, default=EVERY, help="seconds between requests")
    found = measure(Run(every=parser.parse_args().every))
    results.write(NAME, results.dated(found), draw(found))
    print(told(found))


if __name__ == "__main__":
    main()
