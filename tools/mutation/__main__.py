"""`python -m tools.mutation [MODULE …]`: run the mutants, and report the survivors.

`strict` stands for the modules that keep the rules, the tokens and the store. Without a module,
all that there are. A mutant meets its room's unit tests first, and those over a table where it
survives. The results of a room's last run stay under `.build/mutation`: with `--survivors`, only
what was not killed there meets the tests, such as tests written for it. So a run that was stopped
is finished, and what timed out beside other work is tried again.
"""

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from tools.mutation import report
from tools.mutation.mutants import STRICT, is_as_written, modules, named
from tools.mutation.source import LAYER, ROOT, arranged, path_of

_WORK: Final = ROOT / ".build/mutation"


def main() -> int:
    """Run what the command line asks for; 1 when something survived that may not."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutation", description=__doc__)
    parser.add_argument("modules", nargs="*", help="such as domain.ids, or strict")
    parser.add_argument(
        "--record", action="store_true", help="record the run, though it is not of all of strict"
    )
    parser.add_argument(
        "--survivors", action="store_true", help="only what the modules' last run did not kill"
    )
    given = parser.parse_args()
    asked = given.modules
    strict = [module for group in STRICT.values() for module in group]
    chosen = sorted({m for name in asked for m in (strict if name == "strict" else [name])})
    if unknown := {*chosen} - {*modules()}:
        parser.error(f"no such modules: {', '.join(sorted(unknown))}")
    if given.survivors and (changed := [m for m in chosen or modules() if not _is_as_run(m)]):
        parser.error(f"not run, or changed since: {', '.join(changed)}")
    fates: dict[str, report.Fate] = {}
    seconds = 0.0
    for room, found in groupby(chosen or modules(), key=lambda name: name.partition(".")[0]):
        part = list(found)
        if not given.survivors:
            _lay_out(room, part)
            _run("unit", room, part)
        _forget_survivors(part)
        _run("unit,integration", room, part)
        fates |= _fates(part)
        seconds += sum(sum(_meta(module)["durations_by_key"].values()) for module in part)
    recorded = given.record or {*strict} <= {*(chosen or modules())}
    options = [f"--{name}" for name in ("record", "survivors") if vars(given)[name]]
    return report.report(fates, seconds=seconds, recorded=recorded, asked=[*options, *asked])


def _folder(module: str) -> Path:
    """Where the mutants of a module's room are made and run."""
    return _WORK / module.partition(".")[0]


def _source(module: str) -> Path:
    """The copy of a module that mutmut reads."""
    return _folder(module) / path_of(module).relative_to(LAYER.parent)


def _results(module: str) -> Path:
    """The file that mutmut keeps a module's results in."""
    return _folder(module) / f"mutants/sojourn/{module.replace('.', '/')}.py.meta"


def _meta(module: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_results(module).read_text())
    return found


def _lay_out(room: str, chosen: Sequence[str]) -> None:
    """A folder for one room, without results, in which these modules are arranged for mutmut."""
    folder = _WORK / room
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in ROOT.iterdir():
        if not path.name.startswith("."):
            (folder / path.name).symlink_to(path)
    # mutmut knows a module by its path from here, and the tests know it by its import.
    shutil.copytree(LAYER, folder / LAYER.name, ignore=shutil.ignore_patterns("__pycache__"))
    for module in chosen:
        _source(module).write_text(arranged(path_of(module)))


def _is_as_run(module: str) -> bool:
    """Whether there are results of a module, and it has not changed since."""
    if not _results(module).exists():
        return False
    return _source(module).read_text() == arranged(path_of(module))


def _forget_survivors(chosen: Sequence[str]) -> None:
    """Keep the results of what was killed alone, so that mutmut runs the others.

    A function as it is written is run again with them.
    """
    for module in chosen:
        meta = _meta(module)
        codes = meta["exit_code_by_key"]
        names = named(module)
        open_ = {
            key
            for key, code in codes.items()
            if report.fate(code) != "killed" and not is_as_written(names[key])
        }
        functions = {names[key].partition(": ")[0] for key in open_}
        for key in codes:
            if key in open_ or names[key] in functions:
                codes[key] = None
        _results(module).write_text(json.dumps(meta, indent=4))


def _run(kinds: str, room: str, chosen: Sequence[str]) -> None:
    """Have a room's tests of these kinds meet the mutants that have no result yet."""
    # What mutmut knows of one choice of tests is not so of another.
    (_WORK / room / "mutants/mutmut-stats.json").unlink(missing_ok=True)
    command = [sys.executable, "-m", "tools.mutation.worker", kinds, room, *chosen]
    subprocess.run(command, cwd=_WORK / room, check=True)


def _fates(chosen: Sequence[str]) -> dict[str, report.Fate]:
    """By their names: the fates of the mutants of these modules."""
    found: dict[str, report.Fate] = {}
    for module in chosen:
        names = named(module)
        for key, code in _meta(module)["exit_code_by_key"].items():
            found[names[key]] = report.fate(code)
    return found


if __name__ == "__main__":
    sys.exit(main())
