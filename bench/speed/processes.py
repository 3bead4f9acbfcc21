"""Start and ask the processes of a measurement: the stub, the services, the floor."""

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import botocore

from bench.speed.cases import BY_NAME
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
        self._out.readline()

    def run(self, name: str, times: int) -> float:
        """Nanoseconds of CPU of one answer. Stops the bench if the answer is not the expected."""
        self._in.write(f"{name} {times}\n")
        self._in.flush()
        told = self._out.readline()
        if not told:
            raise SystemExit(f"The worker for {name} ended; what it said is above.")
        found = json.loads(told)
        if found["last"]["statusCode"] != BY_NAME[name].status:
            raise SystemExit(f"{name} answered {found['last']}")
        return float(found["cpu_ns"]) / times

    def answer(self, name: str) -> Mapping[str, Any]:
        """The answer to a case."""
        self._in.write(f"{name} 1\n")
        self._in.flush()
        last: Mapping[str, Any] = json.loads(self._out.readline())["last"]
        return last


class Bench:
    """A stub with a world, and the workers that were started for it."""

    def __init__(self, stack: ExitStack, world: World, *, secure: bool) -> None:
        self._stack = stack
        self.world = world
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="sojourn-bench-")))
        self.path = folder / "world.json"
        world.write(self.path)
        stub = self._started(
            "bench.speed.stub", dict(os.environ), *([str(folder)] if secure else [])
        )
        assert stub.stdout is not None
        self.port = int(stub.stdout.readline())
        self.endpoint = f"http{'s' * secure}://127.0.0.1:{self.port}"
        self.authorities = folder / "authorities.pem"
        """The usual authorities' certificates, and that of a stub that speaks TLS."""
        if secure:
            usual = Path(botocore.__file__).with_name("cacert.pem").read_text()
            self.authorities.write_text(usual + (folder / devfile.CA).read_text())

    def worker(self, kind: str) -> Asked:
        """A new worker: the floor's, or a function's."""
        environ = environment("login" if kind == "floor" else kind, self.endpoint)
        return Asked(self._started("bench.speed.worker", environ, kind))

    def calls(self) -> Sequence[tuple[str, str, int]]:
        """The requests since this was last asked: operation, body, bytes of the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request("GET", "/calls")
        found = json.loads(connection.getresponse().read())
        connection.close()
        return [(operation, body, size) for operation, body, size in found]

    def _started(
        self, module: str, environ: Mapping[str, str], *more: str
    ) -> "subprocess.Popen[str]":
        return self._stack.enter_context(
            ended(
                subprocess.Popen(
                    [sys.executable, "-m", module, str(self.path), *more],
                    cwd=ROOT,
                    env=environ,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
        )


@contextmanager
def ended(process: "subprocess.Popen[str]") -> Iterator["subprocess.Popen[str]"]:
    """A process that ends with the block."""
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def bench(world: World, *, secure: bool = False) -> Iterator[Bench]:
    """A stub with that world, and its workers, until the block ends. `secure`: it speaks TLS."""
    with ExitStack() as stack:
        yield Bench(stack, world, secure=secure)
