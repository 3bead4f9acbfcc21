"""What the tests of one file did when they last ran, as long as nothing about them has changed."""

import hashlib
import pickle
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from tools.mutation.choice import Baseline
from tools.mutation.mutants import ROOT

_FILE: Final = ROOT / ".build/mutation.pickle"
_CODE: Final = ("layers/core/sojourn", "functions", "local", "tools/openapi")
_IMPORTED: Final = re.compile(r"^from (tests[\w.]*) import", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Remembered:
    """The baseline of one test file, and of what it was."""

    digest: str
    baseline: Baseline


def recall() -> dict[str, Remembered]:
    """By test file, what is remembered and still true."""
    try:
        known: dict[str, Remembered] = pickle.loads(_FILE.read_bytes())
    except (OSError, AttributeError, EOFError, pickle.UnpicklingError):
        return {}
    return {name: found for name, found in known.items() if found.digest == digest(name)}


def remember(measured: Baseline) -> None:
    """Keep what was measured for the next run."""
    known = recall()
    names = {test.partition("::")[0] for test in measured.seconds}
    for name in names:
        known[name] = Remembered(digest(name), _of_file(measured, name))
    _FILE.parent.mkdir(exist_ok=True)
    _FILE.write_bytes(pickle.dumps(known))


def together(baselines: Iterable[Baseline]) -> Baseline:
    """Several baselines as one."""
    seconds: dict[str, float] = {}
    lines: dict[str, dict[int, frozenset[str]]] = {}
    for baseline in baselines:
        seconds |= baseline.seconds
        for module, known in baseline.lines.items():
            mine = lines.setdefault(module, {})
            for line, tests in known.items():
                mine[line] = mine.get(line, frozenset()) | tests
    return Baseline(seconds=seconds, lines=lines)


def _of_file(measured: Baseline, name: str) -> Baseline:
    seconds = {t: took for t, took in measured.seconds.items() if t.partition("::")[0] == name}
    lines = {
        module: {line: tests & seconds.keys() for line, tests in known.items()}
        for module, known in measured.lines.items()
    }
    return Baseline(seconds=seconds, lines=lines)


@cache
def digest(name: str) -> str:
    """What a test file, all that it imports of the tests, and the code under test are."""
    found = hashlib.sha256()
    paths = [path for folder in _CODE for path in sorted((ROOT / folder).rglob("*.py"))]
    for path in [*paths, *sorted(_with_imports(ROOT / name, set()))]:
        found.update(path.read_bytes())
    return found.hexdigest()


def _with_imports(path: Path, seen: set[Path]) -> Iterator[Path]:
    if path in seen or not path.exists():
        return
    seen.add(path)
    yield path
    for conftest in (path.parent / "conftest.py", ROOT / "tests/integration/conftest.py"):
        yield from _with_imports(conftest, seen)
    for module in _IMPORTED.findall(path.read_text()):
        yield from _with_imports(ROOT / (module.replace(".", "/") + ".py"), seen)
    for module in re.findall(r"^from tests import (.*)$", path.read_text(), re.MULTILINE):
        for name in module.split(", "):
            yield from _with_imports(ROOT / f"tests/{name}.py", seen)
