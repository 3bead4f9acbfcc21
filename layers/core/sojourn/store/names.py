"""The names of a realm's users: one item per username or email, which one user can hold."""

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from sojourn.domain import ids
from sojourn.domain.names import fold, former_fold
from sojourn.domain.user import NameKind, UniqueName, User
from sojourn.store import expressions
from sojourn.store.client import DynamoDB, Values
from sojourn.store.expressions import Key, Write

LONGEST_NAME: Final = 1_024
"""Bytes of a folded name: a partition key takes 2,048, and NFKC makes 18 letters of some one."""

_PLACE: Final[dict[NameKind, str]] = {"username": "name", "email": "email"}
_OWN: Final = "attribute_not_exists(pk) OR user_id = :user_id"


class DynamoNames:
    """The claims of names in the directory table. Every read is consistent."""

    def __init__(self, dynamo: DynamoDB, table: str) -> None:
        self._dynamo = dynamo
        self._table = table

    def key(self, realm_id: str, kind: NameKind, name: str) -> Key:
        """Where it is written who has a name.

        A name too long for a key stands there as its digest; no name begins with a tilde.
        """
        return self._key(realm_id, kind, fold(name))

    def former_key(self, realm_id: str, kind: NameKind, name: str) -> Key | None:
        """Where the version before IDNA wrote who has a name, if that is elsewhere.

        What it wrote there stays. An email that is written now carries `idna`, so that one whose
        form is what another's was before is not taken for it.
        """
        # A username has no domain, and is compared as it always was.
        folded = former_fold(name) if kind == "email" else None
        return None if folded is None else self._key(realm_id, kind, folded)

    def keys(self, realm_id: str, kind: NameKind, name: str) -> list[Key]:
        """Where it may be written who has a name, the likeliest place first."""
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
        """The writes by which a user takes names that nobody else has, each with its name.

        Nobody else has it in the form that the version before IDNA compared, either.
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
        """The writes that free names, where the user still has them.

        What the version before IDNA wrote in another form is looked up: nothing writes it any more.
        `kept` are keys that the same transaction writes or looks at.
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
    """The id of the user who has a name, of what is at its `DynamoNames.keys`."""
    current, *former = claims
    return _holder(current) or next(map(_former_holder, former), None)


def _holder(claim: Values | None) -> str | None:
    return None if claim is None else str(claim["user_id"])


def _former_holder(claim: Values | None) -> str | None:
    return None if claim is None or "idna" in claim else _holder(claim)
