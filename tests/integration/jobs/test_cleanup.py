"""One run of cleanup, also when some of its items fail."""

from typing import Any

import pytest

from sojourn.domain.errors import Unavailable
from sojourn.jobs import cleanup
from sojourn.store.users import DynamoUsers
from tests.support.http_world import World

LIFETIME = 360 * 60


def record_ends(world: World, user_id: str, count: int) -> None:
    """Have a user's sessions ended, so that as many records are kept."""
    for _ in range(count):
        world.clock.advance(1)
        assert world.admin("POST", "/v1/sessions", {"user_id": user_id}).status == 201
        assert world.admin("DELETE", f"/v1/sessions?user_id={user_id}").status == 204


def test_every_page_of_what_is_due_is_removed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Items of one user, which are in one part of the index, are all removed in one run."""
    monkeypatch.setattr(cleanup, "PAGE", 2)
    record_ends(world, world.user("ada"), 5)
    world.clock.advance(LIFETIME)
    report = world.clean_up()
    assert (report["found"], report["removed"], report["remaining"]) == (5, 5, 0)
    # The first of the five was due four seconds before the last.
    assert report["oldest_overdue_seconds"] == 4


def test_item_that_fails_leaves_the_others(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user whose cleaning fails is counted, and the run goes on; the next run does the rest."""
    failing = world.user("ada")
    users = [failing, *(world.user(f"user{number}") for number in range(3))]
    for user_id in users:
        assert world.admin("POST", "/v1/sessions", {"user_id": user_id}).status == 201
    world.clock.advance(LIFETIME)
    get = DynamoUsers.get

    def refuses(self: DynamoUsers, user_id: str) -> Any:
        if user_id == failing:
            raise Unavailable
        return get(self, user_id)

    with monkeypatch.context() as patched:
        patched.setattr(DynamoUsers, "get", refuses)
        report = world.clean_up()
    assert (report["found"], report["removed"], report["failed"]) == (4, 3, 1)
    assert report["remaining"] == 1
    report = world.clean_up()
    assert (report["found"], report["removed"], report["failed"]) == (1, 1, 0)
