"""Names claimed and freed in the same commit as the change of their user."""

from collections.abc import Sequence
from typing import Any

from sojourn import dynamodb
from sojourn.account import Account, Change
from sojourn.accounts import DynamoAccounts
from sojourn.directory import DynamoDirectory
from sojourn.dynamodb import TransactionFailed, Values
from sojourn.errors import NameTaken, NotFound
from sojourn.names import fold
from sojourn.ports import Superseded
from sojourn.realm import Realm
from sojourn.realm_items import realm_from
from sojourn.token_sizes import at_stake

Write = dict[str, Any]
Claim = tuple[str, str]
"""The kind of a name, `name` or `email`, and the name."""


def claims_of(account: Account) -> list[Claim]:
    """The names that a user has."""
    named = (("name", account.username), ("email", account.email))
    return [(kind, name) for kind, name in named if name is not None]


def claim(account: Account, claimed: Claim, *, directory: DynamoDirectory) -> Write:
    """The write by which a user takes a name that nobody else has."""
    return dynamodb.put(
        directory.claim_key(account.realm_id, *claimed),
        {"user_id": account.id},
        condition="attribute_not_exists(pk) OR user_id = :user_id",
        values={":user_id": account.id},
    )


def freed(account: Account, claims: Sequence[Claim], *, directory: DynamoDirectory) -> list[Write]:
    """The writes that free names, where the user still has them."""
    return [
        dynamodb.delete(
            directory.claim_key(account.realm_id, *claimed),
            condition="attribute_not_exists(pk) OR user_id = :user_id",
            values={":user_id": account.id},
        )
        for claimed in claims
    ]


def taken(claims: Sequence[Claim], failed: Sequence[bool]) -> NameTaken:
    """The error that names those of the claims that failed."""
    fields = {"name": "username", "email": "email"}
    names = [fields[kind] for (kind, _), bad in zip(claims, failed, strict=False) if bad]
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

    def __init__(self, directory: DynamoDirectory, accounts: DynamoAccounts, realm: Realm) -> None:
        self._directory = directory
        self._accounts = accounts
        self.realm = realm

    def commit(self, change: Change) -> Account:
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
        before = {(kind, fold(name)) for kind, name in claims_of(change.before)}
        after = {(kind, fold(name)) for kind, name in claims_of(change.after)}
        gained, lost = sorted(after - before), sorted(before - after)
        writes = [claim(change.after, claimed, directory=self._directory) for claimed in gained]
        writes += freed(change.before, lost, directory=self._directory)
        if change.after.state == "deleted":
            owner = f"{change.before.realm_id}#users"
            member = self._directory.member_key(owner, change.before.id)
            writes.append(dynamodb.delete(member))
        return gained, writes
