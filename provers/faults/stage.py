"""The tables, the KMS key and the instances on which operations are tried."""

import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from typing import Self

import boto3
import pytest
from moto import mock_aws

from local import aws
from local.stack import FastPasswords
from local.template import Template
from provers.faults.layer import Layer
from provers.faults.tables import Tables
from provers.faults.wire import BadServer
from sojourn.aws.client import Client
from sojourn.bootstrap import Resources
from sojourn.crypto import signing_keys
from sojourn.domain.signing_key import Algorithm
from sojourn.runtime import metrics, telemetry
from tests.support.clock import MovedClock
from tests.support.http_world import World

START_MS = 2_500_000_000_000


@dataclass
class Stage:
    """The tables, a layer under which things go wrong, and one under which nothing does."""

    environment: dict[str, str]
    tables: Tables
    replicas: dict[str, str]
    layer: Layer
    """Under which things go wrong."""
    _sound: Layer
    _world: World | None = None

    def instance(self, clock: MovedClock, *, faulty: bool = False) -> World:
        """The handlers of a fresh instance."""
        resources = self._resources(clock, faulty=faulty)
        if self._world is None:
            self._world = World(resources, self.environment, clock)
        world = self._world.beside(resources)
        world.clock, world.answered = clock, []
        return world

    def _resources(self, clock: MovedClock, *, faulty: bool) -> Resources:
        layer = self.layer if faulty else self._sound
        # Cleanup shuffles; here it must come out the same each time.
        random.seed(5)
        return FastPasswords(self.environment, clock=clock, connect=layer.connect)

    @property
    def client(self) -> Client:
        """A DynamoDB client under which things go wrong."""
        return self._resources(MovedClock(), faulty=True).realms.dynamo.client

    def catch_up(self) -> None:
        """Have the replicas hold what the tables hold."""
        lagging = Tables(self.tables.endpoint, list(self.replicas.values()))
        lagging.restore(
            {(self.replicas[t], pk, sk): item for (t, pk, sk), item in self.tables.image().items()}
        )

    @classmethod
    @contextmanager
    def on(cls, endpoint: str) -> Iterator[Self]:
        """A stage with tables of its own at a DynamoDB."""
        with pytest.MonkeyPatch.context() as patch, BadServer() as bad:
            for name, value in aws.ENVIRONMENT.items():
                patch.setenv(name, value)
            patch.setenv("AWS_ENDPOINT_URL_DYNAMODB", endpoint)
            mock = mock_aws(config={"core": {"passthrough": {"urls": [r"http://127\.0\.0\.1:.*"]}}})
            mock.start()
            try:
                yield cls._made(endpoint, bad, patch)
            finally:
                mock.stop()

    @classmethod
    def _made(cls, endpoint: str, bad: BadServer, patch: pytest.MonkeyPatch) -> Self:
        session = boto3.session.Session()
        run = uuid.uuid4().hex[:8]
        resources = Template.read().resources("AWS::DynamoDB::Table")
        names = {logical_id: f"{run}-{logical_id}" for logical_id in resources}
        replicas = {name: f"replica-{name}" for name in names.values()}
        plain = session.client("dynamodb", endpoint_url=endpoint)
        for logical_id, name in names.items():
            wanted = {k: v for k, v in resources[logical_id].items() if k in aws.TABLE_PROPERTIES}
            wanted.pop("SSESpecification", None)
            for each in (name, replicas[name]):
                plain.create_table(TableName=each, **wanted)
        environment = {
            "DIRECTORY_TABLE": names["DirectoryTable"],
            "SESSIONS_TABLE": names["SessionsTable"],
            "ATTEMPTS_TABLE": names["AttemptsTable"],
            "KMS_KEY_ID": session.client("kms").create_key()["KeyMetadata"]["Arn"],
            "PUBLIC_URL": "https://sessions.example.com",
        }
        tables = Tables(endpoint, list(names.values()))
        faulty, sound = (Layer(bad, written=tables.written) for _ in range(2))
        _quieten(patch)
        return cls(environment, tables, replicas, faulty, sound)


def _quieten(patch: pytest.MonkeyPatch) -> None:
    """Leave out what takes time and shows nothing here: logs, RSA keys, short waits."""
    for module, names in (
        (telemetry, ("info", "warning", "failure")),
        (metrics, ("count", "seconds")),
    ):
        for name in names:
            patch.setattr(module, name, lambda *_args, **_fields: None)
    # A wait of the longest kind spends the deadline in fewer tries.
    patch.setattr(random, "uniform", lambda _low, high: high)
    generate = signing_keys.generate
    pool = cycle([generate("rs256") for _ in range(4)])

    def quickly(algo: Algorithm) -> tuple[bytes, str]:
        return next(pool) if algo == "rs256" else generate(algo)

    patch.setattr(signing_keys, "generate", quickly)
