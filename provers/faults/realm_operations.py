"""The operations on realms, access keys and signing keys."""

from typing import Any, Final

from provers.faults.cast import Cast, made
from provers.faults.operations import Operation, as_server, in_realm
from tests.support.http_world import World


def _access_key(world: World, cast: Cast) -> None:
    body = {"name": "Shop", "permission": "write", "realm_id": cast.realm}
    cast.made["access_key"] = made(world, "/v1/access_keys", body)["id"]


def _crowded(world: World, cast: Cast) -> None:
    """The realm has an access key and a third user too."""
    _access_key(world, cast)
    made(world, "/v1/users", {"realm_id": cast.realm, "username": "eve"})


def _expiring(found: Any) -> set[str]:
    return {key["id"] for key in found["collection"] if key["kind"] == "expiring"}


def signing_key(world: World, cast: Cast) -> None:
    """A second key, which does not sign yet."""
    cast.made["new"] = made(world, "/v1/jwt_keys", {}, realm=cast.realm)["id"]
    keys = world.call("GET", "/v1/jwt_keys", bearer=world.key, realm=cast.realm)
    (cast.made["old"],) = _expiring(keys.body) - {cast.made["new"]}


def _signing_key_in_turn(world: World, cast: Cast) -> None:
    """A second key that signs, so that the first one only verifies."""
    signing_key(world, cast)
    world.clock.advance(3 * 3_600)


def _stopped_key(world: World, cast: Cast) -> None:
    signing_key(world, cast)
    path = f"/v1/jwt_keys/{cast.made['old']}"
    stopped = world.call("PATCH", path, {"compromised": True}, bearer=world.key, realm=cast.realm)
    assert stopped.status == 200, stopped


REALMS: Final = (
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
)
KEYS: Final = (
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
        signing_key,
    ),
    Operation("jwt-key-list", (200, 200), in_realm("GET", lambda _: "/v1/jwt_keys")),
    Operation(
        "jwt-key-stop",
        (200, 200),
        in_realm("PATCH", lambda c: f"/v1/jwt_keys/{c.made['old']}", {"compromised": True}),
        signing_key,
    ),
    Operation(
        "jwt-key-delete",
        (204, 404),
        in_realm("DELETE", lambda c: f"/v1/jwt_keys/{c.made['new']}"),
        signing_key,
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
