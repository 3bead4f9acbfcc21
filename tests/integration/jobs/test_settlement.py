"""Rule 9: ended records after a realm's end or a stopped key are kept for 30 days, no longer."""

from collections.abc import Callable
from typing import Any

import pytest

from sojourn.domain.due import SETTLED_AFTER
from sojourn.domain.user import User
from sojourn.jobs import settlement
from sojourn.store import user_items
from sojourn.store.due import SETTLEMENT
from sojourn.store.user_directory import DynamoUserDirectory
from tests.support.http_world import World

DAY = 86_400
YEAR_MINUTES = 525_600


def end(world: World) -> None:
    """End everything in the realm."""
    assert world.admin("POST", f"/v1/realms/{world.realm_id}/end_sessions").status == 200


def stop(world: World) -> None:
    """Stop every key that signs."""
    of_realm = f"realm_id={world.realm_id}"
    keys = world.admin("GET", f"/v1/jwt_keys?{of_realm}").body["collection"]
    for key in keys:
        path = f"/v1/jwt_keys/{key['id']}?{of_realm}"
        assert world.admin("PATCH", path, {"compromised": True}).status == 200


def people(world: World, number: int) -> list[str]:
    """Users, each with a session of a year."""
    path = f"/v1/realms/{world.realm_id}"
    world.admin("PATCH", path, {"session_minutes": YEAR_MINUTES, "max_staleness_seconds": 300})
    made = sorted(world.user(f"user-{n}") for n in range(number))
    for user_id in made:
        assert world.admin("POST", "/v1/sessions", {"user_id": user_id}).status == 201
    return made


def a_user(world: World, user_id: str) -> User:
    """A user as they are stored."""
    found = world.resources.seen_users.get(user_id)
    assert found is not None
    return found


def stored(dynamodb: Any, world: World, prefix: str) -> list[str]:
    """The sort keys of the sessions table that begin so."""
    table = world.environment["SESSIONS_TABLE"]
    found = dynamodb.scan(TableName=table)["Items"]
    return [item["sk"]["S"] for item in found if item["sk"]["S"].startswith(prefix)]


def only_settlement(dynamodb: Any, world: World) -> str:
    """What the one settlement in the index is for."""
    (place,) = stored(dynamodb, world, SETTLEMENT)
    return place.removeprefix(SETTLEMENT)


@pytest.mark.parametrize(("ends", "reason"), [(end, "realm_ended"), (stop, "terminated_by_admin")])
def test_what_an_end_ended_is_recorded_though_nobody_comes_back(
    world: World, dynamodb: Any, ends: Callable[[World], None], reason: str
) -> None:
    """Within an hour or two each user's sessions are ended records, which go after 30 days."""
    ada, bob = people(world, 2)
    ends(world)
    world.clean_up()
    assert len(a_user(world, ada).sessions) == 1
    world.clock.advance(SETTLED_AFTER)
    report = world.clean_up()
    assert report["found"] == report["removed"] > 0
    assert report["failed"] == 0
    for user_id in (ada, bob):
        assert a_user(world, user_id).sessions == ()
        assert list(world.reasons(user_id).values()) == [reason]
    assert stored(dynamodb, world, SETTLEMENT) == []
    world.clock.advance(29 * DAY)
    world.clean_up()
    assert len(stored(dynamodb, world, user_items.ENDED)) == 2
    world.clock.advance(DAY)
    world.clean_up()
    assert stored(dynamodb, world, user_items.ENDED) == []
    assert "203.0.113.9" not in str(a_user(world, ada))


def test_sessions_from_after_the_end_stay(world: World) -> None:
    """A settlement records ended sessions, and leaves later ones."""
    (ada,) = people(world, 1)
    end(world)
    later = world.admin("POST", "/v1/sessions", {"user_id": ada}).body
    world.clock.advance(SETTLED_AFTER)
    world.clean_up()
    assert world.active(ada) == [later["id"]]
    assert world.call("GET", "/v1/session", bearer=later["token"]).status == 200


def test_settlement_goes_on_where_it_was(
    world: World, dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A settlement without enough time continues later from its last page."""
    made = people(world, 5)
    end(world)
    world.clock.advance(SETTLED_AFTER)
    monkeypatch.setattr(settlement, "PAGE", 2)
    name = only_settlement(dynamodb, world)
    job = world.instance.cleanup.settlement
    left = [1.0] * 3
    assert not job.resume(world.realm_id, name, lambda: left.pop() if left else 0.0)
    assert [len(a_user(world, user_id).sessions) for user_id in made] == [0, 0, 0, 1, 1]
    read: list[list[str]] = []
    get_many = type(job.users).get_many

    def noted(self: Any, user_ids: Any) -> Any:
        read.append(list(user_ids))
        return get_many(self, user_ids)

    monkeypatch.setattr(type(job.users), "get_many", noted)
    assert job.resume(world.realm_id, name, lambda: 1.0)
    assert read == [made[2:4], made[4:]]
    assert [a_user(world, user_id).sessions for user_id in made] == [()] * 5
    assert not job.resume(world.realm_id, name, lambda: 1.0)


def test_two_settlements_at_once_are_one(
    world: World, dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A settlement whose job another run finished leaves no job."""
    made = people(world, 3)
    end(world)
    monkeypatch.setattr(settlement, "PAGE", 2)
    name = only_settlement(dynamodb, world)
    job = world.instance.cleanup.settlement
    others = [True]

    def time_left() -> float:
        if others and others.pop():
            assert job.resume(world.realm_id, name, lambda: 1.0)
        return 1.0

    assert not job.resume(world.realm_id, name, time_left)
    assert stored(dynamodb, world, SETTLEMENT) == []
    assert [len(world.reasons(user_id)) for user_id in made] == [1] * 3


def test_settlement_of_a_realm_that_was_deleted_is_none(world: World, dynamodb: Any) -> None:
    """If the realm is gone, its job is removed too."""
    people(world, 1)
    end(world)
    path = f"/v1/realms/{world.realm_id}"
    name = world.admin("GET", path).body["name"]
    assert world.admin("DELETE", path, {"name": name}).status == 204
    world.clock.advance(SETTLED_AFTER)
    assert world.clean_up()["failed"] == 0
    assert stored(dynamodb, world, SETTLEMENT) == []


def test_each_end_leaves_a_job(world: World, dynamodb: Any) -> None:
    """Each end has a settlement of its own, and a dry run none."""
    people(world, 1)
    path = f"/v1/realms/{world.realm_id}/end_sessions"
    assert world.call("POST", path, bearer=world.key).status == 200
    jobs = stored(dynamodb, world, SETTLEMENT)
    assert jobs == [f"{SETTLEMENT}1"]
    end(world)
    assert sorted(stored(dynamodb, world, SETTLEMENT)) == [
        *jobs,
        f"{SETTLEMENT}2",
    ]
    assert world.admin("POST", f"{path}?dry_run=true").status == 200
    assert len(stored(dynamodb, world, SETTLEMENT)) == 2


def test_ends_one_after_the_other_are_one_settlement(
    world: World, dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A realm that is ended again and again has its users settled once, by the last job."""
    people(world, 3)
    for _ in range(4):
        end(world)
    world.clock.advance(SETTLED_AFTER)
    settled: list[str] = []
    users_of_realm = DynamoUserDirectory.users_of_realm

    def noted(self: Any, realm_id: str, **page: Any) -> Any:
        settled.append(realm_id)
        return users_of_realm(self, realm_id, **page)

    monkeypatch.setattr(DynamoUserDirectory, "users_of_realm", noted)
    report = world.clean_up()
    assert (report["failed"], report["remaining"]) == (0, 0)
    assert stored(dynamodb, world, SETTLEMENT) == []
    assert settled == [world.realm_id]


def test_settlement_that_has_begun_goes_on(
    world: World, dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later end does not replace a settlement that has begun, so that one finishes."""
    made = people(world, 3)
    end(world)
    monkeypatch.setattr(settlement, "PAGE", 2)
    world.clock.advance(SETTLED_AFTER)
    name = only_settlement(dynamodb, world)
    job = world.instance.cleanup.settlement
    left = [1.0] * 2
    assert not job.resume(world.realm_id, name, lambda: left.pop() if left else 0.0)
    end(world)
    world.clock.advance(SETTLED_AFTER)
    assert job.resume(world.realm_id, name, lambda: 1.0)
    assert [a_user(world, user_id).sessions for user_id in made] == [()] * 3
