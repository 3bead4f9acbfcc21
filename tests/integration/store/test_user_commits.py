"""What the store of users does beside its port: other writes in a commit, answers that got lost,
the rest of a deletion."""

from dataclasses import replace
from typing import Any

import pytest

from sojourn.aws.client import Response
from sojourn.bootstrap import Resources
from sojourn.domain.errors import Superseded, Unavailable
from sojourn.domain.user import Change, User
from sojourn.runtime import optimistic
from sojourn.store import expressions, user_items
from sojourn.store.client import ConditionFailed
from sojourn.store.expressions import Key
from sojourn.store.users import DynamoUsers
from tests.integration.store.test_store_contract import (
    NOW,
    a_user,
    end_all,
    login,
    must_get,
    with_sessions,
)
from tests.support.calls import Call, Parameters, between, lost
from tests.support.lost_answers import WRITES, lose_answers
from tests.support.memory.users import recorded
from tests.support.stores import DynamoStore, store_of


@pytest.fixture
def store(resources: Resources) -> DynamoStore:
    """The store over DynamoDB."""
    return store_of(resources)


def claim(store: DynamoStore, name: str, *, condition: str | None = None) -> dict[str, Any]:
    """A write to another item."""
    return expressions.put(Key(store.realms.table, name, "claim"), {"x": 1}, condition=condition)


def is_claimed(store: DynamoStore, name: str) -> bool:
    """Whether that write was done."""
    return store.realms.dynamo.get(Key(store.realms.table, name, "claim")) is not None


def asked(store: DynamoStore, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """The writes that are asked for from now on, by operation and parameters."""
    calls: list[tuple[str, Any]] = []

    def noted(operation: str, parameters: Parameters, call: Call) -> Response:
        calls.append((operation, parameters))
        return call(parameters)

    between(monkeypatch, store.client, noted, *WRITES)
    return calls


# What a commit is.


def test_plain_login_is_one_update_of_what_changed(
    store: DynamoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A login without endings is one conditional update, and carries nothing that it left alone."""
    user = with_sessions(store, 1)
    calls = asked(store, monkeypatch)
    store.users.commit(login(user, NOW + 10)[0])
    ((operation, parameters),) = calls
    assert operation == "UpdateItem"
    assert parameters["ConditionExpression"] == "v = :v"
    assert set(parameters["ExpressionAttributeNames"].values()) == {
        "v",
        "sessions",
        "last_ms",
        "commits",
    }


def test_ending_is_one_transaction(store: DynamoStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """An ending, its entry and its record are one transaction, the user's condition first."""
    user = with_sessions(store, 1)
    calls = asked(store, monkeypatch)
    store.users.commit(end_all(user))
    ((operation, parameters),) = calls
    assert operation == "TransactWriteItems"
    item, entry, record = parameters["TransactItems"]
    assert item["Update"]["ConditionExpression"] == "v = :v"
    assert entry["Put"]["Item"]["user_id"] == {"S": user.id}
    assert record["Update"]["Key"]["sk"]["S"] == "ended#" + user.sessions[0].id


def test_record_that_is_written_again_is_the_new_one_alone(
    store: DynamoStore,
) -> None:
    """A record is written attribute by attribute, and nothing of one from before stays in it."""
    user = with_sessions(store, 1)
    users = store.users
    change = end_all(user)
    stripped = tuple(replace(e, strip=True) for e in change.ended)
    for ended in (change.ended, stripped, change.ended):
        found = users.get(user.id)
        assert found is not None
        users.commit(Change(before=found, after=replace(found, sessions=()), ended=ended))
        record = Key(users.table, user.id, user_items.ENDED + user.sessions[0].id)
        kept = store.realms.dynamo.get(record)
        assert kept is not None
        del kept["pk"], kept["sk"]
        assert kept == user_items.ended_item(user.id, ended[0])


# Commits with other writes.


def test_other_writes_are_done_with_the_commit(store: DynamoStore) -> None:
    """Additional writes of a commit are part of it, with or without endings."""
    user = with_sessions(store, 0)
    change, _ = login(user)
    done = store.users.commit_with(change, [claim(store, "one")])
    assert store.users.get(user.id) == done.after
    assert is_claimed(store, "one")
    ends = store.users.commit_with(
        end_all(done.after), [claim(store, "two"), claim(store, "three")]
    )
    assert store.users.get(user.id) == ends.after
    assert is_claimed(store, "two")
    assert is_claimed(store, "three")
    assert store.users.ended(user.id, change.after.sessions[0].id) is not None


def test_other_write_that_does_not_hold_undoes_the_commit(store: DynamoStore) -> None:
    """If the condition of another write fails, nothing is written, and the error says which."""
    user = with_sessions(store, 1)
    store.realms.dynamo.write(claim(store, "taken"))
    held = "attribute_not_exists(pk)"
    writes = [claim(store, "free", condition=held), claim(store, "taken", condition=held)]
    with pytest.raises(ConditionFailed) as failed:
        store.users.commit_with(end_all(user), writes)
    # The user, the feed's entry, one ended record, and the two.
    assert failed.value.failed == (False, False, False, False, True)
    assert store.users.get(user.id) == user
    assert not is_claimed(store, "free")
    assert store.users.ended(user.id, user.sessions[0].id) is None


def test_user_that_changed_is_superseded_whatever_comes_with_it(store: DynamoStore) -> None:
    """The user's own condition comes first: the commit is worked out anew."""
    user = with_sessions(store, 1)
    newer = store.users.commit(login(user)[0])
    store.realms.dynamo.write(claim(store, "taken"))
    write = claim(store, "taken", condition="attribute_not_exists(pk)")
    for change in (end_all(user), login(user)[0]):
        with pytest.raises(Superseded) as lost:
            store.users.commit_with(change, [write])
        assert lost.value.current == newer.after


def test_other_writes_take_the_place_of_endings(store: DynamoStore) -> None:
    """A commit has a hundred members: what others take is left pending of the endings."""
    user = with_sessions(store, 97)
    change = end_all(user)
    store.users.commit_with(change, [claim(store, "one"), claim(store, "two")])
    found = must_get(store, user.id)
    assert found.pending == (recorded(change.ended[96]),)
    assert store.users.ended(user.id, user.sessions[95].id) is not None
    assert store.users.ended(user.id, user.sessions[96].id) is None


def test_attributes_that_are_gone_are_removed(store: DynamoStore) -> None:
    """Removed fields of a user are removed from the item, and changed ones are changed."""
    user = a_user(username="ada", email="a@b.c", custom="{}", spared="kss_0", successes=3)
    store.add_user(user)
    after = replace(user, username=None, email="c@b.a", spared=None, custom=None, successes=0)
    change = replace(login(user)[0], after=after)
    store.users.commit(change)
    assert store.users.get(user.id) == replace(after, version=user.version + 1)


# Answers that got lost.


@pytest.mark.parametrize("sessions", [0, 2], ids=["an update", "a transaction"])
def test_commit_whose_answer_was_lost_finds_itself(
    store: DynamoStore, monkeypatch: pytest.MonkeyPatch, sessions: int
) -> None:
    """A commit that is asked again meets itself, and is done; once."""
    user = with_sessions(store, sessions)
    change = end_all(user) if sessions else login(user)[0]
    sent = lose_answers(monkeypatch, store.client)
    done = store.users.commit(change)
    assert len(sent) == 2
    assert store.users.get(user.id) == done.after
    assert done.after.version == user.version + 1


@pytest.mark.parametrize("ends", [False, True], ids=["it stands", "it was ended meanwhile"])
def test_login_finds_its_session_after_more_commits_than_are_marked(
    store: DynamoStore, monkeypatch: pytest.MonkeyPatch, ends: bool
) -> None:
    """A login's answer was lost: it is done while its session is active, whatever came since."""
    user = with_sessions(store, 1)
    change, session = login(user)
    write = store.realms.dynamo.write

    def lost(asked: dict[str, Any]) -> None:
        monkeypatch.setattr(store.realms.dynamo, "write", write)
        write(asked)
        for _ in range(optimistic.KEPT + 1):
            found = must_get(store, user.id)
            left = replace(found, sessions=found.sessions[:1]) if ends else found
            store.users.commit(Change(before=found, after=left))
        write(asked)

    monkeypatch.setattr(store.realms.dynamo, "write", lost)
    if ends:
        with pytest.raises(Superseded):
            store.users.commit(change)
    else:
        assert store.users.commit(change).after.find(session.id) == session
    assert must_get(store, user.id).version == user.version + optimistic.KEPT + 2


def test_commit_does_not_take_anothers_for_itself(
    store: DynamoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two commits that make the same of one version are two: the second is superseded."""
    user = with_sessions(store, 0)
    change = Change(before=user, after=replace(user, name="Ada"))
    done = store.users.commit(change)
    with pytest.raises(Superseded) as lost:
        store.users.commit(change)
    assert lost.value.current == done.after
    store.remove_user(user.id)
    with pytest.raises(Superseded) as lost:
        store.users.commit(change)
    assert lost.value.current is None


def test_archive_of_a_few_is_one_commit(
    store: DynamoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pending records that fit are written in one transaction; without any there is no call."""
    user = with_sessions(store, 100)
    store.users.commit(end_all(user))
    calls = asked(store, monkeypatch)
    for _ in range(2):
        store.users.archive(user.id)
        assert [operation for operation, _ in calls] == ["TransactWriteItems"]


def test_archive_writes_what_a_commit_between_left(
    store: DynamoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An archive that loses to a commit records what is pending after it."""
    ended = end_all(with_sessions(store, 110)).ended
    user = a_user(pending=tuple(map(recorded, ended)))
    store.add_user(user)
    read = store.users.get

    def late(user_id: str) -> User | None:
        monkeypatch.setattr(store.users, "get", read)
        store.users.commit(login(user)[0])
        return user

    monkeypatch.setattr(store.users, "get", late)
    written = store.users.archive(user.id)
    assert 0 < written < 110
    assert must_get(store, user.id).pending == ()
    assert store.users.ended(user.id, ended[-1].session.id) == recorded(ended[-1])


def test_archive_goes_on_from_what_came_between(
    store: DynamoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An archive that loses to a commit goes on with the user that the commit left."""
    user = with_sessions(store, 100)
    store.users.commit(end_all(user))
    waiting = must_get(store, user.id)
    read = store.users.get

    def late(user_id: str) -> User | None:
        monkeypatch.setattr(store.users, "get", read)
        found = read(user_id)
        store.users.commit(login(waiting)[0])
        return found

    monkeypatch.setattr(store.users, "get", late)
    assert store.users.archive(user.id) == 0
    found = must_get(store, user.id)
    assert (len(found.sessions), found.pending) == (1, ())


def test_user_is_at_one_place(store: DynamoStore) -> None:
    """The user item is at `user` of the user's own partition, in the sessions table."""
    users: DynamoUsers = store.users
    assert users.user_key("usr_1") == Key(users.table, "usr_1", "user")


@pytest.mark.parametrize("unheard", [0, 1], ids=["answered", "its answer was lost"])
def test_commit_of_a_user_who_is_removed_meanwhile(
    store: DynamoStore, monkeypatch: pytest.MonkeyPatch, unheard: int
) -> None:
    """A commit on a removed user is superseded, or unavailable if it may have been done."""
    found = with_sessions(store, 1)
    left = [unheard]

    def removed_before_it_is_heard(_: str, parameters: Parameters, call: Call) -> Response:
        if not left[0]:
            store.remove_user(found.id)
            return call(parameters)
        left[0] -= 1
        call(parameters)
        raise lost()

    between(monkeypatch, store.client, removed_before_it_is_heard, "UpdateItem")
    change = Change(before=found, after=replace(found, name="New"))
    with pytest.raises(Unavailable if unheard else Superseded):
        store.users.commit(change)
    assert store.users.get(found.id) is None
