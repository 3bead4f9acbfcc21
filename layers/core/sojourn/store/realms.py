"""Realms in DynamoDB: read and write them with an optimistic lock.

The directory table, by `pk` / `sk`:

- `rl_…` / `realm`: a realm, its settings, its public keys and its ends, in one item
- `rl_…` / `jky_…`: the encrypted private key of a signing key
- `realms` / `rl_…`: the list of realms
- `rl_…#users` / `usr_…`: the list of a realm's users
- `rl_…#name#folded`, `rl_…#email#folded` / `claim`: the user who has a name in a realm
- access keys and their lists: see `store/access_keys`
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sojourn.domain.errors import Superseded, Unavailable
from sojourn.domain.realm import Realm, RealmChange
from sojourn.domain.values import replace
from sojourn.runtime import optimistic
from sojourn.store.access_key_items import ACCESS_KEY
from sojourn.store.client import ConditionFailed, DynamoDB, plain
from sojourn.store.due import DynamoDue
from sojourn.store.expressions import Key, Write, check, delete, encode, put, update
from sojourn.store.feed import DynamoFeed
from sojourn.store.names import DynamoNames, holder
from sojourn.store.realm_items import REALM, realm_from, realm_values, standing_realm_from

REALMS: Final = "realms"
"""The owner of the list of realms."""
PAGE: Final = 100

Values = dict[str, Any]


class DynamoDirectory:
    """`RealmStore` over the directory table. Every read is consistent."""

    def __init__(self, dynamo: DynamoDB, table: str, due: DynamoDue, feed: DynamoFeed) -> None:
        self.dynamo = dynamo
        self._feed = feed
        self.table = table
        self._due = due
        self.names = DynamoNames(dynamo, table)

    def realm_key(self, realm_id: str) -> Key:
        """Where a realm is."""
        return Key(self.table, realm_id, "realm", REALM)

    def private_key_key(self, realm_id: str, key_id: str) -> Key:
        """Where a signing key's ciphertext is."""
        return Key(self.table, realm_id, key_id, ("ciphertext",))

    def access_key_key(self, key_id: str) -> Key:
        """Where an access key is."""
        return Key(self.table, key_id, "key", ACCESS_KEY)

    def get(self, realm_id: str) -> Realm | None:
        realm = self.find(realm_id)
        return None if realm is None or realm.deletion is not None else realm

    def find(self, realm_id: str) -> Realm | None:
        """The realm, also while it is being deleted; to everything else it is gone by then."""
        values = self.dynamo.get(self.realm_key(realm_id))
        return None if values is None else realm_from(values)

    def realms(self, *, after: str | None, limit: int, ascending: bool) -> tuple[list[Realm], bool]:
        found, more = self.members(REALMS, after=after, limit=limit, ascending=ascending)
        return self._read(found), more

    def each_realm(self) -> Iterator[Realm]:
        for found in self.all_members(REALMS):
            yield from self._read(found)

    def _read(self, realm_ids: Sequence[str]) -> list[Realm]:
        """Realms, also those that are being deleted."""
        items = self.dynamo.get_many([self.realm_key(realm_id) for realm_id in realm_ids])
        return [realm_from(values) for values in items if values is not None]

    def get_many(self, realm_ids: Sequence[str]) -> list[Realm | None]:
        found = self.dynamo.get_many([self.realm_key(realm_id) for realm_id in realm_ids])
        return list(map(standing_realm_from, found))

    def create_realm(self, realm: Realm, private: Mapping[str, bytes]) -> None:
        self.dynamo.transact(
            [
                put(self.realm_key(realm.id), realm_values(realm)),
                put(self.member_key(REALMS, realm.id), {}),
                *self._private_halves(realm.id, private),
            ]
        )

    def commit(self, change: RealmChange) -> RealmChange:
        before = change.before
        if before.deletion is not None:
            raise Superseded(None)
        mark, commits = optimistic.marked(before.commits)
        after = replace(change.after, version=before.version + 1, commits=commits)
        told = change.revocation
        announced = None if told is None else self._feed.announcing(told)
        writes = [
            self._change(before, after),
            *([] if announced is None else announced.writes),
            *self._private_halves(after.id, change.private),
            *(delete(self.private_key_key(after.id, key_id)) for key_id in change.gone_keys),
            *map(self._due.leaving, change.due),
        ]
        try:
            self.dynamo.commit(writes)
        except ConditionFailed as error:
            values = plain(error.found())
            current = None if values is None else realm_from(values)
            if current is None or mark not in current.commits:
                gone = current is None or current.deletion is not None
                raise Superseded(None if gone else current) from error
        if announced is not None:
            announced.confirm()
        return replace(change, after=after)

    def _private_halves(self, realm_id: str, private: Mapping[str, bytes]) -> list[Write]:
        # Updates, because no role that creates keys may put whole items: realms are items.
        return [
            update(self.private_key_key(realm_id, key_id), changed={"ciphertext": ciphertext})
            for key_id, ciphertext in private.items()
        ]

    def _change(self, before: Realm, after: Realm) -> dict[str, Any]:
        old = realm_values(before)
        new = realm_values(after)
        return update(
            self.realm_key(after.id),
            changed={name: value for name, value in new.items() if old.get(name) != value},
            removed=[name for name in old if name not in new],
            condition="v = :v",
            values={":v": before.version},
        )

    def record_open_ended(self, realm_id: str, key_id: str) -> None:
        write = {
            "TableName": self.table,
            "Key": self.realm_key(realm_id).attributes,
            # The version is incremented, so that no concurrent change of the realm undoes it.
            "UpdateExpression": "SET #keys.#key.open_ended = :true ADD v :one",
            "ConditionExpression": "attribute_exists(#keys.#key)",
            "ExpressionAttributeNames": {"#keys": "keys", "#key": key_id},
            "ExpressionAttributeValues": encode({":true": True, ":one": 1}),
        }
        try:
            self.dynamo.write({"Update": write})
        except ConditionFailed as error:
            raise Unavailable("The realm's signing key was stopped just now. Try again.") from error

    def get_with_login(
        self, realm_id: str, *, username: str | None, email: str | None
    ) -> tuple[Realm | None, str | None]:
        if username is not None:
            keys = self.names.keys(realm_id, "username", username)
        else:
            keys = self.names.keys(realm_id, "email", email or "")
        realm, *claims = self.dynamo.get_many([self.realm_key(realm_id), *keys])
        return standing_realm_from(realm), holder(claims)

    def private_key(self, realm_id: str, key_id: str) -> bytes | None:
        values = self.dynamo.get(self.private_key_key(realm_id, key_id))
        if values is None:
            return None
        ciphertext = values["ciphertext"]
        return bytes(ciphertext)

    def realm_stands(self, realm_id: str) -> dict[str, Any]:
        """A transaction's condition: the realm exists and is not being deleted."""
        return check(
            self.realm_key(realm_id),
            condition="attribute_exists(pk) AND attribute_not_exists(deletion)",
        )

    def realm_unchanged(self, realm: Realm) -> dict[str, Any]:
        """A transaction's condition: the realm has not changed and is not being deleted."""
        return check(
            self.realm_key(realm.id),
            condition="v = :v AND attribute_not_exists(deletion)",
            values={":v": realm.version},
        )

    def member_key(self, owner: str, member_id: str) -> Key:
        """The key of a member of a list."""
        return Key(self.table, owner, member_id)

    def members(
        self, owner: str, *, after: str | None, limit: int, ascending: bool
    ) -> tuple[list[str], bool]:
        """The ids of one page of a list, by id, and whether there are more."""
        condition, values = "pk = :pk", {":pk": owner}
        if after is not None:
            condition = f"pk = :pk AND sk {'>' if ascending else '<'} :after"
            values[":after"] = after
        page = self.dynamo.query(
            table=self.table,
            condition=condition,
            values=values,
            limit=limit + 1,
            ascending=ascending,
            only=("sk",),
        )
        found = [item["sk"]["S"] for item in page.items]
        return found[:limit], len(found) > limit

    def all_members(self, owner: str) -> Iterator[list[str]]:
        """The ids of all members of a list, page by page."""
        after, more = None, True
        while more:
            found, more = self.members(owner, after=after, limit=PAGE, ascending=True)
            yield found
            after = found[-1] if found else None
