"""A stack-wide access key can name its realm in the body of every server's route."""

from typing import Any

import pytest

from sojourn.domain import ids
from tests.support.contract import routes, whole
from tests.support.http_world import PASSWORD, World

OTHER = ids.new_id("rl", 1)
BODIES: dict[str, dict[str, Any]] = {
    "POST /v1/sessions": {"user_id": "USER"},
    "POST /v1/sessions/validate": {"tokens": []},
    "POST /v1/users/{id}/authenticate": {"password": PASSWORD},
    "POST /v1/users/authenticate_key": {"api_key": "ak_wrong"},
    "POST /v1/realms/{id}/end_sessions": {"dry_run": True},
    "POST /v1/users/{id}/end_sessions": {"dry_run": True},
    "POST /v1/realms": {"name": "x"},
    "PUT /v1/realms/{id}": {"name": "x"},
    "PATCH /v1/realms/{id}": {"name": "x"},
    "DELETE /v1/realms/{id}": {"name": "wrong"},
    "POST /v1/users": {"username": "bob"},
    "PUT /v1/users/{id}": {"name": "Ada"},
    "PATCH /v1/users/{id}": {"name": "Ada"},
    "POST /v1/credentials": {"user_id": "USER", "credential_type": "api_key"},
    "PUT /v1/credentials/{id}": {"name": "x"},
    "PATCH /v1/credentials/{id}": {"name": "x"},
    "POST /v1/access_keys": {"name": "x", "permission": "read"},
    "PUT /v1/access_keys/{id}": {"name": "x"},
    "PATCH /v1/access_keys/{id}": {"name": "x"},
    "POST /v1/jwt_keys": {"algo": "rs256"},
    "PUT /v1/jwt_keys/{id}": {"compromised": True},
    "PATCH /v1/jwt_keys/{id}": {"compromised": True},
    "DELETE /v1/jwt_keys/{id}": {"force": False},
}
EXPECTED = {
    "POST /v1/users/authenticate_key": 422,
    "DELETE /v1/realms/{id}": 422,
    "POST /v1/credentials": 422,
    "DELETE /v1/jwt_keys/{id}": 409,
    **{f"POST /v1/{kind}": 201 for kind in ("sessions", "realms", "users", "access_keys")},
    "POST /v1/jwt_keys": 201,
}


def made(world: World) -> dict[str, str]:
    """The id of one thing of each kind, by the path that it is under."""
    user = world.call(
        "POST",
        "/v1/users",
        {"realm_id": world.realm_id, "username": "ada", "password": PASSWORD},
        bearer=world.key,
    ).body["id"]

    def only(kind: str, query: str) -> str:
        found = world.call("GET", f"/v1/{kind}?{query}", bearer=world.key)
        return str(found.body["collection"][0]["id"])

    key = {"name": "bound", "permission": "read", "realm_id": world.realm_id}
    return {
        "realms": world.realm_id,
        "users": user,
        "credentials": only("credentials", f"user_id={user}"),
        "access_keys": world.call("POST", "/v1/access_keys", key, bearer=world.key).body["id"],
        "jwt_keys": only("jwt_keys", f"realm_id={world.realm_id}"),
    }


def call(world: World, known: dict[str, str], route: str, realm_id: str, **more: Any) -> Any:
    """A call of a route with a body that names a realm."""
    method, _, path = route.partition(" ")
    body = {"realm_id": realm_id} | BODIES[route]
    if body.get("user_id") == "USER":
        body["user_id"] = known["users"]
    kind = path.split("/")[2]
    return world.call(method, path.replace("{id}", known.get(kind, "")), body, **more)


def test_table_is_every_servers_route_with_a_body() -> None:
    """Each server's route with a body takes `realm_id` in it, but a form is of the path's realm."""
    takes = set()
    for route, operation in routes().items():
        if "requestBody" in operation:
            (content,) = operation["requestBody"]["content"].values()
            schema = content["schema"]
            if "realm_id" in whole(schema)["properties"]:
                takes.add(route)
    assert takes == {*BODIES, "POST /v1/login"}
    bodies = {route for route, operation in routes().items() if "requestBody" in operation}
    forms = {"POST /v1/realms/{id}/introspect", "POST /v1/realms/{id}/revoke"}
    assert bodies - takes == {"POST /v1/password", *forms}


@pytest.mark.parametrize("route", BODIES)
def test_realm_in_a_body(world: World, route: str) -> None:
    """A stack-wide key's `realm_id` in the body is the realm that the request is about."""
    answer = call(world, made(world), route, world.realm_id, bearer=world.key)
    assert answer.status == EXPECTED.get(route, 200), answer.body


@pytest.mark.parametrize("route", BODIES)
def test_two_realms(world: World, route: str) -> None:
    """A body that names another realm than the header does is 422, on every route."""
    answer = call(world, made(world), route, OTHER, bearer=world.key, realm=world.realm_id)
    assert answer.status == 422
    assert answer.body["errors"] == [
        "Two realms are named, in the header, the query or the body; name one."
    ]


@pytest.mark.parametrize("route", BODIES)
def test_realm_of_another(world: World, route: str) -> None:
    """A realm-bound key that names another realm in a body is 403 `realm_forbidden`."""
    key = {"name": "own", "permission": "admin", "realm_id": world.realm_id}
    secret = world.call("POST", "/v1/access_keys", key, bearer=world.key).body["secret"]
    answer = call(world, made(world), route, OTHER, bearer=secret)
    assert (answer.status, answer.body["code"]) == (403, "realm_forbidden")


@pytest.mark.parametrize("route", [r for r in BODIES if "{id}" in r])
def test_thing_of_another_realm(world: World, route: str) -> None:
    """Objects outside the realm that the body names are 404."""
    assert call(world, made(world), route, OTHER, bearer=world.key).status == 404
