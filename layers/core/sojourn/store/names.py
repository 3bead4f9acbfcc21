"""The names of a realm's users: one item per username or email, which one user can hold."""

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from sojourn.domain import ids
from sojourn.domain.names import fold, former_fold
from sojourn.domain.user import NameKind, UniqueName, User
from sojourn.store import expressions
from sojourn.store.client import DynamoDB
from sojourn.store.expressions import Key, Values, Write

LONGEST_NAME: Final = 1_024
"""Bytes of a folded name in a key. A partition key can have 2,048, and NFKC can lengthen a name."""

_PLACE: Final[dict[NameKind, str]] = {"username": "name", "email": "email"}
_OWN: Final = "attribute_not_exists(pk) OR user_id = :user_id"


class DynamoNames:
    """The name items in the directory table. Every read is consistent."""

    def __init__(self, dynamo: DynamoDB, table: str) -> None:
        self._dynamo = dynamo
        self._table = table

    def key(self, realm_id: str, kind: NameKind, name: str) -> Key:
        """The key of a name's item, which has the id of its user.

        In the key, a digest replaces a name that is too long. No name begins with a tilde.
        """
        return self._key(realm_id, kind, fold(name))

    def former_key(self, realm_id: str, kind: NameKind, name: str) -> Key | None:
        """The key of a name's item in versions before IDNA, if it differs.

        Existing items stay there. New items have `idna`, so that an old key which equals another
        email's new key is not mistaken for it.
        """
        # A username has no domain, so IDNA did not change its key.
        folded = former_fold(name) if kind == "email" else None
        return None if folded is None else self._key(realm_id, kind, folded)

    def keys(self, realm_id: str, kind: NameKind, name: str) -> list[Key]:
        """All keys that a name's item can have, the most likely one first."""
        former = self.former_key(realm_id, kind, name)
        return [self.key(realm_id, kind, name), *([] if former is None else [former])]

    def _key(self, realm_id: str, kind: NameKind, folded: str) -> Key:
        if len(folded.encode()) > LONGEST_NAME:
            folded = "~" + ids.digest(folded).hex()
        place = f"{realm_id}#{_PLACE[kind]}#{folded}"
        return Key(self._table, place, "claim", ("user_id", "idna"))

    def user_of(self, realm_id: str, kind: NameKind, name: str) -> str | None:
        """The id of the realm's user of that name."""
        current, *former = self.keys(realm_id, kind, name)
        found = _holder(self._dynamo.get(current))
        return found or next((_former_holder(self._dynamo.get(key)) for key in former), None)

    def claiming(self, user: User, names: Iterable[UniqueName]) -> list[tuple[UniqueName, Write]]:
        """The writes that claim names for a user, if no other user has them, each with its name.

        They also check the key of versions before IDNA.
        """
        writes = []
        own = {":user_id": user.id}
        for name in names:
            kind, _ = name
            item = {"user_id": user.id, "idna": True if kind == "email" else None}
            at = self.key(user.realm_id, *name)
            writes.append((name, expressions.put(at, item, condition=_OWN, values=own)))
            former = self.former_key(user.realm_id, *name)
            if former is not None:
                condition = f"{_OWN} OR attribute_exists(idna)"
                free = expressions.check(former, condition=condition, values=own)
                writes.append((name, free))
        return writes

    def freeing(
        self, user: User, names: Iterable[UniqueName], *, kept: Collection[Key] = ()
    ) -> list[Write]:
        """The writes that free names, if the user still has them.

        Items under the key of versions before IDNA are looked up and freed too. `kept` are keys
        that the same transaction already writes or checks.
        """
        keys = []
        for name in names:
            current, *former = self.keys(user.realm_id, *name)
            keys.append(current)
            keys += [k for k in former if user.id == _former_holder(self._dynamo.get(k))]
        own = {":user_id": user.id}
        return [
            expressions.delete(key, condition=_OWN, values=own) for key in keys if key not in kept
        ]


def holder(claims: Sequence[Values | None]) -> str | None:
    """The id of the user who has a name, from the items at its `DynamoNames.keys`."""
    current, *former = claims
    return _holder(current) or next(map(_former_holder, former), None)


def _holder(claim: Values | None) -> str | None:
    return None if claim is None else str(claim["user_id"])


def _former_holder(claim: Values | None) -> str | None:
    return None if claim is None or "idna" in claim else _holder(claim)
