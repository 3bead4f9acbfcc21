"""What the directory's routes call."""

from typing import Protocol

from sojourn.directory.access_keys import AccessKeys
from sojourn.directory.credentials import Credentials
from sojourn.directory.realm_deletion import RealmDeletion
from sojourn.directory.realms import RealmDirectory
from sojourn.directory.signing_keys import JwtKeys
from sojourn.directory.users import Users
from sojourn.login.change_password import PasswordChange
from sojourn.sessions.lookup import UserLookup


class Services(Protocol):
    """The use cases of the directory, put together in `bootstrap`."""

    @property
    def realms(self) -> RealmDirectory: ...
    @property
    def realm_deletion(self) -> RealmDeletion: ...
    @property
    def users(self) -> Users: ...
    @property
    def lookup(self) -> UserLookup: ...
    @property
    def credentials(self) -> Credentials: ...
    @property
    def password(self) -> PasswordChange: ...
    @property
    def access_keys(self) -> AccessKeys: ...
    @property
    def jwt_keys(self) -> JwtKeys: ...
