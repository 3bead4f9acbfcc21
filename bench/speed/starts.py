"""Cold starts: fresh interpreters with bytecode, beside `import boto3` and a DynamoDB client.

CPU of import and composition, of the first answer over a warm one, peak memory and modules. The
stub speaks TLS, as DynamoDB does, with its authority among the usual ones: to load these takes
long, wherever it is done.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from bench.function_imports import OF_BOTO3, beside_the_layer
from bench.speed.processes import Bench, environment
from local.template import ROOT

COMPARED: Final = "boto3"
STARTED: Final = {
    "validate": "validate",
    "list_sessions": "list",
    "terminate": "terminate",
    "login": "login_api_key",
}
"""A case of each function."""


@dataclass(frozen=True, slots=True)
class Starts:
    """What the starts of one function took, round by round."""

    name: str
    found: list[Mapping[str, int]] = field(default_factory=list)

    def _median(self, name: str) -> float:
        return median(each[name] for each in self.found)

    @property
    def init_ms(self) -> float:
        """CPU of import and composition."""
        return self._median("init_ns") / 1e6

    @property
    def first_ms(self) -> float:
        """CPU of the first answer over a warm one."""
        return median(each["first_ns"] - each["warm_ns"] for each in self.found) / 1e6

    @property
    def peak_mib(self) -> float:
        """Peak memory after import and composition."""
        return self._median("peak_kib") / 1024

    @property
    def modules(self) -> int:
        """Modules imported by then, with those of the interpreter."""
        return round(self._median("modules"))

    def ratio(self, compared: "Starts") -> float:
        """The median of the rounds' ratios of CPU."""
        pairs = zip(self.found, compared.found, strict=True)
        return median(mine["init_ns"] / other["init_ns"] for mine, other in pairs)


def measure(bench: Bench, *, rounds: int) -> dict[str, Starts]:
    """Each function, and what is compared with, by name."""
    found = {name: Starts(name) for name in (COMPARED, *STARTED)}
    with TemporaryDirectory(prefix="sojourn-bytecode-") as bytecode:
        for name in found:
            started(bench, name, Path(bytecode), write=True)
        for _ in range(rounds):
            for name, starts in found.items():
                starts.found.append(started(bench, name, Path(bytecode)))
    return found


def started(bench: Bench, name: str, bytecode: Path, *, write: bool = False) -> Mapping[str, int]:
    """One start, with the bytecode of that folder, which it may `write`."""
    environ = environment("validate" if name == COMPARED else name, bench.endpoint)
    environ |= {
        "PYTHONPYCACHEPREFIX": str(bytecode),
        "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9",  # so it is composed at import
        "AWS_CA_BUNDLE": str(bench.authorities),
        "SSL_CERT_FILE": str(bench.authorities),
    }
    if not write:
        environ["PYTHONDONTWRITEBYTECODE"] = "1"
    more = () if name == COMPARED else (STARTED[name], str(bench.path))
    beside = OF_BOTO3 if name == COMPARED else frozenset()
    packages = ",".join(package for package in beside_the_layer() if package not in beside)
    done = subprocess.run(
        [sys.executable, "-m", "bench.speed.start", packages, name, *more],
        cwd=ROOT,
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"The start of {name} failed:\n{done.stderr}")
    taken: Mapping[str, int] = json.loads(done.stderr.splitlines()[-1])
    return taken
