"""DynamoDB expressions: keys, typed attributes, projections, conditional writes.

All is in the form of the wire, which has bytes in base64, but plain values before they are encoded
and after they are decoded.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sojourn.domain.values import dataclass, field

Item = dict[str, dict[str, Any]]
"""An item in the form of the wire: typed attributes by name."""
Values = dict[str, Any]
"""An item's plain values, by name."""
Write = dict[str, Any]
"""One write, in the form of a transaction's member."""


@dataclass(frozen=True, slots=True)
class Key:
    """The key of an item, and the top-level attributes to read (none named: all)."""

    table: str
    pk: str
    sk: str
    only: tuple[str, ...] = field(default=(), compare=False)

    @property
    def attributes(self) -> Item:
        """The key in DynamoDB's format."""
        return {"pk": {"S": self.pk}, "sk": {"S": self.sk}}


def encode(values: Mapping[str, object]) -> Item:
    """Encode an item's values; None is left out."""
    return {key: encode_value(value) for key, value in values.items() if value is not None}


def encode_value(value: object) -> dict[str, Any]:
    """Encode one value: an integer, text, bytes, boolean, None, list or map."""
    match value:
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case str():
            return {"S": value}
        case bytes():
            return {"B": b64encode(value).decode()}
        case None:
            return {"NULL": True}
        case list() | tuple():
            return {"L": [encode_value(member) for member in value]}
        case Mapping():
            return {"M": {str(key): encode_value(member) for key, member in value.items()}}
        case _:
            raise TypeError(f"{type(value).__name__} has no place in an item")


def decode(item: Item) -> Values:
    """Decode an item's typed attributes to plain values. Our numbers are all integers."""
    return {name: decode_value(attribute) for name, attribute in item.items()}


def decode_value(attribute: Mapping[str, Any]) -> Any:
    """Decode one typed attribute."""
    (kind,) = attribute
    value = attribute[kind]
    match kind:
        case "S" | "BOOL":
            return value
        case "N":
            return int(value)
        case "M":
            return {name: decode_value(member) for name, member in value.items()}
        case "L":
            return [decode_value(member) for member in value]
        case "B":
            return b64decode(value)
        case "NULL":
            return None
        case _:
            raise TypeError(f"an attribute of type {kind} is not one of ours")


def read_one(key: Key) -> dict[str, Any]:
    """The parameters that read one item consistently."""
    return {"Key": key.attributes, "ConsistentRead": True, **projection((key.only,))}


def read_many(keys: Iterable[Key]) -> dict[str, dict[str, Any]]:
    """The parameters that read items consistently, by table.

    Items of one table are read with all attributes that any of their keys names.
    """
    tables: dict[str, list[Key]] = {}
    for key in keys:
        tables.setdefault(key.table, []).append(key)
    return {
        table: {
            # By the texts themselves: to hash keys as values takes longer than all else here.
            "Keys": [*{(key.pk, key.sk): key.attributes for key in asked}.values()],
            "ConsistentRead": True,
            **projection(tuple({id(key.only): key.only for key in asked}.values())),
        }
        for table, asked in tables.items()
    }


@lru_cache(maxsize=64)
def projection(named: tuple[tuple[str, ...], ...]) -> Mapping[str, Any]:
    """The parameters of a projection: the attributes that any of these keys names, and the key.

    Made once, as there are few.
    """
    if not all(named):
        return {}
    names = dict.fromkeys(("pk", "sk", *(name for only in named for name in only)))
    # Aliases, since DynamoDB reserves words such as `name` and `state`.
    aliases = {f"#{n}": name for n, name in enumerate(names)}
    return {"ProjectionExpression": ", ".join(aliases), "ExpressionAttributeNames": aliases}


def update(
    key: Key,
    *,
    changed: Mapping[str, object],
    removed: Sequence[str] = (),
    condition: str | None = None,
    values: Mapping[str, object] | None = None,
) -> Write:
    """An Update that sets and removes attributes if `condition` holds.

    If there is no item, it creates one. It does not change attributes that it does not name. In
    `condition`, names are written as they are, and values start with a colon.
    """
    names = {f"#{n}": name for n, name in enumerate([*changed, *removed])}
    place = {name: alias for alias, name in names.items()}
    expression = []
    if changed:
        sets = ", ".join(f"{place[name]} = :set{n}" for n, name in enumerate(changed))
        expression.append(f"SET {sets}")
    if removed:
        expression.append("REMOVE " + ", ".join(place[name] for name in removed))
    bound = {f":set{n}": value for n, value in enumerate(changed.values())}
    bound.update(values or {})
    parameters: dict[str, Any] = {
        "TableName": key.table,
        "Key": key.attributes,
        "UpdateExpression": " ".join(expression),
        "ExpressionAttributeNames": names,
    }
    if bound:
        parameters["ExpressionAttributeValues"] = {
            name: encode_value(value) for name, value in bound.items()
        }
    return {"Update": _conditioned(parameters, condition, None)}


def put(
    key: Key,
    item: Mapping[str, object],
    *,
    condition: str | None = None,
    values: Mapping[str, object] | None = None,
) -> Write:
    """A Put of a whole item, if `condition` holds."""
    parameters: dict[str, Any] = {
        "TableName": key.table,
        "Item": {**encode(item), **key.attributes},
    }
    return {"Put": _conditioned(parameters, condition, values)}


def delete(
    key: Key,
    *,
    condition: str | None = None,
    values: Mapping[str, object] | None = None,
    names: Mapping[str, str] | None = None,
) -> Write:
    """A Delete, if `condition` holds; `names` are aliases for reserved words in it."""
    parameters: dict[str, Any] = {"TableName": key.table, "Key": key.attributes}
    if names:
        parameters["ExpressionAttributeNames"] = dict(names)
    return {"Delete": _conditioned(parameters, condition, values)}


def check(key: Key, *, condition: str, values: Mapping[str, object] | None = None) -> Write:
    """A transaction's member that only checks `condition`."""
    parameters: dict[str, Any] = {"TableName": key.table, "Key": key.attributes}
    return {"ConditionCheck": _conditioned(parameters, condition, values)}


def _conditioned(
    parameters: dict[str, Any],
    condition: str | None,
    values: Mapping[str, object] | None,
) -> dict[str, Any]:
    if condition is not None:
        parameters["ConditionExpression"] = condition
        parameters["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    if values:
        parameters["ExpressionAttributeValues"] = encode(values)
    return parameters
