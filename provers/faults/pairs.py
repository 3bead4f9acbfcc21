"""Two faults in one operation, the second after the first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from provers.faults.catalogue import BY_NAME, Named
from provers.faults.layer import Call, Plan


@dataclass(frozen=True, slots=True)
class Pair:
    """A fault at one call, and then another: at the next call that can meet it, or at the last."""

    first: Named
    second: Named
    lasts: bool = False
    """Whether the second one is there from then on."""
    reads: bool = False
    """Whether the first one strikes reads too, which are but asked again."""

    @property
    def name(self) -> str:
        """What a report calls it."""
        return f"{self.first.name}, then {self.second.name}{' for ever' if self.lasts else ''}"

    def plans(self, calls: Sequence[Call]) -> list[tuple[Plan, Plan]]:
        """Where they strike an operation that makes these calls."""
        found = []
        struck = [c for c in calls if self.first.applies(c) and (c.writes or self.reads)]
        for call in struck:
            # What was struck is asked again, and by then there is one call more.
            for number in sorted({call.number + 1, len(calls) + 1}):
                then = Plan(self.second, number, self.lasts, wherever=True)
                found.append((Plan(self.first, call.number), then))
        return found


def _pair(first: str, second: str, *, lasts: bool = False, reads: bool = False) -> Pair:
    return Pair(BY_NAME[first], BY_NAME[second], lasts, reads)


PAIRS: Final = (
    _pair("throttled", "dropped", reads=True),
    _pair("unprocessed", "nothing-processed", reads=True),
    _pair("dropped", "throttled"),
    _pair("dropped", "throttled", lasts=True),
    _pair("dropped", "dropped"),
    _pair("dropped", "conflict"),
    _pair("dropped", "arrives-late"),
    _pair("dropped", "killed-before"),
    _pair("arrives-late", "dropped"),
    _pair("arrives-late", "arrives-late"),
    _pair("arrives-late", "crossed"),
    _pair("arrives-late", "throttled", lasts=True),
    _pair("arrives-late", "killed-before"),
    _pair("crossed", "dropped"),
    _pair("crossed", "arrives-late"),
    _pair("crossed", "throttled", lasts=True),
    _pair("conflict", "killed-after"),
    _pair("internal-after", "crossed"),
)
BY_PAIR: Final = {pair.name: pair for pair in PAIRS}
