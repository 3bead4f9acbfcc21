"""Fixture: AWS's DynamoDB Local, in memory on a free port."""

import os
from collections.abc import Iterator

import pytest

from local import dynamodb_local as store
from local.dynamodb_local import VERSION
from local.template import ROOT

__all__ = ["ROOT", "VERSION"]


@pytest.fixture(scope="session")
def dynamodb_local() -> Iterator[str]:
    """The address of a running DynamoDB Local."""
    try:
        with store.running() as endpoint:
            yield endpoint
    except store.Failed as error:
        pytest.fail(str(error))


@pytest.fixture(scope="session")
def environment_without_aws() -> dict[str, str]:
    """This process's environment without what would lead to an account."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
