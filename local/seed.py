"""A demo realm with its people, made by the handlers themselves."""

import json
import secrets
from dataclasses import dataclass
from typing import Any

from local import events
from local.events import Call
from local.stack import Stack
from sojourn.api import edge


class SeedFailed(Exception):
    """A handler refused what the seed asked of it."""


@dataclass(frozen=True, slots=True)
class Seeded:
    """What there is to log in with."""

    realm_id: str
    access_key: str
    users: list[dict[str, str]]
    api_users: list[dict[str, str]]


class _Client:
    """Calls the routes in process, as a server with the access key."""

    def __init__(self, stack: Stack, access_key: str, host: str) -> None:
        self._stack = stack
        self._key = access_key
        self._host = host

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = (
            ("content-type", "application/json"),
            ("authorization", f"Bearer {self._key}"),
            ("user-agent", "seed"),
            (edge.SECRET, self._stack.edge_secret or ""),
        )
        call = Call("POST", path, headers, json.dumps(body).encode(), "127.0.0.1")
        found = events.match(self._stack.routes, "POST", path)
        if found is None:
            raise SeedFailed(f"The template has no route POST {path}")
        event = events.event_of(call, found[0], found[1], host=self._host)
        answer = self._stack.invoke(self._stack.routes[found[0]], event)
        if answer["statusCode"] >= 300:
            raise SeedFailed(f"POST {path} answered {answer['statusCode']}: {answer.get('body')}")
        made: dict[str, Any] = json.loads(answer["body"])
        return made


def seed(stack: Stack, *, host: str) -> Seeded:
    """Make a managed realm, two humans, an api user and a stack-wide admin key."""
    services = next(iter(stack.services.values()))
    _, access_key = services.access_keys.create_first(name="local")
    client = _Client(stack, access_key, host)
    realm_id = client.post("/v1/realms", {"name": "Demo"})["id"]
    users = []
    for username, name in (("ada", "Ada Lovelace"), ("grace", "Grace Hopper")):
        password = secrets.token_urlsafe(12)
        user = client.post(
            "/v1/users",
            {
                "realm_id": realm_id,
                "user_type": "human",
                "username": username,
                "name": name,
                "email": f"{username}@example.com",
                "password": password,
            },
        )
        users.append({"id": user["id"], "username": username, "password": password})
    robot = client.post(
        "/v1/users", {"realm_id": realm_id, "user_type": "api", "name": "Nightly job"}
    )
    credential = client.post(
        "/v1/credentials",
        {"realm_id": realm_id, "user_id": robot["id"], "credential_type": "api_key"},
    )
    return Seeded(
        realm_id=realm_id,
        access_key=access_key,
        users=users,
        api_users=[{"id": robot["id"], "api_key": credential["api_key"]}],
    )
