"""Instructions of an operation and of its floor, which do not depend on the machine's load.

The processes run under `valgrind --tool=callgrind`, which counts while events are answered and not
while packages are imported.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench.speed.cases import BY_NAME, MEASURED, Case
from bench.speed.processes import Asked, Bench

_WARM: Final = 5
_MOST: Final = 30
_ENOUGH: Final = 300_000_000
"""Instructions in which what comes once, such as a collection of garbage, is no matter."""


class NotCounted(Exception):
    """There is no valgrind, or it cannot be told when to count; the message says which."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Instructions of one answer, of the service and of its floor."""

    case: Case
    service: float
    floor: float

    @property
    def ratio(self) -> float:
        """How many times its floor an operation costs."""
        return self.service / self.floor


class _Worker:
    """A worker under valgrind. It counts only while it is asked."""

    def __init__(self, asked: Asked, out: Path) -> None:
        self._asked = asked
        self._out = out
        self._dumps = 0

    def per_answer(self, case: Case) -> float:
        """Instructions of one answer."""
        self._asked.run(case.name, _WARM)
        once = self._count(case, 1)
        times = min(_MOST, max(1, round(_ENOUGH / once)))
        return self._count(case, times) / times

    def _count(self, case: Case, times: int) -> int:
        self._tell("--instr=on")
        self._asked.run(case.name, times)
        self._tell("--instr=off")
        self._tell("--dump")
        self._dumps += 1
        dumped = Path(f"{self._out}.{self._dumps}").read_text()
        found = re.search(r"^totals: (\d+)", dumped, re.MULTILINE)
        if found is None:
            raise NotCounted("valgrind wrote no total.")
        return int(found[1])

    def _tell(self, what: str) -> None:
        """Tell valgrind, which a tracer's rights take (in a container, SYS_PTRACE)."""
        done = subprocess.run(
            ["callgrind_control", what, str(self._asked.pid)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode or "OK" not in done.stdout:
            raise NotCounted(f"callgrind_control {what} failed: {done.stdout}{done.stderr}")


def available() -> bool:
    """Whether valgrind is installed."""
    return shutil.which("valgrind") is not None and shutil.which("callgrind_control") is not None


def count(bench: Bench, cases: Sequence[Case] = MEASURED) -> Iterator[Counted]:
    """Each case. Raises `NotCounted`."""
    if not available():
        raise NotCounted("valgrind is not installed.")
    by_function: dict[str, list[Case]] = {}
    for case in cases:
        by_function.setdefault(case.function, []).append(case)
    with _worker(bench, "floor") as floor:
        for function, its in by_function.items():
            with _worker(bench, function) as service:
                for case in its:
                    less = floor.per_answer(BY_NAME[case.less]) if case.less else 0.0
                    of_service, of_floor = service.per_answer(case), floor.per_answer(case)
                    yield Counted(case, of_service - less, of_floor - less)


@contextmanager
def _worker(bench: Bench, kind: str) -> Iterator[_Worker]:
    with TemporaryDirectory(prefix="sojourn-callgrind-") as folder:
        out = Path(folder) / "counted"
        command = ("valgrind", "--tool=callgrind", f"--callgrind-out-file={out}")
        with bench.working(kind, *command, "--instr-atstart=no") as asked:
            yield _Worker(asked, out)
