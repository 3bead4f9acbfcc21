"""A crew: several processes that call the service at once, on one DynamoDB Local and one KMS."""

import itertools
import logging
import multiprocessing
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized
from typing import Any, Final

import boto3
from moto.server import ThreadedMotoServer

from local import aws, dynamodb_local
from local.template import Template
from provers.concurrency import clock, worker
from provers.concurrency.calls import Lane, Someone
from provers.concurrency.worker import Opening, Played, Round, Stage

PATIENCE: Final = 120.0
"""Seconds that a worker may take for an answer."""
AHEAD: Final = 1.5
"""Seconds by which each worker's clocks are ahead of those of the one before."""


@dataclass(frozen=True, slots=True)
class Crew:
    """The workers, by the connections to them."""

    workers: Sequence[Connection]
    dynamodb: Any
    kms_key: str
    _names: Iterator[int]
    _moved: "Synchronized[float]"

    @property
    def moved(self) -> float:
        """Seconds by which all clocks have moved on."""
        return float(self._moved.value)

    def advance(self, seconds: float) -> None:
        """Move all clocks on."""
        clock.advance(self._moved, seconds)

    def open(self, settings: Mapping[str, Any]) -> None:
        """Fresh tables and a realm with these settings, for all."""
        run = uuid.uuid4().hex[:8]
        names = {}
        for logical_id, table in Template.read().resources("AWS::DynamoDB::Table").items():
            names[logical_id] = f"{run}-{logical_id}"
            aws.create_table(self.dynamodb, names[logical_id], dynamodb_local.known(table))
        environment = {
            "DIRECTORY_TABLE": names["DirectoryTable"],
            "SESSIONS_TABLE": names["SessionsTable"],
            "ATTEMPTS_TABLE": names["AttemptsTable"],
            "KMS_KEY_ID": self.kms_key,
            "PUBLIC_URL": "https://sessions.example.com",
        }
        self._enter(self._ask(self.workers[0], "open", Opening(environment, settings)))

    def realm(self, settings: Mapping[str, Any]) -> None:
        """Another realm in the same tables, for all."""
        self._enter(self._ask(self.workers[0], "realm", settings))

    def _enter(self, stage: Stage) -> None:
        for connection in self.workers:
            self._ask(connection, "enter", stage)

    def users(self, count: int, password: str) -> list[Someone]:
        """New users."""
        free = itertools.cycle(self.workers)
        made = []
        for connection in itertools.islice(free, count):
            made.append(self._ask(connection, "user", f"user-{next(self._names)}", password))
        return made

    def play(self, part: Round, lanes: Sequence[Lane]) -> Played:
        """Have the lanes, dealt out among the workers, go at once; all that they did.

        Unless the part says that they go together, they begin as each comes to it.
        """
        count = len(self.workers)
        for number, connection in enumerate(self.workers):
            mine = replace(part, lanes=lanes[number::count], seed=f"{part.seed}/{number}")
            connection.send(("play", mine))
        played = [self._answer(connection) for connection in self.workers]
        records = [record for some in played for record in some.records]
        return Played(records, sum((some.counts for some in played), Counter()))

    def _ask(self, connection: Connection, *message: Any) -> Any:
        connection.send(message)
        return self._answer(connection)

    def _answer(self, connection: Connection) -> Any:
        if not connection.poll(PATIENCE):
            raise TimeoutError("A worker did not answer")
        return connection.recv()


@contextmanager
def crew(endpoint: str, *, processes: int) -> Iterator[Crew]:
    """Workers over the DynamoDB at that address, until the block ends."""
    kms = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    kms.start()
    # It would tell of every call.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    host, port = kms.get_host_and_port()
    environment = {
        **aws.ENVIRONMENT,
        "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
        "AWS_ENDPOINT_URL_KMS": f"http://{host}:{port}",
    }
    of_aws: dict[str, Any] = {
        "region_name": aws.REGION,
        "aws_access_key_id": "local",
        "aws_secret_access_key": "local",
    }
    keys: Any = boto3.client("kms", endpoint_url=f"http://{host}:{port}", **of_aws)
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(processes)
    moved = spawn.Value("d", 0.0)
    started = []
    connections: list[Connection] = []
    try:
        for number in range(processes):
            ours, theirs = spawn.Pipe()
            given = (theirs, barrier, moved, environment, number * AHEAD)
            process = spawn.Process(target=worker.main, args=given, daemon=True)
            process.start()
            theirs.close()
            started.append(process)
            connections.append(ours)
        yield Crew(
            workers=connections,
            dynamodb=boto3.client("dynamodb", endpoint_url=endpoint, **of_aws),
            kms_key=keys.create_key()["KeyMetadata"]["Arn"],
            _names=itertools.count(1),
            _moved=moved,
        )
    finally:
        for connection in connections:
            connection.close()
        for process in started:
            process.join(timeout=5)
            process.kill()
        kms.stop()
