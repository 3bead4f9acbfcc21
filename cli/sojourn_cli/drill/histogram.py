"""A histogram of the last acceptances, from the end to the bound, and its lines of text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

BINS: Final = 10


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many rounds had their last acceptance when.

    `none`: not after the 204 at all. `within`: bins of the same width up to the bound, none if the
    bound is 0. `beyond`: at the bound or later.
    """

    bound: float
    none: int
    within: tuple[int, ...]
    beyond: int

    @property
    def rounds(self) -> int:
        return self.none + sum(self.within) + self.beyond

    def label(self, number: int) -> str:
        """The seconds of a bin."""
        return f"{self.bound * number / BINS:.1f} to {self.bound * (number + 1) / BINS:.1f} s"


def histogram(last_acceptances: Sequence[float], bound: float) -> Histogram:
    """The bins of these last acceptances; 0 is none."""
    within = [0] * (BINS if bound else 0)
    none = beyond = 0
    for seconds in last_acceptances:
        if seconds <= 0:
            none += 1
        elif seconds >= bound:
            beyond += 1
        else:
            within[min(BINS - 1, int(seconds / bound * BINS))] += 1
    return Histogram(bound, none, tuple(within), beyond)


def in_text(title: str, found: Histogram, *, width: int) -> list[str]:
    """A title, and a line with a bar for each bin."""
    rows = [("none", found.none)]
    rows += [(found.label(number), count) for number, count in enumerate(found.within)]
    rows.append((f"{found.bound:.1f} s or later", found.beyond))
    wide = max(len(label) for label, _ in rows)
    space = max(10, width - wide - 10)
    most = max(1, *(count for _, count in rows))
    lines = [title]
    for label, count in rows:
        bar = "#" * max(1 if count else 0, round(count / most * space))
        lines.append(f"  {label:>{wide}}  {count:>4} {bar}".rstrip())
    return lines
