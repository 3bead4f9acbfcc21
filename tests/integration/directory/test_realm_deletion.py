"""Deletion of a realm: its sessions end at once, and everything in it is removed."""

from collections.abc import Callable
from typing import Any

import pytest

from sojourn.directory import realm_deletion
from sojourn.domain import session_rules as rules
from sojourn.jobs.realm_removal import RealmRemoval
from sojourn.runtime.clock import Clock
from sojourn.store import realm_cache
from sojourn.store.realms import DynamoDirectory
from sojourn.store.removal import DynamoRemoval
from tests.integration.conftest import resources_of
from tests.integration.service.test_races import all_at_once
from tests.support.http_world import PASSWORD, Answer, World
from tests.support.stores import store_of


def delete(world: World, name: str | None = "Tests") -> Answer:
    """`DELETE /v1/realms/{id}` with this name."""
    query = "" if name is None else f"?name={name}"
    return world.admin("DELETE", f"/v1/realms/{world.realm_id}{query}")


def look(world: World) -> Answer:
    """`GET /v1/realms/{id}`."""
    return world.admin("GET", f"/v1/realms/{world.realm_id}")


def left(world: World, dynamodb: Any, *ids: str) -> list[str]:
    """The keys of all items that name the realm or one of these ids, but for the feed's entries."""
    found = []
    for table in ("DIRECTORY_TABLE", "SESSIONS_TABLE"):
        for item in dynamodb.scan(TableName=world.environment[table])["Items"]:
            if "#feed#" in item["pk"]["S"]:
                continue  # it holds ids alone, and is removed when its time is over
            if any(wanted in str(item) for wanted in (world.realm_id, *ids)):
                found.append(f"{item['pk']['S']} {item['sk']['S']}")
    return found


@pytest.fixture
def full(world: World) -> list[str]:
    """Users of the realm: with sessions, an ended record, an API key, names; an access key."""
    users = [world.user(name) for name in ("ada", "bob")]
    world.admin("PATCH", f"/v1/users/{users[0]}", {"email": "ada@example.com"})
    token = world.login("ada").body["token"]
    world.call("DELETE", "/v1/session", bearer=token)
    for name in ("ada", "bob"):
        world.login(name)
    robot = {"realm_id": world.realm_id, "user_type": "api"}
    users.append(world.admin("POST", "/v1/users", robot).body["id"])
    key = {"name": "server", "permission": "admin", "realm_id": world.realm_id}
    world.admin("POST", "/v1/access_keys", key)
    world.admin("POST", "/v1/jwt_keys", {"realm_id": world.realm_id})
    return users


@pytest.mark.parametrize("name", [None, "tests", "", "Test"])
def test_name_is_asked_for(world: World, name: str | None) -> None:
    """Without the realm's exact name nothing is deleted, and the sentence says what to send."""
    user_id = world.user("ada")
    token = world.login("ada").body["token"]
    refused = delete(world, name)
    assert refused.status == 422
    assert "name" in refused.body["errors"][0]
    assert world.call("GET", "/v1/session", bearer=token).status == 200
    assert len(world.active(user_id)) == 1


def test_realm_goes_with_all_that_is_in_it(world: World, full: list[str], dynamodb: Any) -> None:
    """Nothing of the realm or its users is left in either table; a second call is 404."""
    assert delete(world).status == 204
    assert left(world, dynamodb, *full) == []
    assert (delete(world).status, look(world).status) == (404, 404)
    names = world.admin("GET", "/v1/realms").body["collection"]
    assert world.realm_id not in {realm["id"] for realm in names}


def test_name_in_the_body(world: World) -> None:
    """The name may come in a body as well."""
    path = f"/v1/realms/{world.realm_id}"
    assert world.admin("DELETE", path, {"name": "Tests"}).status == 204


def test_sessions_end_at_once_on_an_instance_that_remembers(
    world: World, environment: dict[str, str]
) -> None:
    """By the answer no instance takes a token of the realm, nor a login in it."""
    warm = world.beside(resources_of(environment, world.clock))
    world.user("ada")
    token = world.login("ada").body["token"]
    assert warm.call("GET", "/v1/session", bearer=token).status == 200
    assert delete(world).status == 204
    assert warm.call("GET", "/v1/session", bearer=token).status == 401
    assert warm.login("ada").status == 401


def test_deletion_waits_from_its_mark_on(
    world: World, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An instance that read the realm while it was being marked takes no token of it any more."""
    world.user("ada")
    warm = world.beside(resources_of(environment, world.clock))
    token = world.login("ada").body["token"]
    commit = DynamoDirectory.commit
    seen: list[int] = []

    def slow(*arguments: Any, **more: Any) -> Any:
        world.clock.advance(4)
        seen.append(warm.call("GET", "/v1/session", bearer=token).status)
        return commit(*arguments, **more)

    # The user stays, so that it is the realm alone that refuses the token.
    monkeypatch.setattr(DynamoDirectory, "commit", slow)
    monkeypatch.setattr(RealmRemoval, "resume", lambda *_: False)
    assert delete(world).status == 202
    seen.append(warm.call("GET", "/v1/session", bearer=token).status)
    assert seen == [200, 401]


def test_large_realm_goes_in_steps_that_can_be_seen(
    world: World, full: list[str], dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Out of time it answers 202 with its progress; every session has ended; a repeat goes on."""
    token = world.login("ada").body["token"]
    with monkeypatch.context() as patched:
        patched.setattr(realm_deletion, "SECONDS", 0.0)
        begun = delete(world)
    assert (begun.status, begun.body["state"]) == (202, "deleting")
    assert begun.body["deletion"]["users_remaining"] == 3
    assert begun.body["deletion"]["users_deleted"] == 0
    assert look(world).body == begun.body
    assert world.call("GET", "/v1/session", bearer=token).status == 401
    assert world.login("ada").status == 401
    assert delete(world).status == 204
    assert left(world, dynamodb, *full) == []


def test_progress_counts_users(world: World, full: list[str]) -> None:
    """A running deletion shows its progress."""
    deletion = world.instance.directory.realm_deletion
    realm = deletion.store.get(world.realm_id)
    assert realm is not None
    deletion._mark(realm, by="key_tests")
    users = f"{world.realm_id}#users"

    def until_one_is_gone() -> float:
        found, _ = store_of(world.resources).realms.members(
            users, after=None, limit=9, ascending=True
        )
        return len(found) - len(full) + 1

    assert not deletion.removal.resume(world.realm_id, until_one_is_gone)
    told = look(world).body["deletion"]
    assert (told["users_deleted"], told["users_remaining"]) == (1, len(full) - 1)


def test_realm_under_deletion_is_gone_to_everything_else(
    world: World, full: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing can be read, made or changed in it meanwhile: 404."""
    monkeypatch.setattr(realm_deletion, "SECONDS", 0.0)
    (credential,) = world.resources.users.get(full[0]).credentials  # type: ignore[union-attr]
    assert delete(world).status == 202
    realm = f"realm_id={world.realm_id}"
    body = {"realm_id": world.realm_id, "username": "late", "password": PASSWORD}
    key = {"name": "k", "permission": "read", "realm_id": world.realm_id}
    answers = [
        world.admin("POST", "/v1/users", body),
        world.admin("GET", f"/v1/users?{realm}"),
        world.admin("POST", "/v1/access_keys", key),
        world.admin("PATCH", f"/v1/realms/{world.realm_id}", {"max_sessions": 1}),
        world.admin("POST", f"/v1/realms/{world.realm_id}/end_sessions"),
        world.admin("POST", "/v1/jwt_keys", {"realm_id": world.realm_id}),
        world.admin("GET", f"/v1/jwt_keys?{realm}"),
        world.admin("POST", "/v1/sessions", {"user_id": full[0]}),
        world.admin("GET", f"/v1/sessions?user_id={full[0]}"),
        world.admin("PATCH", f"/v1/users/{full[0]}", {"name": "x"}),
        world.admin("GET", f"/v1/users/{full[0]}"),
        world.admin("GET", f"/v1/credentials?user_id={full[0]}"),
        world.admin("GET", f"/v1/credentials/{credential}"),
    ]
    assert [answer.status for answer in answers] == [404] * len(answers)


def test_deletion_that_died_is_finished_by_cleanup(
    world: World, full: list[str], dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a crash behind the first commit, all sessions have ended and cleanup does the rest."""
    token = world.login("ada").body["token"]

    def dies(*_arguments: object) -> bool:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(RealmRemoval, "resume", dies)
        with pytest.raises(MemoryError):
            delete(world)
    world.clock.advance(6)
    assert world.call("GET", "/v1/session", bearer=token).status == 401
    report = world.clean_up()
    assert (report["failed"], report["remaining"]) == (0, 0)
    assert left(world, dynamodb, *full) == []


def test_login_that_began_before_leaves_nothing(
    world: World, dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A login that commits after the mark is refused afterwards, and goes with the rest."""
    user_id = world.user("ada")
    begin = rules.begin
    answers: list[Answer] = []

    def then_begin(*arguments: Any, **more: Any) -> Any:
        if not answers:
            answers.append(Answer(0, None))
            with monkeypatch.context() as patched:
                patched.setattr(realm_deletion, "SECONDS", 0.0)
                answers[0] = delete(world)
        return begin(*arguments, **more)

    monkeypatch.setattr(rules, "begin", then_begin)
    late = world.login("ada")
    assert (answers[0].status, late.status) == (202, 200)
    assert world.call("GET", "/v1/session", bearer=late.body["token"]).status == 401
    assert delete(world).status == 204
    assert left(world, dynamodb, user_id) == []


def test_user_made_while_the_realm_is_deleted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user made after the deletion looked for users is refused, and no user is left behind."""
    members = DynamoDirectory.members
    made: list[Answer] = []

    def then_create(self: DynamoDirectory, owner: str, **page: Any) -> Any:
        found = members(self, owner, **page)
        if not made and owner.endswith("#users"):
            body = {"realm_id": world.realm_id, "username": "late", "password": PASSWORD}
            made.append(world.admin("POST", "/v1/users", body))
        return found

    monkeypatch.setattr(DynamoDirectory, "members", then_create)
    assert delete(world).status == 204
    assert made[0].status == 404


def test_user_made_while_the_realm_is_marked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user whose realm was marked since it was read is refused at once, and not tried again."""
    began = world.clock.stopwatch()
    get = DynamoDirectory.get
    marked: list[Answer] = []

    def then_mark(self: DynamoDirectory, realm_id: str) -> Any:
        found = get(self, realm_id)
        if not marked:
            marked.append(Answer(0, None))
            with monkeypatch.context() as patched:
                patched.setattr(realm_deletion, "SECONDS", 0.0)
                marked[0] = delete(world)
        return found

    monkeypatch.setattr(DynamoDirectory, "get", then_mark)
    body = {"realm_id": world.realm_id, "username": "late", "password": PASSWORD}
    assert world.admin("POST", "/v1/users", body).status == 404
    assert marked[0].status == 202
    assert world.clock.stopwatch() == began


def test_deletion_that_another_began_just_before_helps_it(
    world: World, full: list[str], dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deletion that finds the realm marked since its look goes on with it, and is done."""
    find = DynamoDirectory.find
    marked: list[Answer] = []

    def then_mark(self: DynamoDirectory, realm_id: str) -> Any:
        found = find(self, realm_id)
        if not marked:
            marked.append(Answer(0, None))
            with monkeypatch.context() as patched:
                patched.setattr(realm_deletion, "SECONDS", 0.0)
                marked[0] = delete(world)
        return found

    monkeypatch.setattr(DynamoDirectory, "find", then_mark)
    assert delete(world).status == 204
    assert marked[0].status == 202
    assert left(world, dynamodb, *full) == []


def test_step_after_another_has_finished_is_no_failure(
    world: World, full: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """If another call finished the deletion in the meantime, nothing is counted."""
    count = DynamoRemoval.count_removed

    def then_finish(self: DynamoRemoval, realm_id: str, users: int) -> None:
        self.remove_realm(realm_id)
        count(self, realm_id, users)

    monkeypatch.setattr(DynamoRemoval, "count_removed", then_finish)
    assert delete(world).status == 204
    assert look(world).status == 404


def test_deletions_at_once_help_each_other(
    world: World, full: list[str], dynamodb: Any, environment: dict[str, str]
) -> None:
    """Of four simultaneous deletions each answers 204, or 404 after another has finished."""
    worlds = [world.beside(resources_of(environment, world.clock)) for _ in range(4)]
    answers = all_at_once(4, lambda n: delete(worlds[n]))
    assert {answer.status for answer in answers} <= {204, 404}
    assert 204 in {answer.status for answer in answers}
    assert left(world, dynamodb, *full) == []


def test_key_of_another_realm_deletes_nothing(world: World) -> None:
    """Another realm's admin sees no such realm, and `write` is not enough."""
    other = world.admin("POST", "/v1/realms", {"name": "Other"}).body["id"]
    seen = []
    for realm_id, permission in ((other, "admin"), (world.realm_id, "write")):
        key = {"name": "k", "permission": permission, "realm_id": realm_id}
        secret = world.admin("POST", "/v1/access_keys", key).body["secret"]
        path = f"/v1/realms/{world.realm_id}?name=Tests"
        seen.append(world.call("DELETE", path, bearer=secret).status)
    assert seen == [404, 403]
    assert look(world).body["state"] == "active"


def test_end_between_a_users_read_and_removal_leaves_no_record(
    world: World, dynamodb: Any, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A logout by an instance that still remembers the realm leaves no ended record behind."""
    warm = world.beside(resources_of(environment, world.clock))
    user_id = world.user("ada")
    token = world.login("ada").body["token"]
    assert warm.call("GET", "/v1/session", bearer=token).status == 200
    remove = DynamoRemoval.remove_records
    ends: list[Answer] = []

    def then_log_out(self: DynamoRemoval, wanted: str, time_left: Callable[[], float]) -> bool:
        done = remove(self, wanted, time_left)
        if not ends:
            ends.append(warm.call("DELETE", "/v1/session", bearer=token))
        return done

    monkeypatch.setattr(DynamoRemoval, "remove_records", then_log_out)
    assert delete(world).status == 204
    assert ends[0].status == 204
    assert left(world, dynamodb, user_id) == []


def test_deletion_that_cleanup_finished_is_done(
    world: World, full: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deletion whose time is up, and which cleanup finishes while it waits, answers as done."""
    wait_for_expiry = realm_cache.wait_for_expiry

    def meanwhile(clock: Clock, *, since: float | None = None) -> None:
        assert world.clean_up()["removed"] > 0
        wait_for_expiry(clock, since=since)

    monkeypatch.setattr(realm_deletion, "SECONDS", 0)
    monkeypatch.setattr(realm_cache, "wait_for_expiry", meanwhile)
    answer = delete(world)
    assert (answer.status, look(world).status) == (204, 404)


def test_removal_of_access_keys_takes_no_longer_than_it_may(world: World) -> None:
    """A realm with more access keys than there is time for is gone on with by the next call."""
    for name in ("first", "second"):
        key = {"name": name, "permission": "read", "realm_id": world.realm_id}
        assert world.admin("POST", "/v1/access_keys", key).status == 201
    deletion = world.instance.directory.realm_deletion
    realm = deletion.store.get(world.realm_id)
    assert realm is not None
    deletion._mark(realm, by="key_tests")
    left, owner = iter([1.0, 0.0]), f"{world.realm_id}#keys"
    assert not deletion.removal.resume(world.realm_id, lambda: next(left))
    found, _ = store_of(world.resources).realms.members(owner, after=None, limit=9, ascending=True)
    assert len(found) == 1
    assert deletion.removal.resume(world.realm_id, lambda: 1.0)
    assert look(world).status == 404
