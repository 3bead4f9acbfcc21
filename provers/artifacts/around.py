"""The environment of a built function: Lambda's runtime, DynamoDB Local, a KMS key, a gateway."""

import contextlib
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from functions.directory.app import handler as directory
from local import aws
from local.gateway import Gateway
from local.http_server import Server
from local.template import Template
from provers.artifacts import cpython
from provers.artifacts.building import HOST
from provers.artifacts.emulator import free_port
from provers.artifacts.fleet import Fleet
from provers.conftest import ROOT
from sojourn.bootstrap import Resources

ACCOUNT: Mapping[str, Any] = {
    "region_name": aws.REGION,
    "aws_access_key_id": "local",
    "aws_secret_access_key": "local",
}


def install_runtime(into: Path) -> Path:
    """AWS's runtime client, for the runtime's minor on this machine, as /var/runtime has it."""
    command = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    platforms = [f"--platform=manylinux_{tag}_{HOST}" for tag in ("2_28", "2_17")]
    done = subprocess.run(
        [
            *command,
            *("--no-deps", "--require-hashes", "--only-binary=:all:", "--implementation=cp"),
            *(f"--python-version={cpython.minor()}", *platforms, f"--target={into}"),
            *("-r", str(ROOT / "requirements/runtime.txt")),
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return into


def make_tables(endpoint: str) -> dict[str, str]:
    """The template's tables under names of their own; the names by logical id."""
    client = boto3.client("dynamodb", endpoint_url=endpoint, **ACCOUNT)
    run = uuid.uuid4().hex[:8]
    names = {}
    for logical_id, properties in Template.read().resources("AWS::DynamoDB::Table").items():
        names[logical_id] = f"{run}-{logical_id}"
        # DynamoDB Local has neither.
        wanted = {
            name: value
            for name, value in properties.items()
            if name not in ("SSESpecification", "PointInTimeRecoverySpecification")
        }
        aws.create_table(client, names[logical_id], wanted)
    return names


@contextmanager
def key_service() -> Iterator[tuple[str, str]]:
    """KMS by moto in a process of its own: its address, and a key's ARN."""
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield endpoint, _new_key(endpoint, process)
    finally:
        process.terminate()
        process.wait(timeout=20)


def _new_key(endpoint: str, process: "subprocess.Popen[bytes]") -> str:
    """A key's ARN, as soon as the service answers."""
    client = boto3.client("kms", endpoint_url=endpoint, **ACCOUNT)
    limit = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < limit:
        with contextlib.suppress(BotoCoreError, ClientError):
            return str(client.create_key()["KeyMetadata"]["Arn"])
        time.sleep(0.2)
    pytest.fail("moto's server did not start")


def first_key(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> str:
    """A stack-wide admin key, made on the tables as `sojourn init` does."""
    environment = fleet.environment("DirectoryFunction")
    for name, value in environment.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    _, secret = directory.compose(Resources(environment)).access_keys.create_first(name="proof")
    return secret


@contextmanager
def served(fleet: Fleet) -> Iterator[str]:
    """The local gateway before a fleet; its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        host = f"127.0.0.1:{listening.getsockname()[1]}"
        fleet.names["PublicUrl"] = f"http://{host}"
        gateway = Gateway(fleet, {}, Template.read().cors(fleet.names), host=host)
        with Server(listening, gateway).running(seconds_to_finish=20):
            yield f"http://{host}"
