"""Every success of the OpenAPI document is answered, with all of its members."""

from typing import Any

import pytest

from sojourn.bootstrap import Resources
from sojourn.jobs.realm_removal import RealmRemoval
from tests.integration.service.test_roles import WALKS
from tests.support import contract
from tests.support.clock import MovedClock
from tests.support.http_world import World


def walks_the_rest(world: World) -> None:
    """What the walks of the roles leave out: PUT, deletions that take long or force, 304."""
    user = world.user("ada")
    assert world.admin("PUT", f"/v1/users/{user}", {"name": "Ada"}).status == 200
    listed = world.admin("GET", f"/v1/credentials?user_id={user}").body["collection"]
    path = f"/v1/credentials/{listed[0]['id']}"
    assert world.admin("PUT", path, {"name": "main"}).status == 200
    body = {"name": "server", "permission": "read"}
    key = world.admin("POST", "/v1/access_keys", body).body["id"]
    assert world.admin("PUT", f"/v1/access_keys/{key}", {"name": "main"}).status == 200
    realm = f"/v1/realms/{world.realm_id}"
    for algo in ("es256", "eddsa"):
        world.clock.advance(1)
        assert world.admin("PUT", realm, {"jwt_algo": algo}).status == 200
    names = ("openid-configuration", "oauth-authorization-server", "jwks.json")
    at_root = f"/.well-known/oauth-authorization-server{realm}"
    for path in (at_root, *(f"{realm}/.well-known/{name}" for name in names)):
        world.clock.advance(5)
        assert world.call("GET", path).status == 200
        assert world.call("GET", path, headers=[("if-none-match", "*")]).status == 304
        assert world.call("HEAD", path).status == 200
        assert world.call("HEAD", path, headers=[("if-none-match", "*")]).status == 304
    world.clock.advance(3 * 3_600)
    of_realm = f"realm_id={world.realm_id}"
    found = world.admin("GET", f"/v1/jwt_keys?{of_realm}").body["collection"]
    first, second, _ = (key for key in found if key["kind"] == "expiring")
    path = f"/v1/jwt_keys/{second['id']}?{of_realm}"
    assert world.admin("PUT", path, {"compromised": True}).status == 200
    feed = f"/v1/revocations?{of_realm}"
    assert world.admin("GET", feed).body["collection"][-1]["scope"] == "key"
    newest = [("if-none-match", "*")]
    assert world.call("GET", feed, bearer=world.key, headers=newest).status == 304
    path = f"/v1/jwt_keys/{first['id']}?{of_realm}"
    assert world.admin("DELETE", f"{path}&force=true").status == 200
    other = world.admin("POST", "/v1/realms", {"name": "Other"}).body["id"]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(RealmRemoval, "resume", lambda *_: False)
        assert world.admin("DELETE", f"/v1/realms/{other}", {"name": "Other"}).status == 202
        assert world.admin("GET", f"/v1/realms/{other}").body["state"] == "deleting"
    known = [("if-none-match", "*")]
    assert world.call("GET", "/v1/openapi.json", headers=known).status == 304
    assert world.call("HEAD", "/v1/openapi.json").status == 200
    assert world.call("HEAD", "/v1/openapi.json", headers=known).status == 304


def members(schema: Any) -> set[str]:
    """The names of every member that a schema has, at any depth."""
    found: set[str] = set()
    if isinstance(schema, list):
        return found.union(*(members(part) for part in schema))
    if isinstance(schema, dict):
        if "$ref" in schema:
            return members(contract.whole(schema))
        found |= {*schema.get("properties", {})}
        parts = [schema.get("properties", {}).values(), schema.get("oneOf", [])]
        parts += [schema.get("anyOf", []), [schema["items"]] if "items" in schema else []]
        return found.union(*(members(part) for group in parts for part in group))
    return found


def names(value: Any) -> set[str]:
    """The names of every member of a JSON value, at any depth."""
    if isinstance(value, dict):
        return {*value}.union(*(names(member) for member in value.values()))
    return set().union(*(names(member) for member in value)) if isinstance(value, list) else set()


def test_documented_successes_happen(
    resources: Resources, environment: dict[str, str], clock: MovedClock
) -> None:
    """Each success of each route is answered, with each member that the document has for it."""
    answered = []
    for walk in (*WALKS.values(), walks_the_rest):
        world = World(resources, environment, clock)
        walk(world)
        answered += world.answered
    done = {(a.route, str(a.status)) for a in answered if a.status < 400}
    documented = {
        (route, status): response
        for route, operation in contract.routes().items()
        for status, response in operation["responses"].items()
        if int(status) < 400
    }
    assert documented.keys() - done == set()
    for (route, status), response in documented.items():
        bodies = [a.body for a in answered if (a.route, str(a.status)) == (route, status)]
        schema = response.get("content", {}).get("application/json", {}).get("schema", {})
        assert members(schema) - names(bodies) == set(), route
