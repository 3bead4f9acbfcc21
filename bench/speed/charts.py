"""The plots of `docs/performance.md`, each as the text of an SVG."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bench import plot
from bench.plot import Axis, Bar, Bins, Line, Mark
from bench.speed.breakdown import SHOWN
from bench.speed.cases import MEASURED
from bench.speed.goals import GOALS
from bench.speed.results import Results
from bench.speed.sections import PLAIN, shares
from bench.speed.starts import COMPARED, STARTED


def all_of(found: Results) -> Iterator[tuple[str, str]]:
    """Each plot that there are figures for, by name."""
    if "cpu" in found.about:
        yield "ratios", ratios(found)
    if "breakdown" in found.about:
        for name, samples in found.data["breakdown"].items():
            yield f"breakdown-{name}", breakdown(SHOWN[name], samples)
    if "starts" in found.about:
        yield "starts", starts(found)
    if "sessions" in found.about:
        yield "sessions", sessions(found.data["sessions"])
    if "growth" in found.about:
        yield "growth", growth(found.data["growth"])
        yield "growth-cpu", growth_cpu(found.data["growth"])
    if "contended" in found.about:
        yield "throughput", throughput(found.data["crowds"])
        yield "conflicts", conflicts(found.data["crowds"])
        yield "partitions", partitions(found.data["spreads"])


def ratios(found: Results) -> str:
    """CPU of each operation over its floor, and the goals."""
    measured, goals = found.figures["cpu"], GOALS["cpu"]
    rows = []
    for case in MEASURED:
        rows.append(Bar(case.title, round(measured[case.name], 2), "measured"))
        rows.append(Bar(f"{case.title}: goal", goals[case.name], "goal"))
    axis = Axis("CPU over the floor's")
    return plot.bars("CPU of each operation over its floor", axis, rows, marks=[Mark(1, "floor")])


def breakdown(words: str, samples: Mapping[str, int]) -> str:
    """The shares of an operation's time."""
    rows = [Bar(name, round(100 * share, 1)) for name, share in shares(samples)]
    return plot.bars(f"Where the time of a {words} goes", Axis("% of CPU"), rows)


def starts(found: Results) -> str:
    """CPU of a start, of each function and of what it is compared with."""
    taken = found.figures["init_ms"]
    rows = [Bar("import boto3, client", round(taken[COMPARED], 1), "compared")]
    rows += [Bar(name, round(taken[name], 1), "function") for name in STARTED]
    return plot.bars("CPU of a cold start with bytecode", Axis("ms of CPU"), rows)


def sessions(points: Sequence[Mapping[str, Any]]) -> str:
    """CPU by a user's sessions."""
    names = {
        "validate_us": "validate",
        "validate_floor_us": "its floor",
        "list_us": "list",
        "list_floor_us": "the floor of list",
    }
    series = [Line(name, [(p["sessions"], p[key]) for p in points]) for key, name in names.items()]
    axes = Axis("sessions of the user", log=True), Axis("µs of CPU", log=True)
    return plot.lines("CPU by the sessions of a user", *axes, series)


def growth(points: Sequence[Mapping[str, Any]]) -> str:
    """Units and bytes by the number of users."""
    series = []
    for name, title in PLAIN.items():
        mine = [p for p in points if p["name"] == name]
        series.append(Line(f"{title}: units", [(p["users"], p["units"]) for p in mine]))
        series.append(Line(f"{title}: bytes", [(p["users"], p["size"]) for p in mine]))
    axes = Axis("users", log=True), Axis("units, bytes", log=True)
    return plot.lines("Units and bytes of one answer by the number of users", *axes, series)


def growth_cpu(points: Sequence[Mapping[str, Any]]) -> str:
    """CPU by the number of users."""
    series = [
        Line(title, [(p["users"], p["cpu_us"]) for p in points if p["name"] == name])
        for name, title in PLAIN.items()
    ]
    axes = Axis("users", log=True), Axis("µs of CPU", log=True)
    return plot.lines("CPU of one answer by the number of users", *axes, series)


def throughput(points: Sequence[Mapping[str, Any]]) -> str:
    """Logins a second by workers."""
    return plot.lines(
        "Throughput of logins on one machine",
        Axis("workers", log=True),
        Axis("logins / s"),
        [_of_kind(points, kind, "per_second") for kind in ("many", "one")],
    )


def conflicts(points: Sequence[Mapping[str, Any]]) -> str:
    """Conflicts per login by workers."""
    return plot.lines(
        "Conflicts per login",
        Axis("workers", log=True),
        Axis("conflicts / login"),
        [_of_kind(points, kind, "conflicts") for kind in ("many", "one")],
    )


def _of_kind(points: Sequence[Mapping[str, Any]], kind: str, what: str) -> Line:
    mine = [(p["workers"], p[what]) for p in points if p["kind"] == kind]
    return Line(f"{kind} user{'s' * (kind == 'many')}", mine)


def partitions(spreads: Sequence[Mapping[str, Any]]) -> str:
    """Writes by partition, the fullest first."""
    return plot.histogram(
        "Writes by partition, the fullest first",
        Axis("partition"),
        Axis("writes"),
        [Bins(each["name"], 0, 1, sorted(each["counts"], reverse=True)) for each in spreads],
    )
