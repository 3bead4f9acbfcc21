"""A chart of events over time: stacked bars, one for each part of a window."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

from sojourn_cli.console.words import plain_time

WIDTH: Final = 720
HEIGHT: Final = 160
GAP: Final = 2


@dataclass(frozen=True, slots=True)
class Window:
    """`parts` equal parts of time, up to now."""

    name: str
    parts: int
    seconds: int

    def start(self, now: float) -> float:
        """When it begins: its last part is the one that has now in it."""
        return (now // self.seconds + 1 - self.parts) * self.seconds


def window_of(name: str, seconds: float) -> Window:
    """A window of at least this long, in 24 parts of whole minutes."""
    return Window(name, 24, max(1, ceil(seconds / 24 / 60)) * 60)


WINDOWS: Final = {
    "day": Window("24 hours", 24, 3_600),
    "week": Window("7 days", 28, 6 * 3_600),
    "month": Window("30 days", 30, 24 * 3_600),
}


@dataclass(frozen=True, slots=True)
class Event:
    """Something of one kind that happened at a time, once or more often."""

    at: float
    kind: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of events that occur: its words, the number of its colour, and how many there are."""

    says: str
    number: int
    total: int


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle of the chart, in the colour with this number."""

    x: float
    y: float
    width: float
    height: float
    number: int
    says: str


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn, and the same as numbers: for each part its time and a count of each kind."""

    title: str
    kinds: tuple[Kind, ...]
    bars: tuple[Bar, ...]
    rows: tuple[tuple[str, tuple[int, ...]], ...]
    most: int
    ends: tuple[str, str]
    width: int = WIDTH
    height: int = HEIGHT


def chart(
    title: str, events: Sequence[Event], kinds: Mapping[str, str], *, window: Window, now: float
) -> Chart:
    """Events of the window; `kinds` are their words, in the order in which they are drawn.

    Kinds that do not occur are left out. Events of other kinds, or outside the window, are too.
    """
    start = window.start(now)
    counts = [dict.fromkeys(kinds, 0) for _ in range(window.parts)]
    for event in events:
        part = int((event.at - start) // window.seconds)
        if 0 <= part < window.parts and event.kind in kinds:
            counts[part][event.kind] += event.count
    totals = {kind: sum(count[kind] for count in counts) for kind in kinds}
    seen = [kind for kind in kinds if totals[kind]]
    shown = [
        Kind(kinds[kind], number, totals[kind]) for number, kind in enumerate(kinds) if totals[kind]
    ]
    most = max(sum(count.values()) for count in counts)
    times = [plain_time(start + part * window.seconds)[:-3] for part in range(window.parts)]
    rows = [
        (time, tuple(count[kind] for kind in seen))
        for time, count in zip(times, counts, strict=True)
    ]
    return Chart(
        title=title,
        kinds=tuple(shown),
        bars=tuple(_bars(rows, shown, most)),
        rows=tuple(row for row in rows if any(row[1])),
        most=most,
        ends=(times[0], times[-1]),
    )


def _bars(rows: list[tuple[str, tuple[int, ...]]], kinds: list[Kind], most: int) -> list[Bar]:
    wide = WIDTH / len(rows)
    bars = []
    for part, (time, counts) in enumerate(rows):
        floor = float(HEIGHT)
        for kind, count in zip(kinds, counts, strict=True):
            if count:
                high = HEIGHT * count / most
                floor -= high
                says = f"{time}: {kind.says}, {count}"
                bars.append(Bar(part * wide, floor, wide - GAP, high, kind.number, says))
    return bars
