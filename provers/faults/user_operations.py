"""The operations on users and credentials."""

from typing import Final

from provers.faults.cast import Cast, made
from provers.faults.operations import NEW_PASSWORD, Operation, as_server, in_realm
from tests.support.http_world import Answer, World


def _credential_of(world: World, user_id: str) -> str:
    answer = world.admin("GET", f"/v1/credentials?user_id={user_id}")
    return str(answer.body["collection"][0]["id"])


def _a_credential(world: World, cast: Cast) -> None:
    cast.made["password"] = _credential_of(world, cast.ada)
    cast.made["key"] = _credential_of(world, cast.robot)


def _without_password(world: World, cast: Cast) -> None:
    body = {"realm_id": cast.realm, "username": "eve"}
    cast.made["eve"] = made(world, "/v1/users", body)["id"]


def _create_password(world: World, cast: Cast) -> Answer:
    body = {"user_id": cast.made["eve"], "credential_type": "password", "password": NEW_PASSWORD}
    return world.admin("POST", "/v1/credentials", body)


def _create_api_key(world: World, cast: Cast) -> Answer:
    body = {"user_id": cast.robot, "credential_type": "api_key"}
    return world.admin("POST", "/v1/credentials", body)


def _create_user(world: World, cast: Cast) -> Answer:
    body = {
        "realm_id": cast.realm,
        "username": "carol",
        "email": "carol@example.com",
        "password": NEW_PASSWORD,
    }
    return world.admin("POST", "/v1/users", body)


USERS: Final = (
    Operation("user-create", (201, 409), _create_user),
    Operation("user-get", (200, 200), in_realm("GET", lambda _: "/v1/users/ada")),
    Operation("user-list", (200, 200), in_realm("GET", lambda _: "/v1/users")),
    Operation(
        "user-rename",
        (200, 200),
        as_server("PATCH", lambda c: f"/v1/users/{c.ada}", {"username": "Lovelace"}),
    ),
    Operation(
        "user-disable",
        (200, 200),
        as_server("PATCH", lambda c: f"/v1/users/{c.ada}", {"state": "inactive"}),
    ),
    Operation(
        "user-password",
        (200, 200),
        as_server("PUT", lambda c: f"/v1/users/{c.ada}", {"password": NEW_PASSWORD}),
    ),
    Operation("user-unlock", (204, 204), as_server("POST", lambda c: f"/v1/users/{c.ada}/unlock")),
    Operation(
        "user-delete",
        (204, 404),
        as_server("DELETE", lambda c: f"/v1/users/{c.ada}"),
        steps=True,
    ),
    Operation("password-create", (201, 409), _create_password, _without_password),
    Operation("api-key-create", (201, 201), _create_api_key),
    Operation(
        "credential-get",
        (200, 200),
        as_server("GET", lambda c: f"/v1/credentials/{c.made['key']}"),
        _a_credential,
    ),
    Operation(
        "credential-list",
        (200, 200),
        as_server("GET", lambda c: f"/v1/credentials?user_id={c.robot}"),
    ),
    Operation(
        "credential-update",
        (200, 200),
        as_server(
            "PATCH", lambda c: f"/v1/credentials/{c.made['password']}", {"password": NEW_PASSWORD}
        ),
        _a_credential,
    ),
    Operation(
        "credential-delete",
        (204, 404),
        as_server("DELETE", lambda c: f"/v1/credentials/{c.made['key']}"),
        _a_credential,
    ),
)
