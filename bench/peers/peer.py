"""What a peer is asked, and the process that answers."""

import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from local.template import ROOT

BUILD: Final = ROOT / ".build/peers"
"""What is installed, and the data of a run. Ignored by git."""
PASSWORD: Final = "correct horse battery staple"
USERS: Final = 1_000
SESSIONS: Final = 10
"""Of each user, before anything is measured."""
OPERATIONS: Final = ("log_in", "validate", "list_own", "end_one")
_START_SECONDS: Final = 240.0


class NotRun(Exception):
    """A peer cannot be installed or started; the message says why."""


class Wrong(Exception):
    """A peer answered what it should not."""


class Peer(Protocol):
    """One service with its users, by number. Each operation raises `Wrong` if it fails."""

    @property
    def ready_s(self) -> float:
        """From its start to its first answer, by the clock on the wall."""

    @property
    def ready_cpu_s(self) -> float:
        """CPU time till then."""

    def log_in(self, user: int) -> None:
        """Begin a session by password, which the user has from here on."""

    def validate(self, user: int) -> None:
        """Ask whether the user's session stands, and whose it is."""

    def list_own(self, user: int) -> None:
        """The user's sessions; the others of them can be ended then."""

    def end_one(self, user: int) -> None:
        """End one other session of the user."""

    def cpu_ns(self) -> int:
        """CPU time until now."""

    def memory_mib(self) -> float:
        """Resident memory."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process, and those that it started until it was ready."""

    pids: Sequence[int]
    ready_s: float
    """From its start to its first answer, by the clock on the wall."""
    ready_cpu_s: float

    def cpu_ns(self) -> int:
        """User and system time of all threads, those that ended included."""
        return cpu_ns(self.pids)

    def memory_mib(self) -> float:
        """Resident memory."""
        found = 0
        for pid in self.pids:
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            found += sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))
        return found / 1024


def cpu_ns(pids: Sequence[int]) -> int:
    """CPU time by each process' own clock, numbered as clock_getcpuclockid(3) does on Linux."""
    return sum(time.clock_gettime_ns((~pid << 3) | 2) for pid in pids)


def _of_session(leader: int) -> list[int]:
    """The processes of a session. A program that starts by a shell script is its child."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.getsid(int(path.name)) == leader:
                found.append(int(path.name))
    return found


@contextmanager
def started(
    command: Sequence[str],
    ready: Callable[[], bool],
    *,
    log: Path,
    cwd: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Iterator[Process]:
    """A process from when it is ready until the block ends. Raises `NotRun`."""
    began = time.monotonic()
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        while not ready():
            if process.poll() is not None or time.monotonic() - began > _START_SECONDS:
                said = log.read_text(errors="replace")[-2000:]
                raise NotRun(f"`{command[0]}` did not start:\n{said}")
            time.sleep(0.005)
        taken, pids = time.monotonic() - began, _of_session(process.pid)
        yield Process(pids, taken, cpu_ns(pids) / 1e9)
    finally:
        with_children(process)


def with_children(process: "subprocess.Popen[bytes]") -> None:
    """End a process and what it started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def answers(port: int, path: str) -> Callable[[], bool]:
    """Whether a server on this machine answers a GET with 200."""

    def ready() -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return ready


def need(**programs: str) -> None:
    """Raise `NotRun` unless these programs are there; each with what to install."""
    for program, what in programs.items():
        if shutil.which(program) is None:
            raise NotRun(f"`{program}` is not on this machine: install {what}.")


def run(command: Sequence[str], *, cwd: Path, environ: Mapping[str, str] | None = None) -> str:
    """What a command prints. Raises `NotRun`."""
    done = subprocess.run(
        command, cwd=cwd, env=environ, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = (done.stdout + done.stderr).strip()[-1500:]
        raise NotRun(f"`{' '.join(command[:4])}` ended with {done.returncode}:\n{said}")
    return done.stdout


def free_port() -> int:
    """A port of the loopback that nothing uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
