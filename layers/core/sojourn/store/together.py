"""Read a realm and one of its users in one call."""

from dataclasses import dataclass

from sojourn.domain.realm import Realm
from sojourn.domain.user import User
from sojourn.store import user_items
from sojourn.store.realms import DynamoDirectory
from sojourn.store.users import DynamoUsers


@dataclass(frozen=True, slots=True)
class Together:
    """`RealmAndUser` over the directory and the sessions table."""

    directory: DynamoDirectory
    users: DynamoUsers

    def read(self, realm_id: str, user_id: str) -> tuple[Realm | None, User | None]:
        realm, heart = self.directory.get_with(realm_id, self.users.heart(user_id))
        return realm, None if heart is None else user_items.user_from(heart)
