"""Write the tables and plots of docs/cost.md again, from what `sojourn cost` computes.

Run: python -m bench.cost.report [--check]

Plots go to `docs/cost/`. Tables are between the lines `<!-- table: NAME -->` and `<!-- end -->`.
`--check` compares instead, and exits 1 if anything differs.
"""

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Final

from bench.plot import Axis, Bar, Line, Mark, bars, lines
from local.template import ROOT
from sojourn_cli.costs.bill import Bill, bill_of
from sojourn_cli.costs.choices import HALF, HOURS, REPLACED, Servers, servers, sizes
from sojourn_cli.costs.counts import counts, default_cpu
from sojourn_cli.costs.invocation import Machine
from sojourn_cli.costs.limits import Limit, limits_of
from sojourn_cli.costs.load import DAY, MODES, Demand, Load, Mode, Rate, demand
from sojourn_cli.costs.prices import default_prices
from sojourn_cli.costs.tables import dollars

PAGE: Final = ROOT / "docs/cost.md"
PLOTS: Final = ROOT / "docs/cost"
SCALES: Final = (1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000)
MIDDLE: Final = 1_000_000
LOGINS: Final = 0.5
REQUESTS: Final = 100
PER_PROCESS: Final = 100
"""The load of the page: logins and requests of a user in a day, requests a second of a process."""


def load_of(users: int) -> Load:
    """The page's load for so many users."""
    asked = users * REQUESTS / DAY
    return Load(
        users=users,
        logins_per_day=users * LOGINS,
        validations_per_second=asked,
        logouts_per_day=users * LOGINS,
        verifiers=max(2, round(asked * 3 / PER_PROCESS)),
    )


@cache
def machine() -> Machine:
    """The functions as the template has them."""
    return Machine(counts(3), default_cpu())


VARIANTS: Final[dict[str, tuple[Mode, dict[str, float]]]] = {
    "always": ("always", {}),
    "cached": ("cached", {}),
    "cached, shared": ("cached", {"verifiers": 1}),
    "feed": ("feed", {}),
    "feed, 60 s": ("feed", {"max_staleness": 60.0}),
}
"""Modes with what they change of the load. Processes that share a store ask as one does."""


@cache
def bill(users: int, variant: str) -> Bill:
    """What the page's load costs."""
    mode, changes = VARIANTS[variant]
    load = replace(load_of(users), **changes)  # type: ignore[arg-type]
    return bill_of(load, demand(load, mode), machine(), default_prices())


def limits(users: int, mode: Mode) -> list[Limit]:
    """What limits the page's load."""
    load = load_of(users)
    return limits_of(load, demand(load, mode), machine())


def compared() -> Servers:
    """The break-even with servers."""
    load = load_of(MIDDLE)
    return servers(load, demand(load, "always"), machine(), default_prices())


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of Markdown."""
    marked = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in marked)


def by_scale() -> str:
    """Dollars a month of each mode, from a thousand users to a hundred million."""
    rows = []
    for users in SCALES:
        load = load_of(users)
        paid = [dollars(bill(users, variant).dollars) for variant in VARIANTS]
        asked = load.validations_per_second
        rate = f"{asked:,.0f}" if asked >= 100 else f"{asked:.3g}"
        rows.append([f"{users:,}", rate, f"{load.verifiers:,}", *paid])
    return table(["users", "validations a second", "processes", *VARIANTS], rows)


def by_line() -> str:
    """The lines of the bill for a million users."""
    found = [bill(MIDDLE, mode) for mode in MODES]
    rows = [
        [line.name, *(dollars(each.lines[place].dollars) for each in found)]
        for place, line in enumerate(found[0].lines)
    ]
    rows.append(["**total**", *(f"**{dollars(each.dollars)}**" for each in found)])
    return table(["a million users", *MODES], rows)


def by_memory() -> str:
    """Lambda time and milliseconds by memory, for a million users."""
    load = load_of(MIDDLE)
    by_mode = [sizes(load, demand(load, mode), machine(), default_prices()) for mode in MODES]
    rows = []
    for place, size in enumerate(by_mode[0]):
        mark = "cheapest" if size.cheapest else "fastest" if size.fastest else ""
        paid = [dollars(each[place].dollars) for each in by_mode]
        times = [f"{ms:,.0f}" for ms in (size.validate_ms, size.login_ms, size.cold_ms)]
        rows.append([f"{size.memory:,}", *paid, *times, mark])
    head = ["MB", *MODES, "validate, ms", "login, ms", "cold start, ms", ""]
    return table(head, rows)


def by_limit() -> str:
    """The limits that are exceeded at each scale, the first to bite first."""
    rows = []
    for users in SCALES:
        for mode in MODES:
            over = [limit for limit in limits(users, mode) if limit.used > 1]
            said = "; ".join(f"{limit.name} {limit.used:,.1f} x" for limit in over)
            rows.append([f"{users:,}", mode, said or "none"])
    return table(["users", "mode", "exceeded at three times the mean"], rows)


def operations() -> str:
    """Units, bytes and CPU of an operation, for a user with three sessions."""
    rows = []
    names = ("login", "api_key_login", "login_failed", "validate", "list", "terminate", "poll")
    for name in names:
        found = machine().counts.operations[name]
        reads, writes = (sum(units.values()) for units in (found.reads, found.writes))
        cpu = f"{machine().cpu_ms(name):.3g}"
        sized = f"{found.log_bytes:,}", f"{found.answer_bytes:,}"
        rows.append([name, str(found.calls), f"{reads:g}", f"{writes:g}", *sized, cpu])
    head = ["operation", "calls", "read units", "write units", "log bytes", "answer bytes"]
    return table([*head, "CPU, ms"], rows)


def break_even() -> str:
    """Where servers cost the same."""
    found = compared()
    capacity = HALF * 1_000 / machine().cpu_ms("validate")
    rows = [
        ["one server, which may fail", f"{found.one_breaks_even:.3g}", f"{capacity:,.0f}"],
        ["two behind a balancer", f"{found.pair_breaks_even:.3g}", f"{2 * capacity:,.0f}"],
    ]
    return table(["servers", "break-even, validations a second", "they carry, at half load"], rows)


def scale_plot() -> str:
    """Dollars by users, of each mode."""
    series = [
        Line(name, [(users, bill(users, name).dollars) for users in SCALES]) for name in VARIANTS
    ]
    return lines("Cost by users", Axis("users", log=True), Axis("$ / month", log=True), series)


def memory_plot() -> str:
    """Milliseconds by memory."""
    load = load_of(MIDDLE)
    found = sizes(load, demand(load, "always"), machine(), default_prices())
    series = [
        Line("login", [(size.memory, size.login_ms) for size in found]),
        Line("validate", [(size.memory, size.validate_ms) for size in found]),
        Line("cold start", [(size.memory, size.cold_ms) for size in found]),
    ]
    return lines("Duration by memory", Axis("memory / MB", log=True), Axis("ms", log=True), series)


def price_plot() -> str:
    """Lambda time by memory, of each mode."""
    load = load_of(MIDDLE)
    series = []
    for mode in MODES:
        found = sizes(load, demand(load, mode), machine(), default_prices())
        series.append(Line(mode, [(size.memory, size.dollars) for size in found]))
    x, y = Axis("memory / MB", log=True), Axis("$ / month", log=True)
    return lines("Lambda time of a million users, by memory", x, y, series)


def server_plot() -> str:
    """API Gateway and Lambda beside servers, by validations a second."""
    prices, load = default_prices(), load_of(MIDDLE)
    rates = [10 ** (power / 4) for power in range(-4, 17)]

    def serverless(rate: float) -> float:
        asked = Demand("always", {"validate": Rate(rate, "")})
        return bill_of(load, asked, machine(), prices).of(*REPLACED)

    def pair(rate: float) -> float:
        asked = Demand("always", {"validate": Rate(rate, "")})
        return servers(replace(load, peak=1), asked, machine(), prices).dollars

    one = prices["server"].dollars(HOURS)
    series = [
        Line("API Gateway, Lambda", [(rate, serverless(rate)) for rate in rates]),
        Line("two servers or more", [(rate, pair(rate)) for rate in rates]),
    ]
    return lines(
        "What answers validations",
        Axis("validations / s", log=True),
        Axis("$ / month", log=True),
        series,
        marks=[Mark(one, "one server")],
    )


def line_plot() -> str:
    """The lines of the bill of a million users."""
    rows = [
        Bar(f"{line.name}, {mode}", line.dollars, mode)
        for place in range(len(bill(MIDDLE, "always").lines))
        for mode in ("always", "feed")
        if (line := bill(MIDDLE, mode).lines[place]).dollars >= 50
    ]
    return bars("The bill of a million users", Axis("$ / month"), rows)


TABLES: Final[dict[str, Callable[[], str]]] = {
    "scale": by_scale,
    "lines": by_line,
    "memory": by_memory,
    "limits": by_limit,
    "operations": operations,
    "servers": break_even,
}
DRAWN: Final[dict[str, Callable[[], str]]] = {
    "scale.svg": scale_plot,
    "lines.svg": line_plot,
    "memory.svg": memory_plot,
    "lambda-time.svg": price_plot,
    "servers.svg": server_plot,
}


def filled(page: str) -> str:
    """The page with its tables made anew."""

    def made(match: re.Match[str]) -> str:
        return f"{match[1]}\n{TABLES[match[2]]()}\n<!-- end -->"

    return re.sub(r"(<!-- table: (\w+) -->)\n.*?<!-- end -->", made, page, flags=re.DOTALL)


def main() -> None:
    """Write page and plots, or compare with them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare, and exit 1 on a difference")
    options = parser.parse_args()
    wanted = {PAGE: filled(PAGE.read_text())}
    wanted |= {PLOTS / name: draw() for name, draw in DRAWN.items()}
    if options.check:
        differs = [p.name for p, text in wanted.items() if not p.exists() or p.read_text() != text]
        sys.exit(f"{', '.join(differs)}: run python -m bench.cost.report" if differs else 0)
    PLOTS.mkdir(exist_ok=True)
    for path, text in wanted.items():
        path.write_text(text)


if __name__ == "__main__":
    main()
