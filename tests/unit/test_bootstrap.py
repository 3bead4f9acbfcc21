"""The clients that a function makes are those of the services that it calls."""

import importlib
from typing import Any

import pytest

from local.template import Function, Template
from sojourn.aws.endpoints import Endpoint
from sojourn.aws.errors import EndpointInvalid, NoAnswer
from sojourn.aws.pool import Request
from sojourn.bootstrap import TIMEOUTS, Resources, sockets
from sojourn.domain.errors import Unavailable

ENVIRON = dict.fromkeys(
    ("DIRECTORY_TABLE", "SESSIONS_TABLE", "ATTEMPTS_TABLE", "KMS_KEY_ID"), "given"
)


class Nowhere:
    """A transport to a service that does not answer."""

    def __init__(self) -> None:
        self.warmed = 0

    def send(self, request: Request) -> Any:
        raise NoAnswer("nothing", sent=False)

    def warm(self) -> None:
        self.warmed += 1
        raise NoAnswer("nothing", sent=False)

    def close(self) -> None:
        """It keeps no connection."""


@pytest.fixture(autouse=True)
def _in_a_region(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")


@pytest.mark.parametrize("function", Template.read().functions(), ids=lambda f: f.folder)
def test_kms_client_is_made_where_a_key_is_named(function: Function) -> None:
    """A function makes a client of KMS if the template names it the key, and only then.

    Its connections are opened at the initialisation; one that fails is left to the first call.
    """
    made: dict[str, Nowhere] = {}

    def connect(endpoint: Endpoint) -> Nowhere:
        return made.setdefault(endpoint.authority, Nowhere())

    resources = Resources(ENVIRON, connect=connect)
    importlib.import_module(function.module).handler.compose(resources)
    services = ["dynamodb"] + ["kms"] * ("KMS_KEY_ID" in function.environment)
    assert list(made) == [f"{service}.eu-west-1.amazonaws.com" for service in services]
    resources.warm()
    assert [transport.warmed for transport in made.values()] == [1] * len(services)


def test_function_without_credentials_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call without credentials fails at once, and the log has what is missing."""
    resources = Resources(ENVIRON, connect=lambda _: Nowhere())
    with pytest.raises(Unavailable, match="see the log") as failed:
        resources.users.get("usr_1")
    assert "AWS_ACCESS_KEY_ID" in str(failed.value.__cause__)


def test_function_without_a_region_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wrong with the endpoints is said at the initialisation."""
    monkeypatch.delenv("AWS_REGION")
    with pytest.raises(EndpointInvalid, match="AWS_REGION"):
        Resources(ENVIRON)


def test_deployed_function_speaks_over_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its connections have the time-outs of one attempt, and the authorities of AWS_CA_BUNDLE."""
    monkeypatch.setenv("AWS_CA_BUNDLE", "/ca.pem")
    pool = sockets(Endpoint("x", 443, secure=True, region="eu-west-1"))
    assert (pool._timeouts, pool._ca_file) == (TIMEOUTS, "/ca.pem")
