"""DynamoDB's read and write units of the calls that moto answers, as AWS bills them.

Sizes follow "DynamoDB item sizes and formats", units follow "DynamoDB read and write operations". A
consistent read is a unit per started 4 KB and at least one, also of an item that is not there. A
write is a unit per started KB of the larger of the items before and after, and as many for each
entry of an index that is put or removed; an entry whose keys change is both. A transaction doubles
all of them, as DynamoDB Local does also for an index.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil
from typing import Any

import boto3
from moto.dynamodb.responses import DynamoHandler

from bench.item_sizes import value_size

Item = Mapping[str, Any]
INDEX = ("due_shard", "due_at")
"""The keys of the sessions table's index, which has nothing but keys."""


def size(item: Item | None) -> int:
    """Bytes of an item, names and values; 0 if there is none."""
    return sum(len(name.encode()) + value_size(value) for name, value in (item or {}).items())


def read(sizes: Sequence[int], *, consistent: bool = True) -> float:
    """Units of one read of items of these sizes."""
    return max(1, ceil(sum(sizes) / 4096)) * (1.0 if consistent else 0.5)


def written(before: Item | None, after: Item | None) -> int:
    """Units of a write that replaces an item, its index apart."""
    return max(1, ceil(max(size(before), size(after)) / 1024))


def indexed(before: Item | None, after: Item | None) -> int:
    """Units of the index for a write that replaces an item."""
    old, new = (
        tuple(item[name]["N"] for name in INDEX) if item and all(n in item for n in INDEX) else None
        for item in (before, after)
    )
    return 0 if old == new else (old is not None) + (new is not None)


@dataclass(slots=True)
class Tally:
    """What some calls took: calls in sequence, and units by table. `sessions-due` is the index."""

    calls: int = 0
    reads: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    writes: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))


class Meter:
    """Counts the calls of DynamoDB in this process, whoever makes them, while a `tally` is open."""

    def __init__(self) -> None:
        self._tally: Tally | None = None
        self._client: Any = boto3.client("dynamodb")

    @contextmanager
    def tally(self) -> Iterator[Tally]:
        """What is called until the block ends."""
        made = self._tally = Tally()
        try:
            yield made
        finally:
            self._tally = None

    @contextmanager
    def attached(self) -> Iterator[None]:
        """Listen to moto until the block ends."""
        call_action = DynamoHandler.call_action

        def counted(handler: DynamoHandler, *args: Any, **kwargs: Any) -> Any:
            tally = self._tally
            if tally is None:
                return call_action(handler, *args, **kwargs)
            self._tally = None  # what is looked up to weigh the call does not count
            try:
                return self._weighed(tally, handler, lambda: call_action(handler, *args, **kwargs))
            finally:
                self._tally = tally

        DynamoHandler.call_action = counted  # type: ignore[method-assign]
        try:
            yield
        finally:
            DynamoHandler.call_action = call_action  # type: ignore[method-assign]

    def _weighed(self, tally: Tally, handler: DynamoHandler, call: Callable[[], Any]) -> Any:
        body: dict[str, Any] = dict(handler.params)
        tally.calls += 1
        match handler._get_action():
            case "GetItem":
                self._read(tally, body["TableName"], body["Key"])
            case "BatchGetItem":
                for table, wanted in body["RequestItems"].items():
                    for key in wanted["Keys"]:
                        self._read(tally, table, key)
            case "Query":
                return self._query(tally, body, call)
            case "PutItem" | "UpdateItem" | "DeleteItem":
                return self._written(tally, [body], call, each=1)
            case "TransactWriteItems":
                members = [next(iter(member.values())) for member in body["TransactItems"]]
                return self._written(tally, members, call, each=2)
            case other:
                raise AssertionError(f"{other} has no units here")
        return call()

    def _item(self, table: str, key: Item) -> Item | None:
        found: Item | None = self._client.get_item(
            TableName=table, Key=dict(key), ConsistentRead=True
        ).get("Item")
        return found

    def _read(self, tally: Tally, table: str, key: Item) -> None:
        tally.reads[_short(table)] += read([size(self._item(table, key))])

    def _query(self, tally: Tally, body: Mapping[str, Any], call: Callable[[], Any]) -> Any:
        answer = call()
        whole = {k: v for k, v in body.items() if "Projection" not in k and k != "Select"}
        names = dict(whole.pop("ExpressionAttributeNames", {}))
        used = {k: v for k, v in names.items() if k in whole["KeyConditionExpression"]}
        found = self._client.query(**whole, **({"ExpressionAttributeNames": used} if used else {}))
        table, index = _short(body["TableName"]), body.get("IndexName")
        place = f"{table}-{index}" if index else table
        tally.reads[place] += read([size(i) for i in found["Items"]], consistent=index is None)
        return answer

    def _written(
        self, tally: Tally, members: Sequence[Any], call: Callable[[], Any], *, each: int
    ) -> Any:
        places = [(m["TableName"], m.get("Key") or _key(m["Item"])) for m in members]
        before = [self._item(*place) for place in places]
        answer = call()
        for place, old in zip(places, before, strict=True):
            new = self._item(*place)
            table = _short(place[0])
            tally.writes[table] += each * written(old, new)
            tally.writes[f"{table}-due"] += each * indexed(old, new)
        return answer


def _key(item: Item) -> Item:
    return {name: item[name] for name in ("pk", "sk")}


def _short(table: str) -> str:
    return table.removeprefix("sojourn-")
