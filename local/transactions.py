"""moto's transactions without its copies.

moto copies every table whole, once for each member of a transaction, to put it back when a
condition fails: a transaction costs by the size of its tables. This copies the items that the
transaction names. What it does with them stays moto's.
"""

import copy
from typing import Any

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table

_Touched = dict[str, list[tuple[DynamoType, DynamoType]]]


def copy_touched_items_alone() -> None:
    """Have moto's transactions copy what they touch. One transaction at a time may run."""
    transact = DynamoDBBackend.transact_write_items
    touched: _Touched = {}

    def touching(backend: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
        touched.update(_touched(transact_items))
        try:
            transact(backend, transact_items)
        finally:
            touched.clear()

    def shallow(table: Table, memo: dict[int, Any]) -> Table:
        if id(table) not in memo:
            memo[id(table)] = _snapshot(table, touched.get(table.name, []))
        kept: Table = memo[id(table)]
        return kept

    DynamoDBBackend.transact_write_items = touching  # type: ignore[method-assign,assignment]
    Table.__deepcopy__ = shallow  # type: ignore[attr-defined]


def _touched(transact_items: list[dict[str, Any]]) -> _Touched:
    found: _Touched = {}
    for member in transact_items:
        ((_, write),) = member.items()
        key = write.get("Key") or write["Item"]
        pair = (DynamoType(key["pk"]), DynamoType(key["sk"]))
        found.setdefault(write["TableName"], []).append(pair)
    return found


def _snapshot(table: Table, touched: list[tuple[DynamoType, DynamoType]]) -> Table:
    kept = copy.copy(table)
    kept.items = table.items.copy()
    for hash_key, range_key in touched:
        if hash_key not in table.items:
            continue
        if kept.items[hash_key] is table.items[hash_key]:
            kept.items[hash_key] = dict(table.items[hash_key])
        item = table.items[hash_key].get(range_key)
        if item is not None:
            kept.items[hash_key][range_key] = copy.deepcopy(item)
    return kept
