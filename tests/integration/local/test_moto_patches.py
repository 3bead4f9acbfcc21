"""The changed parts of moto answer like moto."""

import re
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError

from local import moto_patches
from tests.integration.conftest import empty

AT: Final = {"pk": {"S": "a"}, "sk": {"S": "ü"}}
ITEM: Final = {
    **AT,
    "number": {"N": "1"},
    "bytes": {"B": b"\x00\xff"},
    "list": {"L": [{"BOOL": True}]},
    "map": {"M": {"in it": {"S": "x"}}},
}


def told(client: Any, operation: str, **parameters: Any) -> dict[str, Any]:
    """What a client gets for a call, done or refused, but for what differs each time."""
    try:
        answer: dict[str, Any] = getattr(client, operation)(**parameters)
    except ClientError as error:
        answer = {**error.response}
    answer["ResponseMetadata"].pop("RequestId")
    for header in ("date", "x-amzn-requestid"):
        answer["ResponseMetadata"]["HTTPHeaders"].pop(header)
    return answer


def test_calls_handed_over_are_answered_as_requests_are(
    environment: dict[str, str], dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call that goes straight to moto's DynamoDB has the answer of one that is a web request."""
    table = environment["SESSIONS_TABLE"]
    once = {"TableName": table, "Item": ITEM, "ConditionExpression": "attribute_not_exists(pk)"}

    def asked() -> list[dict[str, Any]]:
        empty(environment)
        return [
            told(dynamodb, "put_item", **once),
            told(dynamodb, "put_item", **once, ReturnValuesOnConditionCheckFailure="ALL_OLD"),
            told(dynamodb, "get_item", TableName=table, Key=AT, ConsistentRead=True),
            told(dynamodb, "batch_get_item", RequestItems={table: {"Keys": [AT]}}),
            told(dynamodb, "transact_write_items", TransactItems=[{"Put": once}]),
            told(dynamodb, "get_item", TableName="no table", Key=AT),
            told(dynamodb, "describe_table", TableName=table),
        ]

    straight = asked()
    monkeypatch.setattr(moto_patches, "_ADDRESS", re.compile("(?!)"))
    assert straight == asked()


def test_update_is_done_each_time(environment: dict[str, str], dynamodb: Any) -> None:
    """An expression that was read before does again what it says, with the values of this time."""
    empty(environment)
    table = environment["SESSIONS_TABLE"]
    dynamodb.put_item(TableName=table, Item=ITEM)

    def update(expression: str, **values: Any) -> Any:
        return dynamodb.update_item(
            TableName=table,
            Key=AT,
            UpdateExpression=expression,
            ExpressionAttributeNames={"#list": "list", "#map": "map"},
            ExpressionAttributeValues={f":{name}": value for name, value in values.items()},
            ReturnValues="ALL_NEW",
        )["Attributes"]

    both = "SET #list = list_append(#list, :more), #map.more = :more"
    update(both, more={"L": [{"N": "1"}]})
    found = update(both, more={"L": [{"N": "2"}]})
    assert found["list"] == {"L": [{"BOOL": True}, {"N": "1"}, {"N": "2"}]}
    assert found["map"] == {"M": {"in it": {"S": "x"}, "more": {"L": [{"N": "2"}]}}}
    with pytest.raises(ClientError, match="Syntax error"):
        update("SET #list = , #map = :more", more={"N": "1"})


@pytest.mark.parametrize(
    ("refused", "told_by"),
    [
        ({"#a": "number", "#b": "pk"}, "Cannot update attribute pk"),
        ({"#a": "number", "#b": "number"}, "Two document paths overlap"),
    ],
)
def test_update_is_checked_with_its_names(
    environment: dict[str, str], dynamodb: Any, refused: dict[str, str], told_by: str
) -> None:
    """An expression that passed with other names is refused for what it names this time."""
    empty(environment)
    table = environment["SESSIONS_TABLE"]

    def update(names: dict[str, str]) -> None:
        dynamodb.update_item(
            TableName=table,
            Key=AT,
            UpdateExpression="SET #a = :value, #b = :value",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues={":value": {"N": "2"}},
        )

    update({"#a": "number", "#b": "other"})
    with pytest.raises(ClientError, match=told_by):
        update(refused)
    update({"#a": "number", "#b": "other"})


def test_condition_asks_of_this_times_names_and_values(
    environment: dict[str, str], dynamodb: Any
) -> None:
    """A condition that was read before is asked with the names and values of this call."""
    empty(environment)
    table = environment["SESSIONS_TABLE"]
    dynamodb.put_item(TableName=table, Item=ITEM)

    def stands(name: str, value: str) -> bool:
        found = told(
            dynamodb,
            "put_item",
            TableName=table,
            Item=ITEM,
            ConditionExpression="#name = :value",
            ExpressionAttributeNames={"#name": name},
            ExpressionAttributeValues={":value": {"N": value}},
        )
        return "Error" not in found

    assert [stands("number", "1"), stands("number", "2"), stands("other", "1")] == [
        True,
        False,
        False,
    ]


def test_refused_transactions_put_back_what_was_there_before_each(
    environment: dict[str, str], dynamodb: Any
) -> None:
    """A transaction that is refused leaves what came after one that was done or refused before."""
    empty(environment)
    table = environment["SESSIONS_TABLE"]
    false = {"Key": AT, "ConditionExpression": "attribute_not_exists(pk)"}
    for number in ("1", "2", "3"):
        other = {"pk": {"S": "b"}, "sk": {"S": number}}
        before = {"Put": {"TableName": table, "Item": ITEM}}
        dynamodb.transact_write_items(TransactItems=[before])
        dynamodb.put_item(TableName=table, Item={**ITEM, "number": {"N": number}})
        members = [
            {"Put": {"TableName": table, "Item": {**other, "lost": {"BOOL": True}}}},
            {"ConditionCheck": {"TableName": table, **false}},
        ]
        with pytest.raises(ClientError, match="ConditionalCheckFailed"):
            dynamodb.transact_write_items(TransactItems=members)
        assert "Item" not in dynamodb.get_item(TableName=table, Key=other)
        assert dynamodb.get_item(TableName=table, Key=AT)["Item"]["number"] == {"N": number}
        dynamodb.put_item(TableName=table, Item=other)
    assert dynamodb.scan(TableName=table)["Count"] == 4


@pytest.mark.parametrize(("bytes_", "taken"), [(404_000, True), (405_000, False)])
def test_item_has_a_largest_size(
    environment: dict[str, str], dynamodb: Any, bytes_: int, taken: bool
) -> None:
    """An item that is larger than moto takes is refused, as DynamoDB refuses a larger one."""
    item = {**ITEM, "large": {"S": "x" * bytes_}}
    answer = told(dynamodb, "put_item", TableName=environment["SESSIONS_TABLE"], Item=item)
    assert ("Error" not in answer) == taken
    if not taken:
        assert "Item size has exceeded the maximum allowed size" in answer["Error"]["Message"]
