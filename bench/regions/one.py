"""What ten million users and a hundred thousand validations a second need in one Region."""

from dataclasses import replace
from typing import Final

from sojourn_cli.costs.bill import bill_of
from sojourn_cli.costs.counts import counts, default_cpu
from sojourn_cli.costs.invocation import Machine
from sojourn_cli.costs.limits import limits_of
from sojourn_cli.costs.load import Load, Mode, demand
from sojourn_cli.costs.prices import default_prices

LOAD: Final = Load(
    users=10_000_000,
    logins_per_day=5_000_000,
    validations_per_second=100_000,
    logouts_per_day=5_000_000,
    verifiers=1_000,
    peak=1,
)
"""Each process verifies a hundred requests a second; 100,000 is the busiest second."""
VARIANTS: Final[dict[str, tuple[Mode, Load]]] = {
    "always": ("always", LOAD),
    "cached, 300 s, a shared store": ("cached", replace(LOAD, verifiers=1)),
    "feed, 10 s": ("feed", LOAD),
    "feed, 60 s": ("feed", replace(LOAD, max_staleness=60)),
    "feed, 300 s": ("feed", replace(LOAD, max_staleness=300)),
}


def rows() -> list[list[str]]:
    """For each variant its requests a second, dollars a month, and the limits that it exceeds."""
    machine, prices = Machine(counts(3), default_cpu()), default_prices()
    told = []
    for name, (mode, load) in VARIANTS.items():
        wanted = demand(load, mode)
        asked = sum(wanted.per_second(each) for each in ("validate", "confirm", "poll"))
        paid = bill_of(load, wanted, machine, prices).dollars
        over = [limit for limit in limits_of(load, wanted, machine) if limit.used > 1]
        said = "; ".join(f"{limit.name} {limit.used:,.1f} x" for limit in over)
        told.append([name, f"{asked:,.0f}", f"${paid:,.0f}", said or "none"])
    return told
