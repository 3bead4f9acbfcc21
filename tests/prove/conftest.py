"""AWS's own DynamoDB Local, resolved by Maven, in memory on a free port."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import BotoCoreError, ClientError

ROOT = Path(__file__).resolve().parents[2]
VERSION = "3.1.0"
LIBRARIES = ROOT / ".build" / f"dynamodb-local-{VERSION}"


def libraries() -> Path:
    """The jars and native libraries, fetched once."""
    if (LIBRARIES / f"DynamoDBLocal-{VERSION}.jar").exists():
        return LIBRARIES
    command = [
        "mvn",
        *("-q", "-B", "-C", f"-Ddynamodb-local.version={VERSION}"),
        *("-f", str(ROOT / "tests/prove/pom.xml"), "dependency:copy-dependencies"),
        f"-DoutputDirectory={LIBRARIES}",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(f"Maven could not resolve DynamoDB Local {VERSION}:\n{done.stdout[-2000:]}")
    return LIBRARIES


@pytest.fixture(scope="session")
def dynamodb_local() -> Iterator[str]:
    """The address of a running DynamoDB Local."""
    for program, what in (("java", "a Java 17 runtime"), ("mvn", "Maven 3.8 or later")):
        if shutil.which(program) is None:
            pytest.fail(f"`make prove` needs {what}; install it and run again.")
    folder = libraries()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        "java",
        f"-Djava.library.path={folder}",
        *("-cp", f"{folder}/*"),
        "software.amazon.dynamodb.services.local.main.ServerRunner",
        *("-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(port)),
    ]
    # It keeps a file of its own in the working directory, which must not be the repository's.
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    endpoint = f"http://127.0.0.1:{port}"
    try:
        wait_until_ready(endpoint, process)
        yield endpoint
    finally:
        process.terminate()
        process.wait(timeout=20)


def wait_until_ready(endpoint: str, process: "subprocess.Popen[bytes]") -> None:
    """Wait until it answers. Fails the test when it died, or took a minute."""
    client = boto3.client(
        "dynamodb",
        endpoint_url=endpoint,
        region_name="eu-west-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        if process.poll() is not None:
            pytest.fail(f"DynamoDB Local stopped with exit code {process.returncode}")
        try:
            client.list_tables()
        except (BotoCoreError, ClientError):
            time.sleep(0.2)
        else:
            return
    pytest.fail("DynamoDB Local did not answer within a minute")


@pytest.fixture(scope="session")
def environment_without_aws() -> dict[str, str]:
    """This process's environment without what would lead to an account."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
