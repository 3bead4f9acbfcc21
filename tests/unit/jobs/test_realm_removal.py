"""Removal of a deleted realm's content, on the in-memory store."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sojourn.domain import ids
from sojourn.domain.access_key import AccessKey
from sojourn.domain.errors import Superseded, Unavailable
from sojourn.domain.realm import Deletion, Realm
from sojourn.domain.user import Change, User
from sojourn.jobs import realm_removal
from tests.unit.jobs.world import World, always


@pytest.fixture
def world() -> World:
    """A realm that is being deleted."""
    made = World()
    deletion = Deletion(started_ms=made.clock.wall_ms(), by="key_tests")
    made.store.realms.add(replace(made.realm, deletion=deletion))
    return made


def looks(count: int) -> Callable[[], float]:
    """There is time, at so many looks at it."""
    left = [1.0] * count
    return lambda: left.pop() if left else 0.0


def resume(world: World, time_left: Callable[[], float] = always) -> bool:
    """Go on with the realm's deletion."""
    return world.cleanup.realm_removal.resume(world.realm_id, time_left)


def realm(world: World) -> Realm | None:
    """The realm, as it is."""
    return world.store.realms.find(world.realm_id)


def removed(world: World) -> int:
    """How many users the deletion has counted."""
    found = realm(world)
    assert found is not None
    assert found.deletion is not None
    return found.deletion.users


def access_key(world: World) -> AccessKey:
    """An access key of the realm."""
    made = AccessKey(
        id=ids.new_id("key", 1),
        realm_id=world.realm_id,
        name="tests",
        permission="read",
        created_ms=1,
        secret_hash="",
    )
    world.store.keys.add(made)
    return made


def test_realm_goes_with_all_that_is_in_it(world: World) -> None:
    """Users with sessions, records and names, access keys and the realm: all of it goes."""
    ada = world.user(username="ada", email="ada@example.com")
    world.begin(ada)
    world.end_all(ada)
    people, key = world.people(2), access_key(world)
    assert resume(world)
    assert [world.store.users.get(user_id) for user_id in (ada, *people)] == [None] * 3
    assert world.store.users.records() == []
    assert world.store.realms.user_of_name(world.realm_id, "email", "ada@example.com") is None
    assert (world.store.keys.access_key(key.id), realm(world)) == (None, None)
    assert resume(world)


def test_large_realm_goes_in_steps(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Users go some at a time, and each step is counted."""
    monkeypatch.setattr(realm_removal, "STEP", 2)
    people = world.people(5)
    counted: list[int] = []
    count = world.store.removal.count_removed

    def noted(realm_id: str, users: int) -> None:
        counted.append(users)
        count(realm_id, users)

    monkeypatch.setattr(world.store.removal, "count_removed", noted)
    assert resume(world)
    assert counted == [2, 2, 1]
    assert [world.store.users.get(user_id) for user_id in people] == [None] * 5


def test_removal_stops_when_its_time_is_up(world: World) -> None:
    """Without enough time the rest stays, and the next run continues."""
    people = world.people(3)
    # A look before the step, and one before each user.
    assert not resume(world, looks(3))
    assert [world.store.users.get(user_id) is None for user_id in people] == [True, True, False]
    assert removed(world) == 2
    assert resume(world)
    assert realm(world) is None


def test_user_with_many_records_takes_several_calls(world: World) -> None:
    """A user whose records there was no time for stays, with what is left of them."""
    ada = world.user()
    for _ in range(3):
        world.begin(ada)
    world.end_all(ada)
    assert not resume(world, looks(3))
    assert (world.store.users.get(ada) is not None, len(world.records(ada))) == (True, 2)
    assert removed(world) == 0
    assert resume(world)
    assert world.store.users.records() == []


def test_access_keys_go_first(world: World) -> None:
    """No user is touched as long as a key may still act; keys there is no time for are left."""
    people, keys = world.people(1), [access_key(world) for _ in range(2)]
    assert not resume(world, looks(1))
    assert [world.store.keys.access_key(key.id) is None for key in keys].count(True) == 1
    assert world.sessions(*people) == [1]
    assert resume(world)


def test_deletion_without_time_does_nothing(world: World) -> None:
    """A call without time removes nothing, and is not finished."""
    people = world.people(1)
    assert not resume(world, lambda: 0.0)
    assert world.sessions(*people) == [1]
    assert realm(world) is not None


def test_user_who_changes_meanwhile_is_removed_as_they_are(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An end that comes between leaves no record behind: the user's records are removed again."""
    (ada,) = world.people(1)
    remove = world.store.removal.remove_user
    ended: list[User] = []

    def then_end(user: User) -> None:
        if not ended:
            ended.append(user)
            world.end_all(ada)
            assert len(world.records(ada)) == 1
        remove(user)

    monkeypatch.setattr(world.store.removal, "remove_user", then_end)
    assert resume(world)
    assert (world.store.users.get(ada), world.store.users.records()) == (None, [])


def test_user_who_always_changes_is_unavailable(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user who cannot be removed within a request is left to the next call."""
    (ada,) = world.people(1)
    remove = world.store.removal.remove_user
    tried: list[User] = []

    def beaten(user: User) -> None:
        tried.append(user)
        found = world.stored(ada)
        world.store.users.commit(Change(before=found, after=found))
        remove(user)

    began = world.clock.stopwatch()
    with monkeypatch.context() as patched:
        patched.setattr(world.store.removal, "remove_user", beaten)
        with pytest.raises(Unavailable):
            resume(world)
    assert 9 < world.clock.stopwatch() - began <= 10
    # Each wait is longer than the one before, up to half a second.
    assert len(tried) < 100
    assert resume(world)


def test_user_whom_another_removed_is_taken_off_the_list(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user who is gone, before or meanwhile, is taken off the list, records and all."""
    ada, bob = world.people(2)
    world.end_all(ada)
    world.store.users.remove(ada)

    def gone(user: User) -> None:
        world.store.users.remove(user.id)
        raise Superseded(None)

    counted: list[int] = []
    monkeypatch.setattr(
        world.store.removal, "count_removed", lambda _, users: counted.append(users)
    )
    monkeypatch.setattr(world.store.removal, "remove_user", gone)
    assert resume(world)
    assert counted == [2]
    assert (world.store.users.records(), world.store.users.get(bob)) == ([], None)
    found = world.store.directory.users_of_realm(
        world.realm_id, after=None, limit=1, ascending=True
    )
    assert list(found[0]) == []


@pytest.mark.parametrize(
    "step", ["remove_access_keys", "remove_records", "remove_user", "count_removed", "remove_realm"]
)
def test_deletion_that_dies_is_gone_on_with(
    world: World, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """After a crash at any step, another call finishes the deletion."""
    world.people(2)
    access_key(world)
    act = getattr(world.store.removal, step)

    def dies(*arguments: Any) -> Any:
        act(*arguments)
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(world.store.removal, step, dies)
        with pytest.raises(MemoryError):
            resume(world)
    assert resume(world)
    assert (realm(world), world.store.users.everybody()) == (None, [])


def test_two_workers_help_each_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker whom another overtakes at a user is done as well, and nothing is left."""
    world.people(3)
    remove = world.store.removal.remove_user

    def overtaken(user: User) -> None:
        monkeypatch.undo()
        assert resume(world)
        remove(user)

    monkeypatch.setattr(world.store.removal, "remove_user", overtaken)
    assert resume(world)
    assert (realm(world), world.store.users.everybody()) == (None, [])
