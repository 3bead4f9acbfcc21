"""Start and ask the processes of a measurement: the stub, the services, the floor."""

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import botocore

from bench.speed.cases import BY_NAME
from bench.speed.stub import Call
from bench.speed.world import TABLES, World
from local import devfile
from local.aws import REGION
from local.template import ROOT, Template

NAMES: Final = {
    "DirectoryTable": TABLES["directory"],
    "SessionsTable": TABLES["sessions"],
    "AttemptsTable": TABLES["attempts"],
    "SigningKeysKey.Arn": f"arn:aws:kms:{REGION}:123456789012:key/bench",
}
"""The resources' names, by logical id."""


def environment(function: str, endpoint: str) -> dict[str, str]:
    """A function's environment: what the template and Lambda set, and where AWS is."""
    template = Template.read()
    known = {**template.defaults(), **NAMES, "PublicUrl": "https://sessions.example.com"}
    (found,) = (each for each in template.functions() if each.folder == function)
    resolved = template.resolved(dict(found.environment), known)
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "PYTHON", "SSL_CERT_"))
    }
    return {
        **kept,
        **{name: str(value) for name, value in resolved.items()},
        "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
        "AWS_ENDPOINT_URL_KMS": endpoint,
        "AWS_ACCESS_KEY_ID": "ASIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        # As long as those of a function's role.
        "AWS_SESSION_TOKEN": "IQoJb3JpZ2luX2VjE" * 40,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_LAMBDA_FUNCTION_NAME": function,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(found.memory),
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": str(ROOT),
    }


class Asked:
    """A worker: it answers a case so many times, when asked."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._in, self._out = process.stdin, process.stdout
        self.pid = process.pid
        self._out.readline()

    def run(self, name: str, times: int, user: int | None = None) -> float:
        """Nanoseconds of CPU of one answer. Stops the bench if the last is not as expected.

        With the number of a user, it answers so many users once each, from this one, and tells the
        least of them.
        """
        found = self.tell(f"{name} {times}" if user is None else f"{name} {times} {user}")
        if found["last"]["statusCode"] != BY_NAME[name].status:
            raise SystemExit(f"{name} answered {found['last']}")
        return float(found["cpu_ns"]) / times

    def answer(self, name: str) -> Mapping[str, Any]:
        """The answer to a case."""
        last: Mapping[str, Any] = self.tell(f"{name} 1")["last"]
        return last

    def tell(self, asked: str) -> Mapping[str, Any]:
        """What the process says to a line."""
        self._in.write(asked + "\n")
        self._in.flush()
        told = self._out.readline()
        if not told:
            raise SystemExit(f"A worker ended at {asked!r}; what it said is above.")
        found: Mapping[str, Any] = json.loads(told)
        return found


class Bench:
    """A stub with a world, and the workers that were started for it."""

    def __init__(self, stack: ExitStack, world: World, *, secure: bool, before: str | None) -> None:
        self._stack = stack
        self.world = world
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="sojourn-bench-")))
        self.path = folder / "world.json"
        world.write(self.path)
        more = ["--tls", str(folder)] if secure else []
        more += [] if before is None else ["--before", before]
        stub = stack.enter_context(self._started("bench.speed.stub", os.environ, *more))
        assert stub.stdout is not None
        self.port = int(stub.stdout.readline())
        self.endpoint = f"http{'s' * secure}://127.0.0.1:{self.port}"
        self.authorities = folder / "authorities.pem"
        """The usual authorities' certificates, and that of a stub that speaks TLS."""
        if secure:
            usual = Path(botocore.__file__).with_name("cacert.pem").read_text()
            self.authorities.write_text(usual + (folder / devfile.CA).read_text())

    def worker(self, kind: str) -> Asked:
        """A new worker until the bench ends: the floor's, or a function's."""
        return self._stack.enter_context(self.working(kind))

    @contextmanager
    def working(self, kind: str, *under: str) -> Iterator[Asked]:
        """A new worker until the block ends, as another program's argument if there is one."""
        environ = environment("login" if kind == "floor" else kind, self.endpoint)
        with self._started("bench.speed.worker", environ, kind, under=under) as process:
            yield Asked(process)

    @contextmanager
    def crowd(self) -> Iterator[Callable[[str], Any]]:
        """Many logins at once: what to ask for, and what is told."""
        environ = environment("login", self.endpoint)
        with self._started("bench.speed.crowd", environ) as process:
            yield Asked(process).tell

    def breakdown(self, name: str) -> Mapping[str, int]:
        """Samples of a case's CPU time, by owner."""
        function = BY_NAME[name].function
        environ = environment(function, self.endpoint)
        with self._started("bench.speed.breakdown", environ, name) as process:
            told, _ = process.communicate()
        found: Mapping[str, int] = json.loads(told)["samples"]
        return found

    def calls(self) -> Sequence[Call]:
        """The requests since this was last asked."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request("GET", "/calls")
        found: Sequence[Call] = json.loads(connection.getresponse().read())
        connection.close()
        return found

    @contextmanager
    def _started(
        self, module: str, environ: Mapping[str, str], *more: str, under: Sequence[str] = ()
    ) -> Iterator["subprocess.Popen[str]"]:
        process = subprocess.Popen(
            [*under, sys.executable, "-m", module, str(self.path), *more],
            cwd=ROOT,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL if under else None,
            text=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()


@contextmanager
def bench(world: World, *, secure: bool = False, before: str | None = None) -> Iterator[Bench]:
    """A stub with that world, and its workers, until the block ends.

    `secure`: it speaks TLS. `before`: the address of the DynamoDB that it passes requests on to.
    """
    with ExitStack() as stack:
        yield Bench(stack, world, secure=secure, before=before)
