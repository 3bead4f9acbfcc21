"""What the feed over DynamoDB does beside its port: how it is asked, and entries that are late."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from sojourn.aws.client import Response
from sojourn.domain import ids
from sojourn.domain import session_rules as rules
from sojourn.domain.errors import Unavailable
from sojourn.domain.realm import RealmChange
from sojourn.domain.revocation import CONFIRMED_SECONDS, SLICE_MS, Entry, slice_of
from sojourn.domain.session import Reason
from sojourn.domain.user import Change, User
from sojourn.runtime import deadline
from tests.integration.store.test_store_contract import BY, OWNER, with_sessions
from tests.support.calls import Call, Parameters, between
from tests.support.clock import MovedClock
from tests.support.lost_answers import lose_answers
from tests.support.stores import DynamoStore

SHARDS = 16
REALM = replace(OWNER, settings=replace(OWNER.settings, revocation_shards=SHARDS))
MINUTE = 60.0


@pytest.fixture
def store(dynamo_store: DynamoStore) -> DynamoStore:
    """The store over DynamoDB."""
    return dynamo_store


@pytest.fixture(autouse=True)
def _request(clock: MovedClock) -> Iterator[None]:
    """Each test is one request that begins now."""
    with deadline.deadline(clock):
        yield


def ending(user: User) -> Change:
    """The change that ends a user's oldest session."""
    reasons: dict[str, Reason] = {user.sessions[0].id: "logout"}
    return rules.end(user, REALM, reasons, by=BY, now_ms=user.sessions[0].created_ms)


def in_a_later_shard(store: DynamoStore) -> User:
    """A user whose entries are in another shard than the first."""
    while True:
        user = with_sessions(store, 1)
        told = ending(user).revocation
        if told is not None and told.shard:
            return user


def entries(store: DynamoStore, *, shards: int = SHARDS) -> list[Entry]:
    """The entries of now and of the hour before, in the order of their ids."""
    now = slice_of(store.feed.now_ms())
    found = [
        entry
        for number in (now - 1, now)
        for shard in range(shards)
        for entry in store.feed.read(REALM.id, number, shard, after="rev_", limit=100)[0]
    ]
    return sorted(found, key=lambda entry: entry.id)


def around(
    patch: pytest.MonkeyPatch,
    store: DynamoStore,
    operation: str,
    *,
    before: Callable[[], object] = lambda: None,
    after: Callable[[], object] = lambda: None,
) -> list[dict[str, Any]]:
    """Something happens before each call of an operation is done, and after; what is asked."""
    asked: list[dict[str, Any]] = []

    def called(_operation: str, parameters: Parameters, call: Call) -> Response:
        asked.append(dict(parameters))
        before()
        answer = call(parameters)
        after()
        return answer

    between(patch, store.client, called, operation)
    return asked


# How DynamoDB is asked.


def test_entry_is_a_write_of_the_endings_transaction(
    store: DynamoStore, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One transaction has the user, the entry and the record; the entry knows how long it stays."""
    user = with_sessions(store, 1)
    asked = around(monkeypatch, store, "TransactWriteItems")
    store.users.commit(ending(user))
    ((_, entry, _),) = [call["TransactItems"] for call in asked]
    item = entry["Put"]["Item"]
    until = {"N": str(clock.wall_ms() // 1000 + 25 * 3_600)}
    assert (item["ttl"], item["due_at"]) == (until, until)
    assert {*item} >= {"pk", "sk", "due_shard", "reason", "ended_ms", "session_ids", "user_id"}
    assert {*item} & {"scope", "key_id"} == set()
    assert item["pk"]["S"].startswith(f"{REALM.id}#feed#{slice_of(clock.wall_ms())}#")


def test_feed_is_read_consistently_and_by_its_attributes(
    store: DynamoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page of the feed is a consistent query of the base table, for what an entry shows."""
    store.users.commit(ending(with_sessions(store, 1)))
    asked = around(monkeypatch, store, "Query")
    entries(store, shards=1)
    assert len(asked) == 2
    for call in asked:
        assert call["ConsistentRead"] is True
        assert "IndexName" not in call
        named = {*call["ExpressionAttributeNames"].values()}
        assert named >= {"pk", "sk", "session_ids", "reason"}
        assert not named & {"ttl", "due_at", "due_shard"}


# Entries that are late.


def test_entry_of_a_process_that_was_suspended_is_written_again(
    store: DynamoStore, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before an ending is answered, there is an entry of it that is 14 seconds old at most."""
    user = in_a_later_shard(store)
    began = clock.wall_ms()
    around(monkeypatch, store, "TransactWriteItems", before=lambda: clock.advance(MINUTE))
    told = store.users.commit(ending(user)).revocation
    first, second = entries(store)
    times = [ids.created_ms(entry.id) - began for entry in (first, second)]
    assert times == [0, 1000 * MINUTE]
    assert told is not None
    assert [replace(e.revocation, shards=SHARDS) for e in (first, second)] == [told, told]


def test_entry_that_is_written_again_is_in_the_first_shard(
    store: DynamoStore, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a suspension the realm may have fewer shards: the first is always read."""
    user = in_a_later_shard(store)
    around(monkeypatch, store, "TransactWriteItems", before=lambda: clock.advance(MINUTE))
    store.users.commit(ending(user))
    assert len(entries(store)) == 2
    (again,) = entries(store, shards=1)
    assert ids.created_ms(again.id) == clock.wall_ms()


def test_shard_of_a_realm_that_was_read_long_ago_is_not_relied_upon(
    store: DynamoStore, clock: MovedClock
) -> None:
    """A process that was suspended between its reads and its commit may have an old realm."""
    user = in_a_later_shard(store)
    change = ending(user)
    clock.advance(SLICE_MS / 1000)
    store.users.commit(change)
    assert len(entries(store, shards=1)) == 1


def test_entry_of_a_request_that_took_its_time_is_written_once(
    store: DynamoStore, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit that is answered by the last attempt of a request is in time."""
    user = with_sessions(store, 1)
    around(
        monkeypatch,
        store,
        "TransactWriteItems",
        after=lambda: clock.advance(CONFIRMED_SECONDS),
    )
    store.users.commit(ending(user))
    assert len(entries(store)) == 1


def test_entry_is_written_until_one_is_in_time(
    store: DynamoStore, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is suspended again while it writes the entry again writes it once more."""
    user = with_sessions(store, 1)
    pauses = [MINUTE, MINUTE, 0.0]
    around(monkeypatch, store, "TransactWriteItems", after=lambda: clock.advance(pauses.pop(0)))
    around(monkeypatch, store, "PutItem", after=lambda: clock.advance(pauses.pop(0)))
    store.users.commit(ending(user))
    assert (len(entries(store)), pauses) == (3, [])


def test_clock_that_was_set_while_the_commit_was_under_way_is_not_trusted(
    store: DynamoStore, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An entry whose time was ahead is written again by the clock as it was set."""
    user = with_sessions(store, 1)
    around(monkeypatch, store, "TransactWriteItems", after=lambda: clock.set_back(MINUTE))
    store.users.commit(ending(user))
    again, first = entries(store)
    assert ids.created_ms(again.id) == clock.wall_ms()
    assert ids.created_ms(first.id) == clock.wall_ms() + 1000 * MINUTE


def test_ending_whose_entry_is_late_is_not_acknowledged(
    store: DynamoStore, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the entry cannot be written again, the caller is not told that the session has ended."""
    user = with_sessions(store, 1)
    around(monkeypatch, store, "TransactWriteItems", after=lambda: clock.advance(MINUTE))
    lose_answers(monkeypatch, store.client, "PutItem", times=9)
    with pytest.raises(Unavailable):
        store.users.commit(ending(user))


@pytest.mark.parametrize(("pause", "expected"), [(1.0, 1), (MINUTE, 2)])
def test_lost_answer_is_the_same_entry(
    store: DynamoStore,
    clock: MovedClock,
    monkeypatch: pytest.MonkeyPatch,
    pause: float,
    expected: int,
) -> None:
    """A commit that is sent again has the entry of before; if that is old by then, a new one."""
    user = with_sessions(store, 1)
    around(monkeypatch, store, "TransactWriteItems", after=lambda: clock._move(pause))
    asked = lose_answers(monkeypatch, store.client, "TransactWriteItems")
    store.users.commit(ending(user))
    assert len(asked) == 2
    assert asked[0] == asked[1]
    assert len(entries(store)) == expected


def test_end_of_a_realm_is_confirmed_too(
    store: DynamoStore, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A realm's commit that was answered late has a second entry, in the first shard."""
    store.add_realm(REALM)
    around(monkeypatch, store, "TransactWriteItems", after=lambda: clock.advance(MINUTE))
    store.realms.commit(RealmChange(REALM, REALM.ending_all(by="key_1", now_ms=7)))
    first, second = entries(store)
    assert ids.created_ms(second.id) == clock.wall_ms()
    assert first.revocation == second.revocation


def test_commit_without_an_entry_is_never_late(
    store: DynamoStore, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A suspended process that ended nothing writes nothing more."""
    user = with_sessions(store, 1)
    around(monkeypatch, store, "UpdateItem", after=lambda: clock.advance(MINUTE))
    store.users.commit(Change(user, replace(user, name="Ada")))
    assert entries(store) == []


# Clocks.


@pytest.mark.parametrize("wrong", [-3_600.0, -60.0, 60.0, 3_600.0])
def test_clock_that_is_known_to_be_wrong_is_corrected(
    store: DynamoStore, clock: MovedClock, wrong: float
) -> None:
    """An entry has the right time, by the date of DynamoDB's answers, and so has a reader."""
    user = with_sessions(store, 1)
    right_ms = clock.wall_ms()
    clock.wrong_seconds = wrong
    clock._wall_ms += round(1000 * wrong)
    store.users.get(user.id)
    assert abs(store.feed.now_ms() - right_ms) < 3_000
    with deadline.deadline(clock):
        store.users.commit(ending(user))
    (entry,) = entries(store)
    assert abs(ids.created_ms(entry.id) - right_ms) < 3_000


def test_clock_that_is_right_again_is_not_corrected(store: DynamoStore, clock: MovedClock) -> None:
    """The next answer tells that the clock was set."""
    clock.wrong_seconds = 60.0
    store.users.get("usr_1")
    clock.wrong_seconds = 0.0
    assert store.feed.now_ms() < clock.wall_ms() - 50_000
    store.users.get("usr_1")
    assert store.feed.now_ms() == clock.wall_ms()
