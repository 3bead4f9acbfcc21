"""One write ends all sessions of a realm, on every instance, before it is answered."""

from collections.abc import Callable
from typing import Any

import pytest

from sojourn.bootstrap import Resources
from sojourn.domain import session_rules as rules
from sojourn.store.realms import DynamoDirectory
from sojourn.store.users import DynamoUsers
from tests.integration.conftest import resources_of
from tests.integration.service.test_budgets import calls
from tests.integration.service.test_races import all_at_once
from tests.support.http_world import Answer, World


def end(world: World, **body: object) -> Answer:
    """The end of the realm's sessions."""
    return world.admin("POST", f"/v1/realms/{world.realm_id}/end_sessions", body or None)


def validated(world: World, token: str) -> Answer:
    """`GET /v1/session`."""
    return world.call("GET", "/v1/session", bearer=token)


@pytest.fixture
def warm(world: World, environment: dict[str, str]) -> World:
    """Another instance."""
    return world.beside(resources_of(environment, world.clock))


def test_end_is_definite_on_an_instance_that_remembers(world: World, warm: World) -> None:
    """A session is refused by an instance that had the realm in its cache a moment before."""
    world.user("ada")
    token = world.login("ada").body["token"]
    assert validated(warm, token).status == 200
    ended = end(world)
    assert ended.status == 200
    refused = validated(warm, token)
    assert (refused.status, refused.body["code"]) == (401, "session_ended")
    assert refused.body["reason"] == "realm_ended"
    assert refused.body["ended_at"] == ended.body["ended_at"]


def test_end_reaches_unmanaged_and_api_key_tokens(world: World) -> None:
    """Tokens that are nowhere recorded are refused as well, by when they began."""
    world.admin("PATCH", f"/v1/realms/{world.realm_id}", {"session_type": "unmanaged"})
    world.user("ada")
    in_realm = {"realm_id": world.realm_id}
    robot = world.admin("POST", "/v1/users", {**in_realm, "user_type": "api"}).body["id"]
    made = {"user_id": robot, "credential_type": "api_key"}
    key = world.admin("POST", "/v1/credentials", made).body["api_key"]
    tokens = [
        world.login("ada").body["token"],
        world.call("POST", "/v1/login", {**in_realm, "api_key": key}).body["token"],
    ]
    assert [validated(world, token).status for token in tokens] == [200, 200]
    assert end(world).status == 200
    for token in tokens:
        refused = validated(world, token)
        assert (refused.status, refused.body["reason"]) == (401, "realm_ended")
    again = world.call("POST", "/v1/login", {**in_realm, "api_key": key})
    assert validated(world, again.body["token"]).status == 200


def test_dead_sessions_are_neither_listed_nor_counted(world: World) -> None:
    """After the end a user at the cap begins anew, evicting nobody; earlier ones have ended."""
    world.admin("PATCH", f"/v1/realms/{world.realm_id}", {"max_sessions": 2, "at_limit": "deny"})
    user_id = world.user("ada")
    dead = [world.login("ada").body["id"] for _ in range(2)]
    assert world.login("ada").status == 409
    ended_at = end(world).body["ended_at"]
    assert world.active(user_id) == []
    assert world.reasons(user_id) == dict.fromkeys(dead, "realm_ended")
    one = world.admin("GET", f"/v1/sessions/{dead[0]}?state=any").body
    assert (one["active"], one["reason"], one["ended_at"]) == (False, "realm_ended", ended_at)
    assert one["ended_by"]["type"] == "access_key"
    alive = [world.login("ada").body["id"] for _ in range(2)]
    assert world.active(user_id) == alive[::-1]
    assert world.reasons(user_id) == dict.fromkeys(dead, "realm_ended")


@pytest.mark.parametrize("by", ["session", "user", "state", "password", "realm"])
def test_first_reason_stays(world: World, by: str) -> None:
    """A session that has ended keeps its first end."""
    user_id = world.user("ada")
    session = world.login("ada").body
    ended_at = end(world).body["ended_at"]
    world.clock.advance(60)
    again: dict[str, Callable[[], Answer]] = {
        "session": lambda: world.admin("DELETE", f"/v1/sessions/{session['id']}"),
        "user": lambda: world.admin("DELETE", f"/v1/sessions?user_id={user_id}"),
        "state": lambda: world.admin("PATCH", f"/v1/users/{user_id}", {"state": "inactive"}),
        "password": lambda: world.admin(
            "PATCH", f"/v1/users/{user_id}", {"password": "another horse"}
        ),
        "realm": lambda: end(world),
    }
    assert again[by]().status in (200, 204)
    one = world.admin("GET", f"/v1/sessions/{session['id']}?state=any").body
    assert (one["reason"], one["ended_at"]) == ("realm_ended", ended_at)
    assert validated(world, session["token"]).body["reason"] == "realm_ended"


def test_dead_session_ends_nothing(world: World) -> None:
    """A session that the realm ended cannot end another, nor itself again."""
    user_id = world.user("ada")
    dead = world.login("ada").body["token"]
    end(world)
    alive = world.login("ada").body["id"]
    assert world.call("DELETE", f"/v1/sessions/{alive}", bearer=dead).status == 401
    assert world.call("DELETE", "/v1/sessions?scope=all", bearer=dead).status == 401
    assert world.active(user_id) == [alive]


def test_login_that_began_before_does_not_outlive_the_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A login that read the realm before the end and commits after it is refused afterwards."""
    user_id = world.user("ada")
    begin = rules.begin
    ends: list[Answer] = []

    def then_begin(*arguments: Any, **more: Any) -> Any:
        if not ends:
            ends.append(end(world))
        return begin(*arguments, **more)

    monkeypatch.setattr(rules, "begin", then_begin)
    late = world.login("ada")
    assert (ends[0].status, late.status) == (200, 200)
    assert validated(world, late.body["token"]).body["reason"] == "realm_ended"
    assert world.active(user_id) == []


def test_end_is_one_write_however_many_sessions(world: World) -> None:
    """An end costs one read and one commit of the realm, and a validation no more than before."""
    for name in ("ada", "bob"):
        world.user(name)
        token = world.login(name).body["token"]
    with calls() as made:
        assert end(world).status == 200
    assert made == ["GetItem", "TransactWriteItems"]
    token = world.login("bob").body["token"]
    validated(world, token)
    with calls() as made:
        assert validated(world, token).status == 200
    assert made == ["GetItem"]


def test_sixteen_ends_at_once_all_end(world: World) -> None:
    """Ends at the same moment all succeed, and lose no setting of the realm."""
    world.user("ada")
    token = world.login("ada").body["token"]
    answers = all_at_once(8, lambda _n: end(world))
    assert {answer.status for answer in answers} == {200}
    assert validated(world, token).status == 401
    assert world.login("ada").status == 200


def test_an_end_between_a_change_and_its_write_is_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A realm's change that was decided before an end does not undo the end."""
    world.user("ada")
    token = world.login("ada").body["token"]
    look = DynamoDirectory.get
    ends: list[Answer] = []

    def then_end(self: DynamoDirectory, realm_id: str) -> Any:
        found = look(self, realm_id)
        if not ends:
            ends.append(Answer(0, None))
            ends[0] = end(world)
        return found

    monkeypatch.setattr(DynamoDirectory, "get", then_end)
    changed = world.admin("PATCH", f"/v1/realms/{world.realm_id}", {"session_minutes": 5})
    assert (ends[0].status, changed.status) == (200, 200)
    assert validated(world, token).status == 401


def test_older_ends_are_told_apart(world: World) -> None:
    """Each session tells the end that ended it, and not a later one."""
    user_id = world.user("ada")
    first = world.login("ada").body["id"]
    ends = [end(world).body["ended_at"]]
    user_two = world.user("bob")
    second = world.login("bob").body["id"]
    world.clock.advance(100)
    ends.append(end(world).body["ended_at"])
    told = [
        world.admin("GET", f"/v1/sessions/{s}?state=any").body["ended_at"] for s in (first, second)
    ]
    assert told == ends
    assert ends[0] < ends[1]
    assert [list(world.reasons(u).values()) for u in (user_id, user_two)] == [["realm_ended"]] * 2


def test_dry_run_counts_and_ends_nothing(world: World) -> None:
    """A dry run tells how many sessions would end, and they go on."""
    users = [world.user(name) for name in ("ada", "bob")]
    tokens = [world.login(name).body["token"] for name in ("ada", "ada", "bob")]
    path = f"/v1/realms/{world.realm_id}/end_sessions"
    counted = end(world, dry_run=True)
    assert counted.status == 200
    assert world.admin("POST", f"{path}?dry_run=true").body == counted.body
    assert world.admin("POST", f"{path}?dry_run=yes").status == 422
    assert counted.body == {
        "object": "session_end",
        "realm_id": world.realm_id,
        "user_id": None,
        "dry_run": True,
        "ended_at": None,
        "sessions": 3,
        "complete": True,
    }
    assert [validated(world, token).status for token in tokens] == [200] * 3
    end(world)
    assert end(world, dry_run=True).body["sessions"] == 0
    assert [world.active(user_id) for user_id in users] == [[], []]


def test_dry_run_is_bounded(
    world: World, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a realm with more users than are looked at, the count says that it is not complete."""
    monkeypatch.setattr("sojourn.sessions.counts.USERS", 1)
    monkeypatch.setattr("sojourn.sessions.counts.PAGE", 1)
    for name in ("ada", "bob"):
        world.user(name)
        world.login(name)
    counted = end(world, dry_run=True).body
    assert (counted["sessions"], counted["complete"]) == (1, False)


def test_dry_run_is_bounded_in_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A count that the store holds up stops, and tells how far it came."""
    monkeypatch.setattr("sojourn.sessions.counts.PAGE", 1)
    for name in ("ada", "bob"):
        world.user(name)
        world.login(name)
    get_many = DynamoUsers.get_many

    def slow(self: DynamoUsers, user_ids: Any) -> Any:
        world.clock.advance(4)
        return get_many(self, user_ids)

    monkeypatch.setattr(DynamoUsers, "get_many", slow)
    counted = end(world, dry_run=True).body
    assert (counted["sessions"], counted["complete"]) == (1, False)


def test_end_of_a_user_by_any_name(world: World) -> None:
    """The same for one user, by id or username: it says how many, and a dry run ends none."""
    user_id = world.user("ada")
    other = world.user("bob")
    session = world.login("ada").body
    kept = world.login("bob").body["id"]
    path = f"/v1/users/ada/end_sessions?realm_id={world.realm_id}"
    counted = world.admin("POST", path, {"dry_run": True})
    assert (counted.status, counted.body["sessions"]) == (200, 1)
    assert world.active(user_id) == [session["id"]]
    ended = world.admin("POST", f"/v1/users/{user_id}/end_sessions")
    assert (ended.status, ended.body["sessions"], ended.body["user_id"]) == (200, 1, user_id)
    assert validated(world, session["token"]).body["reason"] == "terminated_by_admin"
    assert world.active(other) == [kept]


def test_end_of_a_user_counts_what_it_ended(world: World) -> None:
    """Sessions that a key's stop or the realm's end had ended before are not counted."""
    user_id = world.user("ada")
    world.login("ada")
    realm = f"realm_id={world.realm_id}"
    keys = world.admin("GET", f"/v1/jwt_keys?{realm}").body["collection"]
    (signing,) = (key["id"] for key in keys if key["kind"] == "expiring")
    stop = world.admin("PATCH", f"/v1/jwt_keys/{signing}?{realm}", {"compromised": True})
    assert stop.status == 200
    path = f"/v1/users/{user_id}/end_sessions"
    assert world.admin("POST", path).body["sessions"] == 0
    for _ in range(2):
        world.login("ada")
    assert world.admin("POST", path).body["sessions"] == 2
    world.login("ada")
    assert end(world).status == 200
    assert world.admin("POST", path).body["sessions"] == 0


def test_end_needs_write_and_the_realm(world: World) -> None:
    """A key with `read`, another realm's key and a user's token end nothing."""
    world.user("ada")
    token = world.login("ada").body["token"]
    other = world.admin("POST", "/v1/realms", {"name": "Other"}).body["id"]
    path = f"/v1/realms/{world.realm_id}/end_sessions"
    seen = []
    for realm_id, permission in ((world.realm_id, "read"), (other, "admin")):
        key = {"name": "k", "permission": permission, "realm_id": realm_id}
        secret = world.admin("POST", "/v1/access_keys", key).body["secret"]
        seen.append(world.call("POST", path, bearer=secret).status)
    seen.append(world.call("POST", path, bearer=token).status)
    seen.append(world.call("POST", path).status)
    assert seen == [403, 404, 403, 401]
    assert validated(world, token).status == 200


@pytest.mark.parametrize("body", [{"dry": True}, {"dry_run": "yes"}, {"dry_run": 1}], ids=str)
def test_end_takes_dry_run_alone(world: World, body: dict[str, object]) -> None:
    """A misspelt dry run is refused, and ends nothing."""
    world.user("ada")
    token = world.login("ada").body["token"]
    assert end(world, **body).status == 422
    assert validated(world, token).status == 200
