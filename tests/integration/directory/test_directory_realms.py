"""Realms and their signing keys: settings in range, changes at once."""

from typing import Any

import pytest

from sojourn.domain import ids
from sojourn.domain.policy import SIGNING_KEYS
from sojourn.domain.signing_key import SIGNING_DELAY_MS
from sojourn.store.realms import DynamoDirectory
from tests.integration.directory.test_jwt_keys import listed
from tests.support.http_world import Answer, World


def realm(world: World, **changes: object) -> Answer:
    """The answer to a change of the realm."""
    return world.admin("PATCH", f"/v1/realms/{world.realm_id}", changes)


def jwt_keys(world: World, query: str = "") -> Answer:
    """The realm's signing keys."""
    return world.admin("GET", f"/v1/jwt_keys?realm_id={world.realm_id}{query}")


def test_realm_carries_its_settings_and_issuer(world: World) -> None:
    """A realm is one flat object with its settings, and the issuer that it was made with."""
    found = world.admin("GET", f"/v1/realms/{world.realm_id}").body
    assert found["object"] == "realm"
    assert found["session_minutes"] == 360
    assert found["issuer"] == f"https://sessions.example.com/v1/realms/{world.realm_id}"
    assert "keys" not in found


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_change_touches_what_it_names(world: World, method: str) -> None:
    """PUT and PATCH both change just the fields that they name."""
    before = world.admin("GET", f"/v1/realms/{world.realm_id}").body
    answer = world.admin(method, f"/v1/realms/{world.realm_id}", {"max_sessions": 3})
    assert (answer.status, answer.body) == (200, before | {"max_sessions": 3})


def test_changes_at_once_are_all_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change that met another between its read and its write keeps the other's fields."""
    look = DynamoDirectory.get
    between: list[Answer] = []

    def then_change(self: DynamoDirectory, realm_id: str) -> Any:
        found = look(self, realm_id)
        if not between:
            between.append(Answer(0, None))
            between[0] = realm(world, max_sessions=3)
        return found

    monkeypatch.setattr(DynamoDirectory, "get", then_change)
    assert realm(world, session_minutes=5).status == 200
    found = world.admin("GET", f"/v1/realms/{world.realm_id}").body
    assert (found["max_sessions"], found["session_minutes"]) == (3, 5)


def test_session_type_keeps_the_stored_minutes_in_range(world: World) -> None:
    """A change of type that would put the stored minutes out of range is 422 with the range."""
    assert realm(world, session_type="unmanaged", session_minutes=0).status == 200
    refused = realm(world, session_type="managed")
    assert refused.status == 422
    assert "1 to 525600" in refused.body["errors"][0]
    assert realm(world, session_type="managed", session_minutes=60).status == 200


def test_hs256_is_refused_with_the_reason(world: World) -> None:
    """hs256 is 422, and the sentence says that its verifiers would hold the secret."""
    refused = realm(world, jwt_algo="hs256")
    assert refused.status == 422
    assert "verifiers would hold" in refused.body["errors"][0]


@pytest.mark.parametrize(
    "field", ["id", "issuer", "former_issuers", "keys", "generation", "v", "deletion"]
)
def test_realm_takes_only_its_settings(world: World, field: str) -> None:
    """Read-only members of a realm cannot be assigned."""
    assert realm(world, **{field: "x"}).status == 422


def test_new_algorithm_signs_when_caches_know_its_key(world: World) -> None:
    """A change of algorithm publishes a key at once, which signs 150 minutes later."""
    world.user("ada")
    (old,) = listed(world)
    world.clock.advance(1)
    assert realm(world, jwt_algo="es256").status == 200
    new = listed(world)[1]
    for kind in ("expiring", "open_ended"):
        keys = listed(world, kind)
        assert [k["state"] for k in keys] == ["signing", "pending"]
        assert [k["algo"] for k in keys] == ["rs256", "es256"]
    assert new["signs_from"] - new["created_at"] == pytest.approx(SIGNING_DELAY_MS / 1000)
    before = world.login("ada").body["token"]
    world.clock.advance(SIGNING_DELAY_MS / 1000)
    assert [k["state"] for k in listed(world)] == ["verifying", "signing"]
    after = world.login("ada").body["token"]
    for token in (before, after):
        assert world.call("GET", "/v1/session", bearer=token).status == 200
    assert before.split(".")[0] != after.split(".")[0]
    assert world.admin("GET", f"/v1/jwt_keys/{old['id']}?realm_id={world.realm_id}").status == 200


def test_signing_key_shows_its_public_half_alone(world: World) -> None:
    """A signing key is answered with a PEM of its public half and nothing of the private."""
    found = jwt_keys(world).body["collection"][0]
    shown = "object id kid realm_id algo kind state public_key created_at signs_from retire_after"
    shown += " open_ended"
    assert set(found) == set(shown.split())
    assert found["public_key"].startswith("-----BEGIN PUBLIC KEY-----")


def test_signing_keys_are_paged(world: World) -> None:
    """The list of signing keys takes the parameters that every list takes."""
    for algo in ("eddsa", "es256"):
        world.clock.advance(1)
        realm(world, jwt_algo=algo)
    every = [key["id"] for key in jwt_keys(world).body["collection"]]
    first = jwt_keys(world, "&max_results=2").body
    assert ([k["id"] for k in first["collection"]], first["more_results"]) == (every[:2], True)
    rest = jwt_keys(world, f"&after={every[1]}").body
    assert ([k["id"] for k in rest["collection"]], rest["more_results"]) == (every[2:], False)
    newest = jwt_keys(world, "&direction=desc&max_results=1").body["collection"]
    assert [k["id"] for k in newest] == every[-1:]
    assert jwt_keys(world, "&after=zzz").body["code"] == "cursor_invalid"


def test_realm_takes_no_signing_keys_without_end(world: World) -> None:
    """A realm has so many signing keys that it still goes in one transaction, and no more."""
    for number in range(SIGNING_KEYS // 2 - 1):
        assert realm(world, jwt_algo=("es256", "eddsa")[number % 2]).status == 200
    refused = realm(world, jwt_algo="rs256")
    assert (refused.status, refused.body["code"]) == (409, "conflict")
    assert "20 of at most 20 signing keys, and this makes 2 more" in refused.body["detail"]
    assert realm(world, max_sessions=2).status == 200
    assert world.admin("DELETE", f"/v1/realms/{world.realm_id}?name=Tests").status == 204


@pytest.mark.parametrize("kind", ["users", "access_keys", "jwt_keys"])
def test_lists_of_an_unknown_realm(world: World, kind: str) -> None:
    """A list of a realm that is not there is 404, not an empty list."""
    unknown = ids.new_id("rl", world.clock.wall_ms())
    assert world.admin("GET", f"/v1/{kind}?realm_id={unknown}").status == 404


def test_realms_are_paged_both_ways(world: World) -> None:
    """The list of realms goes by id in either direction; a key of one realm sees that one."""
    for name in ("b", "c"):
        world.admin("POST", "/v1/realms", {"name": name, "jwt_algo": "eddsa"})
    every = [r["id"] for r in world.admin("GET", "/v1/realms").body["collection"]]
    assert every == sorted(every)
    assert len(every) == 3
    page = world.admin("GET", f"/v1/realms?direction=desc&max_results=1&after={every[2]}").body
    assert ([r["id"] for r in page["collection"]], page["more_results"]) == ([every[1]], True)
    bad = world.admin("GET", "/v1/realms?after=usr_1")
    assert (bad.status, bad.body["code"]) == (400, "cursor_invalid")
    wanted = {"name": "tests", "permission": "read", "realm_id": every[1]}
    secret = world.admin("POST", "/v1/access_keys", wanted).body["secret"]
    own = world.call("GET", "/v1/realms", bearer=secret).body
    assert [r["id"] for r in own["collection"]] == [every[1]]
    assert world.call("GET", f"/v1/realms/{every[0]}", bearer=secret).status == 404
