"""Instructions of an operation and of its floor, which do not depend on the machine's load.

A process under `valgrind --tool=callgrind` answers some events, another twice as many: the
difference is theirs alone, without the start.
"""

import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from bench.speed.processes import Bench, environment
from local.template import ROOT

WARM: Final = 10
TIMES: Final = 30


def available() -> bool:
    """Whether valgrind is installed."""
    return shutil.which("valgrind") is not None


def per_answer(bench: Bench, name: str, kind: str, *, times: int = TIMES) -> float:
    """Instructions of one answer to a case by a function or by the floor."""
    with ThreadPoolExecutor(2) as pool:
        once = pool.submit(_collected, bench, name, kind, times)
        twice = pool.submit(_collected, bench, name, kind, 2 * times)
        return (twice.result() - once.result()) / times


def _collected(bench: Bench, name: str, kind: str, times: int) -> int:
    """Instructions of a whole process that answers so many events after some."""
    command = [
        "valgrind",
        "--tool=callgrind",
        "--callgrind-out-file=/dev/null",
        *(sys.executable, "-m", "bench.speed.worker", str(bench.path), kind),
    ]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment("login" if kind == "floor" else kind, bench.endpoint),
        input=f"{name} {WARM}\n{name} {times}\n",
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or found is None:
        raise SystemExit(f"valgrind did not count {name}:\n{done.stderr[-2000:]}")
    return int(found[1])
