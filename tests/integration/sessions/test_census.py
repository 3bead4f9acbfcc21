"""Counts of a realm's sessions: limited in time, and marked as incomplete."""

from collections.abc import Callable
from typing import Any

import pytest

from sojourn.domain.errors import Unavailable
from sojourn.sessions.counts import PAGE, SECONDS
from sojourn.store.client import DynamoDB
from tests.support.http_world import Answer, World


def users(world: World, number: int) -> None:
    """Users with a session each."""
    for n in range(number):
        user_id = world.user(f"user-{n:03}")
        assert world.admin("POST", "/v1/sessions", {"user_id": user_id}).status == 201


def dry_run(world: World) -> Answer:
    """What an end of the realm would end."""
    path = f"/v1/realms/{world.realm_id}/end_sessions?dry_run=true"
    return world.admin("POST", path)


def before(monkeypatch: pytest.MonkeyPatch, act: Callable[[int], None]) -> None:
    """What happens before each batch of users is read, by its number from 1."""
    call, batches = DynamoDB._call, [0]

    def acting(self: DynamoDB, operation: str, **parameters: Any) -> Any:
        if operation == "BatchGetItem":
            batches[0] += 1
            act(batches[0])
        return call(self, operation, **parameters)

    monkeypatch.setattr(DynamoDB, "_call", acting)


def test_count_without_haste_is_complete(world: World) -> None:
    """Every user's sessions are counted, page after page."""
    users(world, PAGE + 2)
    answer = dry_run(world)
    assert (answer.body["sessions"], answer.body["complete"]) == (PAGE + 2, True)


@pytest.mark.parametrize("seconds", [SECONDS, SECONDS * 10])
def test_slow_store_is_counted_as_far_as_it_came(
    world: World, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    """However slow the store is, the users that it gave are counted, and the rest is said."""
    users(world, PAGE + 2)
    before(monkeypatch, lambda _: world.clock.advance(seconds))
    answer = dry_run(world)
    assert (answer.status, answer.body["sessions"], answer.body["complete"]) == (200, PAGE, False)


def test_store_that_goes_away_leaves_what_was_counted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that stops answering ends the count with what it gave before."""
    users(world, PAGE + 2)

    def away(batch: int) -> None:
        if batch > 1:
            raise Unavailable

    before(monkeypatch, away)
    answer = dry_run(world)
    assert (answer.status, answer.body["sessions"], answer.body["complete"]) == (200, PAGE, False)
