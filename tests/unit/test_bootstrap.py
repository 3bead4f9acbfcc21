"""The clients that a function makes are those of the services that it calls."""

import importlib
from typing import Any
from unittest.mock import MagicMock

import boto3
import pytest

from local.template import Function, Template
from sojourn.bootstrap import Resources

ENVIRON = dict.fromkeys(
    ("DIRECTORY_TABLE", "SESSIONS_TABLE", "ATTEMPTS_TABLE", "KMS_KEY_ID"), "given"
)


@pytest.mark.parametrize("function", Template.read().functions(), ids=lambda f: f.folder)
def test_kms_client_is_made_where_a_key_is_named(
    function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A function makes a client of KMS if the template names it the key, and only then."""
    made: list[str] = []

    class Session:
        """A session of boto3 that notes which clients it makes."""

        def client(self, service: str, **_options: Any) -> MagicMock:
            made.append(service)
            return MagicMock()

    monkeypatch.setattr(boto3.session, "Session", Session)
    importlib.import_module(function.module).handler.compose(Resources(ENVIRON))
    assert made == ["dynamodb"] + ["kms"] * ("KMS_KEY_ID" in function.environment)
