"""Fixtures on moto, or on the DynamoDB at SOJOURN_TEST_DYNAMODB."""

import functools
import itertools
import os
import threading
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Final

import boto3
import pytest
from moto import mock_aws
from moto.dynamodb.models import dynamodb_backends

from local import aws, dynamodb_local, in_process, moto_patches
from local.stack import FastPasswords
from local.template import Template
from sojourn.bootstrap import Connect, Resources
from sojourn.crypto import signing_keys
from sojourn.domain.signing_key import Algorithm
from tests.support.clock import MovedClock
from tests.support.http_world import World
from tests.support.memory.store import MemoryStore
from tests.support.stores import DynamoStore, Store, store_of

ACCOUNT = "123456789012"
"""moto's account."""
_LASTING: Final = ExitStack()


class RsaKeys(Iterator[tuple[bytes, str]]):
    """Five keys over and over, each generated when it is first needed, as that takes long."""

    def __init__(self) -> None:
        self._generate = signing_keys.generate
        self._made: list[tuple[bytes, str]] = []
        self._numbers = itertools.cycle(range(5))
        self._lock = threading.Lock()

    def __next__(self) -> tuple[bytes, str]:
        with self._lock:
            number = next(self._numbers)
            if number == len(self._made):
                self._made.append(self._generate("rs256"))
            return self._made[number]


@dataclass(frozen=True)
class Provision:
    """An AWS for as long as it is wanted, and what takes long to make: some RSA keys."""

    environment: dict[str, str]
    rsa_keys: Iterator[tuple[bytes, str]]

    def share(self, patch: pytest.MonkeyPatch) -> None:
        """Have the tests of a module use them; those of others in this process do not."""
        generate = signing_keys.generate

        def quickly(algo: Algorithm) -> tuple[bytes, str]:
            return next(self.rsa_keys) if algo == "rs256" else generate(algo)

        patch.setattr(signing_keys, "generate", quickly)


@pytest.fixture(scope="session")
def provision() -> Provision:
    """What the tests of one process share, also those that run in forks of it."""
    return lasting()


@functools.cache
def lasting() -> Provision:
    """Tables, a key, and what is shared, until the process ends."""
    return _LASTING.enter_context(provided())


@pytest.fixture(scope="module")
def environment(provision: Provision) -> Iterator[dict[str, str]]:
    """Tables as the template has them, a key, and the environment that names them."""
    with pytest.MonkeyPatch.context() as patch:
        provision.share(patch)
        yield provision.environment


@contextmanager
def provided() -> Iterator[Provision]:
    """Tables, a key, and what is shared."""
    endpoint = os.environ.get("SOJOURN_TEST_DYNAMODB")
    os.environ.update(aws.ENVIRONMENT)
    moto_patches.apply()
    config: Any = {"core": {"passthrough": {"urls": [f"{endpoint}.*"]}}} if endpoint else {}
    mock = mock_aws(config=config)
    mock.start()
    tables = Template.read().resources("AWS::DynamoDB::Table")
    client = boto3.client("dynamodb", endpoint_url=endpoint)
    run = uuid.uuid4().hex[:8]
    names = {logical_id: f"{run}-{logical_id}" for logical_id in tables}
    for logical_id, name in names.items():
        aws.create_table(client, name, dynamodb_local.known(tables[logical_id]))
    key = boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
    environment = {
        "DIRECTORY_TABLE": names["DirectoryTable"],
        "SESSIONS_TABLE": names["SessionsTable"],
        "ATTEMPTS_TABLE": names["AttemptsTable"],
        "KMS_KEY_ID": key,
        "PUBLIC_URL": "https://sessions.example.com",
    }
    yield Provision(environment, RsaKeys())
    mock.stop()


def endpoint_of() -> str | None:
    """The DynamoDB under test; None: moto."""
    return os.environ.get("SOJOURN_TEST_DYNAMODB")


@pytest.fixture
def dynamodb() -> Any:
    """A plain client, to look behind the scenes."""
    return boto3.client("dynamodb", endpoint_url=endpoint_of())


@pytest.fixture
def clock() -> MovedClock:
    """A clock for the test to move."""
    return MovedClock()


@pytest.fixture
def resources(environment: dict[str, str], clock: MovedClock) -> Resources:
    """What every function is resources_of of, over tables that are emptied first."""
    empty(environment)
    return resources_of(environment, clock)


def resources_of(
    environment: dict[str, str], clock: MovedClock, connect: Connect = in_process.connect
) -> Resources:
    """The resources as another instance would have them."""
    os.environ.update(aws.ENVIRONMENT)
    endpoint = endpoint_of()
    if endpoint is not None:
        os.environ["AWS_ENDPOINT_URL_DYNAMODB"] = endpoint
    return FastPasswords(environment, clock=clock, connect=connect)


def empty(environment: dict[str, str]) -> None:
    """Remove every item: moto slows down with each."""
    names = [name for variable, name in environment.items() if variable.endswith("_TABLE")]
    if endpoint_of() is None:
        for name in names:
            dynamodb_backends[ACCOUNT][aws.REGION].tables[name].items.clear()
        return
    client = boto3.client("dynamodb", endpoint_url=endpoint_of())
    for name in names:
        pages = client.get_paginator("scan").paginate(TableName=name, ProjectionExpression="pk, sk")
        for page in pages:
            for item in page["Items"]:
                client.delete_item(TableName=name, Key=item)


@pytest.fixture
def dynamo_store(resources: Resources) -> DynamoStore:
    """The store over DynamoDB alone: what is about calls of it, such as answers that are lost."""
    return store_of(resources)


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest, clock: MovedClock) -> Store:
    """Each store; DynamoDB is moto, or the one that SOJOURN_TEST_DYNAMODB names."""
    memory = request.param == "memory"
    return MemoryStore(clock) if memory else request.getfixturevalue("dynamo_store")


@pytest.fixture
def world(resources: Resources, environment: dict[str, str], clock: MovedClock) -> World:
    """The handlers, with a realm and an admin key."""
    return World(resources, environment, clock)
