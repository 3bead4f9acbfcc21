"""A realm and one of its users, read in one call."""

from dataclasses import dataclass

from sojourn import items
from sojourn.account import Account
from sojourn.accounts import DynamoAccounts
from sojourn.directory import DynamoDirectory
from sojourn.realm import Realm


@dataclass(frozen=True, slots=True)
class Together:
    """`RealmAndUser` over the directory and the sessions table."""

    directory: DynamoDirectory
    accounts: DynamoAccounts

    def read(self, realm_id: str, user_id: str) -> tuple[Realm | None, Account | None]:
        realm, heart = self.directory.get_with(realm_id, self.accounts.heart(user_id))
        return realm, None if heart is None else items.account_from(heart)
