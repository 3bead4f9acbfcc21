"""Create the demo realm and its users, through the handlers."""

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from werkzeug.test import Client

from local.stack import Stack
from sojourn.directory.access_keys import AccessKeys

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class SeedFailed(Exception):
    """A handler refused a request of the seed."""


@dataclass(frozen=True, slots=True)
class Seeded:
    """The seeded users and keys."""

    realm_id: str
    access_key: str
    users: list[dict[str, str]]
    api_users: list[dict[str, str]]


def seed(stack: Stack, gateway: "WSGIApplication") -> Seeded:
    """Create a managed realm, two humans, an api user and a stack-wide admin key."""
    given = next(iter(stack.resources.values()))
    keys = AccessKeys(keys=given.access_keys, realms=given.realms, clock=given.clock)
    _, access_key = keys.create_first(name="local")
    client = Client(gateway)

    def made(path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {access_key}", **stack.by_the_edge}
        answer = client.post(path, json=body, headers=headers)
        if answer.status_code >= 300:
            raise SeedFailed(f"POST {path} answered {answer.status_code}: {answer.text}")
        content: dict[str, Any] = answer.get_json()
        return content

    realm_id = made("/v1/realms", {"name": "Demo"})["id"]
    users = []
    for username, name in (("ada", "Ada Lovelace"), ("grace", "Grace Hopper")):
        password = secrets.token_urlsafe(12)
        user = made(
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
    robot = made("/v1/users", {"realm_id": realm_id, "user_type": "api", "name": "Nightly job"})
    credential = made(
        "/v1/credentials",
        {"realm_id": realm_id, "user_id": robot["id"], "credential_type": "api_key"},
    )
    return Seeded(
        realm_id=realm_id,
        access_key=access_key,
        users=users,
        api_users=[{"id": robot["id"], "api_key": credential["api_key"]}],
    )
