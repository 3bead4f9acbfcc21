"""Fixtures for `sojourn`: on moto, and on a stub of the API."""

from collections.abc import Iterator

import pytest

from tests.cli.stub import Stub, served
from tests.cli.tool import Tool
from tests.integration.conftest import clock, environment, provision, resources, world

__all__ = ["clock", "environment", "provision", "resources", "world"]


@pytest.fixture
def stub() -> Iterator[Stub]:
    """An API that answers as scripted."""
    with served() as made:
        yield made


@pytest.fixture
def tool(stub: Stub) -> Tool:
    """The tool, with the stub as its stack."""
    return Tool(stub.url)
