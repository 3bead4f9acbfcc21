"""The change of a realm's issuer, for instance to a custom domain."""

import base64
import json
from typing import Any

import pytest

from tests.integration.conftest import resources_of
from tests.integration.directory.test_jwt_keys import by_key, robot, status
from tests.support.http_world import Answer, World


def named(world: World, host: str) -> str:
    """The realm's issuer at a host."""
    return f"https://{host}/v1/realms/{world.realm_id}"


def change(world: World, issuer: object) -> Answer:
    """A change of the realm's issuer."""
    return world.admin("PATCH", f"/v1/realms/{world.realm_id}", {"issuer": issuer})


def said(token: str) -> dict[str, Any]:
    """What a token claims."""
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    return found


def test_tokens_of_the_former_issuer_live_on(world: World, environment: dict[str, str]) -> None:
    """New tokens name the new issuer at once, and each is good on an instance that remembers."""
    world.user("ada")
    api_key = robot(world)
    warm = world.beside(resources_of(environment, world.clock))
    before = [world.login("ada").body["token"], by_key(world, api_key).body["token"]]
    assert [status(warm, token) for token in before] == [200, 200]
    former, issuer = said(before[0])["iss"], named(world, "login.example.com")
    changed = change(world, issuer)
    assert (changed.status, changed.body["issuer"]) == (200, issuer)
    assert changed.body["former_issuers"] == [former]
    world.clock.advance(1)
    after = world.login("ada").body["token"]
    assert said(after)["iss"] == issuer
    assert [status(warm, token) for token in (*before, after)] == [200] * 3
    tokens = {"tokens": [*before, after]}
    answered = warm.admin("POST", "/v1/sessions/validate", tokens).body["collection"]
    assert [each["active"] for each in answered] == [True] * 3
    world.clock.advance(5)
    path = f"/v1/realms/{world.realm_id}/.well-known/openid-configuration"
    document = world.call("GET", path).body
    assert document["issuer"] == issuer
    assert document["jwks_uri"] == f"{issuer}/.well-known/jwks.json"


def test_issuer_may_be_taken_back(world: World) -> None:
    """A former issuer can be set again; setting the current one changes nothing."""
    world.user("ada")
    first = change(world, named(world, "a.example.com")).body["former_issuers"][0]
    token = world.login("ada").body["token"]
    assert change(world, first).body["former_issuers"] == [said(token)["iss"]]
    assert change(world, first).body["former_issuers"] == [said(token)["iss"]]
    assert status(world, token) == 200


@pytest.mark.parametrize("issuer", ["https://a.example.com", "", None, 7, ["x"]], ids=str)
def test_issuer_that_leads_elsewhere_is_422(world: World, issuer: object) -> None:
    """An issuer by which the realm's documents are not found is refused by name."""
    refused = change(world, issuer)
    assert refused.status == 422
    assert "issuer" in refused.body["errors"][0]


def test_eleventh_former_issuer_is_409(world: World) -> None:
    """Ten former issuers whose tokens may be alive are remembered, and one more is refused."""
    for number in range(10):
        assert change(world, named(world, f"{number}.example.com")).status == 200
    refused = change(world, named(world, "more.example.com"))
    assert (refused.status, refused.body["code"]) == (409, "conflict")
    assert change(world, named(world, "3.example.com")).status == 200
    world.clock.advance(7 * 3_600)
    assert change(world, named(world, "more.example.com")).status == 200


def test_only_an_admin_names_the_issuer(world: World) -> None:
    """A key of less than `admin` changes no issuer, and a new realm names none."""
    wanted = {"name": "k", "permission": "write", "realm_id": world.realm_id}
    secret = world.admin("POST", "/v1/access_keys", wanted).body["secret"]
    path, body = f"/v1/realms/{world.realm_id}", {"issuer": named(world, "a.example.com")}
    assert world.call("PATCH", path, body, bearer=secret).status == 403
    assert world.admin("POST", "/v1/realms", {"name": "New", **body}).status == 422
