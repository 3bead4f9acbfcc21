"""Measure what the service costs, print it, and write `docs/performance.md`.

Run: python -m bench.speed [--parts cpu,starts] [--rounds 40] [--scale] [--users 1000,10000]

Without --scale, what takes long is measured at a few small sizes. A part that is left out keeps the
figures of its last run. `--no-page` leaves the document as it is.
"""

import argparse
import sys
from itertools import pairwise

from bench.speed import page
from bench.speed.growth import LEAST
from bench.speed.parts import PARTS, NotMeasured, Options
from bench.speed.results import LATEST, Results
from local.template import ROOT

_USERS: tuple[int, ...] = (1_000, 10_000)
_USERS_OF_SCALE = (1_000, 10_000, 100_000)
_WORKERS = (1, 4, 16)
_WORKERS_OF_SCALE = (1, 2, 4, 8, 16, 32, 64)


def main() -> int:
    """Measure the parts that are asked for, and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", default=",".join(PARTS), help="which of the parts, with commas")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--scale", action="store_true", help="more users, more logins at once")
    parser.add_argument("--users", help="the numbers of users, ascending, with commas")
    parser.add_argument("--no-page", action="store_true")
    chosen = parser.parse_args()
    parts = chosen.parts.split(",")
    if unknown := [name for name in parts if name not in PARTS]:
        parser.error(f"There is no part {unknown[0]}; there are {', '.join(PARTS)}.")
    users = _USERS_OF_SCALE if chosen.scale else _USERS
    if chosen.users:
        users = tuple(map(int, chosen.users.split(",")))
        if any(b - a < LEAST for a, b in pairwise((0, *users))):
            parser.error(f"--users must ascend, by {LEAST} or more.")
    options = Options(
        rounds=chosen.rounds,
        users=users,
        workers=_WORKERS_OF_SCALE if chosen.scale else _WORKERS,
    )
    found = Results.kept()
    for name in parts:
        try:
            PARTS[name](found, options)
        except NotMeasured as error:
            print(f"{name} is not measured: {error}")
        found.keep()
        print()
    print(f"Figures: {LATEST.relative_to(ROOT)}")
    if not chosen.no_page:
        page.write(found)
        print(f"Document: {page.PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
