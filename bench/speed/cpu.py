"""CPU of each operation over its floor, in short interleaved rounds.

A round is the service, then the floor, of one case after another, so what else the machine does
meets both. Whatever it does only adds CPU time, and more to the larger program, whose code others
push out of the processor's caches. So the figure is the least of the rounds over the floor's
least; on a machine at rest it is that of the medians, which are told beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from bench.speed.cases import MEASURED, Case
from bench.speed.processes import Asked, Bench

ROUND_NS: Final = 25_000_000
WARM: Final = 20


@dataclass(frozen=True, slots=True)
class Measured:
    """Microseconds of CPU of one operation, and of its floor, round by round."""

    case: Case
    service: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)

    @property
    def service_us(self) -> float:
        """The service's least."""
        return min(self.service)

    @property
    def floor_us(self) -> float:
        """The floor's least."""
        return min(self.floor)

    @property
    def ratio(self) -> float:
        """How many times its floor an operation costs."""
        return self.service_us / self.floor_us

    @property
    def of_medians(self) -> float:
        """The same, of the medians."""
        return median(self.service) / median(self.floor)


def measure(bench: Bench, *, rounds: int, cases: Sequence[Case] = MEASURED) -> list[Measured]:
    """Each case, with its function in a process of its own."""
    floor = bench.worker("floor")
    services = {name: bench.worker(name) for name in dict.fromkeys(c.function for c in cases)}
    times: dict[str, tuple[int, int]] = {}
    found = [Measured(case) for case in cases]
    for case in cases:
        service = services[case.function]
        times[case.name] = _enough(service, case), _enough(floor, case)
    for _ in range(rounds):
        for each in found:
            name, (of_service, of_floor) = each.case.name, times[each.case.name]
            less = floor.run(each.case.less, of_floor) if each.case.less else 0.0
            of_one = services[each.case.function].run(name, of_service)
            each.service.append((of_one - less) / 1000)
            each.floor.append((floor.run(name, of_floor) - less) / 1000)
    return found


def _enough(worker: Asked, case: Case) -> int:
    """How many answers make a round. The worker is warm then."""
    worker.run(case.name, WARM)
    return max(1, round(ROUND_NS / worker.run(case.name, WARM)))
