"""Where results are written, and how they come into docs/client-performance.md."""

import json
import platform
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
FOLDER: Final = ROOT / "bench/results"
"""Ignored by git: figures of one machine and one run."""
PAGE: Final = ROOT / "docs/client-performance.md"
PLOTS: Final = ROOT / "docs/client-performance"


def dated(found: dict[str, Any]) -> dict[str, Any]:
    """What was found, and how: the last line of its section."""
    used = ("pyjwt", "cryptography", "urllib3", "cachetools")
    versions = ", ".join(f"{name} {version(name)}" for name in used)
    date, python = datetime.now(UTC).date().isoformat(), platform.python_version()
    return {"run": f"`python -m bench.client` on {date}: Python {python}, {versions}.", **found}


def write(name: str, found: dict[str, Any], plot: str, *, folder: Path = FOLDER) -> None:
    """Write what was found as JSON, and its plot beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(found, indent=1, ensure_ascii=False)
    (folder / f"client-{name}.json").write_text(text + "\n")
    (folder / f"client-{name}.svg").write_text(plot)


def read(name: str, *, folder: Path = FOLDER) -> dict[str, Any]:
    """What the last run found."""
    found: dict[str, Any] = json.loads((folder / f"client-{name}.json").read_text())
    return found


def publish(
    name: str, text: str, plot: str, *, run: str, page: Path = PAGE, plots: Path = PLOTS
) -> None:
    """Put figures into the page, where it has a mark of their name, and write the plot."""
    plots.mkdir(parents=True, exist_ok=True)
    (plots / f"{name}.svg").write_text(plot)
    page.write_text(inserted(page.read_text(), name, f"{text}\n\n{run}"))


def inserted(page: str, name: str, text: str) -> str:
    """A page with this text in its marked place. Raises `ValueError` if it has none."""
    place = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
    changed, places = place.subn(lambda found: f"{found[1]}{text}\n{found[2]}", page)
    if places != 1:
        raise ValueError(f"the page has {places} places for {name}")
    return changed


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, words: int = 0) -> str:
    """A table in Markdown. The first column is words, and so are the last ones, if it is told."""
    numbers = len(head) - 1 - words
    lines = [head, ["---", *["---:"] * numbers, *["---"] * words], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def judged(value: float, goal: float) -> str:
    """A goal for what should be small, and whether it is met."""
    return f"≤ {goal:g}, {'met' if value <= goal else 'missed'}"
