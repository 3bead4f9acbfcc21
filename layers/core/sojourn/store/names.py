"""Names claimed and freed in the same commit as the change of their user."""

from collections.abc import Collection, Sequence
from typing import Any

from sojourn.crypto.token_sizes import at_stake
from sojourn.domain.errors import NameTaken, NotFound
from sojourn.domain.names import fold
from sojourn.domain.ports import Superseded
from sojourn.domain.realm import Realm
from sojourn.domain.user import Change, User
from sojourn.store import expressions
from sojourn.store.client import TransactionFailed, Values
from sojourn.store.expressions import Key
from sojourn.store.realm_items import realm_from
from sojourn.store.realms import DynamoDirectory
from sojourn.store.users import DynamoUsers

Write = dict[str, Any]
Claim = tuple[str, str]
"""The kind of a name, `name` or `email`, and the name."""


def claims_of(account: User) -> list[Claim]:
    """The names that a user has."""
    named = (("name", account.username), ("email", account.email))
    return [(kind, name) for kind, name in named if name is not None]


def claiming(
    account: User, claims: Sequence[Claim], *, directory: DynamoDirectory
) -> list[tuple[Claim, Write]]:
    """The writes by which a user takes names that nobody else has, each with its name.

    Nobody else has it in the form that the version before IDNA compared, either.
    """
    writes = []
    for claimed in claims:
        take = expressions.put(
            directory.claim_key(account.realm_id, *claimed),
            {"user_id": account.id, "idna": True if claimed[0] == "email" else None},
            condition="attribute_not_exists(pk) OR user_id = :user_id",
            values={":user_id": account.id},
        )
        writes.append((claimed, take))
        former = directory.former_claim_key(account.realm_id, *claimed)
        if former is not None:
            free = expressions.check(
                former,
                condition="attribute_not_exists(pk) OR user_id = :user_id "
                "OR attribute_exists(idna)",
                values={":user_id": account.id},
            )
            writes.append((claimed, free))
    return writes


def freed(
    account: User,
    claims: Sequence[Claim],
    *,
    directory: DynamoDirectory,
    kept: Collection[Key] = (),
) -> list[Write]:
    """The writes that free names, where the user still has them.

    What the version before IDNA wrote in another form is looked up: nothing writes it any more.
    `kept` are keys that the same transaction writes or looks at.
    """
    keys = []
    for claimed in claims:
        kind, name = claimed
        keys.append(directory.claim_key(account.realm_id, *claimed))
        former = directory.former_claim_key(account.realm_id, *claimed)
        if former is not None and account.id == directory.former_user_id(
            account.realm_id, kind=kind, name=name
        ):
            keys.append(former)
    return [
        expressions.delete(
            key,
            condition="attribute_not_exists(pk) OR user_id = :user_id",
            values={":user_id": account.id},
        )
        for key in keys
        if key not in kept
    ]


def taken(claims: Sequence[Claim], failed: Sequence[bool]) -> NameTaken:
    """The error that names those of the claims that failed."""
    fields = {"name": "username", "email": "email"}
    pairs = zip(claims, failed, strict=False)
    names = dict.fromkeys(fields[kind] for (kind, _), bad in pairs if bad)
    return NameTaken(errors=[f"Another user of the realm has this {name}." for name in names])


def realm_now(item: Values | None) -> Realm:
    """The realm that a condition on it met. Raises `NotFound` when it is gone, or going."""
    if item is None or "deletion" in item:
        raise NotFound("There is no such realm.")
    return realm_from(item)


class Renaming:
    """Commits an account with the names that its change claims and frees.

    A change that could be too much for other settings of the realm is committed on the very `realm`
    that it was decided for. Where that has changed, it is decided anew for what `realm` is then.
    """

    def __init__(self, directory: DynamoDirectory, accounts: DynamoUsers, realm: Realm) -> None:
        self._directory = directory
        self._accounts = accounts
        self.realm = realm

    def commit(self, change: Change) -> User:
        gained, writes = self._writes(change)
        held = at_stake(change.before, change.after, realm=self.realm)
        if held:
            writes.append(self._directory.realm_unchanged(self.realm))
        try:
            return self._accounts.commit_with(change, writes)
        except TransactionFailed as error:
            if held and error.failed[-1]:
                self.realm = realm_now(error.items[-1])
                raise Superseded(change.before) from error
            raise taken(gained, error.failed[-len(writes) :]) from error

    def _writes(self, change: Change) -> tuple[list[Claim], list[Write]]:
        """What a change of names claims, and the writes that claim and then free."""
        before = {(kind, fold(name)): (kind, name) for kind, name in claims_of(change.before)}
        after = {(kind, fold(name)): (kind, name) for kind, name in claims_of(change.after)}
        taking = claiming(
            change.after,
            [after[folded] for folded in sorted(after.keys() - before.keys())],
            directory=self._directory,
        )
        gained, writes = [claimed for claimed, _ in taking], [write for _, write in taking]
        lost = [before[folded] for folded in sorted(before.keys() - after.keys())]
        at, realm_id = self._directory, change.after.realm_id
        kept = {key for claimed in gained for key in at.claim_keys(realm_id, *claimed)}
        writes += freed(change.before, lost, directory=at, kept=kept)
        if change.after.state == "deleted":
            owner = f"{change.before.realm_id}#users"
            member = self._directory.member_key(owner, change.before.id)
            writes.append(expressions.delete(member))
        return gained, writes
