"""Encoding and decoding of DynamoDB attributes."""

import json
from typing import Any

import botocore.session
import hypothesis.strategies as st
import pytest
from boto3.dynamodb.types import TypeSerializer
from botocore.parsers import JSONParser
from botocore.serialize import JSONSerializer
from hypothesis import given

from sojourn.store.expressions import decode, decode_value, encode, encode_value

MODEL = botocore.session.Session().get_service_model("dynamodb")
# DynamoDB holds 38 digits of a number.
leaves = st.none() | st.booleans() | st.integers(-(10**38) + 1, 10**38 - 1) | st.text()
values = st.recursive(
    leaves | st.binary(min_size=1),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_values_come_back(value: object) -> None:
    """Decoding gives back every encoded value."""
    assert decode_value(encode_value(value)) == value


@given(values)
def test_encoding_is_boto3s(value: object) -> None:
    """boto3's own serializer and protocol make the same attribute, and read it alike."""
    ours: Any = encode_value(value)
    operation = MODEL.operation_model("PutItem")
    item = {"x": TypeSerializer().serialize(value)}
    asked = JSONSerializer().serialize_to_request({"TableName": "t", "Item": item}, operation)
    assert json.loads(asked["body"])["Item"]["x"] == ours
    answer = {"status_code": 200, "headers": {}, "body": json.dumps({"Item": {"x": ours}}).encode()}
    shape: Any = MODEL.operation_model("GetItem").output_shape
    assert JSONParser().parse(answer, shape)["Item"] == item


def test_true_is_not_one() -> None:
    """A truth value stays one, though Python counts it as a number."""
    assert encode_value(True) == {"BOOL": True}
    assert encode_value(1) == {"N": "1"}
    assert decode_value({"BOOL": False}) is False


def test_none_is_left_out_of_an_item() -> None:
    """An item has no attribute for what is None; a map within it keeps its null."""
    item = encode({"a": None, "b": {"c": None}, "d": ()})
    assert item == {"b": {"M": {"c": {"NULL": True}}}, "d": {"L": []}}
    assert decode(item) == {"b": {"c": None}, "d": []}


@pytest.mark.parametrize("value", [1.5, {1, 2}, object()], ids=["float", "set", "object"])
def test_what_has_no_place(value: object) -> None:
    """A value that items do not hold is an error here, and not a surprise on reading."""
    with pytest.raises(TypeError, match=f"^{type(value).__name__} has no place"):
        encode_value(value)


@pytest.mark.parametrize("attribute", [{"SS": ["a"]}, {"NS": ["1"]}])
def test_foreign_attributes(attribute: dict[str, Any]) -> None:
    """An attribute of a type that is never written is not guessed at."""
    with pytest.raises(TypeError, match="not one of ours"):
        decode_value(attribute)
