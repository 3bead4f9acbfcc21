"""The imports of each Lambda function: CPU time, modules and third-party packages.

Run: python -m bench.function_imports [--rounds 5]

Each function is imported with bytecode in fresh interpreters. For comparison, so is `boto3` with a
DynamoDB client. Compare the rows of one run; the milliseconds depend on the machine.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from statistics import median
from typing import Any, Final

from bench.cold_import import CLIENT
from local.template import Template

COMPARED: Final = "boto3 and a DynamoDB client"
MEASURED: Final = """
import json, sys, time
began = time.process_time()
{code}
cpu = time.process_time() - began
packages = {{name.partition(".")[0] for name in sys.modules}} - sys.stdlib_module_names
packages -= {{name for name in packages if name.startswith("_")}}
print(json.dumps([cpu * 1e3, len(sys.modules), sorted(packages)]))
"""


def cases() -> Iterator[tuple[str, str]]:
    """What is compared with, and each function."""
    yield COMPARED, CLIENT
    for function in Template.read().functions():
        yield function.folder, f"import {function.module}"


def measure(code: str, rounds: int) -> tuple[float, int, list[str]]:
    """Median CPU in milliseconds, how many modules, and the packages that are not Python's own."""
    environ = {name: value for name, value in os.environ.items() if "BYTECODE" not in name}
    found: list[Any] = []
    for _ in range(rounds + 1):
        run = subprocess.run(
            [sys.executable, "-c", MEASURED.format(code=code)],
            env=environ,
            capture_output=True,
            text=True,
            check=True,
        )
        found.append(json.loads(run.stdout))
    # The first one wrote the bytecode.
    return median(cpu for cpu, _, _ in found[1:]), found[-1][1], found[-1][2]


def main() -> None:
    """Print one line for each function."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    print(f"{'':<30}{'ms CPU':>8}{'ratio':>8}{'modules':>9}  packages")
    floor = 0.0
    for name, code in cases():
        cpu, modules, packages = measure(code, rounds)
        floor = floor or cpu
        print(f"{name:<30}{cpu:>8.0f}{cpu / floor:>8.2f}{modules:>9}  {' '.join(packages)}")


if __name__ == "__main__":
    main()
