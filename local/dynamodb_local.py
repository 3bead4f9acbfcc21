"""Start AWS's DynamoDB Local: fetched by Maven, checked by digests, in memory."""

import contextlib
import hashlib
import http.client
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from local.template import ROOT

VERSION: Final = "3.1.0"
LIBRARIES: Final = ROOT / ".build" / f"dynamodb-local-{VERSION}"
_MAVEN: Final = ROOT / "local" / "maven"
SUMS: Final = _MAVEN / f"dynamodb-local-{VERSION}.sha256"
"""The digests of the files: `sha256sum *` of a download that was checked by hand."""
_MAIN: Final = "software.amazon.dynamodb.services.local.main.ServerRunner"
_SECONDS_TO_START: Final = 60.0
_SECONDS_TO_STOP: Final = 20.0
_UNKNOWN: Final = ("SSESpecification", "PointInTimeRecoverySpecification")


class Failed(Exception):
    """DynamoDB Local is not available; the message says what to do."""


@contextmanager
def running(folder: Path = LIBRARIES) -> Iterator[str]:
    """The address of an empty DynamoDB Local, until the block ends. Raises `Failed`."""
    _need("java", "a Java runtime, version 17 or later (Debian and Ubuntu: default-jre-headless)")
    libraries = _libraries(folder)
    port = _free_port()
    # It keeps a file of its own in the working directory, and what it says is for a failure alone.
    with tempfile.TemporaryDirectory(prefix="dynamodb-local-") as work:
        said = Path(work) / "said.log"
        with said.open("wb") as log:
            process = subprocess.Popen(
                [
                    *_ending_with_us(),
                    "java",
                    f"-Djava.library.path={folder}",
                    *("-cp", ":".join(str(path) for path in libraries)),
                    _MAIN,
                    *("-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(port)),
                ],
                cwd=work,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C is for us, who still have requests to answer before this one may go.
                start_new_session=True,
            )
        try:
            _wait_until_ready(port, process, said)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            try:
                process.wait(timeout=_SECONDS_TO_STOP)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def known(table: Mapping[str, Any]) -> dict[str, Any]:
    """A table's properties, without those that DynamoDB Local does not support."""
    return {name: value for name, value in table.items() if name not in _UNKNOWN}


def _need(program: str, what: str) -> None:
    if shutil.which(program) is None:
        raise Failed(f"DynamoDB Local needs `{program}`: install {what}, and run again.")


def _ending_with_us() -> list[str]:
    """Make Linux stop the program if this process is killed."""
    return ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []


def _libraries(folder: Path) -> list[Path]:
    """The jars and native libraries, downloaded once and checked each time."""
    if not folder.exists():
        _fetch(folder)
    sums = dict(line.split()[::-1] for line in SUMS.read_text().splitlines())
    for name, digest in sums.items():
        path = folder / name
        if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            raise Failed(
                f"{path} is not the file of DynamoDB Local {VERSION} that {SUMS.name} has. "
                f"Remove {folder}, and run again."
            )
    # Just what was looked at is on the path, whatever else lies in the folder.
    return [folder / name for name in sums if name.endswith(".jar")]


def _fetch(folder: Path) -> None:
    _need("mvn", "Maven, version 3.8 or later (Debian and Ubuntu: maven)")
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(dir=folder.parent, prefix="dynamodb-local-"))
    command = [
        "mvn",
        # -C: a file that is not as its repository's checksum has it is an error.
        *("-q", "-B", "-C", f"-Ddynamodb-local.version={VERSION}"),
        *("-f", str(_MAVEN / "pom.xml"), "dependency:copy-dependencies"),
        f"-DoutputDirectory={part}",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(part)
        raise Failed(f"Maven could not resolve DynamoDB Local {VERSION}:\n{done.stdout[-2000:]}")
    # Another may have fetched them meanwhile; whose files these are does not matter.
    with contextlib.suppress(OSError):
        part.rename(folder)
    shutil.rmtree(part, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(port: int, process: "subprocess.Popen[bytes]", said: Path) -> None:
    limit = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < limit:
        if process.poll() is not None:
            text = said.read_text(errors="replace")[-2000:]
            raise Failed(f"DynamoDB Local stopped with exit code {process.returncode}:\n{text}")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/")
            # It refuses what is not signed: an answer, all the same.
            connection.getresponse().read()
        except OSError:
            time.sleep(0.2)
        else:
            return
        finally:
            connection.close()
    raise Failed(f"DynamoDB Local did not answer within {_SECONDS_TO_START:.0f} s.")
