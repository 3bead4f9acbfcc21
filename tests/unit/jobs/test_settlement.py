"""Settlement after a realm's end, on the in-memory store."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from sojourn.domain.due import SETTLED_AFTER, Due, Progress, settlement_job
from sojourn.domain.errors import Superseded, Unavailable
from sojourn.domain.realm import Deletion
from sojourn.domain.user import User
from sojourn.jobs import settlement
from tests.support.memory import users
from tests.support.world import BY
from tests.unit.jobs.world import World, always


@pytest.fixture
def world() -> World:
    """A world of its own for each test."""
    return World()


def looks(count: int) -> Callable[[], float]:
    """There is time, at so many looks at it."""
    left = [1.0] * count
    return lambda: left.pop() if left else 0.0


def settle(world: World, name: str, time_left: Callable[[], float] = always) -> bool:
    """Continue a settlement."""
    return world.cleanup.settlement.resume(world.realm_id, name, time_left)


def test_settlement_is_due_an_hour_after_its_end(world: World) -> None:
    """A settlement begins when no login that had read the realm before can still commit."""
    at = world.clock.wall_ms() // 1000
    job = settlement_job(world.realm_id, "jky_stopped", now_ms=world.clock.wall_ms())
    assert job == Due("settlement", world.realm_id, at + SETTLED_AFTER, "jky_stopped")


def test_what_the_realm_ended_is_recorded(world: World) -> None:
    """Each user's sessions become ended records, and what began since stays."""
    people = world.people(3)
    name = world.end_realm()
    later = world.begin(people[0])
    assert settle(world, name)
    assert world.stored(people[0]).sessions == (later,)
    assert [world.records(user_id) for user_id in people] == [["realm_ended"]] * 3
    assert world.store.due.progress(world.realm_id, name) is None


def test_stop_of_a_key_is_recorded_alike(world: World) -> None:
    """A settlement named after the key records the sessions that ended with a stopped key."""
    (ada,) = world.people(1)
    key = world.realm.signing_key(world.clock.wall_ms())
    now_ms = world.clock.wall_ms()
    stopped = world.realm.without_key(key, by=BY.id, now_ms=now_ms, compromised=True)
    world.store.realms.add(stopped)
    world.store.due.leave(settlement_job(world.realm_id, key.id, now_ms=world.clock.wall_ms()))
    assert settle(world, key.id)
    assert world.records(ada) == ["terminated_by_admin"]


def test_settlement_records_what_does_not_fit_a_commit(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Endings that a commit leaves pending are recorded after it."""
    (ada,) = world.people(1)
    world.begin(ada)
    name = world.end_realm()
    monkeypatch.setattr(users, "RECORDS_PER_COMMIT", 1)
    assert settle(world, name)
    assert (len(world.records(ada)), world.stored(ada).pending) == (2, ())


def test_settlement_goes_on_where_it_was(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A settlement without enough time continues later from its last page."""
    monkeypatch.setattr(settlement, "PAGE", 2)
    people = world.people(5)
    name = world.end_realm()
    assert not settle(world, name, looks(3))
    assert world.sessions(*people) == [0, 0, 0, 1, 1]
    found = world.store.due.progress(world.realm_id, name)
    assert found is not None
    assert found.after == people[1]
    read: list[Sequence[str]] = []
    get_many = world.store.users.get_many

    def noted(user_ids: Sequence[str]) -> Sequence[User | None]:
        read.append(user_ids)
        return get_many(user_ids)

    monkeypatch.setattr(world.store.users, "get_many", noted)
    assert settle(world, name)
    assert read == [people[2:4], people[4:]]
    assert world.sessions(*people) == [0] * 5


def test_progress_is_saved_only_where_there_is_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last page is followed by the end of the settlement; no progress is saved."""
    monkeypatch.setattr(settlement, "PAGE", 3)
    people = world.people(4)
    noted: list[str] = []
    save_progress = world.store.due.save_progress

    def noting(realm_id: str, name: str, *, after: str) -> bool:
        noted.append(after)
        return save_progress(realm_id, name, after=after)

    monkeypatch.setattr(world.store.due, "save_progress", noting)
    assert settle(world, world.end_realm())
    assert noted == [people[2]]


def test_finished_settlement_is_none(world: World) -> None:
    """A finished or unknown settlement is not run."""
    people = world.people(1)
    name = world.end_realm()
    world.store.due.finish_settlement(world.realm_id, name)
    assert not settle(world, name)
    assert not settle(world, "jky_none")
    assert world.sessions(*people) == [1]


def test_two_settlements_at_once_are_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A settlement that another run finishes stops at its next page, and leaves no job."""
    monkeypatch.setattr(settlement, "PAGE", 2)
    people = world.people(3)
    name = world.end_realm()
    others = [True]

    def time_left() -> float:
        if others and others.pop():
            assert settle(world, name)
        return 1.0

    assert not settle(world, name, time_left)
    assert world.store.due.progress(world.realm_id, name) is None
    assert [len(world.records(user_id)) for user_id in people] == [1] * 3


def test_settlement_that_died_is_continued(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A settlement that crashed between two users continues, and records each ending once."""
    people = world.people(3)
    name = world.end_realm()
    commit, left = world.store.users.commit, [2]

    def dies(change: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise MemoryError
        return commit(change)

    with monkeypatch.context() as patched:
        patched.setattr(world.store.users, "commit", dies)
        with pytest.raises(MemoryError):
            settle(world, name)
    assert world.sessions(*people) == [0, 0, 1]
    assert settle(world, name)
    assert [world.records(user_id) for user_id in people] == [["realm_ended"]] * 3


@pytest.mark.parametrize("deleted", [True, False], ids=["being deleted", "gone"])
def test_settlement_of_a_realm_that_is_gone_ends(world: World, deleted: bool) -> None:
    """If the realm is gone or being deleted, its settlement is removed too."""
    people = world.people(1)
    name = world.end_realm()
    if deleted:
        world.store.realms.add(
            replace(world.realm, deletion=Deletion(started_ms=1, by="key_tests"))
        )
    else:
        world.store.realms.remove(world.realm_id)
    assert settle(world, name)
    assert world.store.due.progress(world.realm_id, name) is None
    assert world.sessions(*people) == [1]


def test_settlement_that_the_next_one_covers_is_none(world: World) -> None:
    """After several ends, the settlement of the last due one records them all."""
    people = world.people(2)
    first, second = world.end_realm(), world.end_realm()
    world.clock.advance(SETTLED_AFTER)
    last = world.end_realm()
    # The last one's settlement is not due yet: what it covers must not wait for it.
    assert settle(world, first)
    assert (world.sessions(*people), world.store.due.progress(world.realm_id, first)) == (
        [1, 1],
        None,
    )
    assert world.store.due.progress(world.realm_id, last) is not None
    assert settle(world, second)
    assert [world.records(user_id) for user_id in people] == [["realm_ended"]] * 2


def test_settlement_that_has_begun_is_nobody_elses(world: World) -> None:
    """A settlement that has begun continues even if a later one is due, so that one finishes."""
    people = world.people(2)
    first = world.end_realm()
    assert world.store.due.save_progress(world.realm_id, first, after=people[0])
    world.end_realm()
    world.clock.advance(SETTLED_AFTER)
    assert settle(world, first)
    assert world.sessions(*people) == [1, 0]


def test_settlement_of_a_key_is_covered_by_none(world: World) -> None:
    """A stopped key's settlement is its own: a key's id is no number after which another comes."""
    world.people(1)
    world.store.due.leave(Due("settlement", world.realm_id, 0, "jky_1"))
    world.store.due.leave(Due("settlement", world.realm_id, 0, "jky_2"))
    asked: list[str] = []
    found = world.store.due.progress

    def noted(realm_id: str, name: str) -> Progress | None:
        asked.append(name)
        return found(realm_id, name)

    world.store.due.progress = noted  # type: ignore[method-assign]
    assert settle(world, "jky_1")
    assert asked == ["jky_1"]


def test_user_who_goes_meanwhile_is_passed_by(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user who is removed during the settlement, or was before, ends nothing for the others."""
    people = world.people(3)
    name = world.end_realm()
    world.store.users.remove(people[0])
    commit = world.store.users.commit

    def beaten(change: Any) -> Any:
        if change.before.id == people[1]:
            raise Superseded(None)
        return commit(change)

    monkeypatch.setattr(world.store.users, "commit", beaten)
    assert settle(world, name)
    assert world.records(people[2]) == ["realm_ended"]


def test_wrong_clock_records_nothing(world: World) -> None:
    """An instance whose clock is known to be wrong could take live sessions for expired ones."""
    people = world.people(1)
    name = world.end_realm()
    world.skew.note("Thu, 01 Jan 1970 00:00:00 GMT", sent_ms=60_000, received_ms=60_001)
    with pytest.raises(Unavailable):
        settle(world, name)
    assert world.sessions(*people) == [1]
    assert world.store.due.progress(world.realm_id, name) is not None
