"""Start Sojourn's functions: a handler called by a loop, or by Lambda's runtime client."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Protocol

from bench.peers import peer
from bench.peers.peer import BUILD, Process, Wrong
from bench.peers.runtime_api import RuntimeApi, runtime_api
from bench.speed.processes import environment
from local.template import ROOT

RUNTIME: Final = BUILD / "runtime"
"""Where AWS's runtime client is installed."""


class Function(Protocol):
    """One function, in a process of its own."""

    @property
    def process(self) -> Process:
        """Its process."""

    def cpu_ns(self) -> int:
        """CPU time until now."""

    def invoke(self, event: Mapping[str, Any]) -> Any:
        """The answer to an event."""


class InProcess:
    """A handler called by a loop around it; what counts is the CPU time of the calls alone."""

    def __init__(self, running: "subprocess.Popen[str]", process: Process) -> None:
        assert running.stdin is not None
        assert running.stdout is not None
        self._in, self._out = running.stdin, running.stdout
        self.process = process
        self._cpu_ns = 0

    def cpu_ns(self) -> int:
        """Of all calls."""
        return self._cpu_ns

    def invoke(self, event: Mapping[str, Any]) -> Any:
        """The handler's answer."""
        self._in.write(json.dumps(event) + "\n")
        self._in.flush()
        told = self._out.readline()
        if not told:
            raise Wrong("a handler's process ended; what it said is above")
        found = json.loads(told)
        self._cpu_ns += found["cpu_ns"]
        return found["answer"]


class UnderRuntime:
    """A handler under AWS's runtime client; its whole process counts."""

    def __init__(self, api: RuntimeApi, process: Process) -> None:
        self.process = process
        self.cpu_ns, self.invoke = process.cpu_ns, api.invoke


@contextmanager
def in_process(name: str, endpoint: str, _folder: Path) -> Iterator[Function]:
    """Its handler, called by a loop of ours."""
    began = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-m", "bench.peers.handlers", name],
        cwd=ROOT,
        env=environment(name, endpoint),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        running.stdout.readline()
        taken, cpu_s = time.monotonic() - began, peer.cpu_ns([running.pid]) / 1e9
        try:
            yield InProcess(running, Process([running.pid], taken, cpu_s))
        finally:
            running.kill()


@contextmanager
def under_runtime(name: str, endpoint: str, folder: Path) -> Iterator[Function]:
    """Its handler, called by AWS's runtime client."""
    task = ROOT / "functions" / name
    with runtime_api() as api:
        environ = {
            **environment(name, endpoint),
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.port}",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "LAMBDA_TASK_ROOT": str(task),
            "PYTHONPATH": os.pathsep.join(map(str, (task, RUNTIME))),
        }
        command = [sys.executable, "-m", "awslambdaric", "app.handler"]
        log = folder / f"{name}-{api.port}.log"
        ready = lambda: api.wait(0.01)  # noqa: E731 - it is one
        with peer.started(command, ready, log=log, cwd=task, environ=environ) as process:
            yield UnderRuntime(api, process)
