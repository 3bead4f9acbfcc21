"""Where a value is on an axis, and which values an axis names: linear, or by powers of ten."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_STEPS: Final = (1, 2, 5, 10)
_MOST: Final = 7
"""Ticks of an axis, at most."""
_SUFFIXES: Final = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps values from `low` to `high` to 0 to 1. `ticks` are the values that are named."""

    low: float
    high: float
    ticks: tuple[float, ...]
    log: bool = False

    def at(self, value: float) -> float:
        """The place of a value, from 0 to 1."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


def scale_of(values: Iterable[float], *, log: bool = False, zero: bool = False) -> Scale:
    """A scale with round ends that has room for these values, and for zero if it is asked for.

    Raises `ValueError` without values, for values that are not finite, and for values of zero or
    less if it is logarithmic.
    """
    known = sorted(values)
    if not known or not all(map(math.isfinite, known)):
        raise ValueError("A plot needs values, and each must be finite.")
    if log:
        return _logarithmic(known[0], known[-1])
    return _linear(min(known[0], 0.0) if zero else known[0], known[-1])


def named(value: float) -> str:
    """A value as an axis names it, in at most three digits: 0.05, 1, 250, 10k, 1.5M."""
    for size, suffix in _SUFFIXES:
        if abs(value) >= size * 0.9995:
            return f"{value / size:.3g}{suffix}"
    shown = f"{value:.3g}"
    return shown if "e" not in shown else f"{value:.0e}".replace("e-0", "e-")


def _logarithmic(low: float, high: float) -> Scale:
    if low <= 0:
        raise ValueError("A logarithmic axis has no place for values of zero or less.")
    first = math.floor(math.log10(low) + 1e-9)
    last = max(math.ceil(math.log10(high) - 1e-9), first + 1)
    if last - first > 2:
        every = math.ceil((last - first) / _MOST)
        ticks = [10.0**power for power in range(first, last + 1, every)]
    else:
        ticks = [step * 10.0**power for power in range(first, last) for step in _STEPS[:-1]]
        ticks.append(10.0**last)
    return Scale(10.0**first, 10.0**last, tuple(ticks), log=True)


def _linear(low: float, high: float) -> Scale:
    if high == low:
        high = low + (abs(low) or 1.0)
    rough = (high - low) / (_MOST - 2)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(each * power for each in _STEPS if each * power >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(round(number * step, 12) for number in range(first, last + 1))
    return Scale(ticks[0], ticks[-1], ticks)
