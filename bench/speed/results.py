"""The figures of the last measurements, in a file that git ignores."""

import json
import os
import platform
import subprocess
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

from local.template import ROOT

LATEST: Final = ROOT / "bench/results/latest.json"


@dataclass(slots=True)
class Results:
    """Figures by section and name, such as `cpu` and `validate`; a part's run replaces its own."""

    figures: dict[str, dict[str, float]] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    """What is more than single figures: the points of plots, tables."""
    about: dict[str, dict[str, Any]] = field(default_factory=dict)
    """When and on what each part was measured."""

    @classmethod
    def kept(cls, path: Path = LATEST) -> Self:
        """Those of the file, none if there is no file."""
        if not path.exists():
            return cls()
        told = json.loads(path.read_text())
        return cls(**told)

    def begin(self, part: str, *sections: str) -> None:
        """Measure a part anew: its sections are emptied."""
        self.about[part] = machine()
        for section in sections:
            self.figures.pop(section, None)

    def note(self, section: str, name: str, value: float) -> None:
        """Keep a figure."""
        self.figures.setdefault(section, {})[name] = value

    def keep(self, path: Path = LATEST) -> None:
        """Write the file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n")


def machine() -> dict[str, Any]:
    """When, of which commit, on which processor and Python, and beside how much else."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit or "no commit",
        "python": platform.python_version(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
    }


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()
