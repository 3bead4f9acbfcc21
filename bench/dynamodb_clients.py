"""One GetItem by several clients, and what each costs a cold start; for decision 0026.

Run: python -m bench.dynamodb_clients [--rounds 30] [--calls 200]

Each calls a stub of DynamoDB on the loopback address, without TLS, and the clients take turns. The
figures are CPU time, user and system; they depend on the machine, so compare the rows of one run.
A start is of a new interpreter that has what Lambda's runtime client imports, http.client too.
awscrt is no dependency of this project: install it to have its row.
"""

import argparse
import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

Call = Callable[[dict[str, Any]], object]
Taken = dict[str, list[float]]
TARGET: Final = "DynamoDB_20120810.GetItem"
TYPE: Final = "application/x-amz-json-1.0"
ROOT: Final = Path(__file__).resolve().parents[1]


def boto3(_endpoint: str) -> Call:
    """boto3's client, without retries."""
    from boto3.session import Session
    from botocore.config import Config

    client: Any = Session().client("dynamodb", config=Config(retries={"total_max_attempts": 1}))
    return lambda asked: client.get_item(**asked)


def urllib3(endpoint: str) -> Call:
    """urllib3, with botocore's signer."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials as BotoCredentials
    from urllib3 import PoolManager

    pool = PoolManager()
    signer = SigV4Auth(BotoCredentials(*_given()), "dynamodb", os.environ["AWS_REGION"])

    def call(asked: dict[str, Any]) -> object:
        body = json.dumps(asked).encode()
        headers = {"x-amz-target": TARGET, "content-type": TYPE}
        request = AWSRequest("POST", endpoint, data=body, headers=headers)
        signer.add_auth(request)
        answer = pool.request("POST", endpoint, body=body, headers=dict(request.headers.items()))
        return json.loads(answer.data)

    return call


def awscrt(endpoint: str) -> Call:
    """AWS's Common Runtime: its connection and its signer, one call after another."""
    from io import BytesIO
    from urllib.parse import urlsplit

    from awscrt import auth, io  # type: ignore[import-not-found, unused-ignore]
    from awscrt import http as crt  # type: ignore[import-not-found, unused-ignore]

    netloc = urlsplit(endpoint).netloc
    host, _, port = netloc.partition(":")
    bootstrap = io.ClientBootstrap.get_or_create_static_default()
    connection = crt.HttpClientConnection.new(host, int(port), bootstrap).result()
    provider = auth.AwsCredentialsProvider.new_static(*_given())

    def call(asked: dict[str, Any]) -> object:
        body = json.dumps(asked).encode()
        headers = {"host": netloc, "x-amz-target": TARGET, "content-type": TYPE}
        headers["content-length"] = str(len(body))
        request = crt.HttpRequest("POST", "/", crt.HttpHeaders(headers.items()), BytesIO(body))
        config = auth.AwsSigningConfig(
            credentials_provider=provider, region=os.environ["AWS_REGION"], service="dynamodb"
        )
        auth.aws_sign_request(request, config).result()
        parts: list[bytes] = []
        request.body_stream = BytesIO(body)  # the signer has read the other
        stream = connection.request(request, on_body=lambda chunk, **_: parts.append(chunk))
        stream.activate()
        stream.completion_future.result()
        return json.loads(b"".join(parts))

    return call


def http_client(endpoint: str) -> Call:
    """The standard library's http.client, under our own signature."""
    from urllib.parse import urlsplit

    from sojourn.aws.credentials import Keys
    from sojourn.aws.sigv4 import Signer, timestamp_of

    netloc = urlsplit(endpoint).netloc
    connection, signer = (
        http.client.HTTPConnection(netloc),
        Signer(service="dynamodb", region=os.environ["AWS_REGION"]),
    )
    keys = Keys(*_given())

    def call(asked: dict[str, Any]) -> object:
        body, now = json.dumps(asked).encode(), timestamp_of(int(time.time()))
        signed = [
            *(("content-type", TYPE), ("host", netloc), ("x-amz-date", now)),
            *(("x-amz-security-token", str(keys.token)), ("x-amz-target", TARGET)),
        ]
        headers = dict(signed)
        headers["authorization"] = signer.authorization(signed, body, keys=keys, timestamp=now)
        connection.request("POST", "/", body, headers)
        return json.loads(connection.getresponse().read())

    return call


def ours(_endpoint: str) -> Call:
    """The service's own client, with all its checks."""
    from sojourn.aws.client import DYNAMODB, Client
    from sojourn.aws.connection import Timeouts
    from sojourn.aws.credentials import Credentials, Keys
    from sojourn.aws.endpoints import endpoint_of
    from sojourn.aws.pool import Pool

    def now_ms() -> int:
        return time.time_ns() // 1_000_000

    at = endpoint_of("dynamodb", os.environ)
    credentials = Credentials({}, fetch=lambda: Keys(*_given()), now_ms=now_ms)
    client = Client(DYNAMODB, at, credentials, Pool(at, Timeouts(1, 3)), now_ms=now_ms)
    return lambda asked: client.call("GetItem", asked)


def raw(_endpoint: str) -> Call:
    """The bare work: nothing is checked."""
    from bench.speed.raw import Raw

    connection = Raw.of(os.environ)
    return lambda asked: connection.call("GetItem", asked)


CLIENTS: Final = (boto3, urllib3, awscrt, http_client, ours, raw)


def _given() -> tuple[str, str, str]:
    return tuple(  # type: ignore[return-value]
        os.environ[f"AWS_{name}"]
        for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN")
    )


@contextmanager
def stub() -> Iterator[tuple[str, dict[str, Any]]]:
    """The address of a stub, and a GetItem of a user with three sessions."""
    from bench.speed import world

    made = world.made()
    table, item = next((t, i) for t, i in made.items if i["pk"]["S"].startswith("usr_"))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "world.json"
        made.write(path)
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.speed.stub", str(path)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        try:
            key = {name: item[name] for name in ("pk", "sk")}
            asked = {"TableName": table, "Key": key, "ConsistentRead": True}
            yield f"http://127.0.0.1:{int(process.stdout.readline())}", asked
        finally:
            process.kill()
            process.communicate()


COLD: Final = """
import json, sys, time
import bench.dynamodb_clients as clients
# Python takes a module that is None for one that is not installed.
sys.modules.update(dict.fromkeys(json.loads(sys.argv[4])))
asked, make = json.loads(sys.argv[3]), getattr(clients, sys.argv[1])
began = time.process_time()
call = make(sys.argv[2])
made = time.process_time()
call(asked)
print((made - began) * 1e3, (time.process_time() - made) * 1e3)
"""


def cold(name: str, endpoint: str, asked: dict[str, Any], hidden: list[str]) -> list[float]:
    """Milliseconds of CPU until there is a client, and of its first call, in a new interpreter."""
    given = [name, endpoint, json.dumps(asked), json.dumps(hidden)]
    run = subprocess.run(
        [sys.executable, "-c", COLD, *given],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    return [float(each) for each in run.stdout.split()]


def warm(calls: Mapping[str, Call], asked: dict[str, Any], *, rounds: int, times: int) -> Taken:
    """Microseconds of CPU of a call, by client and round; the first round counts for nothing."""
    taken: Taken = {name: [] for name in calls}
    for number in range(rounds + 1):
        for name, call in calls.items():
            began = time.process_time_ns()
            for _ in range(times):
                call(asked)
            if number:
                taken[name].append((time.process_time_ns() - began) / times / 1000)
    return taken


def main() -> None:
    """Print one line for each client."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--calls", type=int, default=200)
    options = parser.parse_args()
    from bench.function_imports import OF_BOTO3, beside_the_layer
    from bench.speed.processes import environment

    hidden = [
        name for name in beside_the_layer() if name not in OF_BOTO3 | {"awscrt", "_awscrt", "bench"}
    ]
    calls: dict[str, Call] = {}
    with stub() as (endpoint, asked):
        os.environ.update(environment("validate", endpoint))
        for make in CLIENTS:
            try:
                calls[make.__name__] = make(endpoint)
            except ModuleNotFoundError as error:
                print(f"{make.__name__}: {error.name} is not installed")
        taken = warm(calls, asked, rounds=options.rounds, times=options.calls)
        starts = {
            name: [cold(name, endpoint, asked, hidden) for _ in range(1 + options.rounds // 3)][1:]
            for name in calls
        }
    print(
        f"{'':<14}{'a call, µs':>11}{'to boto3':>10}{'to raw':>8}{'start, ms':>11}{'1st call':>10}"
    )
    for name, each in taken.items():
        to = [
            median(mine / other for mine, other in zip(each, taken[compared], strict=True))
            for compared in ("boto3", "raw")
        ]
        made, first = (median(column) for column in zip(*starts[name], strict=True))
        print(
            f"{name:<14}{median(each):>11.0f}{to[0]:>10.3f}{to[1]:>8.2f}{made:>11.1f}{first:>10.1f}"
        )


if __name__ == "__main__":
    main()
