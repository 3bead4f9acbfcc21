"""Look up a user for a server: by id, username or email."""

from sojourn.domain import ids, names
from sojourn.domain.access_key import Server, visible
from sojourn.domain.errors import existing
from sojourn.domain.ports import Realms, UserDirectory, UserReader
from sojourn.domain.realm import Realm
from sojourn.domain.user import NameKind, User, UserInRealm
from sojourn.domain.values import dataclass


def user_of(server: Server, users: UserReader, user_id: str) -> User:
    """The user of that id, when they exist for this server. Raises `NotFound`."""
    return visible(server, users.get(user_id) if ids.is_id("usr", user_id) else None)


@dataclass(frozen=True, slots=True)
class UserLookup:
    """Finds users and their realms."""

    realms: Realms
    users: UserReader
    directory: UserDirectory

    def find(self, server: Server, text: str) -> User:
        """The user with an id, a username or an email. Raises `NotFound`."""
        if ids.is_id("usr", text):
            return visible(server, self.users.get(text))
        kind: NameKind = "email" if "@" in text else "username"
        return visible(server, self.named(server.in_realm(), kind, text))

    def find_in_realm(self, server: Server, text: str) -> UserInRealm:
        """The user and their realm, both read now. Raises `NotFound`."""
        user = self.find(server, text)
        return UserInRealm(user, self.realm_of(user))

    def realm_of(self, user: User) -> Realm:
        """The user's realm, read now. Raises `NotFound`."""
        return existing(self.realms.get(user.realm_id))

    def named(self, realm_id: str, kind: NameKind, name: str) -> User | None:
        """The realm's user of that name."""
        sent = len(name) <= names.SENT
        user_id = self.directory.user_of_name(realm_id, kind, name) if sent else None
        user = None if user_id is None else self.users.get(user_id)
        if user is None or user.state == "deleted":
            return None
        # Versions before IDNA gave domains such as strasse.de and straße.de the same form.
        theirs = kind != "email" or names.fold(user.email or "") == names.fold(name)
        return user if theirs else None
