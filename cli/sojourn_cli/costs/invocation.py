"""How long a function runs for an operation: it waits for calls, and has its share of a CPU."""

import math
from dataclasses import dataclass
from typing import Final

from sojourn_cli.costs.counts import Counts, Cpu

WHOLE: Final = 1_769
"""The memory in MB for which Lambda gives one whole CPU; less has as much less of it."""
LEAST: Final = 128
CPU_OF: Final = {
    "cleanup": "schedule",
    "rotate": "schedule",
    "expired_session": "cleanup_step",
    "ended_record": "cleanup_step",
    "feed_entry": "cleanup_step",
}
"""Under which name an operation's CPU time is, if not under its own."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Functions with CPU times and memory.

    - `memory`: of every function, in MB; None as the template has it
    - `cpu_factor`: how much longer Lambda's CPU takes than the one that was measured on
    - `cold_percent`: invocations that start an instance
    """

    counts: Counts
    cpu: Cpu
    memory: int | None = None
    cpu_factor: float = 1.0
    cold_percent: float = 1.0

    def memory_of(self, operation: str) -> int:
        """The memory of an operation's function."""
        return self.memory or self.counts.memory[self.counts.operations[operation].function]

    def cpu_ms(self, operation: str) -> float:
        """The CPU time of an operation, on one whole core of Lambda."""
        return self.cpu.warm[CPU_OF.get(operation, operation)] * self.cpu_factor

    def share(self, operation: str) -> float:
        """The share of a core that an operation's function has; one thread uses one at most."""
        return min(1.0, self.memory_of(operation) / WHOLE)

    def warm_ms(self, operation: str) -> float:
        """How long a warm invocation takes."""
        waits = self.counts.operations[operation].calls * self.cpu.round_trip
        return waits + self.cpu_ms(operation) / self.share(operation)

    def cold_ms(self, operation: str) -> float:
        """How much longer one takes that starts an instance."""
        return (self.cpu.init + self.cpu.first) * self.cpu_factor / self.share(operation)

    def billed_ms(self, operation: str) -> float:
        """What an invocation is charged for: whole milliseconds, and its part of cold starts."""
        part = self.cold_percent / 100
        warm = math.ceil(self.warm_ms(operation))
        return warm + part * math.ceil(self.cold_ms(operation))

    def gb_seconds(self, operation: str) -> float:
        """GB-seconds of an invocation."""
        return self.billed_ms(operation) / 1_000 * self.memory_of(operation) / 1_024

    def concurrency(self, operation: str, per_second: float) -> float:
        """Instances that are busy at once, on the mean."""
        return per_second * self.billed_ms(operation) / 1_000
