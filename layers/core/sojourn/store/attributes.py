"""DynamoDB's typed attributes, to plain values and back.

boto3's own serializer turns every number into `Decimal`; ours are whole, and read on each
validation.
"""

from collections.abc import Mapping
from typing import Any


def encode_value(value: object) -> dict[str, Any]:
    """One attribute value; whole numbers, text, bytes, booleans, None, lists and maps."""
    match value:
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case str():
            return {"S": value}
        case bytes():
            return {"B": value}
        case None:
            return {"NULL": True}
        case list() | tuple():
            return {"L": [encode_value(member) for member in value]}
        case Mapping():
            return {"M": {str(key): encode_value(member) for key, member in value.items()}}
        case _:
            raise TypeError(f"{type(value).__name__} has no place in an item")


def decode_value(attribute: Mapping[str, Any]) -> Any:
    """The plain value of one attribute."""
    ((kind, value),) = attribute.items()
    match kind:
        case "S" | "BOOL" | "B":
            return value
        case "N":
            return int(value)
        case "NULL":
            return None
        case "L":
            return [decode_value(member) for member in value]
        case "M":
            return {key: decode_value(member) for key, member in value.items()}
        case _:
            raise TypeError(f"an attribute of type {kind} is not one of ours")


def encode(values: Mapping[str, object]) -> dict[str, dict[str, Any]]:
    """An item of these values; what is None is left out."""
    return {key: encode_value(value) for key, value in values.items() if value is not None}


def decode(item: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The plain values of an item."""
    return {key: decode_value(attribute) for key, attribute in item.items()}
