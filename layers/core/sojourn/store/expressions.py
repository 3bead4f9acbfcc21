"""What DynamoDB's calls are told: keys, projections, and writes with their conditions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sojourn.store import attributes

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
            name: attributes.encode_value(value) for name, value in bound.items()
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
        "Item": {**attributes.encode(item), **key.attributes},
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
        parameters["ExpressionAttributeValues"] = attributes.encode(values)
    return parameters
