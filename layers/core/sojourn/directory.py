"""Realms, names and access keys in DynamoDB: what logins and validations read.

The directory table, by `pk` / `sk`:

- `rl_…` / `realm`: a realm, its settings and its public keys, in one item
- `rl_…` / `jky_…`: the ciphertext of a signing key's private half
- `realms` / `rl_…`: the list of realms
- `rl_…#users` / `usr_…`: the list of a realm's users
- `rl_…#name#folded`, `rl_…#email#folded` / `claim`: who has a name in a realm
- `key_…` / `key`: an access key; `rl_…#keys` or `*#keys` / `key_…`: the list of them
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from sojourn import ids
from sojourn.dynamodb import DynamoDB, Key, check
from sojourn.ports import AccessKey
from sojourn.realm import PublicKey, Realm, Settings

STACK: Final = "*"
LONGEST_NAME: Final = 1_024
"""Bytes of a folded name: a partition key takes 2,048, and NFKC makes 18 letters of some one."""

Values = dict[str, Any]


def fold(name: str) -> str:
    """The form in which names are compared: NFKC and case-folded."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def realm_values(realm: Realm) -> Values:
    """A realm's attributes, without its key."""
    settings = asdict(realm.settings)
    return {
        "name": realm.name,
        "issuer": realm.issuer,
        "created_ms": realm.created_ms,
        "v": realm.version,
        "generation": realm.generation,
        "settings": settings | {"jwt_fields": list(realm.settings.jwt_fields)},
        "keys": {
            key.id: {
                "algo": key.algo,
                "pem": key.pem,
                "signs_from_ms": key.signs_from_ms,
                "created_ms": key.created_ms,
            }
            for key in realm.keys.values()
        },
    }


def realm_from(values: Mapping[str, Any]) -> Realm:
    """The realm of its item."""
    settings = dict(values["settings"])
    settings["jwt_fields"] = tuple(settings["jwt_fields"])
    return Realm(
        id=values["pk"],
        name=values["name"],
        issuer=values["issuer"],
        created_ms=values["created_ms"],
        version=values["v"],
        generation=values["generation"],
        settings=Settings(**settings),
        keys={
            key_id: PublicKey(
                id=key_id,
                algo=key["algo"],
                pem=key["pem"],
                signs_from_ms=key["signs_from_ms"],
                created_ms=key["created_ms"],
            )
            for key_id, key in values["keys"].items()
        },
    )


def access_key_values(key: AccessKey) -> Values:
    """An access key's attributes, without its key."""
    return {
        "realm_id": key.realm_id,
        "name": key.name,
        "permission": key.permission,
        "created_ms": key.created_ms,
        "secret_hash": key.secret_hash,
    }


def access_key_from(values: Mapping[str, Any]) -> AccessKey:
    """The access key of its item."""
    return AccessKey(
        id=values["pk"],
        realm_id=values.get("realm_id"),
        name=values["name"],
        permission=values["permission"],
        created_ms=values["created_ms"],
        secret_hash=values["secret_hash"],
    )


class DynamoDirectory:
    """`Realms` over the directory table. Every read is consistent."""

    def __init__(self, dynamo: DynamoDB, table: str) -> None:
        self.dynamo = dynamo
        self.table = table

    def realm_key(self, realm_id: str) -> Key:
        """Where a realm is."""
        return Key(self.table, realm_id, "realm")

    def claim_key(self, realm_id: str, kind: str, name: str) -> Key:
        """Where it is written who has a name; `kind` is `name` or `email`.

        A name too long for a key stands there as its digest; no name begins with a tilde.
        """
        folded = fold(name)
        if len(folded.encode()) > LONGEST_NAME:
            folded = "~" + ids.digest(folded).hex()
        return Key(self.table, f"{realm_id}#{kind}#{folded}", "claim")

    def private_key_key(self, realm_id: str, key_id: str) -> Key:
        """Where a signing key's ciphertext is."""
        return Key(self.table, realm_id, key_id)

    def access_key_key(self, key_id: str) -> Key:
        """Where an access key is."""
        return Key(self.table, key_id, "key")

    def get(self, realm_id: str) -> Realm | None:
        values = self.dynamo.get(self.realm_key(realm_id))
        return None if values is None else realm_from(values)

    def get_with_login(
        self, realm_id: str, *, username: str | None, email: str | None
    ) -> tuple[Realm | None, str | None]:
        kind, name = ("name", username) if username is not None else ("email", email or "")
        found = self.dynamo.get_many(
            [self.realm_key(realm_id), self.claim_key(realm_id, kind, name or "")]
        )
        realm, claim = found
        return (
            None if realm is None else realm_from(realm),
            None if claim is None else str(claim["user_id"]),
        )

    def user_id(self, realm_id: str, *, kind: str, name: str) -> str | None:
        """The id of the realm's user of that name."""
        claim = self.dynamo.get(self.claim_key(realm_id, kind, name))
        return None if claim is None else str(claim["user_id"])

    def private_key(self, realm_id: str, key_id: str) -> bytes | None:
        values = self.dynamo.get(self.private_key_key(realm_id, key_id))
        if values is None:
            return None
        ciphertext = values["ciphertext"]
        return bytes(ciphertext)

    def access_key(self, key_id: str) -> AccessKey | None:
        values = self.dynamo.get(self.access_key_key(key_id))
        return None if values is None else access_key_from(values)

    def realm_stands(self, realm_id: str) -> dict[str, Any]:
        """A transaction's condition: the realm is there, and nobody is deleting it."""
        return check(
            self.realm_key(realm_id),
            condition="attribute_exists(pk) AND attribute_not_exists(deleting)",
        )

    def member_key(self, owner: str, member_id: str) -> Key:
        """Where it is written that a list has a member."""
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
        )
        found = [str(item["sk"]) for item in page.items]
        return found[:limit], len(found) > limit
