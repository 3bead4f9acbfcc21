"""Put the figures of a run into `docs/peers.md`, and draw its plot."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench import plot
from bench.client.results import FOLDER, inserted, table
from bench.peers.peer import OPERATIONS
from bench.peers.texts import COMPARED, HANDLERS, ON_DATABASE, TITLES, WHY
from bench.plot import Axis, Bar
from local.template import ROOT

LATEST: Final = FOLDER / "peers.json"
"""Ignored by git."""
PAGE: Final = ROOT / "docs/peers.md"
ALIKE: Final = 0.1
"""Within it, two figures of one run are called equal: the machine has other work."""

Figures = Mapping[str, Any]
Costs = Mapping[str, Mapping[str, tuple[float, float]]]
"""Median and least milliseconds by operation and name."""


def keep(found: Figures, path: Path = LATEST) -> None:
    """Write the figures."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")


def kept(path: Path = LATEST) -> Figures:
    """Those of the last run."""
    found: Figures = json.loads(path.read_text())
    return found


def costs(found: Figures) -> Costs:
    """The figures of CPU, by operation and name."""
    made: dict[str, dict[str, tuple[float, float]]] = {each: {} for each in OPERATIONS}
    for each in found["cpu"]:
        made[each["operation"]][each["name"]] = each["median_ms"], each["least_ms"]
    return made


def parts(found: Figures) -> dict[str, str]:
    """The parts of the page that are figures, by the name of their mark."""
    return {
        "cpu": f"{table(*_cpu(costs(found)))}\n\n{_run(found)}",
        "compared": table(*_compared(found), words=3),
        "faster": "\n".join([*faster(costs(found)), *_argon2id(found)]),
        "starts": table(*_starts(found["starts"])),
    }


def faster(found: Costs) -> Iterator[str]:
    """For each operation, who takes less CPU than Sojourn, by how much, and why."""
    for operation in OPERATIONS:
        ours, title = found[operation][ON_DATABASE][0], TITLES[operation]
        of_peers = {name: ms for name, (ms, _) in found[operation].items() if name in COMPARED}
        less = {name: ms for name, ms in of_peers.items() if ms < ours * (1 - ALIKE)}
        for name, ms in less.items():
            why = WHY.get((name, operation), "")
            yield f"- **{title}: {name} takes {ms / ours:.2f} of Sojourn's CPU.** {why}".rstrip()
        alike = [name for name, ms in of_peers.items() if abs(ms / ours - 1) <= ALIKE]
        more = [
            f"{name} {ms / ours:.2f} times" for name, ms in of_peers.items() if name not in less
        ]
        if more:
            equal = f" Within a tenth, which is equal here: {', '.join(alike)}." if alike else ""
            none = "" if less else " No peer is faster."
            yield f"- {title}, of Sojourn's CPU: {', '.join(more)}.{none}{equal}"


def _cpu(found: Costs) -> tuple[list[str], list[list[str]]]:
    rows = [
        [name, *(f"{found[each][name][0]:.2f} ({found[each][name][1]:.2f})" for each in OPERATIONS)]
        for name in found[OPERATIONS[0]]
    ]
    return ["ms of CPU: median (least)", *(TITLES[each] for each in OPERATIONS)], rows


def _compared(found: Figures) -> tuple[list[str], list[list[str]]]:
    rows = []
    for name, told in COMPARED.items():
        if told.key in found["versions"]:
            sees = told.guarantee if found["sees_end"].get(name, True) else "**not**"
            rows.append([name, found["versions"][told.key], told.validates, sees])
    return ["", "versions", "a validation is", "and sees an end"], rows


def _argon2id(found: Figures) -> Iterator[str]:
    told = found["argon2id_ms"]
    if len(told) > 1:
        each = ", ".join(f"{name} {ms:.1f} ms" for name, ms in told.items())
        yield f"\nArgon2id alone, one verification in the same run: {each}."


def _starts(starts: Sequence[Figures]) -> tuple[list[str], list[list[str]]]:
    rows = [
        [
            each["name"],
            f"{each['ready_s']:.2f}",
            f"{each['ready_cpu_s']:.2f}",
            f"{each['idle_mib']:,}",
            f"{each['after_mib']:,}",
        ]
        for each in starts
        if each["name"] != HANDLERS
    ]
    return ["", "ready, s", "CPU till then, s", "MiB, filled and idle", "MiB after the run"], rows


def _run(found: Figures) -> str:
    about = found["about"]
    left = "".join(
        f" {name} was left out of this run: {why}" for name, why in found["left_out"].items()
    )
    return (
        f"`python -m bench.peers` on {about['date']} at {about['commit']}, "
        f"{found['rounds']} rounds: Python {about['python']}, {about['processor']}, "
        f"{about['cores']} cores, a load of {about['load']:.0f}.{left}"
    )


def draw(found: Figures) -> str:
    """The plot: a login is left out, as it would hide everything else."""
    rows = [
        Bar(f"{name}: {TITLES[each]}", ms, TITLES[each])
        for each in ("validate", "end_one")
        for name, (ms, _) in costs(found)[each].items()
    ]
    return plot.bars(
        "CPU of a validation and of ending a session", Axis("ms of CPU", log=True), rows
    )


def write(found: Figures, page: Path = PAGE) -> None:
    """Put the figures into the page, and the plot beside it."""
    folder = page.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    written = page.read_text()
    for name, part in parts(found).items():
        written = inserted(written, name, part)
    page.write_text(written)
    (folder / "cpu.svg").write_text(draw(found))
