"""Run scenarios in Debian's Chromium: the files `*.test.mjs`, over playwright-core and axe-core."""

import json
import os
import re
import shutil
import signal
import subprocess
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from provers.conftest import ROOT

BROWSER = ROOT / "provers/browser"
NOT_OURS = shutil.ignore_patterns("node_modules", "dist", "__pycache__")
BUDGETS = tomllib.loads((BROWSER / "budgets.toml").read_text())
Results = Mapping[str, str | None]
"""What each scenario found wrong, by its name; None if nothing."""


def scenarios(file: Path) -> list[str]:
    """The names of a file's scenarios."""
    return re.findall(r'^scenario\(\s*"(.+?)",', file.read_text(), re.MULTILINE)


def ran(command: list[str], folder: Path, **told: str) -> "subprocess.CompletedProcess[str]":
    """A command that has run in a folder."""
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **told},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )


def npm(folder: Path, *arguments: str) -> str:
    """What npm prints that has been told to do something in a folder."""
    assert shutil.which("npm"), "Node.js is needed: apt-get install nodejs npm"
    done = ran(["npm", *arguments], folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def prepared(folder: Path) -> Path:
    """The folder, with the scenarios and what they need."""
    shutil.copytree(BROWSER, folder, dirs_exist_ok=True, ignore=NOT_OURS)
    npm(folder, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    return folder


def played(
    folder: Path, files: Sequence[Path], told: Mapping[str, Any], **environment: str
) -> Results:
    """What came of each scenario of these files, in a prepared folder."""
    chromium = shutil.which("chromium")
    assert chromium, "A browser is needed: apt-get install chromium"
    names = [str(file.relative_to(BROWSER)) for file in files]
    command = ["node", "--test", "--test-reporter=./reporter.mjs", *names]
    known = {"chromium": chromium, "budgets": BUDGETS, **told}
    done = ran(command, folder, TOLD=json.dumps(known), **environment)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    expected = {name for file in files for name in scenarios(file)}
    assert {each["name"] for each in found} == expected, done.stderr
    return {each["name"]: each.get("wrong") for each in found}


@contextmanager
def console(command: list[str], **told: str) -> Iterator[str]:
    """The link that a command prints which runs `sojourn console`, until Ctrl-C."""
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **told},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
