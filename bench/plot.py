"""Plots as SVG: lines, bars and histograms, which documents show as images.

    lines("Requests", Axis("sessions", log=True), Axis("requests / s", log=True), [
        Line("always", [(1_000, 10.0), (1_000_000, 10_000.0)]),
    ])

Each function returns the text of a file that depends on its arguments alone, has no script and
refers to nothing. The colours follow the reader's preference for light or dark, and are told apart
by dashes and markers too. An axis' title names its unit.

Our own because pygal, the maintained library that needs no numeric stack, makes files that load a
script from another site and have one set of colours.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from bench.scale import Scale, named, scale_of

LIGHT: Final = ("#0067a5", "#c04b00", "#007a5a", "#9a3c94", "#8a6400", "#4f5d6b")
DARK: Final = ("#5cb3f0", "#ff9150", "#3fcf9f", "#e295dc", "#e2b13c", "#a9b7c4")
PAPER: Final = ("#ffffff", "#14181d")
"""The background, in light and in dark."""
_DASHES: Final = ("", "7 4", "2 3", "10 3 2 3", "14 4", "1 5")
_WIDTH: Final = 760
_HEIGHT: Final = 400
_TOP: Final = 66
_LEFT: Final = 70
_BOTTOM: Final = 52
_ROW: Final = 26
_BESIDE: Final = 64
"""Room for the value of the longest bar."""
_LETTER: Final = 6.6
"""The width of a usual letter of the labels."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A title with its unit, such as "requests / s", and whether each step is ten times more."""

    title: str
    log: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A series of points."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Bar:
    """A value with its label. Bars of the same `series` have the same colour."""

    label: str
    value: float
    series: str = ""


@dataclass(frozen=True, slots=True)
class Bins:
    """Counts of equally wide bins, the first of which begins at `start`."""

    name: str
    start: float
    width: float
    counts: Sequence[float]


@dataclass(frozen=True, slots=True)
class Mark:
    """A value to compare with, such as a goal: a dotted line across the plot."""

    value: float
    name: str


@dataclass(frozen=True, slots=True)
class _Frame:
    """The rectangle that the axes enclose, and their scales."""

    x: Scale
    y: Scale
    left: float
    right: float
    top: float
    bottom: float

    def across(self, value: float) -> float:
        return self.left + self.x.at(value) * (self.right - self.left)

    def up(self, value: float) -> float:
        return self.bottom - self.y.at(value) * (self.bottom - self.top)


def binned(name: str, values: Iterable[float], *, width: float) -> Bins:
    """Count values by bins of this width, whose edges are multiples of it."""
    numbers = [int(value // width) for value in values]
    if not numbers:
        raise ValueError("A plot needs values.")
    counts = [0] * (max(numbers) - min(numbers) + 1)
    for number in numbers:
        counts[number - min(numbers)] += 1
    return Bins(name, min(numbers) * width, width, counts)


def lines(
    title: str, x: Axis, y: Axis, series: Sequence[Line], *, marks: Sequence[Mark] = ()
) -> str:
    """Lines with a marker at each point; a linear y begins at zero. A mark is a value of y."""
    points = [point for line in series for point in line.points]
    names = [line.name for line in series]
    frame = _framed(
        scale_of((each for each, _ in points), log=x.log),
        scale_of([each for _, each in points] + [m.value for m in marks], log=y.log, zero=True),
        names,
    )
    parts = _axes(frame, x, y) + _marks_across(frame, marks)
    for number, line in enumerate(series):
        places = [(frame.across(a), frame.up(b)) for a, b in line.points]
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in places)
        parts.append(f'<polyline class="line s{number % 6}" points="{path}"{_dash(number)}/>')
        parts += [_marker(number, a, b) for a, b in places]
    return _document(title, parts + _legend(frame.right, names, marker=True))


def histogram(
    title: str, x: Axis, y: Axis, series: Sequence[Bins], *, marks: Sequence[Mark] = ()
) -> str:
    """Counts by bins, each series as an area. A mark is a value of x."""
    if x.log or y.log:
        raise ValueError("The areas of a histogram can be compared on linear axes alone.")
    edges = [e for b in series for e in (b.start, b.start + b.width * len(b.counts))]
    names = [bins.name for bins in series]
    frame = _framed(
        scale_of(edges + [mark.value for mark in marks]),
        scale_of((count for bins in series for count in bins.counts), zero=True),
        names,
    )
    parts = _axes(frame, x, y)
    for number, bins in enumerate(series):
        places = [(bins.start, 0.0)]
        for index, count in enumerate(bins.counts):
            left = bins.start + index * bins.width
            places += [(left, count), (left + bins.width, count)]
        places.append((places[-1][0], 0.0))
        path = " ".join(f"{frame.across(a):.1f},{frame.up(b):.1f}" for a, b in places)
        parts.append(f'<polygon class="area f{number % 6} s{number % 6}" points="{path}"/>')
    parts += _marks_up(frame, marks)
    return _document(title, parts + _legend(frame.right, names, marker=False))


def bars(title: str, x: Axis, rows: Sequence[Bar], *, marks: Sequence[Mark] = ()) -> str:
    """Horizontal bars from zero, one under another, each with its label and value.

    On a logarithmic axis, which has no zero, each is a dot at the end of a thin line.
    """
    values = [row.value for row in rows] + [mark.value for mark in marks]
    names = list(dict.fromkeys(row.series for row in rows if row.series))
    left = 24 + _LETTER * max(len(row.label) for row in rows)
    bottom = _TOP + 12 + _ROW * len(rows)
    shown = names if len(names) > 1 else []
    right = _WIDTH - max(_legend_width(shown), _BESIDE)
    scale = scale_of(values, log=x.log, zero=True)
    frame = _Frame(scale, Scale(0, 1, ()), left, right, _TOP, bottom)
    parts, values_shown = _axes(frame, x, None), []
    for index, row in enumerate(rows):
        number = names.index(row.series) % 6 if row.series else 0
        middle, end = _TOP + 6 + _ROW * (index + 0.5), frame.across(row.value)
        parts.append(_text(left - 8, middle + 4, row.label, "end"))
        if x.log:
            parts.append(f'<path class="line s{number}" d="M{left:.1f} {middle}H{end:.1f}"/>')
            parts.append(f'<circle class="f{number}" cx="{end:.1f}" cy="{middle}" r="5"/>')
        else:
            start, length = min(frame.across(0), end), abs(end - frame.across(0))
            parts.append(
                f'<rect class="f{number}" x="{start:.1f}" y="{middle - 8}" '
                f'width="{length:.1f}" height="16"/>'
            )
        values_shown.append(_text(end + 10, middle + 4, named(row.value)))
    parts += _marks_up(frame, marks) + values_shown + _legend(right, shown, marker=False)
    return _document(title, parts, bottom)


def _framed(x: Scale, y: Scale, names: Sequence[str]) -> _Frame:
    return _Frame(x, y, _LEFT, _WIDTH - _legend_width(names), _TOP, _HEIGHT - _BOTTOM)


def _legend_width(names: Sequence[str]) -> float:
    return max((76 + _LETTER * len(name) for name in names), default=0.0)


def _axes(frame: _Frame, x: Axis, y: Axis | None) -> list[str]:
    """The grid, what its lines are, and the titles of the axes; y may have none."""
    left, right, top, bottom = frame.left, frame.right, frame.top, frame.bottom
    parts = []
    for tick in frame.x.ticks:
        at = frame.across(tick)
        parts.append(f'<path class="grid" d="M{at:.1f} {top}V{bottom}"/>')
        parts.append(_text(at, bottom + 16, named(tick), "middle"))
    for tick in frame.y.ticks:
        at = frame.up(tick)
        parts.append(f'<path class="grid" d="M{left} {at:.1f}H{right}"/>')
        parts.append(_text(left - 8, at + 4, named(tick), "end"))
    parts.append(f'<path class="axis" d="M{left:.1f} {top}V{bottom}H{right}"/>')
    parts.append(_text((left + right) / 2, bottom + 38, x.title, "middle"))
    if y is not None:
        parts.append(_text(16, top - 22, y.title))
    return parts


def _marks_across(frame: _Frame, marks: Sequence[Mark]) -> list[str]:
    parts = []
    for mark in marks:
        at = frame.up(mark.value)
        parts.append(f'<path class="mark" d="M{frame.left} {at:.1f}H{frame.right}"/>')
        parts.append(_text(frame.right - 4, at - 5, mark.name, "end"))
    return parts


def _marks_up(frame: _Frame, marks: Sequence[Mark]) -> list[str]:
    parts = []
    for mark in marks:
        at = frame.across(mark.value)
        parts.append(f'<path class="mark" d="M{at:.1f} {frame.top}V{frame.bottom}"/>')
        parts.append(_text(at, frame.top - 5, mark.name, "middle"))
    return parts


def _legend(right: float, names: Sequence[str], *, marker: bool) -> list[str]:
    parts = []
    left = right + 20
    for number, name in enumerate(names):
        at = _TOP + 10 + 20 * number
        if marker:
            parts.append(
                f'<path class="line s{number % 6}" d="M{left:.1f} {at}h28"{_dash(number)}/>'
                + _marker(number, left + 14, at)
            )
        else:
            swatch = f'x="{left:.1f}" y="{at - 6}" width="28" height="12"'
            parts.append(f'<rect class="f{number % 6}" {swatch}/>')
        parts.append(_text(left + 36, at + 4, name))
    return parts


def _dash(number: int) -> str:
    dash = _DASHES[number % len(_DASHES)]
    return f' stroke-dasharray="{dash}"' if dash else ""


def _marker(number: int, x: float, y: float) -> str:
    """A disc, a square, a diamond or a triangle."""
    shapes = (
        "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0",
        "m-4 -4h8v8h-8z",
        "m0 -5l5 5l-5 5l-5 -5z",
        "m0 -5l5 9h-10z",
    )
    return f'<path class="f{number % 6}" d="M{x:.1f} {y:.1f}{shapes[number % len(shapes)]}"/>'


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _document(title: str, parts: Sequence[str], bottom: float = _HEIGHT - _BOTTOM) -> str:
    height = bottom + _BOTTOM
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:.0f}" '
        f'width="{_WIDTH}" height="{height:.0f}" role="img" aria-labelledby="title">\n'
        f'<title id="title">{escape(title)}</title>\n<style>\n{_STYLE}</style>\n'
        '<rect class="paper" width="100%" height="100%"/>\n'
        f'<text class="title" x="16" y="24">{escape(title)}</text>\n'
    )
    return head + "\n".join(parts) + "\n</svg>\n"


def _colours(paper: str, ink: str, grid: str, series: Sequence[str]) -> str:
    rules = [f".paper{{fill:{paper}}}text{{fill:{ink};stroke:{paper}}}.grid{{stroke:{grid}}}"]
    rules.append(f".axis,.mark{{stroke:{ink}}}")
    rules += [f".s{n}{{stroke:{each}}}.f{n}{{fill:{each}}}" for n, each in enumerate(series)]
    return "".join(rules)


_STYLE: Final = (
    "text{font:12px system-ui,sans-serif;paint-order:stroke;stroke-width:3px}"
    ".title{font-size:15px;font-weight:600}"
    ".line{fill:none;stroke-width:2}.area{fill-opacity:.35;stroke-width:1.5}"
    ".axis{fill:none}.mark{stroke-dasharray:2 4;stroke-width:1.5}\n"
    + _colours(PAPER[0], "#1c2126", "#dfe3e8", LIGHT)
    + "\n@media (prefers-color-scheme:dark){"
    + _colours(PAPER[1], "#e6eaee", "#313a44", DARK)
    + "}\n"
)
