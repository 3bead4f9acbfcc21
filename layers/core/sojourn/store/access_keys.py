"""Access keys in DynamoDB: one item per key, and a list per realm and for the stack.

In the directory table, by `pk` / `sk`:

- `key_…` / `key`: an access key
- `rl_…#keys` or `*#keys` / `key_…`: the list of a realm's keys, or of the stack-wide ones
- `stack` / `first_key`: which key was made first
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from sojourn.domain.access_key import AccessKey
from sojourn.domain.errors import AlreadyInitialised, NotFound
from sojourn.store import expressions
from sojourn.store.access_key_items import access_key_from, access_key_values
from sojourn.store.client import ConditionFailed
from sojourn.store.expressions import Key
from sojourn.store.realms import DynamoDirectory

STACK: Final = "*"
"""The owner of the stack-wide keys."""


class DynamoAccessKeys:
    """`AccessKeyStore` over the directory table. Every read is consistent."""

    def __init__(self, directory: DynamoDirectory) -> None:
        self._directory = directory
        self._dynamo = directory.dynamo
        self._table = directory.table

    def access_key(self, key_id: str) -> AccessKey | None:
        values = self._dynamo.get(self._directory.access_key_key(key_id))
        return None if values is None else access_key_from(values)

    def access_keys(
        self, realm_id: str | None, *, after: str | None, limit: int, ascending: bool
    ) -> tuple[Sequence[AccessKey], bool]:
        found, more = self._directory.members(
            owner_of(realm_id), after=after, limit=limit, ascending=ascending
        )
        return self._read(found), more

    def each_access_key(self, realm_id: str | None) -> Iterator[AccessKey]:
        for found in self._directory.all_members(owner_of(realm_id)):
            yield from self._read(found)

    def _read(self, key_ids: Sequence[str]) -> list[AccessKey]:
        items = self._dynamo.get_many([self._directory.access_key_key(i) for i in key_ids])
        return [access_key_from(item) for item in items if item is not None]

    def create_access_key(self, key: AccessKey) -> None:
        try:
            self._dynamo.transact(self._creation(key))
        except ConditionFailed as error:
            raise NotFound("There is no such realm.") from error

    def first_key_id(self) -> str | None:
        known = self._dynamo.get(self._first())
        return None if known is None else str(known["key_id"])

    def create_first_key(self, key: AccessKey, *, replaced: str | None) -> None:
        first = expressions.put(
            self._first(),
            {"key_id": key.id},
            condition="attribute_not_exists(pk)" if replaced is None else "key_id = :replaced",
            values=None if replaced is None else {":replaced": replaced},
        )
        try:
            self._dynamo.transact([first, *self._creation(key)])
        except ConditionFailed as error:
            raise AlreadyInitialised("Somebody else made the first key just now.") from error

    def change_access_key(self, key_id: str, changes: Mapping[str, str | int | None]) -> None:
        write = expressions.update(
            self._directory.access_key_key(key_id),
            changed={name: value for name, value in changes.items() if value is not None},
            removed=[name for name, value in changes.items() if value is None],
            condition="attribute_exists(pk)",
        )
        try:
            self._dynamo.write(write)
        except ConditionFailed as error:
            raise NotFound from error

    def delete_access_key(self, key: AccessKey) -> None:
        member = self._directory.member_key(owner_of(key.realm_id), key.id)
        self._dynamo.transact(
            [expressions.delete(self._directory.access_key_key(key.id)), expressions.delete(member)]
        )

    def record_use(self, key_id: str, *, now_ms: int, unless_since_ms: int) -> None:
        # The IAM statement allows only this: one attribute is written, none is returned.
        write = {
            "TableName": self._table,
            "Key": self._directory.access_key_key(key_id).attributes,
            "UpdateExpression": "SET last_used_ms = :now",
            "ConditionExpression": "attribute_exists(pk) AND "
            "(attribute_not_exists(last_used_ms) OR last_used_ms < :since)",
            "ExpressionAttributeValues": expressions.encode(
                {":now": now_ms, ":since": unless_since_ms}
            ),
        }
        with suppress(ConditionFailed):
            self._dynamo.write({"Update": write})

    def _creation(self, key: AccessKey) -> list[dict[str, Any]]:
        member = self._directory.member_key(owner_of(key.realm_id), key.id)
        writes = [
            expressions.put(self._directory.access_key_key(key.id), access_key_values(key)),
            expressions.put(member, {}),
        ]
        if key.realm_id is not None:
            # A simultaneous deletion of the realm must not leave an access key behind.
            writes.append(self._directory.realm_stands(key.realm_id))
        return writes

    def _first(self) -> Key:
        return Key(self._table, "stack", "first_key")


def owner_of(realm_id: str | None) -> str:
    """The owner of the list of a realm's keys, or of the stack-wide ones."""
    return f"{realm_id or STACK}#keys"
