"""Contract tests of every store: due work and jobs for cleanup."""

from dataclasses import replace

import pytest

from sojourn.domain import ids
from sojourn.domain.due import Due, Progress
from tests.integration.store.test_store_contract import (
    NOW,
    OWNER,
    at_once,
    must_get,
    with_ended,
    with_sessions,
)
from tests.support.stores import Store

SECOND = NOW // 1000
SETTLEMENT = Due("settlement", OWNER.id, SECOND, "7")
DELETION = Due("realm_deletion", OWNER.id, SECOND)


def due(store: Store, now: int) -> list[Due]:
    """All that is due at a time, in every part of the index, two at a time."""
    shards = range(store.due.shards)
    pages = [page for shard in shards for page in store.due.pages(shard, now=now, limit=2)]
    assert all(len(page) <= 2 for page in pages)
    return sorted((found for page in pages for found in page), key=lambda d: (d.kind, d.name))


def test_what_is_due_is_found_from_its_time_on(store: Store) -> None:
    """Users, records, entries of the feed and jobs are each found once, from their second on."""
    user = with_sessions(store, 2)
    gone, records = with_ended(store, 1)
    for job in (SETTLEMENT, DELETION):
        store.leave(replace(job, due_at=SECOND + 5))
    over = user.sessions[0].expires_at
    jobs = [replace(DELETION, due_at=SECOND + 5), replace(SETTLEMENT, due_at=SECOND + 5)]
    assert due(store, SECOND + 4) == []
    assert due(store, SECOND + 5) == jobs
    assert due(store, over - 1) == jobs
    session_id = records[0].session.id
    record = Due("ended_record", gone.id, records[0].keep_until, session_id)
    assert record.due_at == over
    entries = [found for found in due(store, over) if found.kind == "revocation"]
    others = [found for found in due(store, over) if found.kind != "revocation"]
    assert others == [record, *jobs, Due("user", user.id, over)]
    assert len(entries) <= 1


def test_what_is_due_longest_comes_first(store: Store) -> None:
    """In one part of the index, what is due comes by its time, page by page, each once."""
    user = with_sessions(store, 0)
    times = [SECOND + n for n in (3, 1, 4, 0, 2)]
    for n, at in enumerate(times):
        store.leave(Due("settlement", OWNER.id, at, str(n)))
    pages = [
        [found.due_at for found in page]
        for shard in range(store.due.shards)
        for page in store.due.pages(shard, now=SECOND + 3, limit=3)
        if page
    ]
    assert pages == [[SECOND, SECOND + 1, SECOND + 2], [SECOND + 3]]
    assert must_get(store, user.id) == user


def test_record_goes_when_it_is_past_its_time(store: Store) -> None:
    """An ended record is removed from its time on and not before; its user's others stay."""
    user, (first, second) = with_ended(store, 2)
    session_id, until = first.session.id, first.keep_until
    assert not store.due.remove_record(user.id, session_id, now=until - 1)
    assert store.users.ended(user.id, session_id) == first
    assert store.due.remove_record(user.id, session_id, now=until)
    assert store.users.ended(user.id, session_id) is None
    assert store.users.ended(user.id, second.session.id) == second
    assert not store.due.remove_record(user.id, session_id, now=until)
    assert not store.due.remove_record(ids.new_id("usr", NOW), second.session.id, now=until)


def test_record_is_removed_once(store: Store) -> None:
    """Of four simultaneous removals of a record one succeeds; the others find it gone."""
    user, (record,) = with_ended(store, 1)
    where = user.id, record.session.id
    removed = at_once([lambda: store.due.remove_record(*where, now=record.keep_until)] * 4)
    assert sorted(map(bool, removed)) == [False, False, False, True]


def test_progress_is_saved_and_finished(store: Store) -> None:
    """A settlement stores its progress until it is finished; finishing again changes nothing."""
    assert store.settlements.progress(OWNER.id, "7") is None
    store.leave(SETTLEMENT)
    store.leave(replace(SETTLEMENT, name="8", due_at=SECOND + 1))
    assert store.settlements.progress(OWNER.id, "7") == Progress(SECOND)
    for after in ("usr_1", "usr_2"):
        assert store.settlements.save_progress(OWNER.id, "7", after=after)
        assert store.settlements.progress(OWNER.id, "7") == Progress(SECOND, after)
    for _ in range(2):
        store.settlements.finish_settlement(OWNER.id, "7")
        assert store.settlements.progress(OWNER.id, "7") is None
    assert store.settlements.progress(OWNER.id, "8") == Progress(SECOND + 1)
    assert due(store, SECOND + 1) == [replace(SETTLEMENT, name="8", due_at=SECOND + 1)]


@pytest.mark.parametrize("finished", [True, False], ids=["finished", "never left"])
def test_settlement_that_another_finished_is_not_saved(store: Store, finished: bool) -> None:
    """The next page of a finished settlement is not read, and no job is left."""
    if finished:
        store.leave(SETTLEMENT)
        store.settlements.finish_settlement(OWNER.id, "7")
    assert not store.settlements.save_progress(OWNER.id, "7", after="usr_1")
    assert store.settlements.progress(OWNER.id, "7") is None
    assert due(store, SECOND) == []


def test_jobs_of_a_realm_are_apart(store: Store) -> None:
    """A realm's deletion and its settlements are jobs of their own; none is taken for another."""
    store.leave(DELETION)
    assert store.settlements.progress(OWNER.id, "") is None
    store.leave(SETTLEMENT)
    store.leave(replace(SETTLEMENT, owner=ids.new_id("rl", NOW)))
    store.settlements.finish_settlement(OWNER.id, "7")
    assert [found.kind for found in due(store, SECOND)] == ["realm_deletion", "settlement"]
