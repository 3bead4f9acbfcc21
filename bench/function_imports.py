"""The imports of each Lambda function: CPU time, modules and third-party packages.

Run: python -m bench.function_imports [--rounds 5]

Each function is imported with bytecode in fresh interpreters that see only the layer's packages.
For comparison, so is `boto3` with a DynamoDB client. The milliseconds are the least of the rounds;
they depend on the machine, so compare the rows of one run.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import packages_distributions
from typing import Final

from bench.cold_import import CLIENT
from local.template import ROOT, Template

COMPARED: Final = "boto3 and a DynamoDB client"
OF_BOTO3: Final = frozenset(
    {"boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3"}
)
MEASURED: Final = """
import json, sys, time
# Python takes a module that is None for one that is not installed.
sys.modules.update(dict.fromkeys(json.loads(sys.argv[1])))
began = time.process_time()
{code}
cpu = time.process_time() - began
print(json.dumps([cpu * 1e3, [name for name, module in sys.modules.items() if module]]))
"""


@dataclass(frozen=True, slots=True)
class Imported:
    """What a fresh interpreter has imported: milliseconds of CPU, and the modules' names."""

    cpu_ms: float
    modules: frozenset[str]

    @property
    def packages(self) -> frozenset[str]:
        """The packages beside Python's and ours."""
        found = {name.partition(".")[0] for name in self.modules}
        found = {name for name in found if not name.startswith("_")}
        return frozenset(found - sys.stdlib_module_names - {"sojourn", "functions"})


def imported(code: str, *, beside: Collection[str] = ()) -> Imported:
    """What that code imports, with the layer's packages and those `beside` alone."""
    hidden = [package for package in beside_the_layer() if package not in beside]
    environ = {name: value for name, value in os.environ.items() if "BYTECODE" not in name}
    run = subprocess.run(
        [
            sys.executable,
            "-c",
            MEASURED.format(code=code),
            json.dumps(beside_the_layer() if hidden is None else hidden),
        ],
        env=environ,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    cpu_ms, modules = json.loads(run.stdout)
    return Imported(cpu_ms, frozenset(modules))


@cache
def beside_the_layer() -> list[str]:
    """The packages that are installed here, and not in the layer."""
    pinned = (ROOT / "layers/core/requirements.txt").read_text()
    layer = {"sojourn", *re.findall(r"^([a-z][\w.-]*)==", pinned, re.MULTILINE)}
    return [
        package
        for package, distributions in packages_distributions().items()
        if layer.isdisjoint(re.sub(r"[-_.]+", "-", name).lower() for name in distributions)
    ]


def cases() -> Iterator[tuple[str, str]]:
    """What is compared with, and each function."""
    yield COMPARED, CLIENT
    for function in Template.read().functions():
        yield function.folder, f"import {function.module}"


def main() -> None:
    """Print one line for each function."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    print(f"{'':<30}{'ms CPU':>8}{'ratio':>8}{'modules':>9}  packages")
    floor = 0.0
    for name, code in cases():
        # The first one writes the bytecode.
        beside = OF_BOTO3 if name == COMPARED else frozenset()
        _, *found = [imported(code, beside=beside) for _ in range(rounds + 1)]
        cpu_ms = min(each.cpu_ms for each in found)
        floor = floor or cpu_ms
        packages = " ".join(sorted(found[0].packages))
        print(
            f"{name:<30}{cpu_ms:>8.0f}{cpu_ms / floor:>8.2f}{len(found[0].modules):>9}  {packages}"
        )


if __name__ == "__main__":
    main()
