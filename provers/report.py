"""Write `docs/proof.md` from the figures that the proofs recorded.

A proof records one section as JSON; `python -m provers.report` makes the page of all of them. A
quick run, which has fewer rounds (`QUICK=1`), leaves the published figures as they are and writes
its own under `.build/`.
"""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
SECTIONS: Final = (
    "contract",
    "dynamodb-local",
    "concurrency",
    "feed",
    "drill",
    "faults",
    "least-privilege",
    "artifacts",
    "runtime",
    "cold-starts",
    "template",
    "supply-chain",
    "secrets",
    "fuzz",
    "mutation",
)
"""Every section that there may be, in the page's order."""
_HEAD: Final = """# What is proved

Written by `make prove` and `make mutate`, never by hand: each section's figures come from the run
that its last line names. `QUICK=1` has fewer rounds, as in CI, and writes under `.build/`; a
section that names it has not had its full run yet.
"""


def _commit() -> str:
    """The commit at hand, and whether the tree has changes beside it."""

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
        ).stdout.strip()

    commit = git("rev-parse", "--short", "HEAD") or "no commit"
    code = ("layers", "functions", "cli", "client", "local", "tests", "provers", "tools")
    changed = git("status", "--porcelain", "--untracked-files=no", "--", *code, "template.yaml")
    return f"{commit} with changes" if changed else commit


@dataclass(frozen=True, slots=True)
class Table:
    """Columns and rows of figures. A row's first cell says what it is about."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str | int]]


@dataclass(frozen=True, slots=True)
class Section:
    """What one proof found: a title, a few sentences of what was done, and figures."""

    title: str
    text: str
    tables: Sequence[Table] = ()
    command: str = field(default_factory=lambda: "make prove QUICK=1" if quick() else "make prove")
    versions: Mapping[str, str] = field(default_factory=dict)
    """Of what the proof stands on beside Python, such as `{"DynamoDB Local": "3.1.0"}`."""
    date: str = field(default_factory=lambda: datetime.now(UTC).date().isoformat())
    commit: str = field(default_factory=_commit)
    python: str = field(default_factory=platform.python_version)


def quick() -> bool:
    """Whether this run is to have fewer rounds."""
    return bool(os.environ.get("QUICK"))


def rounds(*, full: int, quickly: int) -> int:
    """How many rounds this run is to have."""
    return quickly if quick() else full


def versions(*distributions: str) -> dict[str, str]:
    """The installed versions of Python distributions, for a section's `versions`."""
    return {name: version(name) for name in distributions}


def page() -> Path:
    """The page that this run writes."""
    return ROOT / (".build/proof.md" if quick() else "docs/proof.md")


def record(name: str, section: Section) -> None:
    """Write what a proof found. `name` is one of `SECTIONS`."""
    if name not in SECTIONS:
        raise ValueError(f"{name!r} is not among SECTIONS in provers/report.py")
    path = page().with_suffix("") / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(section), indent=1, ensure_ascii=False) + "\n")


def recorded(folder: Path) -> list[dict[str, Any]]:
    """Every section that was recorded, in the page's order."""
    paths = [folder / f"{name}.json" for name in SECTIONS]
    return [json.loads(path.read_text()) for path in paths if path.exists()]


def render(sections: Sequence[Mapping[str, Any]]) -> str:
    """The page."""
    return "\n".join([_HEAD, *(_section(section) for section in sections)])


def _section(section: Mapping[str, Any]) -> str:
    lines = [f"## {section['title']}", "", section["text"].strip(), ""]
    for table in section["tables"]:
        lines += [_row(table["columns"]), _row("---" for _ in table["columns"])]
        lines += [*(_row(row) for row in table["rows"]), ""]
    used = {"Python": section["python"], **section["versions"]}
    with_versions = ", ".join(f"{name} {number}" for name, number in used.items())
    lines.append(
        f"`{section['command']}` on {section['date']} at {section['commit']}: {with_versions}.\n"
    )
    return "\n".join(lines)


def _row(cells: Any) -> str:
    shown = (f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in cells)
    return f"| {' | '.join(shown)} |"


def main() -> int:
    """Write the page of what was recorded."""
    path = page()
    sections = recorded(path.with_suffix(""))
    if not sections:
        print("Nothing is recorded; run `make prove`.", file=sys.stderr)
        return 1
    path.write_text(render(sections))
    print(f"Figures: {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
