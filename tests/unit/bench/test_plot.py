"""Plots: where things are drawn, and that everybody can read them."""

import math
import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.plot import (
    DARK,
    LIGHT,
    PAPER,
    Axis,
    Bar,
    Bins,
    Line,
    Mark,
    bars,
    binned,
    histogram,
    lines,
)
from bench.scale import named, scale_of

SVG = "{http://www.w3.org/2000/svg}"
LOG = Axis("sessions", log=True)


def texts(svg: str) -> list[str]:
    """What is written in a plot."""
    return [each.text or "" for each in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def points(svg: str, kind: str) -> list[list[tuple[float, float]]]:
    """The points of each polyline or polygon."""
    found = ElementTree.fromstring(svg).iter(SVG + kind)
    return [
        [(float(x), float(y)) for x, y in (p.split(",") for p in each.attrib["points"].split())]
        for each in found
    ]


def contrast(one: str, other: str) -> float:
    """The contrast of two colours by WCAG 2."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_equal_ratios_are_equally_far_apart_on_logarithmic_axes() -> None:
    """On two logarithmic axes a power law is a straight line."""
    svg = lines("T", LOG, LOG, [Line("a", [(10.0**n, 100.0**n) for n in range(4)])])
    (path,) = points(svg, "polyline")
    steps = [(b[0] - a[0], a[1] - b[1]) for a, b in pairwise(path)]
    assert all(step == pytest.approx(steps[0], abs=0.2) for step in steps)
    assert steps[0][0] > 0
    assert steps[0][1] > 0


def test_titles_units_names_and_ticks_are_written() -> None:
    """A plot of lines says what it is, what its axes are, and which line is which."""
    series = [Line("always", [(1_000, 10), (1_000_000, 10_000)]), Line("feed", [(1_000, 40)])]
    svg = lines("Requests", LOG, Axis("requests / s", log=True), series, marks=[Mark(50, "goal")])
    assert {"Requests", "sessions", "requests / s", "always", "feed", "goal"} <= set(texts(svg))
    assert {"1k", "10k", "100k", "1M"} <= set(texts(svg))
    title = ElementTree.fromstring(svg).find(f"{SVG}title")
    assert title is not None
    assert title.text == "Requests"


def test_bars_are_as_long_as_their_values() -> None:
    """Bars begin at zero, so that twice the value is twice the length; each has its value."""
    svg = bars("T", Axis("µs"), [Bar("one", 21.0), Bar("two", 42.0)], marks=[Mark(50, "goal")])
    found = ElementTree.fromstring(svg).iter(f"{SVG}rect")
    one, two = (float(e.attrib["width"]) for e in found if e.attrib["class"] == "f0")
    assert two == pytest.approx(2 * one, abs=0.2)
    assert {"one", "21", "two", "42", "goal"} <= set(texts(svg))


def test_bars_of_a_series_share_a_colour() -> None:
    """Bars have the colour of their series, which the legend names."""
    rows = [Bar("a", 1, "ours"), Bar("b", 2, "theirs"), Bar("c", 3, "ours")]
    svg = bars("T", Axis("µs"), rows)
    drawn = [e.attrib["class"] for e in ElementTree.fromstring(svg).iter(f"{SVG}rect")]
    assert drawn[1:] == ["f0", "f1", "f0", "f0", "f1"]
    assert {"ours", "theirs"} <= set(texts(svg))


def test_logarithmic_bars_are_dots() -> None:
    """A logarithmic axis has no zero for a bar to begin at, so its values are dots."""
    svg = bars("T", Axis("µs", log=True), [Bar("one", 1.0), Bar("two", 1_000.0)])
    assert len(list(ElementTree.fromstring(svg).iter(f"{SVG}circle"))) == 2
    assert [e.attrib["class"] for e in ElementTree.fromstring(svg).iter(f"{SVG}rect")] == ["paper"]


def test_histogram_counts_every_value_once() -> None:
    """Values are counted by bins that begin at multiples of the width, edges in the upper one."""
    bins = binned("a", [0.5, 1.0, 1.9, 4.0], width=1.0)
    assert bins == Bins("a", 0.0, 1.0, [1, 2, 0, 0, 1])
    svg = histogram("T", Axis("seconds"), Axis("requests"), [bins], marks=[Mark(5, "bound")])
    (path,) = points(svg, "polygon")
    assert len(path) == 2 + 2 * 5
    assert path[0][1] == path[-1][1] == max(y for _, y in path)
    assert {"seconds", "requests", "bound"} <= set(texts(svg))


@given(st.lists(st.floats(0.001, 1e9), min_size=1), st.booleans())
def test_every_value_has_a_place_on_its_scale(values: list[float], log: bool) -> None:
    """A scale has room for all its values, in their order, and names from two to ten of them."""
    scale = scale_of(values, log=log)
    places = [scale.at(value) for value in sorted(values)]
    assert all(-1e-6 <= place <= 1 + 1e-6 for place in places)
    assert places == sorted(places)
    assert 2 <= len(scale.ticks) <= 10


@pytest.mark.parametrize(
    ("value", "name"),
    [(0, "0"), (0.05, "0.05"), (1, "1"), (250, "250"), (1_500_000, "1.5M"), (10_000, "10k")],
)
def test_values_are_named_shortly(value: float, name: str) -> None:
    """A value is named in at most three digits."""
    assert named(value) == name


@pytest.mark.parametrize("values", [[], [math.nan], [1.0, math.inf]])
def test_what_cannot_be_drawn_is_refused(values: list[float]) -> None:
    """No values, and values that are not finite, are errors and no empty plot."""
    with pytest.raises(ValueError, match="finite"):
        lines("T", Axis("x"), Axis("y"), [Line("a", [(1.0, each) for each in values])])


def test_logarithm_of_nothing_is_refused() -> None:
    """A value of zero has no place on a logarithmic axis."""
    with pytest.raises(ValueError, match="logarithmic"):
        lines("T", LOG, LOG, [Line("a", [(0.0, 1.0)])])


def test_text_is_text() -> None:
    """What is written is escaped."""
    svg = bars("a < b & c", Axis("µs"), [Bar("<script>", 1.0)])
    assert {"a < b & c", "<script>"} <= set(texts(svg))


def test_plots_load_nothing() -> None:
    """A plot has no script and no address but its name space's."""
    svg = lines("T", LOG, LOG, [Line("a", [(1, 1), (10, 10)])])
    assert "script" not in svg
    assert re.findall(r"[a-z]+://[^\"]+", svg) == ["http://www.w3.org/2000/svg"]


@pytest.mark.parametrize(("paper", "colours"), [(PAPER[0], LIGHT), (PAPER[1], DARK)])
def test_colours_are_readable(paper: str, colours: tuple[str, ...]) -> None:
    """Every series has at least the contrast of WCAG 2.1 for graphics, in light and in dark."""
    assert [each for each in colours if contrast(each, paper) < 3] == []


def test_lines_differ_by_more_than_colour() -> None:
    """Six lines have six dashes, for whoever does not tell their colours apart."""
    series = [Line(f"{n}", [(1, n + 1), (2, n + 2)]) for n in range(6)]
    svg = lines("T", Axis("x"), Axis("y"), series)
    dashes = [
        each.attrib.get("stroke-dasharray")
        for each in ElementTree.fromstring(svg).iter(f"{SVG}polyline")
    ]
    assert len(set(dashes)) == 6
