"""Compare the last figures with their budgets.

Run: python -m bench.speed.check

It exits 1 if a figure is over its budget, if a budget has no figure, or a figure no budget.
"""

import sys
import tomllib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Final

from bench.speed.results import LATEST, Results
from local.template import ROOT

BUDGETS: Final = ROOT / "bench/budgets.toml"
Figures = Mapping[str, Mapping[str, float]]


class BudgetsInvalid(Exception):
    """The file of budgets is not as it must be; the message says where."""


def budgets(path: Path = BUDGETS) -> Figures:
    """The most that each figure may be, by section and name. Raises `BudgetsInvalid`."""
    told = tomllib.loads(path.read_text())
    for section, names in told.items():
        if not isinstance(names, dict):
            raise BudgetsInvalid(f"{section} must be a section: [{section}] and `name = number`.")
        for name, most in names.items():
            if isinstance(most, bool) or not isinstance(most, int | float):
                raise BudgetsInvalid(f"{section}.{name} must be a number, and is {most!r}.")
    return told


def complaints(
    figures: Figures, most: Figures, *, sections: Collection[str] | None = None
) -> Iterator[str]:
    """What is over its budget, not measured, or without a budget.

    `sections` are those to look at; else all that have budgets.
    """
    for section in most if sections is None else sections:
        measured, allowed = figures.get(section, {}), most.get(section, {})
        for name in sorted({*measured, *allowed}):
            place = f"{section}.{name}"
            if name not in allowed:
                yield f"{place} is {measured[name]:.4g}, and has no budget in bench/budgets.toml."
            elif name not in measured:
                yield f"{place} has a budget of {allowed[name]:g}, and was not measured."
            elif measured[name] > allowed[name]:
                yield f"{place} is {measured[name]:.4g}, over its budget of {allowed[name]:g}."


def main(latest: Path = LATEST, allowed: Path = BUDGETS) -> int:
    """Print what is wrong, and say so by the exit code."""
    if not latest.exists():
        print("Nothing is measured yet; run `make bench`.", file=sys.stderr)
        return 1
    most = budgets(allowed)
    wrong = list(complaints(Results.kept(latest).figures, most))
    for line in wrong:
        print(line)
    if wrong:
        return 1
    print(f"All {sum(map(len, most.values()))} figures are within their budgets.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
