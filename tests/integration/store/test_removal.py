"""Removal in DynamoDB: changes between its calls, and lost answers."""

import os
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import Any

import pytest

from sojourn.bootstrap import Resources
from sojourn.domain.errors import Superseded
from sojourn.store import expressions
from tests.integration.store.test_due_contract import SETTLEMENT
from tests.integration.store.test_removal_contract import (
    always,
    deleted,
    kept,
    leaving,
    listed,
    member,
    named,
    stripped,
)
from tests.integration.store.test_store_contract import OWNER, with_ended
from tests.support.lost_answers import lose_answers
from tests.support.stores import DynamoStore, store_of


@pytest.fixture
def store(resources: Resources) -> DynamoStore:
    """The store over DynamoDB."""
    return store_of(resources)


@pytest.fixture
def lose(store: DynamoStore, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[Any]]:
    """Has the next call of an operation done and its answer lost; gives what is sent from then."""

    return partial(lose_answers, monkeypatch, store.client)


def test_deletion_goes_through_every_record(
    store: DynamoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record that is stripped already, or went meanwhile, does not end the work on the others."""
    user, records = deleted(store, 3)
    first = store.users._record(user.id, records[0].session.id)
    strip = expressions.update(first, changed={"strip": True}, condition="attribute_exists(pk)")
    store.realms.dynamo.write(strip)
    gone = store.users._record(user.id, records[1].session.id)
    query_all = store.realms.dynamo.query_all

    def met(**parameters: Any) -> Any:
        found = list(query_all(**parameters))
        store.realms.dynamo.write(expressions.delete(gone))
        return found

    monkeypatch.setattr(store.realms.dynamo, "query_all", met)
    writes: list[dict[str, Any]] = []
    write = store.realms.dynamo.write

    def noted(asked: dict[str, Any]) -> None:
        writes.append(asked)
        write(asked)

    monkeypatch.setattr(store.realms.dynamo, "write", noted)
    assert store.removal.finish_user(user.id, always)
    updated = [w["Update"]["Key"]["sk"]["S"] for w in writes if "Update" in w]
    assert updated == ["ended#" + r.session.id for r in records[1:]]
    assert kept(store, user, records)[1:] == [None, stripped(records[2])]
    assert store.users.get(user.id) is None


@pytest.mark.parametrize("operation", ["UpdateItem", "DeleteItem"])
def test_deletion_whose_answer_is_lost_is_done(
    store: DynamoStore, lose: Callable[[str], list[Any]], operation: str
) -> None:
    """The rest of a user's deletion is asked again, and finds its own work done."""
    user, records = deleted(store, 1)
    sent = lose(operation)
    assert store.removal.finish_user(user.id, always)
    assert sent[0] == sent[1]
    assert store.users.get(user.id) is None
    assert kept(store, user, records) == [stripped(records[0])]


def test_record_whose_removal_is_not_heard_of_is_gone(
    store: DynamoStore, lose: Callable[[str], list[Any]]
) -> None:
    """A record whose removal had no answer is gone; that it went by this call is not known."""
    user, (record,) = with_ended(store, 1)
    lose("DeleteItem")
    removed = store.due.remove_record(user.id, record.session.id, now=record.keep_until)
    assert (removed, kept(store, user, [record])) == (False, [None])


def test_settlement_whose_answer_is_lost_is_saved(
    store: DynamoStore, lose: Callable[[str], list[Any]]
) -> None:
    """A settlement's progress is written again after a lost answer, and stays finished."""
    store.leave(SETTLEMENT)
    lose("UpdateItem")
    assert store.settlements.save_progress(OWNER.id, SETTLEMENT.name, after="usr_1")
    found = store.settlements.progress(OWNER.id, SETTLEMENT.name)
    assert found is not None
    assert found.after == "usr_1"
    lose("DeleteItem")
    store.settlements.finish_settlement(OWNER.id, SETTLEMENT.name)
    assert store.settlements.progress(OWNER.id, SETTLEMENT.name) is None


def test_removal_of_a_user_is_asked_again_as_itself(
    store: DynamoStore, lose: Callable[[str], list[Any]]
) -> None:
    """A lost answer is asked for by the same token, by which DynamoDB does a transaction once.

    moto knows no tokens, and tells that the user is gone.
    """
    user = member(store)
    sent = lose("TransactWriteItems")
    with nullcontext() if os.environ.get("SOJOURN_TEST_DYNAMODB") else pytest.raises(Superseded):
        store.removal.remove_user(user)
    assert sent[0] == sent[1]
    assert (store.users.get(user.id), named(store), listed(store)) == (None, {None}, [])


def test_count_is_asked_again_as_itself(
    store: DynamoStore, lose: Callable[[str], list[Any]]
) -> None:
    """Users are counted once though the answer be lost: the transaction has one token."""
    going = leaving(store)
    sent = lose("TransactWriteItems")
    store.removal.count_removed(going.id, 2)
    assert sent[0]["ClientRequestToken"] == sent[1]["ClientRequestToken"]
    assert len(sent) == 2


@pytest.mark.parametrize("operation", ["DeleteItem", "TransactWriteItems"])
def test_realm_whose_removal_is_not_heard_of_is_gone(
    store: DynamoStore, lose: Callable[[str], list[Any]], operation: str
) -> None:
    """A realm's last writes are asked again, and change nothing the second time."""
    going = leaving(store)
    store.add_private_key(going.id, "jky_one", b"secret")
    sent = lose(operation)
    store.removal.remove_realm(going.id)
    assert sent[0] == sent[1]
    assert store.find_realm(going.id) is None
    assert store.realms.private_key(going.id, "jky_one") is None
