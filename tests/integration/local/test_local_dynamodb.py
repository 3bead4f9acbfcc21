"""moto with the local stack's changes: transactions are atomic, and values are kept."""

from typing import Any

import pytest
from botocore.exceptions import ClientError


def key(pk: str, sk: str = "s") -> dict[str, Any]:
    """An item's key."""
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def items(dynamodb: Any, table: str) -> dict[str, str]:
    """Every item's value by its key."""
    found = dynamodb.scan(TableName=table)["Items"]
    return {f"{i['pk']['S']}/{i['sk']['S']}": i["x"]["S"] for i in found}


@pytest.mark.usefixtures("resources")
def test_failed_transaction_changes_nothing(dynamodb: Any, environment: dict[str, str]) -> None:
    """Beside a condition that fails, a put, an update and a delete leave no trace."""
    tables = environment["DIRECTORY_TABLE"], environment["SESSIONS_TABLE"]
    for table in tables:
        for name in ("a", "b", "c"):
            dynamodb.put_item(TableName=table, Item={**key(name), "x": {"S": name}})
    before = [items(dynamodb, table) for table in tables]
    fails = {"TableName": tables[0], "Key": key("d"), "ConditionExpression": "attribute_exists(pk)"}
    changes = [
        {"Put": {"TableName": tables[0], "Item": {**key("a"), "x": {"S": "new"}}}},
        {"Put": {"TableName": tables[0], "Item": {**key("b", "other"), "x": {"S": "new"}}}},
        {"Put": {"TableName": tables[1], "Item": {**key("e"), "x": {"S": "new"}}}},
        {
            "Update": {
                "TableName": tables[1],
                "Key": key("a"),
                "UpdateExpression": "SET x = :x",
                "ExpressionAttributeValues": {":x": {"S": "new"}},
            }
        },
        {"Delete": {"TableName": tables[1], "Key": key("b")}},
    ]
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        dynamodb.transact_write_items(TransactItems=[*changes, {"ConditionCheck": fails}])
    assert [items(dynamodb, table) for table in tables] == before
    dynamodb.transact_write_items(TransactItems=changes)
    assert items(dynamodb, tables[0]) == {"a/s": "new", "b/s": "b", "b/other": "new", "c/s": "c"}
    assert items(dynamodb, tables[1]) == {"a/s": "new", "c/s": "c", "e/s": "new"}


VALUES: dict[str, dict[str, Any]] = {
    "text": {"S": "x"},
    "nothing written": {"S": ""},
    "a number": {"N": "-1.5"},
    "bytes": {"B": b"\x00\xff"},
    "texts": {"SS": ["a"]},
    "numbers": {"NS": ["1"]},
    "many bytes": {"BS": [b"\x00\xff"]},
    "a map": {"M": {"S": {"N": "1"}, "M": {"M": {"N": {"BOOL": False}}}}},
    "an empty map": {"M": {}},
    "a list": {"L": [{"S": "a"}, {"L": []}, {"M": {"B": {"B": b"x"}}}]},
    "null": {"NULL": True},
    "false": {"BOOL": False},
}


@pytest.mark.usefixtures("resources")
def test_values_come_back(dynamodb: Any, environment: dict[str, str]) -> None:
    """A value of each kind comes back as it was put, from every call that gives items."""
    table = environment["SESSIONS_TABLE"]
    item = {**key("a"), **VALUES}
    dynamodb.put_item(TableName=table, Item=item)
    refused = {
        "TableName": table,
        "Key": key("a"),
        "ConditionExpression": "attribute_not_exists(pk)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    with pytest.raises(ClientError) as failure:
        dynamodb.transact_write_items(TransactItems=[{"ConditionCheck": refused}])
    reasons: Any = failure.value.response["CancellationReasons"]
    read = dynamodb.batch_get_item(RequestItems={table: {"Keys": [key("a")]}})
    assert reasons[0]["Item"] == item
    assert dynamodb.get_item(TableName=table, Key=key("a"))["Item"] == item
    assert dynamodb.scan(TableName=table)["Items"] == [item]
    assert read["Responses"][table] == [item]
    update = {"UpdateExpression": "REMOVE #n", "ExpressionAttributeNames": {"#n": "null"}}
    old = dynamodb.update_item(TableName=table, Key=key("a"), ReturnValues="ALL_OLD", **update)
    assert old["Attributes"] == item


@pytest.mark.usefixtures("resources")
def test_projection_gives_just_what_it_names(dynamodb: Any, environment: dict[str, str]) -> None:
    """Attributes that an item has come with their values, whole or a part of one; others do not."""
    table = environment["SESSIONS_TABLE"]
    dynamodb.put_item(TableName=table, Item={**key("a"), **VALUES})

    def read(*paths: str) -> Any:
        names = {f"#{n}": part for n, part in enumerate(dict.fromkeys(".".join(paths).split(".")))}
        known = {part: name for name, part in names.items()}
        wanted = ", ".join(".".join(known[part] for part in path.split(".")) for path in paths)
        given = {"ProjectionExpression": wanted, "ExpressionAttributeNames": names}
        return dynamodb.get_item(TableName=table, Key=key("a"), **given)["Item"]

    assert read(*VALUES) == VALUES
    assert read("text", "absent") == {"text": VALUES["text"]}
    assert read("text", "a map.S") == {"text": VALUES["text"], "a map": {"M": {"S": {"N": "1"}}}}
