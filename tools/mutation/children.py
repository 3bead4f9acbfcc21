"""Processes that meet one mutant each: forked, limited, and asked what came of it."""

import os
import resource
import select
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from tools.mutation.mutants import Mutant

Fate = Literal["killed", "timed out", "survived"]
_CPU_SECONDS: Final = 20


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a mutant, and by which test."""

    mutant: Mutant
    fate: Fate
    by: str = ""


@dataclass(frozen=True, slots=True)
class _Child:
    mutant: Mutant
    pipe: int
    until: float


Meet = Callable[[Mutant], str | None]
"""Meet a mutant, in a process of its own; the test that killed it."""


def outcomes(
    mutants: Iterable[tuple[Mutant, float]], meet: Meet, *, jobs: int, spare: int = _CPU_SECONDS
) -> Iterator[Outcome]:
    """What becomes of each, `jobs` at a time; with each comes how long its tests took before.

    `spare`: the seconds of CPU that each may use beside five times those.
    """
    waiting = iter(mutants)
    running: dict[int, _Child] = {}
    while True:
        while len(running) < jobs and (following := next(waiting, None)) is not None:
            mutant, seconds = following
            pid, pipe = _fork(mutant, meet, spare + 5 * seconds)
            # A child that waits for a lock uses no CPU; others use this machine too.
            until = time.monotonic() + 120 + 40 * seconds
            running[pid] = _Child(mutant, pipe, until)
        if not running:
            return
        select.select([child.pipe for child in running.values()], [], [], 0.5)
        for pid, child in list(running.items()):
            if time.monotonic() > child.until:
                os.kill(pid, signal.SIGKILL)
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                del running[pid]
                yield _outcome(child, status)


def _fork(mutant: Mutant, meet: Meet, seconds: float) -> tuple[int, int]:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    os.close(reading)
    status = 3
    try:
        limit = int(seconds)
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 1))
        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        sys.setrecursionlimit(600)
        by = meet(mutant)
        os.write(writing, (by or "").encode()[:4000])
        status = 0 if by is None else 1
    except BaseException as error:  # noqa: BLE001 - whatever it is, the mutant did not pass
        os.write(writing, f"{type(error).__name__}: {error}".encode()[:4000])
        status = 1
    finally:
        os._exit(status)


def _outcome(child: _Child, status: int) -> Outcome:
    by = os.read(child.pipe, 4096).decode(errors="replace")
    os.close(child.pipe)
    if os.WIFSIGNALED(status):
        return Outcome(child.mutant, "timed out", signal.Signals(os.WTERMSIG(status)).name)
    if os.WEXITSTATUS(status) == 0:
        return Outcome(child.mutant, "survived")
    return Outcome(child.mutant, "killed", by)
