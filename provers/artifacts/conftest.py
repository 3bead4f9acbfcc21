"""Fixtures: the artifacts, built for Lambda's platform and for this machine."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from provers.artifacts import around, building, cpython
from provers.artifacts.building import Built
from provers.artifacts.fleet import Fleet


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository as a clean clone has it, far from the working tree."""
    return building.clone(tmp_path_factory.mktemp("clone"))


@pytest.fixture(scope="session")
def python() -> Path:
    """An interpreter of the runtime's minor."""
    return cpython.interpreter()


@pytest.fixture(scope="session")
def deployed(clone: Path, python: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The artifacts as they are deployed."""
    return _built(clone, python, tmp_path_factory.mktemp("deployed"), {})


@pytest.fixture(scope="session")
def here(clone: Path, python: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The artifacts for this machine: the same but for the platform of the wheels."""
    into = tmp_path_factory.mktemp("here")
    return _built(clone, python, into, {"PLATFORM": building.HOST})


def _built(source: Path, python: Path, into: Path, environment: dict[str, str]) -> Built:
    environment = {**environment, "BYTECODE_PYTHON": str(python)}
    folder = building.sam_build(source, into, environment=environment)
    return Built(folder=folder, source=source, python=python)


@pytest.fixture(scope="session")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """AWS's runtime client."""
    return around.install_runtime(tmp_path_factory.mktemp("runtime"))


@dataclass(frozen=True, slots=True)
class Cloud:
    """What functions call: tables and a key by logical id, and where they are."""

    names: Mapping[str, str]
    endpoints: Mapping[str, str]


@pytest.fixture(scope="session")
def cloud(dynamodb_local: str) -> Iterator[Cloud]:
    """The template's tables on DynamoDB Local, and a key in moto's KMS."""
    with around.key_service() as (kms, arn):
        names = {**around.make_tables(dynamodb_local), "SigningKeysKey.Arn": arn}
        endpoints = {"AWS_ENDPOINT_URL_DYNAMODB": dynamodb_local, "AWS_ENDPOINT_URL_KMS": kms}
        yield Cloud(names=names, endpoints=endpoints)


@pytest.fixture(scope="module")
def fleet(
    here: Built, runtime: Path, cloud: Cloud, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Fleet]:
    """The functions built for this machine, each in instances of its own."""
    made = Fleet(
        here,
        runtime=runtime,
        names=cloud.names,
        endpoints=cloud.endpoints,
        folder=tmp_path_factory.mktemp("logs"),
    )
    yield made
    made.close()
