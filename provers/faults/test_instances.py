"""Instances without KMS, frozen, or with different clocks; and a stale replica."""

from typing import Final

import pytest

from provers.faults import repertoire
from provers.faults.catalogue import BY_NAME
from provers.faults.claims import CACHED, CLOCKS, FROZEN, KEYS, LAG
from provers.faults.conftest import Found
from provers.faults.layer import Layer, Plan
from provers.faults.stage import Stage
from provers.faults.trial import Trials
from sojourn.crypto.signing_keys import PRIVATE_KEY_SECONDS
from sojourn.store.realm_cache import SECONDS
from tests.support.clock import MovedClock
from tests.support.http_world import Answer, World

LOGIN: Final = repertoire.BY_NAME["login"]


def away(layer: Layer, clock: MovedClock, fault: str) -> None:
    """Have KMS fail from now on."""
    layer.arm(clock, Plan(OnlyKms(fault), 1, lasts=True))


class OnlyKms:
    """A fault at KMS alone."""

    def __init__(self, name: str) -> None:
        self._fault = BY_NAME[name]
        self.strike = self._fault.strike

    def applies(self, call: object) -> bool:
        return getattr(call, "service", "") == "kms"


KMS_AWAY = ["throttled", "internal-before", "refused", "kms-disabled", "kms-invalid-state"]


@pytest.mark.parametrize("fault", KMS_AWAY)
def test_without_kms_sessions_stand(trials: Trials, stage: Stage, found: Found, fault: str) -> None:
    """Without KMS a cold instance validates, lists and ends; a login is 503, and begins nothing."""
    cast, clock = trials.prepared(LOGIN)
    world = stage.instance(clock, faulty=True)
    away(stage.layer, clock, fault)
    bearer = cast.token["second"]
    assert world.call("GET", "/v1/session", bearer=bearer).status == 200
    assert world.call("GET", "/v1/sessions", bearer=bearer).status == 200
    assert world.admin("POST", "/v1/sessions/validate", {"tokens": [bearer]}).status == 200
    assert stage.layer.struck == 0
    refused = world.login("ada")
    assert (refused.status, refused.body["code"]) == (503, "unavailable")
    assert int(refused.headers["retry-after"]) > 0
    assert stage.layer.struck > 0
    assert len(world.active(cast.ada)) == 2
    assert world.admin("POST", "/v1/realms", {"name": "Another"}).status == 503
    assert world.call("DELETE", "/v1/session", bearer=bearer).status == 204
    assert world.active(cast.ada) == [cast.session["first"]]
    found.claim(KEYS)


@pytest.mark.parametrize("fault", KMS_AWAY)
def test_without_kms_a_key_at_hand_signs_for_an_hour(
    trials: Trials, stage: Stage, found: Found, fault: str
) -> None:
    """An instance that has decrypted the realm's key needs no KMS for as long as it may keep it."""
    _, clock = trials.prepared(LOGIN)
    world = stage.instance(clock, faulty=True)
    stage.layer.arm(clock)
    assert world.login("ada").status == 200
    away(stage.layer, clock, fault)
    clock.advance(PRIVATE_KEY_SECONDS - 1)
    assert world.login("ada").status == 200
    clock.advance(1)
    assert world.login("ada").status == 503
    stage.layer.heal()
    assert world.login("ada").status == 200
    found.claim(CACHED)


def sleep(clock: MovedClock, how: str) -> None:
    """An hour in which an instance is frozen, or a while in which its wall clock is set back."""
    if how == "monotonic-stood-still":
        clock.set_back(-3_600)
    else:
        clock.advance(SECONDS)
        clock.set_back(3_600)


@pytest.mark.parametrize("how", ["monotonic-stood-still", "wall-was-set-back"])
@pytest.mark.parametrize("operation", ["end-realm", "jwt-key-stop", "realm-delete", "logout"])
def test_frozen_instance_wakes_without_old_beliefs(
    trials: Trials, stage: Stage, found: Found, operation: str, how: str
) -> None:
    """A resumed instance refuses sessions that were ended while it was frozen."""
    cast, clock = trials.prepared(repertoire.BY_NAME[operation])
    frozen = stage.instance(MovedClock(clock.wall_ms()))
    for name in ("second", "robot"):
        assert frozen.call("GET", "/v1/session", bearer=cast.token[name]).status == 200
    awake = stage.instance(clock)
    ended = repertoire.BY_NAME[operation]
    assert ended.act(awake, cast).status == ended.statuses[0]
    sleep(frozen.clock, how)
    refused = frozen.call("GET", "/v1/session", bearer=cast.token["second"])
    assert refused.status == 401
    robot = frozen.call("GET", "/v1/session", bearer=cast.token["robot"])
    # It ended nothing of another user's, or stopped no key of tokens without `exp`.
    assert robot.status == (200 if operation in ("logout", "jwt-key-stop") else 401)
    found.claim(FROZEN)


@pytest.mark.parametrize("how", ["monotonic-stood-still", "wall-was-set-back"])
def test_frozen_instance_refuses_what_a_stopped_open_ended_key_signed(
    trials: Trials, stage: Stage, found: Found, how: str
) -> None:
    """A stop of the key of tokens without `exp` holds at an instance that was frozen meanwhile."""
    cast, clock = trials.prepared(LOGIN)
    frozen = stage.instance(MovedClock(clock.wall_ms()))
    for name in ("second", "robot"):
        assert frozen.call("GET", "/v1/session", bearer=cast.token[name]).status == 200
    awake = stage.instance(clock)
    keys = awake.call("GET", "/v1/jwt_keys", bearer=awake.key, realm=cast.realm)
    (key,) = [k["id"] for k in keys.body["collection"] if k["kind"] == "open_ended"]
    stop = {"compromised": True}
    path = f"/v1/jwt_keys/{key}"
    assert awake.call("PATCH", path, stop, bearer=awake.key, realm=cast.realm).status == 200
    sleep(frozen.clock, how)
    refused = frozen.call("GET", "/v1/session", bearer=cast.token["robot"])
    assert refused.status == 401
    assert refused.body["code"] == "token_invalid"
    assert frozen.call("GET", "/v1/session", bearer=cast.token["second"]).status == 200
    found.claim(FROZEN)


def apart(stage: Stage, clock: MovedClock) -> tuple[World, World]:
    """Two instances, one with a clock 5 s ahead and one 5 s behind."""
    now_ms = clock.wall_ms()
    fast, slow = MovedClock(now_ms + 5_000), MovedClock(now_ms - 5_000)
    return stage.instance(fast), stage.instance(slow)


def test_clocks_apart_keep_order_and_cap(trials: Trials, stage: Stage, found: Found) -> None:
    """Logins at instances whose clocks differ are ordered by their commits, and keep the cap."""
    cast, clock = trials.prepared(LOGIN)
    worlds = apart(stage, clock)
    began: list[Answer] = []
    for turn in range(12):
        for world in worlds:
            world.clock.advance(0.25)
        began.append(worlds[turn % 2].login("ada"))
        newest = [a.body["id"] for a in reversed(began)]
        for world in worlds:
            assert world.active(cast.ada)[: min(3, len(newest))] == newest[:3]
            assert len(world.active(cast.ada)) == 3
    times = [a.body["created_at"] for a in began]
    assert times == sorted(set(times))
    assert [a.body["id"] for a in began] == sorted(a.body["id"] for a in began)
    found.claim(CLOCKS)


@pytest.mark.parametrize("ahead", [True, False], ids=["by-the-fast", "by-the-slow"])
def test_clocks_apart_keep_ends(trials: Trials, stage: Stage, found: Found, ahead: bool) -> None:
    """An end at one instance holds at the other, of one session, a realm's and a user's."""
    cast, clock = trials.prepared(LOGIN)
    fast, slow = apart(stage, clock)
    ending, other = (fast, slow) if ahead else (slow, fast)
    first, second = (other.login("ada").body for _ in range(2))
    assert ending.admin("DELETE", f"/v1/sessions/{first['id']}").status == 204
    for world in (fast, slow):
        assert world.call("GET", "/v1/session", bearer=first["token"]).status == 401
    record = other.admin("GET", f"/v1/sessions/{first['id']}?state=any").body
    assert record["ended_at"] >= record["created_at"]
    assert ending.admin("POST", f"/v1/realms/{cast.realm}/end_sessions").status == 200
    other.clock.advance(SECONDS + 0.1)
    third = other.login("ada").body
    for world in (fast, slow):
        assert world.call("GET", "/v1/session", bearer=second["token"]).status == 401
        assert world.call("GET", "/v1/session", bearer=third["token"]).status == 200
        assert world.active(cast.ada) == [third["id"]]
    path = f"/v1/users/{cast.ada}"
    assert ending.admin("PATCH", path, {"state": "inactive"}).status == 200
    for world in (fast, slow):
        assert world.call("GET", "/v1/session", bearer=third["token"]).status == 401
        assert world.login("ada").status == 401
    found.claim(CLOCKS)


def test_clocks_apart_keep_expiry(trials: Trials, stage: Stage, found: Found) -> None:
    """Each instance refuses a session from `expires_at` on by its own clock, whoever began it."""
    cast, clock = trials.prepared(LOGIN)
    fast, slow = apart(stage, clock)
    for began in (fast.login("ada").body, slow.login("ada").body):
        for world in (fast, slow):
            now_ms = world.clock.wall_ms()
            left = began["expires_at"] - now_ms / 1000
            world.clock.advance(left - 0.001)
            assert world.call("GET", "/v1/session", bearer=began["token"]).status == 200
            world.clock.advance(0.001)
            expired = world.call("GET", "/v1/session", bearer=began["token"])
            assert (expired.status, expired.body["code"]) == (401, "session_expired")
            assert began["id"] not in world.active(cast.ada)
            world.clock.advance(now_ms / 1000 - world.clock.wall_ms() / 1000)
    found.claim(CLOCKS)


def test_lagging_reads_are_stale(trials: Trials, stage: Stage, found: Found) -> None:
    """A plain GetItem under the layer is served an older image, or none: the trials can fail."""
    cast, clock = trials.prepared(LOGIN)
    stage.layer.arm(clock)
    stage.layer.lagging = stage.replicas
    try:
        client = stage.client
        table = stage.environment["SESSIONS_TABLE"]
        key = {"pk": {"S": cast.ada}, "sk": {"S": "user"}}
        asked = {"TableName": table, "Key": key}
        stale = client.call("GetItem", asked).members["Item"]
        fresh = client.call("GetItem", {**asked, "ConsistentRead": True}).members["Item"]
    finally:
        stage.layer.lagging = {}
    assert int(stale["v"]["N"]) < int(fresh["v"]["N"])
    assert [len(item["sessions"]["L"]) for item in (stale, fresh)] == [3, 2]
    found.claim(LAG)
