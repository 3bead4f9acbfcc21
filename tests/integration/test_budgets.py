"""The contract's storage budgets: calls when warm and uncontended."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from sojourn.dynamodb import DynamoDB
from tests.integration.world import PASSWORD, World

READS = {"get_item", "batch_get_item", "query"}


@contextmanager
def calls() -> Iterator[list[str]]:
    """The calls that are made, but for the access key's."""
    made: list[str] = []
    original = DynamoDB._call

    def counted(self: DynamoDB, operation: str, **parameters: Any) -> Any:
        key = parameters.get("Key", {}).get("pk", {}).get("S", "")
        if not key.startswith("key_"):
            made.append(operation)
            if operation == "get_item":
                assert parameters["ConsistentRead"] is True
            for request in parameters.get("RequestItems", {}).values():
                assert request["ConsistentRead"] is True
        return original(self, operation, **parameters)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DynamoDB, "_call", counted)
        yield made


@pytest.fixture
def token(world: World) -> str:
    """A session of ada's, with login's key and every realm in the caches."""
    world.user("ada")
    token = str(world.login("ada").body["token"])
    world.call("GET", "/v1/session", bearer=token)
    return token


def test_validation_is_one_consistent_read(world: World, token: str) -> None:
    """A managed session is validated by one consistent GetItem, and no write."""
    with calls() as made:
        assert world.call("GET", "/v1/session", bearer=token).status == 200
    assert made == ["get_item"]


def test_list_is_one_read(world: World, token: str) -> None:
    """A user's list is one read."""
    with calls() as made:
        assert world.call("GET", "/v1/sessions", bearer=token).status == 200
    assert made == ["get_item"]


def test_login_is_at_most_three_reads_and_one_update(world: World, token: str) -> None:
    """A plain login is two reads and one conditional update, no transaction."""
    with calls() as made:
        assert world.login("ada").status == 200
    assert made == ["batch_get_item", "get_item", "update_item"]
    assert token


def test_termination_is_one_read_and_one_transaction(world: World, token: str) -> None:
    """An end is one read and one transaction; all of a user's the same, and a look for more."""
    with calls() as made:
        assert world.call("DELETE", "/v1/session", bearer=token).status == 204
    assert made == ["get_item", "transact_write_items"]
    later = world.login("ada").body["token"]
    with calls() as made:
        assert world.call("DELETE", "/v1/sessions?scope=all", bearer=later).status == 204
    assert made[:2] == ["get_item", "transact_write_items"]
    assert set(made[2:]) <= {"get_item"}


def test_failed_logins_make_the_same_calls(world: World, token: str) -> None:
    """Unknown realm, unknown user, wrong password and inactive user cost the same calls."""
    user_id = world.user("grace")
    world.admin("PATCH", f"/v1/users/{user_id}", {"state": "inactive"})
    realm_id = world.realm_id
    bodies = [
        {"realm_id": realm_id[:-4] + "zzzz", "username": "ada", "password": PASSWORD},
        {"realm_id": realm_id, "username": "nobody", "password": PASSWORD},
        {"realm_id": realm_id, "username": "ada", "password": "wrong password"},
        {"realm_id": realm_id, "username": "grace", "password": PASSWORD},
    ]
    seen = []
    for body in bodies:
        with calls() as made:
            answer = world.call("POST", "/v1/login", body)
        seen.append((answer.status, {**answer.body, "request_id": ""}, made))
    assert [entry == seen[0] for entry in seen] == [True] * 4
    assert seen[0][2] == ["batch_get_item", "get_item"]
    assert token


def test_many_validations_are_three_reads_at_most(world: World, token: str) -> None:
    """Many tokens cost a batch of users, one of ended records, and one of realms when cold."""
    ended = [world.login("ada").body["token"] for _ in range(2)]
    for session in ended:
        assert world.call("DELETE", "/v1/session", bearer=session).status == 204
    for seconds, tokens, batches in ((0, [token] * 3, 1), (0, [token, *ended], 2), (5, ended, 3)):
        world.clock.advance(seconds)
        with calls() as made:
            answer = world.admin("POST", "/v1/sessions/validate", {"tokens": tokens})
        assert answer.status == 200
        assert made == ["batch_get_item"] * batches


@pytest.mark.parametrize("garbage", ["x", "a.b.c", "x" * 5_000])
def test_garbage_costs_no_read(world: World, garbage: str) -> None:
    """A token that is none is refused without a call."""
    with calls() as made:
        assert world.call("GET", "/v1/session", bearer=garbage).status == 401
    assert made == []
