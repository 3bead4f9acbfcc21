"""Realms over HTTP: end all sessions, rotate keys, delete the realm."""

import pytest

from tests.e2e.calls import Api, claims

DELAY = 150 * 60


def key_id(token: str) -> str:
    """The key that a token names."""
    return str(claims(token)[0]["kid"])


def test_everyone_is_out_by_the_answer(api: Api) -> None:
    """After `end_sessions` every session of the realm is refused, and a new one is active."""
    realm_id = api.realm()
    users = [api.user(realm_id) for _ in range(3)]
    tokens = [user.login()["token"] for user in users for _ in range(2)]
    foreign = api.user(api.realm()).login()["token"]
    counted = api.admin("POST", f"/v1/realms/{realm_id}/end_sessions", {"dry_run": True})
    assert (counted.status, counted.body["sessions"]) == (200, 6)
    assert [api.validate(token).status for token in tokens] == [200] * 6
    ended = api.admin("POST", f"/v1/realms/{realm_id}/end_sessions")
    assert ended.status == 200
    for token in tokens:
        refused = api.validate(token)
        assert (refused.status, refused.body["reason"]) == (401, "realm_ended")
        assert refused.body["ended_at"] == ended.body["ended_at"]
    assert api.validate(users[0].login()["token"]).status == 200
    assert api.validate(foreign).status == 200


def test_everyone_of_one_user_is_out(api: Api) -> None:
    """The same for one user, by their name."""
    user = api.user(api.realm())
    tokens = [user.login()["token"] for _ in range(2)]
    path = f"/v1/users/{user.username}/end_sessions"
    ended = api.admin("POST", path, realm_id=user.realm_id)
    assert (ended.status, ended.body["sessions"]) == (200, 2)
    assert {api.validate(t).body["reason"] for t in tokens} == {"terminated_by_admin"}


@pytest.mark.local_only
def test_rotation_leaves_nobody_out(api: Api) -> None:
    """A new key signs 150 minutes after it was published; tokens of the old one stay valid."""
    user = api.user(api.realm())
    before = user.login()["token"]
    made = api.made("/v1/jwt_keys", {"realm_id": user.realm_id})
    assert key_id(user.login()["token"]) == key_id(before)
    api.advance(DELAY)
    after = user.login()["token"]
    assert key_id(after) == made["kid"]
    assert [api.validate(token).status for token in (before, after)] == [200, 200]
    path = f"/v1/jwt_keys/{key_id(before)}"
    early = api.admin("DELETE", path, realm_id=user.realm_id)
    assert (early.status, early.code) == (409, "key_in_use")
    now = api.call("GET", "/_local/clock").body["now"]
    api.advance(early.body["retire_after"] - now + 1)
    assert api.admin("DELETE", path, realm_id=user.realm_id).status == 204


@pytest.mark.local_only
def test_schedule_rotates_and_retires(api: Api) -> None:
    """With `rotate_days` the schedule makes the next key, and removes the one that is over."""
    realm_id = api.realm(rotate_days=30, jwt_algo="eddsa")

    def states() -> list[str]:
        found = api.admin("GET", "/v1/jwt_keys", realm_id=realm_id)
        keys = found.body["collection"]
        return [key["state"] for key in keys if key["kind"] == "expiring"]

    api.advance(30 * 86_400)
    assert api.call("POST", "/_local/run/RotateFunction").body["rotated"] >= 1
    assert states() == ["signing", "pending"]
    api.advance(DELAY)
    assert states() == ["verifying", "signing"]
    api.advance(7 * 3_600)
    assert api.call("POST", "/_local/run/RotateFunction").body["removed"] >= 1
    assert states() == ["signing"]


def test_compromised_key_signs_for_nobody(api: Api) -> None:
    """Tokens of a compromised key are refused before the answer, and another key signs."""
    user = api.user(api.realm(jwt_algo="es256"))
    token = user.login()["token"]
    path = f"/v1/jwt_keys/{key_id(token)}"
    stopped = api.admin("PUT", path, {"compromised": True}, realm_id=user.realm_id)
    assert (stopped.status, stopped.body["state"]) == (200, "compromised")
    assert stopped.body["ended"] == {"managed_sessions": 1, "complete": True}
    assert api.validate(token).status == 401
    assert api.validate(user.login()["token"]).status == 200


def test_realm_is_deleted_by_its_name(api: Api) -> None:
    """A realm goes with its users and sessions when its name is sent, and only then."""
    user = api.user(api.realm())
    token = user.login()["token"]
    path = f"/v1/realms/{user.realm_id}"
    assert api.admin("DELETE", path).status == 422
    assert api.admin("DELETE", path, name="end to end").status == 422
    assert api.validate(token).status == 200
    assert api.admin("DELETE", path, name="End to end").status == 204
    assert api.validate(token).status == 401
    assert user.try_login().status == 401
    assert [api.admin("GET", p).status for p in (path, f"/v1/users/{user.id}")] == [404, 404]
