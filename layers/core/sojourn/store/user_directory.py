"""Names claimed and freed in the same commit as the change of their user."""

from collections.abc import Sequence

from sojourn.crypto.token_sizes import at_stake
from sojourn.domain.errors import NameTaken, NotFound
from sojourn.domain.names import fold
from sojourn.domain.ports import Superseded
from sojourn.domain.realm import Realm
from sojourn.domain.user import Change, UniqueName, User
from sojourn.store import expressions
from sojourn.store.client import TransactionFailed, Values
from sojourn.store.expressions import Write
from sojourn.store.realm_items import realm_from
from sojourn.store.realms import DynamoDirectory
from sojourn.store.users import DynamoUsers


def taken(names: Sequence[UniqueName], failed: Sequence[bool]) -> NameTaken:
    """The error that names those of the claims that failed."""
    pairs = zip(names, failed, strict=False)
    kinds = dict.fromkeys(kind for (kind, _), bad in pairs if bad)
    return NameTaken(errors=[f"Another user of the realm has this {kind}." for kind in kinds])


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

    def _writes(self, change: Change) -> tuple[list[UniqueName], list[Write]]:
        """What a change of names claims, and the writes that claim and then free."""
        before = {(kind, fold(name)): (kind, name) for kind, name in change.before.unique_names}
        after = {(kind, fold(name)): (kind, name) for kind, name in change.after.unique_names}
        names, realm_id = self._directory.names, change.after.realm_id
        gaining = [after[folded] for folded in sorted(after.keys() - before.keys())]
        taking = names.claiming(change.after, gaining)
        gained, writes = [claimed for claimed, _ in taking], [write for _, write in taking]
        lost = [before[folded] for folded in sorted(before.keys() - after.keys())]
        kept = {key for claimed in gained for key in names.keys(realm_id, *claimed)}
        writes += names.freeing(change.before, lost, kept=kept)
        if change.after.state == "deleted":
            member = self._directory.member_key(f"{realm_id}#users", change.before.id)
            writes.append(expressions.delete(member))
        return gained, writes
