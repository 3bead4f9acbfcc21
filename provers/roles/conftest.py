"""Fixture: one watched run of the end-to-end suite, for least privilege and for secrets."""

import re
import secrets
import subprocess
import sys
from dataclasses import dataclass

import pytest

from provers.conftest import ROOT
from provers.watched.record import VARIABLE, Run

HOOK = ROOT / "provers/watched/path"
SUITES = {
    "end to end": ("tests/e2e", []),
    # Beside the other, whose simultaneous logins have a deadline, and so behind it.
    "walks": ("tests/integration/service/test_roles.py", ["nice", "-n", "19"]),
}
"""What is watched; the walks have a judge of their own, and no stack."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What the suites did: how many tests passed in each, and what was seen."""

    password: str
    passed: dict[str, int]
    runs: dict[str, Run]


@pytest.fixture(scope="session")
def watched(
    tmp_path_factory: pytest.TempPathFactory, environment_without_aws: dict[str, str]
) -> Watched:
    """The end-to-end suite with each function as its role, and beside it the roles' own tests.

    Users' password is a new one, with signs that each way of writing it down escapes.
    """
    password = f"Kanarienvögel & {secrets.token_urlsafe(12)}+8%"
    folders = {name: tmp_path_factory.mktemp("watched") for name in SUITES}
    started = {
        name: subprocess.Popen(
            [*first, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", suite],
            cwd=ROOT,
            env={
                **environment_without_aws,
                "PYTHONPATH": str(HOOK) if suite == "tests/e2e" else "",
                "SOJOURN_PASSWORD": password,
                VARIABLE: str(folders[name]),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name, (suite, first) in SUITES.items()
    }
    passed = {name: _passed(process) for name, process in started.items()}
    return Watched(password, passed, {name: Run.of(folder) for name, folder in folders.items()})


def _passed(process: "subprocess.Popen[str]") -> int:
    printed, _ = process.communicate()
    assert process.returncode == 0, printed[-8_000:]
    found = re.search(r"(\d+) passed", printed)
    assert found is not None
    assert "skipped" not in printed
    return int(found[1])
