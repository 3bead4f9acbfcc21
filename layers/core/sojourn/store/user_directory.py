"""Create, rename and delete users in DynamoDB, with their names, in one transaction."""

from collections.abc import Iterable, Sequence
from itertools import compress

from sojourn.domain.errors import NameTaken, NotFound, Superseded
from sojourn.domain.names import gained
from sojourn.domain.realm import Realm
from sojourn.domain.user import (
    Change,
    ChangeInRealm,
    NameKind,
    NewUser,
    UniqueName,
    User,
    UserInRealm,
)
from sojourn.domain.values import replace
from sojourn.store import expressions, user_items
from sojourn.store.client import ConditionFailed, plain
from sojourn.store.expressions import Key, Write
from sojourn.store.realm_items import standing_realm_from
from sojourn.store.realms import DynamoDirectory
from sojourn.store.users import DynamoUsers


class DynamoUserDirectory:
    """`UserDirectory` and `RealmAndUser` over the directory table and the one of sessions."""

    def __init__(self, realms: DynamoDirectory, users: DynamoUsers) -> None:
        self._realms = realms
        self._users = users

    def user_of_name(self, realm_id: str, kind: NameKind, name: str) -> str | None:
        return self._realms.names.user_of(realm_id, kind, name)

    def users_of_realm(
        self, realm_id: str, *, after: str | None, limit: int, ascending: bool
    ) -> tuple[Sequence[str], bool]:
        return self._realms.members(
            list_of(realm_id), after=after, limit=limit, ascending=ascending
        )

    def read(self, realm_id: str, user_id: str) -> tuple[Realm | None, User | None]:
        where = [self._realms.realm_key(realm_id), self._users.user_key(user_id)]
        realm, user = self._realms.dynamo.items(where)
        found = None if user is None else user_items.user_from(user)
        return standing_realm_from(plain(realm)), found

    def create_user(self, new: NewUser, /) -> None:
        at, user, realm = self._realms, new.user, new.realm
        claims = at.names.claiming(user, user.unique_names)
        writes = [
            at.realm_unchanged(realm) if new.bound else at.realm_stands(realm.id),
            expressions.put(
                self._users.user_key(user.id),
                user_items.user_values(user),
                condition="attribute_not_exists(pk)",
            ),
            *(write for _, write in claims),
            expressions.put(self._member(user), {}),
        ]
        try:
            at.dynamo.transact(writes)
        except ConditionFailed as error:
            no_realm, exists, *no_names = error.failed
            if exists:
                return  # nobody else makes this id: it is done, and its answer was lost
            if no_realm:
                raise Superseded(standing_realm_from(plain(error.items[0]))) from error
            raise _taken(claims, no_names) from error

    def commit(self, changed: ChangeInRealm, /) -> ChangeInRealm:
        change, realm = changed.change, changed.realm
        claims = self._claims(change)
        writes = [write for _, write in claims] + self._frees(change, claims)
        if change.after.state == "deleted":
            writes.append(expressions.delete(self._member(change.after)))
        if changed.bound:
            writes.append(self._realms.realm_unchanged(realm))
        try:
            done = self._users.commit_with(change, writes)
        except Superseded as error:
            raise Superseded(error.current and UserInRealm(error.current, realm)) from error
        except ConditionFailed as error:
            no_names = error.failed[-len(writes) :]
            if changed.bound and no_names[-1]:
                now = standing_realm_from(plain(error.items[-1]))
                if now is None:
                    raise NotFound("There is no such realm.") from error
                raise Superseded(UserInRealm(change.before, now)) from error
            raise _taken(claims, no_names) from error
        return replace(changed, change=done)

    def _claims(self, change: Change) -> list[tuple[UniqueName, Write]]:
        """The writes that claim the user's new names, each with its name."""
        new = gained(change.before.unique_names, change.after.unique_names)
        return self._realms.names.claiming(change.after, new)

    def _frees(self, change: Change, claims: Iterable[tuple[UniqueName, Write]]) -> list[Write]:
        """The writes that free the user's former names."""
        names, realm_id = self._realms.names, change.before.realm_id
        lost = gained(change.after.unique_names, change.before.unique_names)
        kept = {key for name, _ in claims for key in names.keys(realm_id, *name)}
        return names.freeing(change.before, lost, kept=kept)

    def _member(self, user: User) -> Key:
        return self._realms.member_key(list_of(user.realm_id), user.id)


def list_of(realm_id: str) -> str:
    """The owner of the list of a realm's users."""
    return f"{realm_id}#users"


def _taken(claims: Sequence[tuple[UniqueName, Write]], failed: Sequence[bool]) -> NameTaken:
    """The error that says which of the names are taken."""
    return NameTaken(*dict.fromkeys(kind for (kind, _), _ in compress(claims, failed)))
