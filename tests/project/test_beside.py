"""`tools/beside.py`: two commands side by side; both must succeed, and Ctrl-C stops both."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

WAITING = """
import pathlib, sys, time
pathlib.Path(sys.argv[1]).write_text("waiting")
try:
    time.sleep(60)
finally:
    pathlib.Path(sys.argv[1]).write_text("stopped")
"""


def beside(log: Path, silent: list[str], speaking: list[str]) -> "subprocess.Popen[str]":
    """`tools.beside` with two commands of this Python."""
    commands = [sys.executable, *silent, "--", sys.executable, *speaking]
    return subprocess.Popen(
        [sys.executable, "-m", "tools.beside", str(log), *commands],
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(("silent", "speaking"), [(0, 0), (3, 0), (0, 4)])
def test_each_suite_counts(tmp_path: Path, silent: int, speaking: int) -> None:
    """Both are shown, the silent one after the other, and the failure of either is the run's."""
    process = beside(
        tmp_path / "log",
        ["-c", f"print('silent'); raise SystemExit({silent})"],
        ["-c", f"print('speaking'); raise SystemExit({speaking})"],
    )
    said, _ = process.communicate(timeout=30)
    assert said.split() == ["speaking", "silent"]
    assert process.returncode == silent or process.returncode == speaking
    assert (process.returncode == 0) == (silent == speaking == 0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupt_stops_both(tmp_path: Path, number: signal.Signals) -> None:
    """One interrupt reaches both, which stop what they started before the run ends."""
    marks = [tmp_path / "silent", tmp_path / "speaking"]
    process = beside(tmp_path / "log", *(["-c", WAITING, os.fspath(mark)] for mark in marks))
    limit = time.monotonic() + 30
    while not all(mark.exists() and mark.read_text() == "waiting" for mark in marks):
        assert time.monotonic() < limit
        time.sleep(0.02)
    process.send_signal(number)
    process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGINT
    assert [mark.read_text() for mark in marks] == ["stopped", "stopped"]
