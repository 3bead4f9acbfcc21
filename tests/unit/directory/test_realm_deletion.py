"""Deletion of a realm, on the in-memory store."""

from typing import Any

import pytest

from sojourn.directory import answers, realm_deletion
from sojourn.domain import ids
from sojourn.domain.access_key import Server
from sojourn.domain.due import Due
from sojourn.domain.errors import Invalid, NotFound
from sojourn.domain.session import Session
from sojourn.domain.session_rules import active
from sojourn.jobs.realm_removal import RealmRemoval
from sojourn.store import realm_cache
from tests.support.world import access_key, meanwhile
from tests.unit.directory.world import World

WAITED = realm_cache.SECONDS + realm_cache.EXPIRY_MARGIN


class Deleting(World):
    """A realm, and what deletes it."""

    def delete(self, name: str | None = "Tests") -> answers.Realm | None:
        """Delete the realm, by its name."""
        return self.realm_deletion.delete(self.stack, self.realm_id, name)

    def standing(self, user_id: str) -> tuple[Session, ...]:
        """A user's sessions that the realm has not ended."""
        return active(self.stored(user_id), self.realm, now_ms=self.clock.wall_ms())

    def gone(self) -> bool:
        """Whether nothing of the realm is left."""
        left = self.store.realms.find(self.realm_id), self.store.users.everybody()
        return (*left, self.store.due.jobs) == (None, [], [])


@pytest.fixture
def world() -> Deleting:
    """A world of its own for each test."""
    return Deleting()


@pytest.mark.parametrize("name", [None, "", "tests", "Test"])
def test_name_is_asked_for(world: Deleting, name: str | None) -> None:
    """Without the realm's exact name nothing is deleted, and the sentence says what to send."""
    before = world.realm
    with pytest.raises(Invalid) as refused:
        world.delete(name)
    assert "name" in refused.value.errors[0]
    assert (world.realm, world.store.due.jobs) == (before, [])


def test_realm_goes_with_all_that_is_in_it(world: Deleting) -> None:
    """A realm that can be removed in the time is gone by the answer; again, there is none."""
    for _ in range(3):
        world.user(sessions=1)
    assert world.delete() is None
    assert world.gone()
    with pytest.raises(NotFound):
        world.delete()


@pytest.mark.parametrize("seconds", [0, 3, 30])
def test_answer_waits_until_every_instance_has_forgotten_the_realm(
    world: Deleting, monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    """The wait is from the mark on, and what the removal took is part of it."""
    resume = RealmRemoval.resume

    def slow(*arguments: Any) -> bool:
        world.clock.advance(seconds)
        return resume(*arguments)

    monkeypatch.setattr(RealmRemoval, "resume", slow)
    began = world.clock.monotonic()
    world.delete()
    assert world.clock.monotonic() - began == pytest.approx(max(WAITED, seconds))


def test_mark_ends_every_session_and_leaves_the_rest_to_cleanup(
    world: Deleting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Out of time it answers with its progress: all sessions have ended, and a job is left."""
    monkeypatch.setattr(realm_deletion, "SECONDS", 0.0)
    user_id, started = world.user(sessions=1), world.clock.wall_ms()
    told = world.delete()
    assert told is not None
    assert told.state == "deleting"
    assert told == world.realm_deletion.progress(world.realm)
    assert isinstance(told, answers.DeletingRealm)
    assert told.deletion.started_at == started / 1000
    assert world.standing(user_id) == ()
    assert world.store.realms.get(world.realm_id) is None
    assert world.realm.deletion is not None
    assert (world.realm.deletion.started_ms, world.realm.deletion.by) == (
        started,
        world.stack.key.id,
    )
    assert world.store.due.jobs == [Due("realm_deletion", world.realm_id, started // 1000)]
    assert world.cleanup.realm_removal.resume(world.realm_id, lambda: 1.0)
    assert world.gone()


def test_progress_counts_users(world: Deleting, monkeypatch: pytest.MonkeyPatch) -> None:
    """A realm's deletion shows its progress while it is running, and only then."""
    assert world.realm_deletion.progress(world.realm) == answers.realm(world.realm)
    for _ in range(3):
        world.user()
    with monkeypatch.context() as patched:
        patched.setattr(realm_deletion, "SECONDS", 0.0)
        world.delete()
    left = [1.0] * 2
    assert not world.cleanup.realm_removal.resume(
        world.realm_id, lambda: left.pop() if left else 0.0
    )
    told = world.realm_deletion.progress(world.realm)
    assert isinstance(told, answers.DeletingRealm)
    assert (told.deletion.users_deleted, told.deletion.users_remaining) == (1, 2)
    assert not told.deletion.users_remaining_at_least
    monkeypatch.setattr(realm_deletion, "COUNTED", 1)
    told = world.realm_deletion.progress(world.realm)
    assert isinstance(told, answers.DeletingRealm)
    assert (told.deletion.users_remaining, told.deletion.users_remaining_at_least) == (1, True)


def test_second_call_goes_on_with_the_first(
    world: Deleting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A repeated call marks nothing anew, and removes what is left."""
    world.user()
    with monkeypatch.context() as patched:
        patched.setattr(realm_deletion, "SECONDS", 0.0)
        world.delete()
    marked = len(world.store.realms.commits)
    assert world.delete() is None
    assert len(world.store.realms.commits) == marked
    assert world.gone()


def test_deletion_that_died_is_finished_by_cleanup(
    world: Deleting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a crash behind the first commit, the realm is gone for all calls and a job is left."""
    user_id = world.user(sessions=1)

    def dies(*_arguments: object) -> bool:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(RealmRemoval, "resume", dies)
        with pytest.raises(MemoryError):
            world.delete()
    assert world.standing(user_id) == ()
    (job,) = world.store.due.jobs
    assert world.cleanup.realm_removal.resume(job.owner, lambda: 1.0)
    assert world.gone()


def test_deletion_that_another_began_just_before_helps_it(world: Deleting) -> None:
    """A deletion that finds the realm marked since its look goes on with it, and is done."""
    world.user()

    def mark() -> None:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(realm_deletion, "SECONDS", 0.0)
            assert world.delete() is not None

    meanwhile(world.store.realms, "commit", mark)
    assert world.delete() is None
    assert world.gone()


def test_realm_that_another_removed_since_the_look_is_not_there(world: Deleting) -> None:
    """A deletion whose realm is gone by its mark has nothing to delete."""
    meanwhile(world.store.realms, "commit", lambda: world.store.realms.remove(world.realm_id))
    with pytest.raises(NotFound):
        world.delete()
    assert world.store.due.jobs == []


def test_deletion_that_cleanup_finished_is_done(
    world: Deleting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deletion whose time is up, and which cleanup finishes while it waits, answers as done."""
    world.user()
    monkeypatch.setattr(realm_deletion, "SECONDS", 0.0)

    def meanwhile(**_: Any) -> None:
        assert world.cleanup.realm_removal.resume(world.realm_id, lambda: 1.0)

    monkeypatch.setattr(world.cache, "wait_for_expiry", meanwhile)
    assert world.delete() is None


def test_key_of_another_realm_deletes_nothing(world: Deleting) -> None:
    """A key of another realm sees no such realm."""
    other = ids.new_id("rl", 1)
    stranger = Server(key=access_key(other), realm_id=other)
    with pytest.raises(NotFound):
        world.realm_deletion.delete(stranger, world.realm_id, "Tests")
    assert world.realm.deletion is None
