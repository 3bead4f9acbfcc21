"""Cleanup on the in-memory store."""

from dataclasses import replace
from typing import Any

import pytest

from sojourn.domain.due import SETTLED_AFTER, Due
from sojourn.domain.errors import Superseded, Unavailable
from sojourn.domain.job_ports import TimeLeft
from sojourn.domain.realm import Deletion
from sojourn.domain.session_rules import CLOCKS_APART_MS
from sojourn.domain.user import Change, User
from sojourn.jobs import cleanup
from sojourn.jobs.cleanup import Report
from tests.support.memory import users
from tests.unit.jobs.world import LIFETIME, World, always

APART = CLOCKS_APART_MS // 1000


@pytest.fixture
def world() -> World:
    """A world of its own for each test."""
    return World()


def test_nothing_due_is_nothing_done(world: World) -> None:
    """If nothing is due, nothing is found and no user is changed."""
    ada = world.people(1)[0]
    before = world.stored(ada)
    report = world.cleanup.run(always)
    assert set(report.answer().values()) == {0}
    assert world.stored(ada) == before


def test_expired_sessions_go_and_live_ones_stay(world: World) -> None:
    """A session past its time leaves its user's item and no record; a younger one stays."""
    ada = world.people(1)[0]
    world.clock.advance(60)
    later = world.begin(ada)
    world.clock.advance(LIFETIME - 60 + APART)
    report = world.cleanup.run(always)
    assert report == Report(found=1, removed=1, oldest_overdue_seconds=APART)
    assert world.stored(ada).sessions == (later,)
    assert world.records(ada) == []


def test_session_that_a_slow_clock_may_take_for_live_is_waited_for(world: World) -> None:
    """Newly expired sessions are removed after one wait, when they have expired by every clock."""
    people = world.people(3)
    world.clock.advance(LIFETIME)
    began = world.clock.wall_ms()
    assert world.cleanup.run(always).removed == 3
    assert world.clock.wall_ms() - began == CLOCKS_APART_MS
    assert world.sessions(*people) == [0, 0, 0]


def test_last_session_to_expire_is_waited_for(world: World) -> None:
    """Several newly expired sessions are all removed after one wait."""
    ada = world.people(1)[0]
    world.clock.advance(4)
    world.begin(ada)
    world.clock.advance(LIFETIME)
    began = world.clock.wall_ms()
    assert world.cleanup.run(always).removed == 1
    assert (world.clock.wall_ms() - began, world.sessions(ada)) == (CLOCKS_APART_MS, [0])


def test_session_is_left_when_there_is_no_time_to_wait(world: World) -> None:
    """A run that would end before such a wait leaves the session to the next one."""
    ada = world.people(1)[0]
    world.clock.advance(LIFETIME)
    began = world.clock.wall_ms()
    assert world.cleanup.run(lambda: float(APART)) == Report(found=1)
    assert (world.clock.wall_ms(), world.sessions(ada)) == (began, [1])
    assert world.cleanup.run(lambda: APART + 0.1).removed == 1


def test_records_go_when_their_time_is_over(world: World) -> None:
    """An ended record goes when its session would have expired, and not a second before."""
    ada = world.people(1)[0]
    world.end_all(ada)
    world.clock.advance(LIFETIME - 1)
    assert world.cleanup.run(always) == Report()
    assert world.records(ada) == ["terminated_by_admin"]
    world.clock.advance(1)
    assert world.cleanup.run(always) == Report(found=1, removed=1)
    assert world.records(ada) == []


def test_endings_left_pending_are_recorded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cleanup writes the ended records that a crashed call left pending."""
    ada = world.people(1)[0]
    world.begin(ada)
    with monkeypatch.context() as patched:
        patched.setattr(users, "RECORDS_PER_COMMIT", 1)
        world.end_all(ada)
    assert len(world.stored(ada).pending) == 2
    assert world.cleanup.run(always).removed == 1
    assert (world.stored(ada).pending, len(world.records(ada))) == ((), 2)


def test_endings_that_do_not_fit_one_commit_are_all_recorded(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many endings are pending, none is when the run is over."""
    ada = world.people(1)[0]
    world.begin(ada)
    world.begin(ada)
    with monkeypatch.context() as patched:
        patched.setattr(users, "RECORDS_PER_COMMIT", 1)
        world.end_all(ada)
    monkeypatch.setattr(users, "RECORDS_PER_COMMIT", 1)
    assert world.cleanup.run(always).removed == 1
    assert (world.stored(ada).pending, len(world.records(ada))) == ((), 3)


def test_deleted_user_is_removed(world: World) -> None:
    """A deletion that died after its commit is finished: records stripped, the user gone."""
    ada = world.people(1)[0]
    world.end_all(ada)
    world.begin(ada)
    world.delete_user(ada)
    assert world.cleanup.run(always) == Report(found=1, removed=1)
    assert world.store.users.get(ada) is None
    assert all(record.strip for _, record in world.store.users.records())
    assert world.records(ada) == ["terminated_by_admin"] * 2


def test_deletion_of_a_realm_is_continued(world: World) -> None:
    """A realm's deletion that nobody finished is finished."""
    ada = world.people(1)[0]
    deletion = Deletion(started_ms=world.clock.wall_ms(), by="key_tests")
    world.store.realms.add(replace(world.realm, deletion=deletion))
    world.store.due.leave(Due("realm_deletion", world.realm_id, world.clock.wall_ms() // 1000))
    assert world.cleanup.run(always) == Report(found=1, removed=1)
    assert (world.store.realms.find(world.realm_id), world.store.users.get(ada)) == (None, None)
    assert world.cleanup.run(always) == Report()


def test_settlement_of_an_ended_realm_is_continued(world: World) -> None:
    """After a realm's end, the ended records are written when the settlement is due."""
    ada = world.people(1)[0]
    world.end_realm()
    world.clock.advance(SETTLED_AFTER - 1)
    assert world.cleanup.run(always) == Report()
    world.clock.advance(1)
    assert world.cleanup.run(always) == Report(found=1, removed=1)
    assert (world.sessions(ada), world.records(ada)) == ([0], ["realm_ended"])


def test_every_page_of_every_part_is_worked_through(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that is due goes in one run, however many pages it fills, the oldest of it reported."""
    monkeypatch.setattr(cleanup, "PAGE", 2)
    for _ in range(7):
        world.people(1)
        world.clock.advance(1)
    world.clock.advance(LIFETIME + APART)
    report = world.cleanup.run(always)
    assert report == Report(found=7, removed=7, oldest_overdue_seconds=APART + 7)


def test_item_that_fails_leaves_the_others(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """An item whose store does not answer is counted, and the run goes on; the next does it."""
    failing, *others = world.people(4)
    world.clock.advance(LIFETIME + APART)
    get = world.store.users.get

    def refuses(user_id: str) -> User | None:
        if user_id == failing:
            raise Unavailable
        return get(user_id)

    with monkeypatch.context() as patched:
        patched.setattr(world.store.users, "get", refuses)
        report = world.cleanup.run(always)
    assert report == Report(4, removed=3, failed=1, remaining=1, oldest_overdue_seconds=APART)
    assert world.sessions(failing, *others) == [1, 0, 0, 0]
    assert world.cleanup.run(always).removed == 1


def test_run_that_dies_is_continued(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that dies between two items leaves the rest to the next, which does each once."""
    people = world.people(4)
    world.clock.advance(LIFETIME + APART)
    commit, left = world.store.users.commit, [2]

    def dies(change: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise MemoryError
        return commit(change)

    with monkeypatch.context() as patched:
        patched.setattr(world.store.users, "commit", dies)
        with pytest.raises(MemoryError):
            world.cleanup.run(always)
    assert sorted(world.sessions(*people)) == [0, 0, 1, 1]
    assert world.cleanup.run(always).removed == 2


def test_run_without_time_says_what_remains(world: World) -> None:
    """When the time is up nothing is touched, and what is left is counted."""
    people = world.people(3)
    world.clock.advance(LIFETIME + APART)
    assert world.cleanup.run(lambda: 0.0) == Report(remaining=3)
    assert world.sessions(*people) == [1, 1, 1]


@pytest.mark.parametrize(
    ("finished", "left", "remaining"),
    [(False, 1.0, 0), (False, 0.0, 1), (False, -1.0, 1), (True, 0.0, 0)],
)
def test_what_is_half_done_remains(
    world: World, monkeypatch: pytest.MonkeyPatch, finished: bool, left: float, remaining: int
) -> None:
    """Unfinished work of a run is counted as remaining; finished work is not."""
    world.delete_user(world.people(1)[0])
    time = [1.0]

    def finish(_user_id: str, _time_left: TimeLeft) -> bool:
        time[0] = left
        return finished

    monkeypatch.setattr(world.store.removal, "finish_user", finish)
    report = world.cleanup.run(lambda: time[0])
    assert (report.removed, report.remaining) == (int(finished), remaining)


def test_run_counts_no_more_than_a_page_of_each_part(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run whose time is up reads no more pages: what it tells is at least so many."""
    monkeypatch.setattr(cleanup, "PAGE", 1)
    world.people(20)
    world.clock.advance(LIFETIME + APART)
    assert world.cleanup.run(lambda: 0.0) == Report(remaining=world.store.due.shards)


def test_what_is_no_longer_due_is_not_touched(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Work in the index that another run did in the meantime is not done again."""
    ada, bob, eve = world.people(3)
    world.end_all(bob)
    world.clock.advance(LIFETIME + APART)
    told = [list(world.store.due.pages(shard, now=10**10, limit=9)) for shard in range(2)]
    assert world.cleanup.run(always).removed == 3
    world.store.users.remove(eve)
    monkeypatch.setattr(world.store.due, "pages", lambda shard, **_: iter(told[shard]))
    report = world.cleanup.run(always)
    assert (report.found, report.removed, report.failed, report.remaining) == (4, 0, 0, 0)
    assert world.sessions(ada) == [0]


def test_user_who_goes_meanwhile_is_no_failure(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user who is removed between the read and the commit needs nothing more."""
    world.people(1)
    world.clock.advance(LIFETIME + APART)

    def gone(_change: Any) -> None:
        raise Superseded(None)

    monkeypatch.setattr(world.store.users, "commit", gone)
    assert world.cleanup.run(always) == Report(found=1, oldest_overdue_seconds=APART)


def test_change_that_came_between_is_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit that lost to another is decided anew, and takes the expired sessions alone."""
    ada = world.people(1)[0]
    world.clock.advance(LIFETIME + APART)
    commit = world.store.users.commit

    def beaten(change: Any) -> Any:
        monkeypatch.undo()
        user = world.stored(ada)
        commit(Change(before=user, after=replace(user, name="Ada")))
        return commit(change)

    monkeypatch.setattr(world.store.users, "commit", beaten)
    assert world.cleanup.run(always).removed == 1
    assert (world.stored(ada).sessions, world.stored(ada).name) == ((), "Ada")


def test_wrong_clock_drops_no_session(world: World) -> None:
    """An instance whose clock is known to be wrong leaves sessions alone; records may go."""
    ada, bob = world.people(2)
    world.end_all(bob)
    world.clock.advance(LIFETIME + APART)
    world.skew.note("Thu, 01 Jan 1970 00:00:00 GMT", sent_ms=60_000, received_ms=60_001)
    report = world.cleanup.run(always)
    assert (report.found, report.removed, report.failed) == (2, 1, 1)
    assert (world.sessions(ada), world.records(bob)) == ([1], [])


def test_report_is_answered_as_numbers() -> None:
    """The function answers each number of the report by its name."""
    assert Report(5, 4, 3, 2, 1).answer() == {
        "found": 5,
        "removed": 4,
        "failed": 3,
        "remaining": 2,
        "oldest_overdue_seconds": 1,
    }
