"""The schedule for signing keys: the next in time, the end of the old, and no harm by two runs."""

from typing import Any

import pytest

from sojourn.errors import Unavailable
from sojourn.kms import KmsCipher
from sojourn.new_keys import NewKeys
from tests.integration.conftest import composed
from tests.integration.test_jwt_keys import DELAY, GRACE, LIFETIME, by_key, listed, robot, stop
from tests.integration.test_races import all_at_once
from tests.integration.world import Answer, World

DAY = 86_400


def every(world: World, days: int) -> None:
    """Have the realm's keys rotated."""
    path = f"/v1/realms/{world.realm_id}"
    assert world.admin("PATCH", path, {"rotate_days": days}).status == 200


def test_key_is_rotated_when_it_is_old_enough(world: World) -> None:
    """A new key is made when the newest is `rotate_days` old, and not a second before."""
    every(world, 30)
    world.clock.advance(30 * DAY - 1)
    assert world.rotate()["rotated"] == 0
    world.clock.advance(1)
    assert world.rotate()["rotated"] == 1
    assert [k["state"] for k in listed(world)] == ["signing", "pending"]
    assert world.rotate()["rotated"] == 0


def test_realm_that_asks_for_no_rotation_has_none(world: World) -> None:
    """By default a key signs for ever."""
    world.clock.advance(10 * 365 * DAY)
    assert world.rotate() == {"realms": 1, "rotated": 0, "removed": 0, "failed": 0, "remaining": 0}
    assert len(listed(world)) == 1


def test_two_runs_at_once_make_one_key(world: World, environment: dict[str, str]) -> None:
    """Two runs that meet make one key between them."""
    every(world, 1)
    world.clock.advance(DAY)
    worlds = [world.beside(composed(environment, world.clock)) for _ in range(4)]
    answers = all_at_once(4, lambda n: Answer(200, worlds[n].rotate()))
    assert sum(a.body["rotated"] for a in answers) == 1
    assert len(listed(world)) == 2


def test_retired_keys_are_removed(world: World, dynamodb: Any) -> None:
    """A key of which no token can be alive goes, with its private half; the others stay."""
    every(world, 1)
    for _ in range(3):
        world.clock.advance(DAY)
        world.rotate()
    world.clock.advance(DELAY + GRACE + LIFETIME)
    assert world.rotate()["removed"] >= 1
    states = [k["state"] for k in listed(world)]
    assert states.count("signing") == 1
    kept = {k["id"] for k in listed(world)}
    items = dynamodb.scan(TableName=world.environment["DIRECTORY_TABLE"])["Items"]
    private = {i["sk"]["S"] for i in items if i["sk"]["S"].startswith("jky_")}
    assert private == kept


def test_open_ended_key_is_never_removed_by_the_schedule(world: World) -> None:
    """Only an operator's force ends tokens without an end."""
    token = by_key(world, robot(world)).body["token"]
    every(world, 1)
    for _ in range(3):
        world.clock.advance(DAY)
        world.rotate()
    world.clock.advance(400 * DAY)
    world.rotate()
    assert listed(world)[0]["open_ended"] is True
    assert world.call("GET", "/v1/session", bearer=token).status == 200


def test_stopped_key_is_forgotten_when_its_sessions_are_over(world: World) -> None:
    """A compromised key is remembered while a session of it could be alive, and no longer."""
    bad = listed(world)[0]["id"]
    stop(world, bad)
    world.clock.advance(LIFETIME)
    world.rotate()
    assert bad in {k["id"] for k in listed(world)}
    world.clock.advance(GRACE)
    world.rotate()
    assert bad not in {k["id"] for k in listed(world)}


def test_one_realms_failure_leaves_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A realm whose key cannot be made is counted as failed; the next one is rotated."""
    world.admin("POST", "/v1/realms", {"name": "Other", "rotate_days": 1, "jwt_algo": "eddsa"})
    every(world, 1)
    world.clock.advance(DAY)
    encrypt = KmsCipher.encrypt

    def refuses(self: KmsCipher, plaintext: bytes, *, realm_id: str, key_id: str) -> bytes:
        if realm_id == world.realm_id:
            raise Unavailable
        return encrypt(self, plaintext, realm_id=realm_id, key_id=key_id)

    monkeypatch.setattr(KmsCipher, "encrypt", refuses)
    report = world.rotate()
    assert (report["failed"], report["rotated"]) == (1, 1)


def test_run_without_time_says_what_remains(world: World) -> None:
    """A run that is out of time makes nothing, and tells how many realms it left."""
    every(world, 1)
    world.clock.advance(DAY)
    report = world.rotate(timeout=1)
    assert (report["rotated"], report["remaining"]) == (0, 1)


def test_change_decided_anew_makes_one_key(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rotation that meets a change of the realm is decided again and keeps the change."""
    every(world, 1)
    world.clock.advance(DAY)
    added = NewKeys.added
    between: list[Answer] = []

    def then_added(self: NewKeys, *arguments: Any, **more: Any) -> Any:
        if not between:
            path = f"/v1/realms/{world.realm_id}"
            between.append(world.admin("PATCH", path, {"max_sessions": 3}))
        return added(self, *arguments, **more)

    monkeypatch.setattr(NewKeys, "added", then_added)
    assert world.rotate()["rotated"] == 1
    assert world.admin("GET", f"/v1/realms/{world.realm_id}").body["max_sessions"] == 3
    assert len(listed(world)) == 2


@pytest.mark.parametrize("days", [-1, 366])
def test_rotate_days_has_its_range(world: World, days: int) -> None:
    """Out of 0 and 1 to 365 it is refused with the range."""
    refused = world.admin("PATCH", f"/v1/realms/{world.realm_id}", {"rotate_days": days})
    assert refused.status == 422
    assert "1 to 365, or 0" in refused.body["errors"][0]
