"""End all sessions of a realm, on the in-memory store."""

from dataclasses import replace
from functools import partial

import pytest

from sojourn.domain import ids
from sojourn.domain.due import SETTLED_AFTER, Due
from sojourn.domain.errors import NotFound
from sojourn.domain.realm import Deletion
from sojourn.store.realm_cache import EXPIRY_MARGIN, SECONDS
from tests.support.world import meanwhile
from tests.unit.directory.world import World


@pytest.fixture
def world() -> World:
    """A world of its own for each test."""
    return World()


def test_end_ends_all_that_began_before(world: World) -> None:
    """Every session from before has ended; one that begins afterwards is active."""
    ada, bob = world.user(sessions=2), world.user(sessions=1)
    began = world.clock.wall_ms()
    told = world.realm_ends.end_all(world.stack, world.realm_id)
    assert told.ended_at == began / 1000
    assert (world.active(ada), world.active(bob)) == ([], [])
    assert len(world.active(world.user(sessions=1))) == 1


def test_end_adds_its_settlement_and_waits_for_every_cache(world: World) -> None:
    """The commit adds the settlement of the users; the answer comes when no cache is older."""
    began = world.clock.wall_ms()
    world.realm_ends.end_all(world.stack, world.realm_id)
    due = began // 1000 + SETTLED_AFTER
    assert world.store.due.jobs == [Due("settlement", world.realm_id, due, "1")]
    assert world.clock.wall_ms() - began >= 1000 * (SECONDS + EXPIRY_MARGIN) - 1


def test_end_is_decided_anew_on_what_came_between(world: World) -> None:
    """Two ends at once are two generations, each with its settlement, and a change is kept."""
    end_all = partial(world.realm_ends.end_all, world.stack, world.realm_id)
    meanwhile(world.store.realms, "commit", end_all)
    end_all()
    meanwhile(world.store.realms, "commit", lambda: world.change(max_sessions=3))
    world.realm_ends.end_all(world.stack, world.realm_id)
    assert [job.name for job in world.store.due.jobs] == ["1", "2", "3"]
    assert (world.realm.generation, world.realm.settings.max_sessions) == (3, 3)


def test_end_writes_no_key(world: World) -> None:
    """Ending sessions changes only the ends of a realm."""
    before = world.realm
    world.realm_ends.end_all(world.stack, world.realm_id)
    after = replace(world.realm, version=1, generation=0, ends=())
    assert after == before


def test_count_ends_nothing(world: World) -> None:
    """A count tells how many an end would end, and writes nothing."""
    world.user(sessions=2)
    world.realm_ends.end_all(world.stack, world.realm_id)
    world.user(sessions=3)
    commits = len(world.store.realms.commits)
    told = world.realm_ends.count(world.stack, world.realm_id)
    assert (told.sessions, told.complete, told.dry_run) == (3, True, True)
    assert len(world.store.realms.commits) == commits


def test_realm_that_is_not_there(world: World) -> None:
    """A realm that is unknown, beyond reach, or being deleted is not found."""
    other = replace(world.server, realm_id=ids.new_id("rl", 1))
    for server, realm_id in (
        (world.stack, "x"),
        (world.stack, other.realm_id),
        (other, world.realm_id),
    ):
        with pytest.raises(NotFound):
            world.realm_ends.end_all(server, str(realm_id))
    leaving = replace(world.realm, version=2, deletion=Deletion(started_ms=1, by="key_a"))
    meanwhile(world.store.realms, "commit", lambda: world.store.realms.add(leaving))
    for _ in range(2):
        with pytest.raises(NotFound):
            world.realm_ends.end_all(world.stack, world.realm_id)
    assert world.realm == leaving
    assert world.store.due.jobs == []
