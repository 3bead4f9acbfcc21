"""The DynamoDB calls of the stores: requests and answers, with a scripted AWS client."""

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import pytest

from sojourn.aws.client import Response
from sojourn.aws.errors import CredentialsInvalid, NoAnswer, Refused
from sojourn.domain.errors import Unavailable
from sojourn.runtime import deadline
from sojourn.store import expressions
from sojourn.store.client import ConditionFailed, DynamoDB, Page
from sojourn.store.expressions import Key
from tests.support.clock import MovedClock

KEY = Key("sessions", "usr_1", "user")
ITEM: dict[str, Any] = {"pk": {"S": "usr_1"}, "sk": {"S": "user"}, "n": {"N": "7"}}
VALUES = {"pk": "usr_1", "sk": "user", "n": 7}
CLOSED = NoAnswer("closed")
UNREACHED = NoAnswer("nobody there", sent=False)
STALE = NoAnswer("closed", stale=True)


class Client:
    """An AWS client that gives these answers in turn, the last one for ever."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def call(self, operation: str, parameters: dict[str, Any]) -> Response:
        """The next answer."""
        self.calls.append((operation, parameters))
        answer: Any = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Response) else Response(answer, None)


def over(*answers: object) -> tuple[DynamoDB, Client]:
    """The store over a client with these answers."""
    client = Client(*answers)
    # What was made once in this process says nothing of how it is made.
    expressions.projection.cache_clear()
    return DynamoDB(cast(Any, client), MovedClock()), client


def error(code: str, *, status: int = 400, **more: Any) -> Refused:
    """An error that DynamoDB answers with."""
    return Refused(status, code, more)


def cancelled(*codes: str, items: Mapping[int, Any] | None = None) -> Refused:
    """A cancelled transaction, with a reason for each member."""
    reasons: list[dict[str, Any]] = [{"Code": code} for code in codes]
    for n, item in (items or {}).items():
        reasons[n]["Item"] = item
    return error("TransactionCanceledException", CancellationReasons=reasons)


# Reads.


def test_read_is_consistent() -> None:
    """A read of one item asks for consistency, by the whole key, and gives plain values."""
    store, client = over({"Item": ITEM})
    assert store.get(KEY) == VALUES
    asked = {"pk": {"S": "usr_1"}, "sk": {"S": "user"}}
    assert client.calls == [
        ("GetItem", {"TableName": "sessions", "Key": asked, "ConsistentRead": True})
    ]


def test_absent_item_is_none() -> None:
    """A missing item is None."""
    assert over({})[0].get(KEY) is None


def test_read_of_some_attributes_names_them_and_the_key() -> None:
    """What is not named does not come; aliases replace the names, some of which are reserved."""
    store, client = over({"Item": ITEM})
    store.get(replace(KEY, only=("name", "n")))
    ((_, asked),) = client.calls
    assert asked["ProjectionExpression"] == "#0, #1, #2, #3"
    assert asked["ExpressionAttributeNames"] == {"#0": "pk", "#1": "sk", "#2": "name", "#3": "n"}


def test_many_reads_name_the_attributes_of_each_table() -> None:
    """Keys of one table share what is read; with one that names none, all of it is."""
    store, client = over({"Responses": {}})
    named = replace(KEY, only=("a", "b"))
    more = Key("sessions", "usr_2", "user", ("b", "sk", "c"))
    store.get_many(
        [named, more, Key("directory", "rl_1", "realm", ("a",)), replace(KEY, table="x")]
    )
    store.get_many([named, replace(KEY, pk="usr_3")])
    (_, first), (_, second) = client.calls
    sessions = first["RequestItems"]["sessions"]
    assert sessions["ProjectionExpression"] == "#0, #1, #2, #3, #4"
    assert list(sessions["ExpressionAttributeNames"].values()) == ["pk", "sk", "a", "b", "c"]
    directory = first["RequestItems"]["directory"]
    assert list(directory["ExpressionAttributeNames"].values()) == ["pk", "sk", "a"]
    for whole in (first["RequestItems"]["x"], second["RequestItems"]["sessions"]):
        assert whole.keys() == {"Keys", "ConsistentRead"}


def test_query_of_some_attributes_names_them_on_every_page() -> None:
    """A query gets what it names of each item, on whichever page."""
    store, client = over({"Items": [ITEM], "LastEvaluatedKey": {"pk": {"S": "x"}}}, {"Items": []})
    list(store.query_all(table="t", condition="pk = :pk", values={":pk": "x"}, only=("a",)))
    assert [asked["ProjectionExpression"] for _, asked in client.calls] == ["#0, #1, #2"] * 2
    names = {"#0": "pk", "#1": "sk", "#2": "a"}
    assert [asked["ExpressionAttributeNames"] for _, asked in client.calls] == [names] * 2


def test_many_reads_are_one_consistent_call() -> None:
    """Items of two tables come in one call, in order; a key asked twice is sent once."""
    other = Key("directory", "rl_1", "realm")
    absent = Key("sessions", "usr_2", "user")
    realm = {"pk": {"S": "rl_1"}, "sk": {"S": "realm"}}
    store, client = over({"Responses": {"directory": [realm], "sessions": [ITEM]}})
    found = store.get_many([other, KEY, absent, KEY])
    assert found == [{"pk": "rl_1", "sk": "realm"}, VALUES, None, VALUES]
    ((operation, parameters),) = client.calls
    assert operation == "BatchGetItem"
    assert parameters["RequestItems"] == {
        "directory": {"Keys": [other.attributes], "ConsistentRead": True},
        "sessions": {"Keys": [KEY.attributes, absent.attributes], "ConsistentRead": True},
    }


def test_same_keys_of_two_tables_are_two_items() -> None:
    """An item is known by its table too."""
    twin = Key("directory", KEY.pk, KEY.sk)
    store, _ = over({"Responses": {"sessions": [ITEM]}})
    assert store.get_many([twin, KEY]) == [None, VALUES]


def test_nothing_wanted_is_no_call() -> None:
    """No keys, no call."""
    store, client = over({})
    assert store.get_many([]) == []
    assert client.calls == []


def test_unprocessed_keys_are_asked_again() -> None:
    """A key that came back unprocessed is not absent: it is asked again, after a wait."""
    again = {"sessions": {"Keys": [KEY.attributes], "ConsistentRead": True}}
    store, client = over(
        {"Responses": {}, "UnprocessedKeys": again},
        {"Responses": {"sessions": [ITEM]}, "UnprocessedKeys": {}},
    )
    assert store.get_many([KEY]) == [VALUES]
    assert [parameters for _, parameters in client.calls] == [{"RequestItems": again}] * 2


def test_answer_without_items_has_none() -> None:
    """An answer that names no table has no item, and the keys that it left are asked again."""
    again = {"sessions": {"Keys": [KEY.attributes], "ConsistentRead": True}}
    store, _ = over({"UnprocessedKeys": again}, {"Responses": {"sessions": [ITEM]}})
    assert store.get_many([KEY]) == [VALUES]
    store, _ = over({})
    assert store.get_many([KEY]) == [None]


def test_what_stays_unprocessed_is_unavailable() -> None:
    """Keys that are never processed end with the deadline, and never as absent."""
    again = {"sessions": {"Keys": [KEY.attributes], "ConsistentRead": True}}
    store, client = over({"Responses": {}, "UnprocessedKeys": again})
    with pytest.raises(Unavailable):
        store.get_many([KEY])
    # The waits are at most half a second each, so a deadline of ten seconds holds this many.
    assert 20 < len(client.calls) < 200


@pytest.mark.parametrize("index", [None, "due"])
def test_query_is_consistent_unless_it_is_an_indexs(index: str | None) -> None:
    """A query of the table is consistent; an index's cannot be, and nothing is decided from it."""
    start = {"pk": {"S": "a"}}
    store, client = over({"Items": [ITEM], "LastEvaluatedKey": start})
    page = store.query(
        table="sessions",
        condition="pk = :pk",
        values={":pk": "usr_1"},
        limit=3,
        ascending=False,
        index=index,
        start=start,
    )
    assert page == Page(items=(ITEM,), next_start=start)
    assert page.values == [VALUES]
    ((operation, parameters),) = client.calls
    own = {"ConsistentRead": True} if index is None else {"IndexName": "due"}
    assert operation == "Query"
    assert parameters == own | {
        "TableName": "sessions",
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": "usr_1"}},
        "Limit": 3,
        "ScanIndexForward": False,
        "ExclusiveStartKey": start,
    }


def test_query_begins_at_the_beginning_and_goes_up() -> None:
    """A query without a start is in ascending order, and its last page says so."""
    store, client = over({"Items": []})
    page = store.query(table="t", condition="pk = :pk", values={":pk": "a"}, limit=1)
    assert page == Page(items=(), next_start=None)
    assert client.calls[0][1]["ScanIndexForward"] is True
    assert "ExclusiveStartKey" not in client.calls[0][1]


def test_whole_query_takes_every_page() -> None:
    """Every page is read, a hundred items each, from where the one before ended."""
    start = {"pk": {"S": "a"}}
    store, client = over({"Items": [ITEM, ITEM], "LastEvaluatedKey": start}, {"Items": [ITEM]})
    found = list(store.query_all(table="t", condition="pk = :pk", values={":pk": "a"}))
    assert found == [VALUES] * 3
    starts = [parameters.get("ExclusiveStartKey") for _, parameters in client.calls]
    assert starts == [None, start]
    assert {parameters["Limit"] for _, parameters in client.calls} == {100}


# Writes.


@pytest.mark.parametrize(
    ("write", "operation"),
    [
        (expressions.put(KEY, {}), "PutItem"),
        (expressions.delete(KEY), "DeleteItem"),
        (expressions.update(KEY, changed={"n": 1}, condition="v = :v", values={}), "UpdateItem"),
    ],
    ids=["put", "delete", "update"],
)
def test_single_write_is_the_call_of_its_kind(write: dict[str, Any], operation: str) -> None:
    """A write alone has the parameters that it has as a transaction's member."""
    store, client = over({})
    store.write(write)
    (parameters,) = write.values()
    assert client.calls == [(operation, parameters)]


def test_failed_condition_carries_what_is_there() -> None:
    """A condition that does not hold is not tried again, and tells what is there."""
    code = "ConditionalCheckFailedException"
    found: list[tuple[Refused, object]] = [
        (error(code, Item=ITEM), ITEM),
        (error(code), None),
    ]
    for failure, item in found:
        store, client = over(failure)
        with pytest.raises(ConditionFailed, match=r"^the condition does not hold$") as failed:
            store.write(expressions.put(KEY, {}))
        assert failed.value.item == item
        assert len(client.calls) == 1


def test_failed_transaction_tells_which_condition() -> None:
    """A transaction tells by position which condition failed, and what is there."""
    store, client = over(cancelled("None", "ConditionalCheckFailed", items={1: ITEM}))
    with pytest.raises(ConditionFailed) as failed:
        store.transact([expressions.put(KEY, {}), expressions.put(KEY, {})])
    assert failed.value.failed == (False, True)
    assert failed.value.items == (None, ITEM)
    assert len(client.calls) == 1


def test_commit_is_a_lone_write_or_a_transaction() -> None:
    """One write is committed by its own call, and more of them are by one transaction."""
    store, client = over({})
    lone, other = expressions.put(KEY, {}), expressions.delete(KEY)
    store.commit([lone])
    store.commit([lone, other])
    (first, parameters), (second, together) = client.calls
    assert (first, parameters) == ("PutItem", lone["Put"])
    assert (second, together["TransactItems"]) == ("TransactWriteItems", [lone, other])


def found_by(*answers: object) -> Any:
    """What a commit's failed condition says is there, after these answers."""
    store, _ = over(*answers)
    with pytest.raises(ConditionFailed) as failed:
        store.commit([expressions.put(KEY, {})])
    return failed.value.found()


def test_item_that_is_gone_tells_nothing_of_what_may_have_been_done() -> None:
    """With the item its marks are gone: whether this very commit was done is unknown."""
    code = "ConditionalCheckFailedException"
    assert found_by(error(code)) is None
    assert ConditionFailed([True], [None]).found() is None
    assert found_by(CLOSED, error(code, Item=ITEM)) == ITEM
    # What cannot have been sent, or was refused, was not done.
    for failure in (UNREACHED, error("ThrottlingException")):
        assert found_by(failure, error(code)) is None
    for failure in (CLOSED, STALE, error("InternalServerError", status=500)):
        with pytest.raises(Unavailable):
            found_by(failure, UNREACHED, error(code))


def test_transaction_is_asked_again_by_the_same_token() -> None:
    """A lost answer is asked again by the same token; the next transaction has another."""
    store, client = over(CLOSED, {})
    members = [expressions.put(KEY, {}), expressions.delete(KEY)]
    store.transact(members)
    store.transact(members)
    tokens = [parameters["ClientRequestToken"] for _, parameters in client.calls]
    assert [parameters["TransactItems"] for _, parameters in client.calls] == [members] * 3
    assert tokens[0] == tokens[1] != tokens[2]
    assert 1 <= len(tokens[0]) <= 36


RETRIED = (
    "InternalServerError",
    "InternalFailure",
    "ItemCollectionSizeLimitExceededException",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
)


@pytest.mark.parametrize("code", RETRIED)
def test_what_passes_is_tried_again(code: str) -> None:
    """An error that passes is no answer: the call is made again, unchanged."""
    store, client = over(error(code), error(code), {"Item": ITEM})
    assert store.get(KEY) == VALUES
    assert client.calls == [client.calls[0]] * 3


@pytest.mark.parametrize(
    "failure",
    [
        error("Unheard", status=500),
        error("Unheard", status=503),
        UNREACHED,
        STALE,
        CLOSED,
        cancelled("TransactionConflict", "None"),
        cancelled("None", "ThrottlingError"),
        cancelled("ProvisionedThroughputExceeded"),
        cancelled("ConditionalCheckFailed", "TransactionConflict"),
        cancelled("ThrottlingError", "ConditionalCheckFailed"),
        cancelled("ConditionalCheckFailed", "ProvisionedThroughputExceeded"),
    ],
    ids=str,
)
def test_what_says_nothing_of_the_condition_is_tried_again(failure: Exception) -> None:
    """The store's own failures, a lost connection, a conflict also beside a failed condition."""
    store, client = over(failure, {})
    store.transact([expressions.put(KEY, {}), expressions.put(KEY, {})])
    assert len(client.calls) == 2


@pytest.mark.parametrize(
    "failure",
    [
        error("ValidationException"),
        error("AccessDeniedException", status=403),
        error("Unheard", status=499),
        cancelled("ValidationError", "None"),
        error("TransactionCanceledException"),
        error(""),
        CredentialsInvalid("none"),
    ],
    ids=str,
)
def test_what_does_not_pass_is_unavailable_at_once(failure: Exception) -> None:
    """An error that no retry mends is `Unavailable`, with its cause, after one call."""
    store, client = over(failure)
    with pytest.raises(Unavailable) as refused:
        store.transact([expressions.put(KEY, {}), expressions.put(KEY, {})])
    assert refused.value.__cause__ is failure
    assert len(client.calls) == 1


@pytest.mark.parametrize(
    "failure", [error("ThrottlingException"), CLOSED, UNREACHED, STALE], ids=str
)
def test_retries_end_with_the_deadline(failure: Exception) -> None:
    """A call that keeps failing is `Unavailable` after ten seconds of growing waits."""
    store, client = over(failure)
    with pytest.raises(Unavailable) as refused:
        store.get(KEY)
    assert refused.value.__cause__ is failure
    assert 20 < len(client.calls) < 200


class Waits(MovedClock):
    """A clock that notes how long it was waited."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        super().sleep(seconds)


@pytest.fixture
def longest_waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    """A clock by which every wait is as long as it may be."""
    monkeypatch.setattr(random, "uniform", lambda _low, high: high)
    return Waits()


def test_waits_double_from_twenty_milliseconds(longest_waits: Waits) -> None:
    """Retries wait 20 ms first, then twice as long each time."""
    store = DynamoDB(cast(Any, Client(CLOSED, CLOSED, CLOSED, {})), longest_waits)
    store.transact([expressions.delete(KEY)])
    assert longest_waits.waits == [0.02, 0.04, 0.08]


def test_connection_that_was_closed_meanwhile_costs_no_wait(longest_waits: Waits) -> None:
    """The call is made again at once, and once: what is closed again may be the store's doing."""
    store = DynamoDB(cast(Any, Client(STALE, STALE, STALE, {})), longest_waits)
    store.transact([expressions.delete(KEY)])
    assert longest_waits.waits == [0.02, 0.04]


def test_waits_for_unprocessed_keys_double_as_well(longest_waits: Waits) -> None:
    """Keys that came back unprocessed are waited for alike, and only they."""
    again = {"sessions": {"Keys": [KEY.attributes], "ConsistentRead": True}}
    unprocessed = {"Responses": {}, "UnprocessedKeys": again}
    done = {"Responses": {"sessions": [ITEM]}, "UnprocessedKeys": {}}
    client: Any = Client(unprocessed, unprocessed, unprocessed, done)
    store = DynamoDB(client, longest_waits)
    assert store.get_many([KEY]) == [VALUES]
    assert longest_waits.waits == [0.02, 0.04, 0.08]


def test_what_succeeds_at_once_needs_no_time() -> None:
    """A call that succeeds is good, even where no time to try again is left."""
    clock = MovedClock()
    with deadline.deadline(clock, seconds=0):
        client: Any = Client({"Responses": {"sessions": [ITEM]}}, {})
        store = DynamoDB(client, clock)
        assert store.get_many([KEY]) == [VALUES]
        store.write(expressions.put(KEY, {}))


# The shapes of writes.


def test_update_names_what_it_sets_and_removes() -> None:
    """An update sets and removes by aliases, under its condition, and asks what beat it."""
    made = expressions.update(
        KEY,
        changed={"name": "Ada", "v": 2},
        removed=["email"],
        condition="v = :v",
        values={":v": 1},
    )
    assert made == {
        "Update": {
            "TableName": "sessions",
            "Key": KEY.attributes,
            "UpdateExpression": "SET #0 = :set0, #1 = :set1 REMOVE #2",
            "ConditionExpression": "v = :v",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            "ExpressionAttributeNames": {"#0": "name", "#1": "v", "#2": "email"},
            "ExpressionAttributeValues": {
                ":set0": {"S": "Ada"},
                ":set1": {"N": "2"},
                ":v": {"N": "1"},
            },
        }
    }


def test_update_that_only_removes() -> None:
    """An update without anything to set has no SET, and one without values none of them."""
    made = expressions.update(KEY, changed={}, removed=["a", "b"], condition="attribute_exists(pk)")
    parameters = made["Update"]
    assert parameters["UpdateExpression"] == "REMOVE #0, #1"
    assert "ExpressionAttributeValues" not in parameters
    made = expressions.update(KEY, changed={"a": None}, condition="attribute_exists(pk)")
    assert made["Update"]["UpdateExpression"] == "SET #0 = :set0"
    assert made["Update"]["ExpressionAttributeValues"] == {":set0": {"NULL": True}}


def test_update_without_a_condition_asks_for_nothing() -> None:
    """An update that holds whatever is there has no condition, and no item comes back of it."""
    made = expressions.update(KEY, changed={"a": 1}, removed=["b"])
    assert made["Update"] == {
        "TableName": "sessions",
        "Key": KEY.attributes,
        "UpdateExpression": "SET #0 = :set0 REMOVE #1",
        "ExpressionAttributeNames": {"#0": "a", "#1": "b"},
        "ExpressionAttributeValues": {":set0": {"N": "1"}},
    }


def test_put_and_delete_carry_their_condition() -> None:
    """A put holds the whole item, its key last; with a condition each asks what beat it."""
    condition = {
        "ConditionExpression": "key_id = :id",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        "ExpressionAttributeValues": {":id": {"S": "x"}},
    }
    bare = {"TableName": "sessions", "Item": {**KEY.attributes, "n": {"N": "1"}}}
    given: dict[str, Any] = {"condition": "key_id = :id", "values": {":id": "x"}}
    assert expressions.put(KEY, {"n": 1, "pk": "other"}) == {"Put": bare}
    assert expressions.put(KEY, {"n": 1}, **given) == {"Put": bare | condition}
    gone = {"TableName": "sessions", "Key": KEY.attributes}
    assert expressions.delete(KEY) == {"Delete": gone}
    assert expressions.delete(KEY, **given, names={"#s": "state"}) == {
        "Delete": gone | condition | {"ExpressionAttributeNames": {"#s": "state"}}
    }
    assert expressions.check(KEY, **given) == {"ConditionCheck": gone | condition}
    alone = expressions.check(KEY, condition="attribute_exists(pk)")["ConditionCheck"]
    assert "ExpressionAttributeValues" not in alone


def test_key_says_where_an_item_is() -> None:
    """A key is its table, and the two attributes that DynamoDB takes."""
    assert KEY.attributes == {"pk": {"S": "usr_1"}, "sk": {"S": "user"}}


# The clock.


class Noted:
    """Records the dates, in place of what is known of the clock."""

    def __init__(self) -> None:
        self.told: list[tuple[str | None, int, int]] = []

    def note(self, date: str | None, *, sent_ms: int, received_ms: int) -> None:
        self.told.append((date, sent_ms, received_ms))


class Ticking(MovedClock):
    """A machine's clock that moves on by a millisecond with each look at it."""

    ticks = 0

    def machine_ms(self) -> int:
        self.ticks += 1
        return self.ticks


def test_each_answer_is_held_to_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The date of an answer, also of an error's, is noted with when it was on its way."""
    dated = Response({}, "now")
    conflict = Refused(400, "TransactionConflictException", {}, "before")
    client: Any = Client(conflict, CLOSED, dated, {})
    store = DynamoDB(client, Ticking())
    noted = Noted()
    monkeypatch.setattr(store, "skew", noted)
    store.get(KEY)
    assert noted.told == [("before", 1, 2), ("now", 4, 5)]
    store.get(KEY)
    assert noted.told[2:] == [(None, 6, 7)]


@pytest.mark.parametrize(
    ("before", "maybe_done"),
    [
        ([], False),
        ([error("ThrottlingException", status=400)], False),
        ([cancelled("TransactionConflict", "None")], False),
        ([CLOSED], True),
        ([UNREACHED], False),
        ([STALE], True),
        ([CLOSED, UNREACHED], True),
        ([error("InternalServerError", status=500)], True),
        ([CLOSED, error("ThrottlingException", status=400)], True),
    ],
    ids=str,
)
def test_failed_condition_says_whether_an_earlier_try_may_have_been_done(
    before: list[Exception], maybe_done: bool
) -> None:
    """A call without an answer may have been done; one that was refused or not sent was not."""
    store, _ = over(*before, error("ConditionalCheckFailedException"))
    with pytest.raises(ConditionFailed) as alone:
        store.write(expressions.put(KEY, {}))
    assert alone.value.maybe_done is maybe_done
    store, _ = over(*before, cancelled("ConditionalCheckFailed", "None"))
    with pytest.raises(ConditionFailed) as together:
        store.transact([expressions.put(KEY, {}), expressions.put(KEY, {})])
    assert together.value.maybe_done is maybe_done
