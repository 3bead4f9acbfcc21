"""What can be chosen: the functions' memory, and servers in place of API Gateway and Lambda."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from sojourn_cli.costs.bill import bill_of
from sojourn_cli.costs.invocation import Machine
from sojourn_cli.costs.load import Demand, Load, Rate
from sojourn_cli.costs.prices import Prices

SIZES: Final = (128, 256, 512, 768, 1_024, 1_536, 1_769)
HOURS: Final = 730
HALF: Final = 0.5
"""The part of a server's CPU that a load may use, so that one of two may fail."""
REPLACED: Final = ("API Gateway requests", "Lambda requests", "Lambda time", "X-Ray traces")
"""What servers of one's own would take the place of; tables, key and logs stay."""
_RANGE: Final = (1e-6, 1e9)


@dataclass(frozen=True, slots=True)
class Size:
    """What a memory size costs in Lambda time, and how long operations take with it."""

    memory: int
    dollars: float
    login_ms: float
    validate_ms: float
    cold_ms: float
    cheapest: bool = False
    fastest: bool = False


def sizes(load: Load, wanted: Demand, machine: Machine, prices: Prices) -> list[Size]:
    """Every size for all functions, the cheapest and the fastest marked; of equals the smallest."""
    found = []
    for memory in SIZES:
        sized = replace(machine, memory=memory)
        found.append(
            Size(
                memory=memory,
                dollars=bill_of(load, wanted, sized, prices).of("Lambda time"),
                login_ms=sized.warm_ms("login"),
                validate_ms=sized.warm_ms("validate"),
                cold_ms=sized.cold_ms("validate"),
            )
        )
    cheapest = min(found, key=lambda size: size.dollars)
    fastest = min(found, key=lambda size: size.validate_ms + size.login_ms)
    return [replace(s, cheapest=s is cheapest, fastest=s is fastest) for s in found]


@dataclass(frozen=True, slots=True)
class Servers:
    """Servers that would do a load's work, and when they cost as much as what they replace.

    - `replaced`: the dollars of API Gateway, Lambda and its traces
    - `one_breaks_even`: validations a second from which one server without a balancer is cheaper
    - `pair_breaks_even`: the same for two or more behind a balancer
    """

    count: int
    dollars: float
    replaced: float
    one_breaks_even: float
    pair_breaks_even: float


def servers(load: Load, wanted: Demand, machine: Machine, prices: Prices) -> Servers:
    """Servers of one CPU, at least two behind a load balancer, each busy by half at the peak."""
    hour, balancer = prices["server"].dollars(HOURS), prices["balancer"].dollars(HOURS)

    def needed(asked: Demand) -> int:
        busy = sum(r.per_second * machine.cpu_ms(name) for name, r in asked.rates.items()) / 1_000
        return max(1, math.ceil(load.peak * busy / HALF))

    def validating(per_second: float) -> Demand:
        return Demand("always", {"validate": Rate(per_second, "")})

    def serverless(asked: Demand) -> float:
        return bill_of(load, asked, machine, prices).of(*REPLACED)

    def gain(per_second: float, least: int, beside: float) -> float:
        asked = validating(per_second)
        return serverless(asked) - max(least, needed(asked)) * hour - beside

    count = max(2, needed(wanted))
    return Servers(
        count=count,
        dollars=count * hour + balancer,
        replaced=serverless(wanted),
        one_breaks_even=_crossing(lambda v: gain(v, 1, 0.0)),
        pair_breaks_even=_crossing(lambda v: gain(v, 2, balancer)),
    )


def _crossing(gain: Callable[[float], float]) -> float:
    """Where a gain that grows becomes positive; infinite if it never does."""
    low, high = _RANGE
    if gain(high) <= 0:
        return math.inf
    while high / low > 1.001:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if gain(middle) > 0 else (middle, high)
    return high
