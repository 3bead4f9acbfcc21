"""Sessions in several Regions: what becomes stale, undone and lost, in a discrete-event simulation.

Run: python -m bench.regions [--commits 100000] [--write]

Prints the tables of docs/scale.md, and with `--write` writes them there, between the lines
`<!-- table: NAME -->` and `<!-- end -->`. The same seed gives the same tables.
"""

import argparse
import re
from collections.abc import Sequence
from statistics import median, quantiles
from typing import Final

from bench.regions import one
from bench.regions.scenarios import Found, Where, World, burst, run
from local.template import ROOT

PAGE: Final = ROOT / "docs/scale.md"
USERS: Final = 500
RATES: Final = (1, 10, 60)
AWAY: Final = 0.2
DESIGNS: Final[dict[str, tuple[Where, Where]]] = {
    "written and read in any Region": ("anywhere", "anywhere"),
    "written at home, read in any": ("home", "anywhere"),
    "written and read at home": ("home", "home"),
}
BURSTS: Final = (2, 10, 60)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of Markdown."""
    marked = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in marked)


def one_region() -> str:
    """The load of the page in one Region."""
    return table(["mode", "requests a second", "a month", "default limits exceeded"], one.rows())


def world(design: str, rate: float, commits: int) -> World:
    """Users of a design, with about so many commits in all."""
    writes, reads = DESIGNS[design]
    hours = commits / (rate * USERS)
    return World(rate, AWAY, writes, reads, users=USERS, hours=hours)


def consistency(commits: int) -> str:
    """What the rules forbid, by design and by how busy users are."""
    rows = []
    for design in DESIGNS:
        for rate in RATES:
            found = run(world(design, rate, commits))
            told = (found.undone / max(1, found.ends), found.lost / found.commits)
            shown = [f"{1e6 * part:,.0f}" for part in told]
            rows.append([design, str(rate), *_staleness(found), *shown])
    head = ["design", "commits of a user an hour", "accepted after its end, median", "99 %"]
    return table([*head, "of a million ends undone", "of a million commits logins lost"], rows)


def _staleness(found: Found) -> tuple[str, str]:
    """Seconds for which some Region accepts what was ended."""
    if max(found.stale, default=0.0) == 0:
        return "never", "never"
    return f"{median(found.stale):.2f} s", f"{quantiles(found.stale, n=100)[-1]:.2f} s"


def bursts() -> str:
    """Logins of one user at once, with strong consistency."""
    rows = []
    for logins in BURSTS:
        made = [burst(logins, seed) for seed in range(50)]
        waits = sorted(seconds for one in made for seconds in one.seconds)
        tries = sum(one.tries for one in made) / sum(len(one.seconds) for one in made)
        conflicts = sum(one.conflicts for one in made) / len(made)
        late = sum(one.late for one in made) / len(made)
        shown = [f"{tries:.1f}", f"{conflicts:.0f}", f"{waits[len(waits) // 2]:.2f} s"]
        rows.append([str(logins), *shown, f"{waits[-1]:.1f} s", f"{late:.1f}"])
    head = ["logins at once", "tries a login", "conflicts", "median", "slowest", "refused"]
    return table(head, rows)


def filled(page: str, tables: dict[str, str]) -> str:
    """The page with these tables."""

    def made(match: re.Match[str]) -> str:
        return f"{match[1]}\n{tables[match[2]]}\n<!-- end -->"

    return re.sub(r"(<!-- table: (\w+) -->)\n.*?<!-- end -->", made, page, flags=re.DOTALL)


def main() -> None:
    """Print the tables, or write them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commits", type=int, default=100_000)
    parser.add_argument("--write", action="store_true", help="write them into docs/scale.md")
    options = parser.parse_args()
    tables = {
        "one": one_region(),
        "consistency": consistency(options.commits),
        "bursts": bursts(),
    }
    print("\n\n".join(tables.values()))
    if options.write:
        PAGE.write_text(filled(PAGE.read_text(), tables))


if __name__ == "__main__":
    main()
