"""The document of the figures, and its plots."""

import re
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.speed import breakdown, charts, page
from bench.speed.cases import COUNTED, MEASURED
from bench.speed.check import BUDGETS
from bench.speed.goals import GOALS
from bench.speed.growth import slope
from bench.speed.results import Results, machine
from bench.speed.sections import PLAIN, shares
from bench.speed.starts import COMPARED, STARTED


@pytest.fixture
def results() -> Results:
    """Figures of every part."""
    found = Results()
    for part, _ in page.PARTS:
        found.about[part] = machine()
    for section in ("cpu", "service_us", "floor_us", "instructions"):
        for case in MEASURED:
            found.note(section, case.name, 3.25)
    found.data["operations"] = {
        case.name: {"operations": ["GetItem"], "sent": 543, "received": 1_613} for case in COUNTED
    }
    for case in COUNTED:
        found.note("calls", case.name, 1)
    samples = {"botocore": 6, "sojourn.api.request": 1, "sojourn.api.route": 3}
    found.data["breakdown"] = dict.fromkeys(breakdown.SHOWN, samples)
    found.note("init_ms", COMPARED, 200)
    for section in ("init", "init_ms", "first_ms", "memory_mib", "modules"):
        for name in STARTED:
            found.note(section, name, 44)
    found.note("layer", "unpacked_mib", 31.7)
    found.data["layer"] = {"cryptography": 14_000_000}
    names = ("item", "read_units", "login_units", "validate_us", "validate_floor_us")
    more = ("validate_bytes", "list_us", "list_floor_us")
    found.data["sessions"] = [
        {"sessions": number, **dict.fromkeys((*names, *more), 10 * number)} for number in (1, 10)
    ]
    found.data["growth"] = [
        {"name": name, "users": users, "calls": 1, "units": 2, "size": 900, "cpu_us": 1_000}
        for name in PLAIN
        for users in (1_000, 10_000)
    ]
    about = {"logins": 8, "per_second": 50.0, "conflicts": 1.5, "refused": 1}
    found.data["crowds"] = [
        {"kind": kind, "workers": workers, **about}
        for kind in ("one", "many")
        for workers in (1, 4)
    ]
    found.data["spreads"] = [
        {"name": "logins", "writes": 4, "keys": 4, "hottest": 0.25, "counts": [1, 2, 1]}
    ]
    return found


def test_page_shows_every_part(results: Results, tmp_path: Path) -> None:
    """The page has a heading, figures and the machine of each part, and every image is written."""
    written = tmp_path / "performance.md"
    page.write(results, written)
    text = written.read_text()
    assert text.count("\n## ") == len(page.PARTS) + 1  # the spread of writes is beside its part
    assert text.count("`make bench` on ") == len(page.PARTS)
    assert "| validate | 3.25 | 3.25 | 3.25 | ≤ 1.8 | 3.25 | ≤ 1.7 |" in text
    images = re.findall(r"\]\(([\w/.-]+\.svg)\)", text)
    assert {Path(name).stem for name in images} == {name for name, _ in charts.all_of(results)}
    for name in images:
        ElementTree.parse(tmp_path / name)


def test_part_that_was_not_measured_is_left_out(results: Results) -> None:
    """A part without figures has no heading and no plots."""
    del results.about["growth"]
    assert "By the number of users" not in page.text(results)
    assert "growth" not in dict(charts.all_of(results))


def test_shares_are_of_packages_and_rooms() -> None:
    """Samples of one of our rooms are one share; shares sum up to 1, the largest first."""
    found = shares({"botocore": 6, "sojourn.api.request": 1, "sojourn.api.route": 3})
    assert found == [("botocore", 0.6), ("ours: api", 0.4)]


@pytest.mark.parametrize(("power", "expected"), [(0, 0), (1, 1), (0.5, 0.5)])
def test_slope_is_the_exponent(power: float, expected: float) -> None:
    """The slope of what grows with a power of the users is that power."""
    points = [(users, 7.0 * users**power) for users in (1_000, 10_000, 1_000_000)]
    assert slope(points) == pytest.approx(expected)


def test_budgets_name_the_goals() -> None:
    """The goal beside each budget is the page's, and each of the page's is beside its budget."""
    text, found = BUDGETS.read_text(), {}
    section = ""
    for line in text.splitlines():
        if heading := re.match(r"\[(\w+)\]", line):
            section = heading[1]
        elif goal := re.match(r"(\w+) = [\d._]+ +# goal ([\d.]+)", line):
            found[section, goal[1]] = float(goal[2])
    assert found == {(s, name): goal for s, names in GOALS.items() for name, goal in names.items()}
    budgets = tomllib.loads(text)
    assert all(name in budgets[section] for section, name in found)
