"""An instance with a wrong clock writes no lasting times."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.http_world import PASSWORD, Answer, World

DAY = 86_400


def off(world: World, seconds: float) -> None:
    """Let the machine's clock be so far off from now on, and the handlers' with it."""
    if seconds > 0:
        world.clock.advance(seconds)
    else:
        world.clock.set_back(-seconds)
    world.clock.wrong_seconds = seconds


def refused(answer: Answer) -> None:
    """503 with `Retry-After`, and a sentence that is about the clock."""
    assert (answer.status, answer.body["code"]) == (503, "unavailable"), answer
    assert int(answer.headers["retry-after"]) > 0
    assert "clock" in answer.body["detail"]


def robot(world: World) -> str:
    """An api user's key."""
    body = {"realm_id": world.realm_id, "user_type": "api"}
    user_id = world.admin("POST", "/v1/users", body).body["id"]
    credential = {"user_id": user_id, "credential_type": "api_key"}
    return str(world.admin("POST", "/v1/credentials", credential).body["api_key"])


Begin = Callable[[World, str, str], Answer]
WAYS: dict[str, Begin] = {
    "password": lambda w, *_: w.login("ada"),
    "API key": lambda w, _, k: w.call("POST", "/v1/login", {"realm_id": w.realm_id, "api_key": k}),
    "server": lambda w, u, _: w.admin("POST", "/v1/sessions", {"user_id": u}),
    "authenticate": lambda w, u, _: w.admin(
        "POST", f"/v1/users/{u}/authenticate", {"password": PASSWORD}
    ),
    "authenticate_key": lambda w, _, k: w.admin(
        "POST", "/v1/users/authenticate_key", {"realm_id": w.realm_id, "api_key": k}
    ),
}


@pytest.mark.parametrize("seconds", [DAY, 12, -12, -DAY])
@pytest.mark.parametrize("session_type", ["managed", "unmanaged"])
def test_no_session_begins(world: World, session_type: str, seconds: float) -> None:
    """Each way to begin a session is 503 while the clock is wrong, and works once it is right."""
    world.admin("PATCH", f"/v1/realms/{world.realm_id}", {"session_type": session_type})
    user_id, key = world.user("ada"), robot(world)
    user = world.resources.users.get(user_id)
    off(world, seconds)
    for begin in WAYS.values():
        refused(begin(world, user_id, key))
    assert world.resources.users.get(user_id) == user
    off(world, -seconds)
    world.clock.wrong_seconds = 0.0
    for begin in WAYS.values():
        assert begin(world, user_id, key).status in (200, 201)


@pytest.mark.parametrize("seconds", [9, -9])
def test_clock_that_is_a_little_off_is_right(world: World, seconds: float) -> None:
    """Up to ten seconds are in order."""
    world.user("ada")
    off(world, seconds)
    assert world.login("ada").status == 200


@pytest.mark.parametrize("seconds", [DAY, -DAY])
def test_no_failure_is_counted(world: World, dynamodb: Any, seconds: float) -> None:
    """A wrong password is 503, not counted, and holds up nobody, at a login and at a change."""
    world.user("ada")
    token = world.login("ada").body["token"]
    wrong = {"current_password": "wrong horse", "password": PASSWORD}
    off(world, seconds)
    for _ in range(6):
        refused(world.login("ada", password="wrong horse"))
        if seconds < 0:
            refused(world.call("POST", "/v1/password", wrong, bearer=token))
    table = world.environment["ATTEMPTS_TABLE"]
    assert dynamodb.scan(TableName=table, Select="COUNT")["Count"] == 0


def test_sessions_are_validated_and_ended_all_the_same(world: World) -> None:
    """Sessions can be ended even if the clock is wrong."""
    user_id = world.user("ada")
    tokens = [world.login("ada").body["token"] for _ in range(3)]
    off(world, 3_600)
    assert world.call("GET", "/v1/session", bearer=tokens[0]).status == 200
    assert world.call("DELETE", "/v1/session", bearer=tokens[0]).status == 204
    assert world.admin("DELETE", f"/v1/sessions?user_id={user_id}").status == 204
    assert world.call("GET", "/v1/session", bearer=tokens[1]).status == 401


def test_cleanup_removes_no_session(world: World) -> None:
    """Sessions that look expired only by a fast clock stay, and are counted as failed."""
    user_id = world.user("ada")
    token = world.login("ada").body["token"]
    off(world, DAY)
    report = world.clean_up()
    assert report["failed"] == 1
    world.clock.set_back(DAY)
    world.clock.wrong_seconds = 0.0
    assert world.call("GET", "/v1/session", bearer=token).status == 200
    assert len(world.active(user_id)) == 1


def test_signing_keys_stay_as_they_are(world: World) -> None:
    """No key is made or removed, by a call or by the schedule, but a bad one is stopped."""
    of_realm = f"realm_id={world.realm_id}"
    path = f"/v1/jwt_keys?{of_realm}"
    assert world.admin("POST", path, {}).status == 201
    before = world.admin("GET", path).body["collection"]
    off(world, 400 * DAY)
    refused(world.admin("POST", path, {}))
    # Beside it there is the one that was just made, so the stop of it makes none.
    signing = next(k["id"] for k in before if k["kind"] == "expiring")
    refused(world.admin("DELETE", f"/v1/jwt_keys/{signing}?{of_realm}"))
    assert world.rotate()["failed"] == 1
    assert [k["id"] for k in world.admin("GET", path).body["collection"]] == [
        k["id"] for k in before
    ]
    stopped = world.admin("PATCH", f"/v1/jwt_keys/{signing}?{of_realm}", {"compromised": True})
    assert stopped.status == 200


@pytest.mark.parametrize("seconds", [DAY, -DAY])
def test_issuer_stays_as_it_is(world: World, seconds: float) -> None:
    """With a wrong clock no issuer is changed, because a former one could be dropped too early."""
    path = f"/v1/realms/{world.realm_id}"
    off(world, seconds)
    refused(world.admin("PATCH", path, {"issuer": f"https://id.example.com{path}"}))
    assert world.admin("PATCH", path, {"name": "Shop"}).status == 200
