"""The directory's operations, and what the schedules run."""

from typing import Final, NoReturn

import pytest

from sojourn import accounts
from sojourn.accounts import DynamoAccounts
from sojourn.errors import Unavailable
from sojourn.realm_deletion import RealmDeletion
from tests.faults.cast import Cast, made
from tests.faults.operations import (
    ENDS,
    LOGINS,
    NEW_PASSWORD,
    READS,
    Operation,
    as_server,
    in_realm,
)
from tests.integration.world import Answer, World

DAY: Final = 86_400


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


def _access_key(world: World, cast: Cast) -> None:
    body = {"name": "Shop", "permission": "write", "realm_id": cast.realm}
    cast.made["access_key"] = made(world, "/v1/access_keys", body)["id"]


def _signing_key(world: World, cast: Cast) -> None:
    """A second key, which does not sign yet."""
    cast.made["new"] = made(world, "/v1/jwt_keys", {}, realm=cast.realm)["id"]
    keys = world.call("GET", "/v1/jwt_keys", bearer=world.key, realm=cast.realm)
    (cast.made["old"],) = {k["id"] for k in keys.body["collection"]} - {cast.made["new"]}


def _signing_key_in_turn(world: World, cast: Cast) -> None:
    """A second key that signs, so that the first one only verifies."""
    _signing_key(world, cast)
    world.clock.advance(3 * 3_600)


def _stopped_key(world: World, cast: Cast) -> None:
    _signing_key(world, cast)
    path = f"/v1/jwt_keys/{cast.made['old']}"
    stopped = world.call("PATCH", path, {"compromised": True}, bearer=world.key, realm=cast.realm)
    assert stopped.status == 200, stopped


def _crowded(world: World, cast: Cast) -> None:
    """The realm has an access key and a third user too."""
    _access_key(world, cast)
    _without_password(world, cast)


def _left_over(world: World, cast: Cast) -> None:
    """What cleanup is for: old sessions, an ending not recorded, a user and a realm half gone."""
    eve = {"realm_id": cast.realm, "username": "eve", "password": NEW_PASSWORD}
    cast.made["eve"] = made(world, "/v1/users", eve)["id"]
    assert world.login("eve", password=NEW_PASSWORD).status == 200
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accounts, "ENDED_PER_COMMIT", 1)
        patch.setattr(DynamoAccounts, "archive", _away)
        patch.setattr(DynamoAccounts, "finish_deletion", _away)
        patch.setattr(RealmDeletion, "resume", lambda *_: False)
        for path, status in (
            (f"/v1/sessions?user_id={cast.ada}", 204),
            (f"/v1/users/{cast.made['eve']}", 204),
            (f"/v1/realms/{cast.open_realm}?name=Open", 202),
        ):
            assert world.admin("DELETE", path).status == status
    cast.begin(world, "late")
    world.clock.advance(7 * 3_600)


def _away(*_arguments: object) -> NoReturn:
    raise Unavailable


def _rotating(world: World, cast: Cast) -> None:
    """A realm whose key is old enough to be followed, and one that nothing needs any more."""
    changed = world.admin("PATCH", f"/v1/realms/{cast.realm}", {"rotate_days": 7})
    assert changed.status == 200, changed
    _signing_key(world, cast)
    world.clock.advance(8 * DAY)


_DIRECTORY: Final = (
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
    Operation(
        "realm-create", (201, 201), as_server("POST", lambda _: "/v1/realms", {"name": "Another"})
    ),
    Operation("realm-get", (200, 200), as_server("GET", lambda c: f"/v1/realms/{c.realm}")),
    Operation("realm-list", (200, 200), as_server("GET", lambda _: "/v1/realms")),
    Operation(
        "realm-update",
        (200, 200),
        as_server("PATCH", lambda c: f"/v1/realms/{c.realm}", {"name": "Shop", "max_sessions": 5}),
    ),
    Operation(
        "realm-algorithm",
        (200, 200),
        as_server("PATCH", lambda c: f"/v1/realms/{c.realm}", {"jwt_algo": "es256"}),
    ),
    Operation(
        "realm-delete",
        (204, 404),
        as_server("DELETE", lambda c: f"/v1/realms/{c.realm}?name=Tests"),
        _crowded,
        steps=True,
    ),
    Operation(
        "access-key-create",
        (201, 201),
        lambda w, c: w.admin(
            "POST",
            "/v1/access_keys",
            {"name": "Shop", "permission": "read", "realm_id": c.realm},
        ),
    ),
    Operation(
        "access-key-get",
        (200, 200),
        as_server("GET", lambda c: f"/v1/access_keys/{c.made['access_key']}"),
        _access_key,
    ),
    Operation(
        "access-key-list",
        (200, 200),
        in_realm("GET", lambda _: "/v1/access_keys"),
        _access_key,
    ),
    Operation(
        "access-key-update",
        (200, 200),
        as_server("PATCH", lambda c: f"/v1/access_keys/{c.made['access_key']}", {"name": "Till"}),
        _access_key,
    ),
    Operation(
        "access-key-delete",
        (204, 404),
        as_server("DELETE", lambda c: f"/v1/access_keys/{c.made['access_key']}"),
        _access_key,
    ),
    Operation(
        "access-key-used-again",
        (200, 200),
        as_server("GET", lambda c: f"/v1/realms/{c.realm}"),
        lambda w, _: w.clock.advance(2 * 3_600),
    ),
    Operation("jwt-key-create", (201, 201), in_realm("POST", lambda _: "/v1/jwt_keys", {})),
    Operation(
        "jwt-key-get",
        (200, 200),
        in_realm("GET", lambda c: f"/v1/jwt_keys/{c.made['new']}"),
        _signing_key,
    ),
    Operation("jwt-key-list", (200, 200), in_realm("GET", lambda _: "/v1/jwt_keys")),
    Operation(
        "jwt-key-stop",
        (200, 200),
        in_realm("PATCH", lambda c: f"/v1/jwt_keys/{c.made['old']}", {"compromised": True}),
        _signing_key,
    ),
    Operation(
        "jwt-key-delete",
        (204, 404),
        in_realm("DELETE", lambda c: f"/v1/jwt_keys/{c.made['new']}"),
        _signing_key,
    ),
    Operation(
        "jwt-key-delete-stopped",
        (204, 404),
        in_realm("DELETE", lambda c: f"/v1/jwt_keys/{c.made['old']}"),
        _stopped_key,
    ),
    Operation(
        "jwt-key-delete-by-force",
        (200, 404),
        in_realm("DELETE", lambda c: f"/v1/jwt_keys/{c.made['old']}?force=true"),
        _signing_key_in_turn,
    ),
)
_SCHEDULED: Final = (
    Operation(
        "cleanup",
        (200, 200),
        lambda w, _: Answer(200, w.clean_up()),
        _left_over,
        steps=True,
    ),
    Operation("rotate", (200, 200), lambda w, _: Answer(200, w.rotate()), _rotating, steps=True),
)
OPERATIONS: Final = (*LOGINS, *READS, *ENDS, *_DIRECTORY, *_SCHEDULED)
BY_NAME: Final = {operation.name: operation for operation in OPERATIONS}
