"""One instance of a built function, on AWS's runtime interface emulator and client."""

import contextlib
import http.client
import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from provers.artifacts.building import HOST
from provers.conftest import ROOT

START_SECONDS: Final = 30
_INVOKE: Final = "/2015-03-31/functions/function/invocations"
_TIMED_OUT: Final = re.compile(r"Task timed out after [\d.]+ seconds")


class FunctionError(Exception):
    """The handler raised, or the function did not even initialise, as Lambda tells it."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        super().__init__(f"{told['errorType']}: {told['errorMessage']}")
        self.told = told


class TimedOut(Exception):
    """The function took longer than it may."""


class Broken(Exception):
    """The emulator gave no answer that Lambda would."""


def program() -> Path:
    """The emulator, as it comes with the SAM CLI."""
    name = {"aarch64": "arm64"}.get(HOST, HOST)
    (found,) = ROOT.glob(f".venv-sam/lib/python3*/site-packages/samcli/local/rapid/*-rie-{name}")
    return found


@dataclass(frozen=True, slots=True)
class Place:
    """Where one function runs: its folder, an interpreter, and what there is to import from."""

    task: Path
    python: Path
    path: Sequence[Path]


class Emulator:
    """One instance. It takes one request at a time; a second at once would crash it."""

    def __init__(self, place: Place, environment: Mapping[str, str], log: Path) -> None:
        self._port, runtime_port = free_port(), free_port()
        self._log = log
        self._said = log.with_suffix(".emulator")
        command = [
            str(program()),
            *("--log-level", "info"),
            *("--runtime-interface-emulator-address", f"127.0.0.1:{self._port}"),
            *("--runtime-api-address", f"127.0.0.1:{runtime_port}"),
            *(str(place.python), "-m", "awslambdaric", "app.handler"),
        ]
        with log.open("wb") as out, self._said.open("wb") as said:
            self._process = subprocess.Popen(
                command,
                cwd=place.task,
                env={
                    **environment,
                    "PATH": os.environ["PATH"],
                    "PYTHONPATH": os.pathsep.join(map(str, place.path)),
                    # /var/task and /opt cannot be written to in Lambda.
                    "PYTHONDONTWRITEBYTECODE": "1",
                },
                stdout=out,
                stderr=said,
                # A signal to the terminal's group is the test's to handle, not the emulator's.
                start_new_session=True,
            )
        self._wait()

    def _wait(self) -> None:
        limit = time.monotonic() + START_SECONDS
        while time.monotonic() < limit:
            if self._process.poll() is not None:
                raise Broken(f"The emulator ended at once:\n{self._said.read_text()[-2000:]}")
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port)):
                return
            time.sleep(0.02)
        raise Broken("The emulator did not listen")

    def invoke(self, event: object, *, seconds: float = 60) -> Any:
        """The function's answer. Raises `FunctionError`, `TimedOut` or `Broken`."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=seconds)
        try:
            connection.request("POST", _INVOKE, json.dumps(event))
            response = connection.getresponse()
            text = response.read().decode()
        except (OSError, http.client.HTTPException) as error:
            raise Broken(f"{error!r}:\n{self._said.read_text()[-2000:]}") from error
        finally:
            connection.close()
        if _TIMED_OUT.search(text):
            raise TimedOut(text)
        try:
            answer = json.loads(text)
        except ValueError as error:
            raise Broken(f"{response.status} {text!r}") from error
        if isinstance(answer, dict) and "errorType" in answer:
            raise FunctionError(answer)
        if response.status != 200:
            raise Broken(f"{response.status} {text!r}")
        return answer

    def lines(self) -> list[str]:
        """What the function wrote and Lambda would log, START and REPORT included."""
        return self._log.read_text().splitlines()

    def initialisations(self) -> list[float]:
        """Milliseconds of each initialisation that there was."""
        told = re.findall(r"INIT REPORT\(durationMs: ([\d.]+)\)", self._said.read_text())
        return [float(milliseconds) for milliseconds in told]

    def close(self) -> None:
        """End the instance."""
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(timeout=10)


def free_port() -> int:
    """A port of the loopback that nothing uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
