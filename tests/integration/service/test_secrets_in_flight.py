"""If something fails while a secret is in use, neither log nor traceback contains it."""

import base64
import itertools
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from provers.watched.logs import watch_logs
from provers.watched.secrets import Search, Secret
from sojourn.aws.client import Client, Response
from sojourn.aws.errors import NoAnswer
from sojourn.crypto import signing_keys
from tests.support.calls import refusal
from tests.support.http_world import PASSWORD, World

OTHER = "another horse and no battery"


def throttled(operation: str, _call: object) -> Exception:
    """What the store answers when it has too much to do: it is asked again."""
    return refusal("ThrottlingException", message="too much")


def refused(operation: str, call: object) -> Exception:
    """An answer that says back all that it was asked."""
    return refusal("ValidationException", message=f"not valid: {call!r}")


def cut_off(operation: str, _call: object) -> Exception:
    """No connection."""
    return NoAnswer("No connection to dynamodb.eu-west-1.amazonaws.com", sent=False)


def unheard_of(operation: str, call: object) -> Exception:
    """What no code expects: it leaves the handler, and Lambda logs its traceback."""
    return RuntimeError(f"{operation} of {call!r}")


FAULTS = (throttled, refused, cut_off, unheard_of)


@dataclass
class Said:
    """What was logged, and each exception as Lambda logs it."""

    texts: list[str] = field(default_factory=list)
    secrets: set[Secret] = field(default_factory=set)

    def hear(self, _place: str, text: object) -> None:
        """Keep a line."""
        self.texts.append(str(text))

    def found(self) -> list[str]:
        """What gives a secret away."""
        search = Search(self.secrets)
        return [f.around for text in self.texts for f in search("", text.encode())]


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Iterator[Said]:
    """Hears all that is logged, and knows each private key that is made."""
    said = Said()
    generate = signing_keys.generate

    def kept(algo: Any) -> tuple[bytes, str]:
        der, pem = generate(algo)
        said.secrets.add(Secret("private key", base64.b64encode(der).decode()))
        return der, pem

    monkeypatch.setattr(signing_keys, "generate", kept)
    end = watch_logs(said.hear)
    yield said
    end()


Call = tuple[str, str, Mapping[str, object] | None, str | None]
"""Method, path, body and bearer."""


def calls(world: World, said: Said) -> list[Call]:
    """Calls that carry secrets or make them; all their secrets are known."""
    realm, user = world.realm_id, world.user("ada")
    token = world.login("ada").body["token"]
    robot = world.admin("POST", "/v1/users", {"realm_id": realm, "user_type": "api"}).body["id"]
    credential = {"user_id": robot, "credential_type": "api_key"}
    api_key = world.admin("POST", "/v1/credentials", credential).body["api_key"]
    said.secrets |= {
        Secret("password", PASSWORD),
        Secret("password", OTHER),
        Secret("login token", token),
        Secret("API key", api_key),
        Secret("access key", world.key),
    }
    name = {"realm_id": realm, "username": "ada"}
    key = {"realm_id": realm, "name": "key", "permission": "read"}
    change = {"current_password": PASSWORD, "password": OTHER, "keep_sessions": "all"}
    own, admin = token, world.key
    return [
        ("POST", "/v1/login", name | {"password": PASSWORD}, None),
        ("POST", "/v1/login", name | {"password": OTHER}, None),
        ("POST", "/v1/login", {"realm_id": realm, "api_key": api_key}, None),
        ("POST", f"/v1/users/{user}/authenticate", {"password": PASSWORD}, admin),
        ("POST", "/v1/users/authenticate_key", {"realm_id": realm, "api_key": api_key}, admin),
        ("POST", "/v1/sessions", {"user_id": user}, admin),
        ("POST", "/v1/sessions/validate", {"tokens": [token, token + "x"]}, admin),
        ("GET", "/v1/session", None, own),
        ("GET", "/v1/sessions", None, own),
        ("GET", f"/v1/sessions?user_id={user}", None, admin),
        ("POST", "/v1/password", change, own),
        ("POST", "/v1/users", name | {"username": "bob", "password": OTHER}, admin),
        ("PATCH", f"/v1/users/{user}", {"password": OTHER}, admin),
        ("POST", "/v1/credentials", credential, admin),
        ("POST", "/v1/access_keys", key, admin),
        ("POST", "/v1/realms", {"name": "New", "jwt_algo": "es256"}, admin),
        ("POST", "/v1/jwt_keys", {"realm_id": realm}, admin),
        ("DELETE", "/v1/sessions?scope=all", None, own),
        ("DELETE", "/v1/session", None, own),
    ]


Fault = Callable[[str, object], Exception]


@pytest.mark.parametrize("fault", FAULTS)
def test_no_failure_tells_a_secret(
    world: World, said: Said, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    """Each call to AWS of each request fails in turn; what is logged of it holds no secret."""
    asked = calls(world, said)
    original = Client.call
    left = 0

    def failing(client: Client, operation: str, parameters: Mapping[str, Any]) -> Response:
        nonlocal left
        left -= 1
        if left < 0 and client.service == "dynamodb":
            raise fault(operation, parameters)
        return original(client, operation, parameters)

    monkeypatch.setattr(Client, "call", failing)
    failed = 0
    for call in asked:
        for after in itertools.count():
            left = after
            failed += _fails(world, said, call)
            if left >= 0:
                break
    assert failed > len(asked)
    assert said.found() == []


def _fails(world: World, said: Said, call: Call) -> bool:
    """Whether a call fails on AWS's account; what it gives is known as a secret from then on."""
    method, path, body, bearer = call
    try:
        answer = world.call(method, path, body, bearer=bearer)
    except Exception as error:  # noqa: BLE001 - whatever leaves a handler, Lambda logs
        said.hear("", "".join(traceback.format_exception(error)))
        return True
    given = answer.body if isinstance(answer.body, dict) else {}
    kinds = {"token": "login token", "api_key": "API key", "secret": "access key"}
    said.secrets |= {Secret(kinds[name], given[name]) for name in kinds.keys() & given.keys()}
    return answer.status == 503
