"""Access keys expire, are revoked at once, and record their last use."""

from typing import Any

import pytest

from sojourn.api.callers import USE_MS
from sojourn.aws.client import Response
from sojourn.domain.errors import AlreadyInitialised
from sojourn.store.access_keys import DynamoAccessKeys
from tests.integration.conftest import empty, resources_of
from tests.integration.service.test_races import all_at_once
from tests.support.calls import Call, Parameters, between, refusal
from tests.support.http_world import PASSWORD, Answer, World
from tests.support.instance import Instance
from tests.support.lost_answers import WRITES
from tests.support.stores import store_of

HOUR = USE_MS / 1000


def make(world: World, bearer: str | None = None, **body: object) -> Answer:
    """The answer to making a key."""
    wanted = {"name": "tests", "permission": "admin", **body}
    return world.call("POST", "/v1/access_keys", wanted, bearer=bearer or world.key)


def change(world: World, key_id: str, bearer: str | None = None, **changes: object) -> Answer:
    """The answer to changing a key."""
    path = f"/v1/access_keys/{key_id}"
    return world.call("PATCH", path, changes, bearer=bearer or world.key)


def seen(world: World, key_id: str) -> Any:
    """A key as an administrator sees it."""
    return world.admin("GET", f"/v1/access_keys/{key_id}").body


def seconds(world: World, ahead: int = 0) -> int:
    """The time in whole seconds, so far ahead."""
    return world.clock.wall_ms() // 1000 + ahead


def test_key_expires_to_the_second(world: World) -> None:
    """A key is good until `expires_at`, and from then on a 403 that says so."""
    made = make(world, expires_at=seconds(world, 60)).body
    assert made["expires_at"] == seen(world, made["id"])["expires_at"] == seconds(world, 60)
    world.clock.advance(59.999)
    assert world.call("GET", "/v1/realms", bearer=made["secret"]).status == 200
    world.clock.advance(0.001)
    refused = world.call("GET", "/v1/realms", bearer=made["secret"])
    assert (refused.status, refused.body["code"]) == (403, "access_key_invalid")
    assert f"expired at {made['expires_at']}" in refused.body["errors"][0]


def test_expiry_is_told_to_its_holder_alone(world: World) -> None:
    """Only a caller with the right secret learns that the key has expired."""
    made = make(world, expires_at=seconds(world, 1)).body
    world.clock.advance(1)
    guessed = made["secret"][:-4] + "zzzz"
    refused = world.call("GET", "/v1/realms", bearer=guessed)
    assert "expired" not in str(refused.body)


def test_expired_key_is_revived_by_another(world: World) -> None:
    """An expired key may be given another time, or none, and is good again; others cannot."""
    made = make(world, expires_at=seconds(world, 1)).body
    world.clock.advance(1)
    assert change(world, made["id"], made["secret"], expires_at=None).status == 403
    later = change(world, made["id"], expires_at=seconds(world, 9))
    assert (later.status, later.body["expires_at"]) == (200, seconds(world, 9))
    assert world.call("GET", "/v1/realms", bearer=made["secret"]).status == 200
    never = change(world, made["id"], expires_at=None)
    assert (never.status, never.body["expires_at"]) == (200, None)
    assert seen(world, made["id"])["expires_at"] is None
    world.clock.advance(10 * HOUR)
    assert world.call("GET", "/v1/realms", bearer=made["secret"]).status == 200


@pytest.mark.parametrize("value", [0, -1, 1_790_000_000, 2_500_000_000])
def test_expiry_lies_in_the_future(world: World, value: int) -> None:
    """A time that is past, or now, is 422 and says so, when made and when changed."""
    made = make(world).body
    for refused in (make(world, expires_at=value), change(world, made["id"], expires_at=value)):
        assert refused.status == 422
        assert "in the future" in refused.body["errors"][0]
    assert seen(world, made["id"])["expires_at"] is None


@pytest.mark.parametrize("value", ["soon", True, 2_500_000_000.5, 2_600_000_000_000, [], 10**50])
def test_expiry_is_whole_seconds(world: World, value: object) -> None:
    """Anything but whole seconds is 422: also milliseconds, and a number without end."""
    refused = make(world, expires_at=value)
    assert (refused.status, refused.body["code"]) == (422, "invalid")


def test_each_field_changes_by_itself(world: World) -> None:
    """A change of the name keeps the expiry, and the other way about; of nothing, nothing."""
    until = seconds(world, 60)
    made = make(world, expires_at=until).body
    assert change(world, made["id"], name="other").body["expires_at"] == until
    assert change(world, made["id"], expires_at=until + 1).body["name"] == "other"
    after = seen(world, made["id"])
    assert (after["name"], after["expires_at"]) == ("other", until + 1)
    assert change(world, made["id"]).body == after
    assert change(world, made["id"], name=None).status == 422


def test_no_key_makes_one_that_outlives_it(world: World) -> None:
    """A key that expires makes keys that expire no later, and extends none, itself included."""
    until = seconds(world, 60)
    maker = make(world, expires_at=until).body
    other = make(world).body
    for expiry in ({}, {"expires_at": None}, {"expires_at": until + 1}):
        refused = make(world, maker["secret"], **expiry)
        assert refused.status == 422
        assert f"{until} at the latest" in refused.body["errors"][0]
    assert make(world, maker["secret"], expires_at=until).status == 201
    for key_id in (maker["id"], other["id"]):
        for value in (until + 1, None):
            assert change(world, key_id, maker["secret"], expires_at=value).status == 422
    assert change(world, other["id"], maker["secret"], name="renamed").status == 200
    assert seen(world, maker["id"])["expires_at"] == until


def test_expired_admin_does_not_hold_up_a_first_key(
    world: World, environment: dict[str, str]
) -> None:
    """A stack whose every stack-wide admin key has expired gets a first one without force."""
    empty(environment)
    keys = Instance(resources_of(environment, world.clock)).directory.access_keys
    first, secret = keys.create_first(name="first")
    assert change(world, first.id, secret, expires_at=seconds(world, 60)).status == 200
    with pytest.raises(AlreadyInitialised):
        keys.create_first(name="second")
    world.clock.advance(60)
    second, _ = keys.create_first(name="second")
    assert second.expires_at is None


def use(world: World, secret: str) -> None:
    """One request with a key."""
    assert world.call("GET", "/v1/realms", bearer=secret).status == 200


def test_use_is_written_once_an_hour(world: World) -> None:
    """A key tells when it was last used, within an hour: uses in between are not written."""
    made = make(world).body
    assert made["last_used_at"] is None
    began = world.clock.wall_ms() / 1000
    for ahead, last in ((0, began), (HOUR, began), (1, began + HOUR + 1), (9, began + HOUR + 1)):
        world.clock.advance(ahead)
        use(world, made["secret"])
        assert seen(world, made["id"])["last_used_at"] == last


def test_use_is_one_write(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first use in an hour is written by one UpdateItem, and the next by none."""
    made = make(world).body
    written: list[str] = []

    def counted(_operation: str, parameters: Parameters, call: Call) -> Response:
        written.append(parameters["Key"]["pk"]["S"])
        return call(parameters)

    between(monkeypatch, store_of(world.resources).client, counted, "UpdateItem")
    for _ in range(3):
        use(world, made["secret"])
    assert written == [made["id"]]


def test_every_function_but_validation_writes_the_use(world: World) -> None:
    """Login, lists, termination and directory each write a key's use; a validation does not."""
    user_id = world.user("ada")
    token = world.login("ada").body["token"]
    requests: list[tuple[str, str, object, bool]] = [
        ("POST", "/v1/sessions/validate", {"tokens": [token]}, False),
        ("POST", "/v1/sessions", {"user_id": user_id}, True),
        ("GET", f"/v1/sessions?user_id={user_id}", None, True),
        ("DELETE", f"/v1/sessions?user_id={user_id}", None, True),
        ("GET", f"/v1/users/{user_id}", None, True),
    ]
    for method, path, body, writes in requests:
        made = make(world).body
        assert world.call(method, path, body, bearer=made["secret"]).status < 300
        assert (seen(world, made["id"])["last_used_at"] is not None) is writes


def test_validation_writes_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A validation of either kind writes nothing, however long the key was not used."""
    world.user("ada")
    token = world.login("ada").body["token"]
    world.clock.advance(HOUR + 1)

    def forbidden(operation: str, *_: object) -> Response:
        raise AssertionError(operation)

    between(monkeypatch, store_of(world.resources).client, forbidden, *WRITES)
    assert world.call("GET", "/v1/session", bearer=token).status == 200
    many = world.admin("POST", "/v1/sessions/validate", {"tokens": [token]})
    assert many.body["collection"][0]["active"] is True


def test_refused_keys_are_not_used(world: World) -> None:
    """A wrong secret, and a key that expired, are no use of the key."""
    made = make(world, expires_at=seconds(world, 60)).body
    world.call("GET", "/v1/realms", bearer=made["secret"][:-4] + "zzzz")
    world.clock.advance(60)
    world.call("GET", "/v1/realms", bearer=made["secret"])
    assert seen(world, made["id"])["last_used_at"] is None


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerError", "AccessDenied"])
def test_use_that_cannot_be_written_fails_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    """Writing a use is tried once, without a wait, and the request goes on when it fails."""
    made = make(world).body
    tried: list[str] = []

    def away(_operation: str, parameters: Parameters, _call: Call) -> Response:
        tried.append(parameters["Key"]["pk"]["S"])
        raise refusal(code)

    began = world.clock.stopwatch()
    with monkeypatch.context() as patched:
        between(patched, store_of(world.resources).client, away, "UpdateItem")
        use(world, made["secret"])
    assert tried == [made["id"]]
    assert world.clock.stopwatch() == began
    assert seen(world, made["id"])["last_used_at"] is None
    use(world, made["secret"])
    assert seen(world, made["id"])["last_used_at"] is not None


def test_uses_at_once_are_all_answered(world: World) -> None:
    """Of sixteen simultaneous first uses one is written, and all requests are answered."""
    made = make(world).body
    answers = all_at_once(16, lambda _: world.call("GET", "/v1/realms", bearer=made["secret"]))
    assert [a.status for a in answers] == [200] * 16
    assert seen(world, made["id"])["last_used_at"] == world.clock.wall_ms() / 1000


def test_late_use_does_not_go_back(world: World) -> None:
    """A use that is written late, or by a slow clock, replaces no newer one."""
    made = make(world).body
    at = DynamoAccessKeys(store_of(world.resources).realms)
    now_ms = world.clock.wall_ms()
    at.record_use(made["id"], now_ms=now_ms, unless_since_ms=now_ms - USE_MS)
    at.record_use(made["id"], now_ms=now_ms - 1, unless_since_ms=now_ms - 1 - USE_MS)
    assert seen(world, made["id"])["last_used_at"] == now_ms / 1000


def test_use_revives_no_deleted_key(
    world: World, monkeypatch: pytest.MonkeyPatch, dynamodb: Any
) -> None:
    """A key that is deleted while it is used leaves nothing behind."""
    made = make(world).body
    original = DynamoAccessKeys.record_use

    def deleted(self: DynamoAccessKeys, key_id: str, **times: int) -> None:
        if key_id == made["id"]:
            assert world.admin("DELETE", f"/v1/access_keys/{key_id}").status == 204
        original(self, key_id, **times)

    monkeypatch.setattr(DynamoAccessKeys, "record_use", deleted)
    use(world, made["secret"])
    items = dynamodb.scan(TableName=world.environment["DIRECTORY_TABLE"])["Items"]
    assert made["id"] not in str(items)


def test_revocation_is_immediate_on_every_instance(
    world: World, environment: dict[str, str]
) -> None:
    """A deleted key is refused by the next request, also where it was used a moment before."""
    other = world.beside(resources_of(environment, world.clock))
    body = {"realm_id": world.realm_id, "username": "ada", "password": PASSWORD}
    user_id = world.admin("POST", "/v1/users", body).body["id"]
    requests: list[tuple[str, str, object]] = [
        ("POST", "/v1/sessions/validate", {"tokens": []}),
        ("GET", f"/v1/sessions?user_id={user_id}", None),
        ("POST", "/v1/sessions", {"user_id": user_id}),
        ("DELETE", f"/v1/sessions?user_id={user_id}", None),
        ("GET", "/v1/realms", None),
    ]
    made = make(world).body
    for instance in (world, other):
        for method, path, sent in requests:
            assert instance.call(method, path, sent, bearer=made["secret"]).status < 300
    assert world.admin("DELETE", f"/v1/access_keys/{made['id']}").status == 204
    for instance in (other, world):
        for method, path, sent in requests:
            refused = instance.call(method, path, sent, bearer=made["secret"])
            assert (refused.status, refused.body["code"]) == (403, "access_key_invalid")
