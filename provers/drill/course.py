"""The local stack, applications as processes of their own, and the drill of them as a process."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from provers.conftest import ROOT
from tests.e2e.client.browser import reached
from tests.e2e.conftest import start

PROTECTED: Final = "examples/protected-api"
SOJOURN: Final = Path(sys.executable).parent / "sojourn"


@dataclass(frozen=True, slots=True)
class Course:
    """A running stack. `dev` is what its `dev.json` says."""

    folder: Path
    dev: dict[str, Any]
    stack: ExitStack

    @property
    def behind_authorizer(self) -> str:
        """A URL of the application behind the authorizer."""
        return f"{self.dev['application_url']}/who"

    def application(
        self, module: str, *, workers: int = 1, folder: Path = ROOT, **told: str
    ) -> str:
        """The URL of an application that uvicorn serves in processes of its own."""
        told |= {
            name.upper(): str(self.dev[name]) for name in ("base_url", "realm_id", "access_key")
        }
        return self.stack.enter_context(_served(module, workers, folder, told))

    def drill(self, *options: str) -> tuple[int, dict[str, Any]]:
        """The exit code of a drill, and its figures."""
        done = subprocess.run(
            [SOJOURN, "drill", "--local", "--realm", str(self.dev["realm_id"]), "--json", *options],
            env={**os.environ, "SOJOURN_LOCAL": str(self.folder)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)


@contextmanager
def course(folder: Path, *, ttl: int) -> Iterator[Course]:
    """A stack with an application behind its authorizer, until the block ends."""
    process, dev = start(0, folder, APPLICATION=PROTECTED, AUTHORIZER_TTL_SECONDS=str(ttl))
    try:
        with ExitStack() as stack:
            yield Course(folder, dict(dev), stack)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0


@contextmanager
def _served(module: str, workers: int, folder: Path, told: dict[str, str]) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    command = [sys.executable, "-m", "uvicorn", module, "--port", port, "--log-level", "warning"]
    process = subprocess.Popen(
        [*command, "--workers", str(workers)], cwd=folder, env={**os.environ, **told}
    )
    try:
        limit = time.monotonic() + 60
        while not reached(f"127.0.0.1:{port}"):
            if process.poll() is not None or time.monotonic() > limit:
                pytest.fail(f"{module} did not start")
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def applications(urls: dict[str, str]) -> Sequence[str]:
    """The options that name these applications."""
    return [word for name, url in urls.items() for word in ("--application", f"{name}={url}")]
