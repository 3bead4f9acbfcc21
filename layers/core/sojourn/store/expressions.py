"""DynamoDB expressions: keys, typed attributes, projections, conditional writes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Item = dict[str, dict[str, Any]]
Write = dict[str, Any]
"""One write, of the shape that a transaction's member has."""


@dataclass(frozen=True, slots=True)
class Key:
    """Where an item is, and which top-level attributes of it are read (none named: all)."""

    table: str
    pk: str
    sk: str
    only: tuple[str, ...] = field(default=(), compare=False)

    @property
    def attributes(self) -> Item:
        """The key as DynamoDB takes it."""
        return {"pk": {"S": self.pk}, "sk": {"S": self.sk}}


def encode(values: Mapping[str, object]) -> Item:
    """An item of these values; what is None is left out."""
    return {key: encode_value(value) for key, value in values.items() if value is not None}


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


def read_one(key: Key) -> dict[str, Any]:
    """The parameters that read one item consistently."""
    return {"Key": key.attributes, "ConsistentRead": True, **projection([key.only])}


def read_many(keys: Iterable[Key]) -> dict[str, dict[str, Any]]:
    """The parameters that read items consistently, by table.

    Items of one table are read with the attributes that any of their keys names.
    """
    tables: dict[str, list[Key]] = {}
    for key in keys:
        tables.setdefault(key.table, []).append(key)
    return {
        table: {
            "Keys": [key.attributes for key in dict.fromkeys(asked)],
            "ConsistentRead": True,
            **projection([key.only for key in asked]),
        }
        for table, asked in tables.items()
    }


def projection(named: Sequence[tuple[str, ...]]) -> dict[str, Any]:
    """The parameters that read the attributes which any of these names; the key is always read."""
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
    """An Update that sets and removes attributes where `condition` holds.

    Where there is no item it makes one, and it leaves every attribute alone that it does not name.
    In `condition`, names are as they are and values start with a colon.
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
    """A Put of a whole item, where `condition` holds."""
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
    """A Delete, where `condition` holds; `names` stand in for reserved words in it."""
    parameters: dict[str, Any] = {"TableName": key.table, "Key": key.attributes}
    if names:
        parameters["ExpressionAttributeNames"] = dict(names)
    return {"Delete": _conditioned(parameters, condition, values)}


def check(key: Key, *, condition: str, values: Mapping[str, object] | None = None) -> Write:
    """A transaction's member that only asks whether `condition` holds."""
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
