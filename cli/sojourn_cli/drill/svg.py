"""The histograms of a drill as one SVG image."""

from collections.abc import Sequence
from typing import Final
from xml.sax.saxutils import escape

from sojourn_cli.drill.figures import PERCENTS, Found, bound
from sojourn_cli.drill.histogram import Histogram, histogram
from sojourn_cli.drill.measure import percentile

WIDTH: Final = 720
ROW: Final = 150
LEFT: Final = 24
BAR: Final = 48
GAP: Final = 6
HIGH: Final = 70
_STYLE: Final = """
    svg { font: 12px system-ui, sans-serif; background: #fff; }
    text { fill: #1f2328; } .quiet { fill: #656d76; } .title { font-weight: 600; }
    .bar { fill: #2f6fb0; } .beyond { fill: #c0392b; } .axis { stroke: #8c959f; }
    .bound { stroke: #c0392b; stroke-dasharray: 4 3; }
    @media (prefers-color-scheme: dark) {
      svg { background: #0d1117; } text { fill: #e6edf3; } .quiet { fill: #9198a1; }
      .bar { fill: #6cb0f0; } .beyond, .bound { fill: #ff7b72; stroke: #ff7b72; }
    }
"""


def svg(each: Sequence[Found]) -> str:
    """An image with one histogram a verifier, which needs nothing else."""
    high = ROW * len(each) + 34
    names = ", ".join(one.verifier.name for one in each)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {high}" role="img">',
        f"<title>Last acceptance after a session's end: {escape(names)}</title>",
        f"<style>{_STYLE}</style>",
        f'<text class="quiet" x="{LEFT}" y="22">Seconds from the 204 that acknowledged the end to '
        "the last request that was accepted; how many rounds</text>",
    ]
    for number, one in enumerate(each):
        lines += _panel(one, histogram(one.last_acceptances, one.verifier.bound), 34 + ROW * number)
    return "\n".join([*lines, "</svg>", ""])


def _panel(one: Found, found: Histogram, top: int) -> list[str]:
    values = one.last_acceptances
    shown = ", ".join(f"{name} {percentile(values, at):.2f} s" for name, at in PERCENTS.items())
    lines = [
        _text(LEFT, top + 18, f"{one.verifier.name}: bound {bound(one.verifier)}", "title"),
        _text(
            LEFT, top + 34, f"{shown}; {one.state.replace('_', ' ')}" if values else "none", "quiet"
        ),
    ]
    floor = top + 44 + HIGH
    counts = [("none", found.none, "bar")]
    counts += [(f"{found.label(n)}", count, "bar") for n, count in enumerate(found.within)]
    counts.append(("later", found.beyond, "beyond"))
    most = max(1, *(count for _, count, _ in counts))
    for place, (label, count, kind) in enumerate(counts):
        x = LEFT + place * (BAR + GAP)
        tall = HIGH * count / most * 0.8
        if count:
            bar = f'x="{x}" y="{floor - tall:.1f}" width="{BAR}" height="{tall:.1f}"'
            lines.append(
                f'<rect class="{kind}" {bar}><title>{escape(label)}: {count}</title></rect>'
            )
            lines.append(_text(x + BAR / 2, floor - tall - 4, str(count), "", "middle"))
    axis = LEFT + len(counts) * (BAR + GAP) - GAP
    lines.append(f'<path class="axis" d="M{LEFT} {floor}H{axis}"/>')
    lines.append(_text(LEFT + BAR / 2, floor + 15, "none", "quiet", "middle"))
    for edge in range(len(found.within) + 1) if found.within else ():
        seconds = f"{found.bound * edge / len(found.within):.3g}"
        at = LEFT + (edge + 1) * (BAR + GAP) - GAP / 2
        lines.append(_text(at, floor + 15, seconds, "quiet", "middle"))
    at = LEFT + (len(counts) - 1) * (BAR + GAP) - GAP / 2
    lines.append(f'<path class="bound" d="M{at} {floor - HIGH}V{floor}"/>')
    lines.append(_text(at + 4, floor - HIGH + 8, "bound", "quiet"))
    return lines


def _text(x: float, y: float, text: str, kind: str, anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(text)}</text>'
