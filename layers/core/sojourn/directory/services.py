"""The services that the directory's routes call."""

from sojourn.api.callers import Callers
from sojourn.directory.access_keys import AccessKeys
from sojourn.directory.credentials import Credentials
from sojourn.directory.realm_deletion import RealmDeletion
from sojourn.directory.realms import RealmDirectory
from sojourn.directory.signing_keys import SigningKeys
from sojourn.directory.users import Users
from sojourn.domain.values import dataclass
from sojourn.login.change_password import PasswordChange
from sojourn.sessions.lookup import UserLookup


@dataclass(frozen=True, slots=True)
class Services:
    """The services of the directory, composed by its function."""

    callers: Callers
    realms: RealmDirectory
    realm_deletion: RealmDeletion
    users: Users
    lookup: UserLookup
    credentials: Credentials
    password: PasswordChange
    access_keys: AccessKeys
    signing_keys: SigningKeys
