"""A model of simultaneous logins of one user, for both designs of decision 0001.

Run: python -m bench.contention_model [--logins 60] [--rounds 200]

Each login has its own instance. Assumptions, in milliseconds: a call's round trip takes 4, the
logins arrive within 20, and a transaction locks its items for 6. A write whose condition fails
returns the current item. A write to a locked item gets only a conflict, so it reads before it tries
again. The jittered waits are those of `sojourn.runtime.deadline`, before every retry except the
first, or before every second one. Failed writes cost units too. The units of one attempt come from
`bench.item_sizes`, for a user with ten active sessions and no eviction.
"""

import argparse
import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass
from statistics import mean

from bench.item_sizes import read, sizes, written

CALL = 4.0
HELD = 6.0
ARRIVALS = 20.0
FIRST_WAIT, LONGEST_WAIT = 20.0, 500.0
DEADLINE = 10_000.0

Waits = Callable[[int], float]


def jitter(attempt: int) -> float:
    """A wait as `sojourn.runtime.deadline` has it."""
    return random.uniform(0, min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(attempt, 10)))


def but_the_first(attempt: int) -> float:
    """Wait before every retry but the first: with an item that is as old as the wait."""
    return jitter(attempt) if attempt else 0.0


def every_second(attempt: int) -> float:
    """Wait before every second retry: what the one after a wait is handed, is tried at once."""
    return jitter(attempt) if attempt % 2 else 0.0


@dataclass(slots=True)
class Count:
    """What one round took, and how many logins were still trying at the deadline."""

    tries: int = 0
    reads: int = 0
    late: int = 0
    last_ms: float = 0.0


def run(logins: int, waits: Waits, *, transaction: bool) -> Count:
    """One round: each login tries until it commits or its deadline is over."""
    count = Count()
    version, held_until = 0, -1.0
    # What reaches the item: when, whose, from which version (None: it reads), which attempt.
    events: list[tuple[float, int, int | None, int]] = []
    for number in range(logins):
        heapq.heappush(events, (random.uniform(0, ARRIVALS), number, 0, 0))
    while events:
        at, number, known, attempt = heapq.heappop(events)
        if known is None:
            count.reads += 1
            heapq.heappush(events, (at + CALL, number, version, attempt))
            continue
        count.tries += 1
        conflict = transaction and at < held_until
        if not conflict and known == version:
            version += 1
            held_until = at + HELD if transaction else at
            count.last_ms = max(count.last_ms, held_until)
            continue
        again = at + CALL + waits(attempt)
        if again > DEADLINE:
            count.late += 1
            continue
        heapq.heappush(events, (again, number, None if conflict else version, attempt + 1))
    return count


def main() -> None:
    """Print tries, units and time for both designs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logins", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=200)
    options = parser.parse_args()
    s = sizes(10)
    designs = {
        "one item per user": (False, written(s.user_item), read(s.user_item)),
        "record per session": (True, 2 * (written(s.small_item) + written(s.record)), 1),
    }
    print(f"{options.logins} logins at once, mean of {options.rounds} rounds")
    print(f"{'':<46}{'tries':>7}{'W':>7}{'R':>6}{'ms to the last':>16}{'late':>6}")
    for name, (transaction, units, reads) in designs.items():
        for waits in (but_the_first, every_second):
            random.seed(1)
            rounds = [
                run(options.logins, waits, transaction=transaction) for _ in range(options.rounds)
            ]
            tries, again = mean(r.tries for r in rounds), mean(r.reads for r in rounds)
            last, late = mean(r.last_ms for r in rounds), mean(r.late for r in rounds)
            told = f"{name}, wait {waits.__name__.replace('_', ' ')}"
            print(
                f"{told:<46}{tries:>7.0f}{tries * units:>7.0f}{again * reads:>6.0f}"
                f"{last:>16.0f}{late:>6.1f}"
            )


if __name__ == "__main__":
    main()
