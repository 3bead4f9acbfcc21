"""What is changed in moto answers as moto does."""

import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local import moto_patches
from tests.integration.conftest import empty


def _asked(dynamodb: Any, table: str) -> list[Any]:
    """What a client is told of calls that are done, and of calls that are refused."""
    at = {"pk": {"S": "a"}, "sk": {"S": "ü"}}
    new = {**at, "number": {"N": "1"}, "bytes": {"B": b"\x00\xff"}, "list": {"L": [{"BOOL": True}]}}
    once = {"TableName": table, "Item": new, "ConditionExpression": "attribute_not_exists(pk)"}
    calls: list[tuple[str, dict[str, Any]]] = [
        ("put_item", once),
        ("put_item", {**once, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}),
        ("get_item", {"TableName": table, "Key": at, "ConsistentRead": True}),
        ("batch_get_item", {"RequestItems": {table: {"Keys": [at]}}}),
        ("transact_write_items", {"TransactItems": [{"Put": once}]}),
        ("get_item", {"TableName": "no table", "Key": at}),
        ("describe_table", {"TableName": table}),
    ]
    told = []
    for operation, parameters in calls:
        try:
            answer = getattr(dynamodb, operation)(**parameters)
        except ClientError as error:
            answer = error.response
        answer["ResponseMetadata"]["RequestId"] = "any"
        for header in ("date", "x-amzn-requestid"):
            answer["ResponseMetadata"]["HTTPHeaders"].pop(header)
        told.append(answer)
    return told


def test_calls_handed_over_are_answered_as_requests_are(
    environment: dict[str, str], dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call that goes straight to moto's DynamoDB has the answer of one that is a web request."""
    empty(environment)
    straight = _asked(dynamodb, environment["SESSIONS_TABLE"])
    empty(environment)
    monkeypatch.setattr(moto_patches, "_DYNAMODB", re.compile("(?!)"))
    assert straight == _asked(dynamodb, environment["SESSIONS_TABLE"])
