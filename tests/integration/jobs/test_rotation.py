"""Rotation of signing keys: the next key in time, removal of retired ones, simultaneous runs."""

from dataclasses import replace
from typing import Any

import pytest

from sojourn.crypto.kms import KmsCipher
from sojourn.crypto.new_signing_key import NewKeys
from sojourn.domain.errors import Unavailable
from sojourn.domain.policy import SIGNING_KEYS
from sojourn.domain.realm import RealmChange
from sojourn.store import realms
from sojourn.store.realms import DynamoDirectory
from tests.integration.conftest import resources_of
from tests.integration.directory.test_jwt_keys import (
    DELAY,
    GRACE,
    LIFETIME,
    by_key,
    kid,
    listed,
    robot,
    rotate,
    status,
    stop,
)
from tests.integration.service.test_races import all_at_once
from tests.support.http_world import Answer, World
from tests.support.stores import store_of

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
    report = world.rotate()
    assert report == {
        "realms": 1, "rotated": 0, "removed": 0, "delayed": 0, "failed": 0, "remaining": 0
    }  # fmt: skip
    assert len(listed(world, "expiring", "open_ended")) == 2


def test_two_runs_at_once_make_one_key(world: World, environment: dict[str, str]) -> None:
    """Two runs that meet make one key between them."""
    every(world, 1)
    world.clock.advance(DAY)
    worlds = [world.beside(resources_of(environment, world.clock)) for _ in range(4)]
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
    kept = {k["id"] for k in listed(world, "expiring", "open_ended")}
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
    assert [k["open_ended"] for k in listed(world, "open_ended")] == [True]
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


def test_every_page_of_realms_is_looked_at(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many realms there are, each is rotated when it is due."""
    monkeypatch.setattr(realms, "PAGE", 1)
    for name in ("One", "Two"):
        world.admin("POST", "/v1/realms", {"name": name, "rotate_days": 1, "jwt_algo": "eddsa"})
    every(world, 1)
    world.clock.advance(DAY)
    report = world.rotate()
    assert (report["realms"], report["rotated"]) == (3, 3)


def test_realm_that_goes_during_a_run_is_no_failure(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A realm that is deleted after the run has read it is passed over, and the next is rotated."""
    other = {"name": "Other", "rotate_days": 1, "jwt_algo": "eddsa"}
    assert world.admin("POST", "/v1/realms", other).status == 201
    every(world, 1)
    world.clock.advance(DAY)
    commit = DynamoDirectory.commit
    gone: list[int] = []

    def then_commit(self: DynamoDirectory, change: RealmChange) -> RealmChange:
        if not gone and change.before.id == world.realm_id:
            gone.append(0)
            gone[0] = world.admin("DELETE", f"/v1/realms/{world.realm_id}?name=Tests").status
        return commit(self, change)

    monkeypatch.setattr(DynamoDirectory, "commit", then_commit)
    report = world.rotate()
    assert gone == [204]
    assert (report["failed"], report["rotated"]) == (0, 1)


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


def test_tokens_without_end_never_stop_rotation(world: World) -> None:
    """A login by API key a day, a new key a day: for 400 days keys are few and every token good."""
    world.admin("PATCH", f"/v1/realms/{world.realm_id}", {"jwt_algo": "eddsa"})
    every(world, 1)
    api_key = robot(world)
    world.clock.advance(DELAY)
    tokens = []
    for day in range(400):
        if day < 30 or day % 40 == 0:
            tokens.append(by_key(world, api_key).body["token"])
        world.clock.advance(DAY)
        report = world.rotate()
        assert (report["rotated"], report["delayed"], report["failed"]) == (1, 0, 0)
        if day % 20 == 0:
            assert len(listed(world, "expiring", "open_ended")) <= 5
    assert len({kid(token) for token in tokens}) == 1
    assert {status(world, token) for token in tokens} == {200}
    assert world.admin("POST", "/v1/jwt_keys", {"realm_id": world.realm_id}).status == 201


def from_before_there_were_kinds(world: World, *, keys: int) -> None:
    """Make the realm one of the former version: so many keys, each with tokens without end."""
    if keys > 1:
        world.admin("PATCH", f"/v1/realms/{world.realm_id}", {"jwt_algo": "eddsa"})
    while len(listed(world, "expiring")) < keys:
        rotate(world)
    world.clock.advance(DELAY)
    at = store_of(world.resources).realms
    realm = at.find(world.realm_id)
    assert realm is not None
    former = [replace(key, open_ended=True) for key in realm.of_kind("expiring")]
    at.commit(RealmChange(realm, replace(realm, keys={key.id: key for key in former})))


def test_realm_that_is_full_of_keys_that_never_retire(world: World) -> None:
    """Twenty keys of the former version stop no rotation, and what they signed stays good."""
    world.user("ada")
    from_before_there_were_kinds(world, keys=SIGNING_KEYS - 2)
    api_key = robot(world)
    tokens = [by_key(world, api_key).body["token"], world.login("ada").body["token"]]
    every(world, 1)
    world.clock.advance(DAY)
    assert world.rotate()["rotated"] == 2
    for _ in range(30):
        world.clock.advance(DAY)
        report = world.rotate()
        assert (report["rotated"], report["delayed"], report["failed"]) == (1, 0, 0)
        assert len(listed(world, "expiring", "open_ended")) <= SIGNING_KEYS + 3
    assert status(world, tokens[0]) == 200


def test_realm_of_the_former_version_gets_the_missing_key(world: World) -> None:
    """Until the schedule's new key has been known for 150 minutes the other kind signs on."""
    from_before_there_were_kinds(world, keys=1)
    (former,) = listed(world)
    api_key = robot(world)
    assert kid(by_key(world, api_key).body["token"]) == former["id"]
    assert world.rotate()["rotated"] == 1
    assert world.rotate()["rotated"] == 0
    (made,) = listed(world, "open_ended")
    assert (made["state"], made["open_ended"]) == ("pending", False)
    world.clock.advance(DELAY - GRACE - 1)
    assert kid(by_key(world, api_key).body["token"]) == former["id"]
    world.clock.advance(GRACE + 1)
    assert kid(by_key(world, api_key).body["token"]) == made["id"]
    assert listed(world, "open_ended")[0]["state"] == "signing"


def test_rotation_without_room_waits_for_the_oldest_key(world: World) -> None:
    """Keys that remember former, longer lifetimes delay rotation, which is no failure and ends."""
    path = f"/v1/realms/{world.realm_id}"
    year = {"jwt_algo": "eddsa", "session_minutes": 525_600}
    assert world.admin("PATCH", path, year).status == 200
    while len(listed(world, "expiring", "open_ended")) < SIGNING_KEYS:
        rotate(world)
    assert world.admin("PATCH", path, {"session_minutes": 60, "rotate_days": 1}).status == 200
    world.clock.advance(DAY)
    first = world.rotate()
    assert (first["rotated"], first["delayed"], first["failed"]) == (1, 0, 0)
    world.clock.advance(DAY)
    report = world.rotate()
    assert (report["rotated"], report["delayed"], report["failed"]) == (0, 1, 0)
    world.clock.advance(366 * DAY)
    report = world.rotate()
    assert (report["rotated"], report["delayed"], report["failed"]) == (1, 0, 0)
    assert len(listed(world)) == 2


@pytest.mark.parametrize(
    ("settings", "least"),
    [
        ({"session_minutes": 525_600, "rotate_days": 21}, 22),
        ({"api_key_minutes": 1_051_200, "rotate_days": 42}, 43),
        ({"session_minutes": 18 * 1_440, "rotate_days": 1}, 2),
    ],
    ids=str,
)
def test_rotation_that_cannot_work_is_refused(
    world: World, settings: dict[str, int], least: int
) -> None:
    """If tokens live too long for 20 keys, it is 422 with the calculation."""
    path = f"/v1/realms/{world.realm_id}"
    together = world.admin("PATCH", path, settings)
    assert together.status == 422
    assert f"rotate_days must be at least {least}" in together.body["errors"][0]
    (lifetime, minutes), (_, days) = settings.items()
    for first, then in (
        ({lifetime: minutes}, {"rotate_days": days}),
        ({"rotate_days": days, lifetime: 60}, {lifetime: minutes}),
    ):
        assert world.admin("PATCH", path, {"rotate_days": 0}).status == 200
        assert world.admin("PATCH", path, first).status == 200
        refused = world.admin("PATCH", path, then)
        assert refused.body["errors"] == together.body["errors"]
    assert world.admin("PATCH", path, {lifetime: minutes, "rotate_days": least}).status == 200
