"""`python -m tools.mutation [MODULE …]`: run the mutants, and report the survivors.

`strict` stands for the modules that keep the rules, the tokens and the store. Without a module,
all that there are.
"""

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

from tools.mutation import report
from tools.mutation.mutants import STRICT, modules, named
from tools.mutation.source import LAYER, ROOT, arranged, path_of

_WORK: Final = ROOT / ".build/mutation"


def main() -> int:
    """Run what the command line asks for; 1 when something survived that may not."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutation", description=__doc__)
    parser.add_argument("modules", nargs="*", help="such as domain.ids, or strict")
    asked = parser.parse_args().modules
    strict = [module for group in STRICT.values() for module in group]
    chosen = sorted({m for name in asked for m in (strict if name == "strict" else [name])})
    if unknown := {*chosen} - {*modules()}:
        parser.error(f"no such modules: {', '.join(sorted(unknown))}")
    began = time.monotonic()
    fates: dict[str, report.Fate] = {}
    for room, found in groupby(chosen or modules(), key=lambda name: name.partition(".")[0]):
        fates |= _run(room, list(found))
    recorded = {*strict} <= {*(chosen or modules())}
    return report.report(fates, seconds=time.monotonic() - began, recorded=recorded, asked=asked)


def _run(room: str, chosen: Sequence[str]) -> dict[str, report.Fate]:
    """By their names: what became of the mutants of one room's modules."""
    folder = _WORK / room
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in ROOT.iterdir():
        if not path.name.startswith("."):
            (folder / path.name).symlink_to(path)
    # mutmut knows a module by its path from here, and the tests know it by its import.
    shutil.copytree(LAYER, folder / LAYER.name, ignore=shutil.ignore_patterns("__pycache__"))
    for module in chosen:
        path = path_of(module)
        (folder / path.relative_to(LAYER.parent)).write_text(arranged(path))
    subprocess.run(
        [sys.executable, "-m", "tools.mutation.worker", room, *chosen], cwd=folder, check=True
    )
    found: dict[str, report.Fate] = {}
    for module in chosen:
        names = named(module)
        meta = folder / f"mutants/sojourn/{module.replace('.', '/')}.py.meta"
        for key, code in _exit_codes(meta).items():
            found[names[key]] = report.fate(code)
    return found


def _exit_codes(meta: Path) -> dict[str, int | None]:
    codes: dict[str, int | None] = json.loads(meta.read_text())["exit_code_by_key"]
    return codes


if __name__ == "__main__":
    sys.exit(main())
