"""The function `directory`: servers manage realms, users and keys; a user changes a password."""

from sojourn.api.callers import Callers
from sojourn.bootstrap import Resources
from sojourn.crypto.token_sizes import TokenSizes
from sojourn.directory.access_keys import AccessKeys
from sojourn.directory.credentials import Credentials
from sojourn.directory.realm_deletion import RealmDeletion
from sojourn.directory.realms import RealmDirectory
from sojourn.directory.routes import ROUTES
from sojourn.directory.services import Services
from sojourn.directory.signing_keys import SigningKeys
from sojourn.directory.users import Users
from sojourn.entry import api
from sojourn.jobs.realm_removal import RealmRemoval
from sojourn.login.change_password import PasswordChange
from sojourn.login.lockout import Lockout
from sojourn.sessions.counts import Census
from sojourn.sessions.lookup import UserLookup
from sojourn.sessions.validate import Validator


def compose(given: Resources) -> Services:
    """Compose the directory's services. They encrypt new private keys, and may decrypt none."""
    clock, skew, cache = given.clock, given.skew, given.realm_cache
    directory, seen = given.user_directory, given.seen_users
    sizes = TokenSizes(directory=directory, users=seen, clock=clock)
    lookup = UserLookup(realms=given.realms, users=given.users, directory=directory)
    realms = RealmDirectory(
        store=given.realms,
        cipher=given.cipher,
        public_url=given.settings.public_url,
        skew=skew,
        clock=clock,
        sizes=sizes,
    )
    users = Users(
        lookup=lookup,
        realms=given.realms,
        store=given.users,
        directory=directory,
        removal=given.removal,
        feed=given.feed,
        hasher=given.hasher,
        clock=clock,
    )
    removal = RealmRemoval(removal=given.removal, directory=directory, users=seen, clock=clock)
    validator = Validator(
        users=given.users, realms=cache, together=given.user_directory, clock=clock
    )
    return Services(
        callers=Callers(given.access_keys, cache, clock),
        realms=realms,
        realm_deletion=RealmDeletion(
            realms=realms,
            store=given.realms,
            users=directory,
            removal=removal,
            cache=cache,
            clock=clock,
        ),
        users=users,
        lookup=lookup,
        credentials=Credentials(directory=users, lookup=lookup, users=given.users, clock=clock),
        password=PasswordChange(
            users=given.users,
            validator=validator,
            lockout=Lockout(given.attempts, clock, skew),
            hasher=given.hasher,
            clock=clock,
        ),
        access_keys=AccessKeys(keys=given.access_keys, realms=given.realms, clock=clock),
        signing_keys=SigningKeys(
            realms=given.realms,
            sizes=sizes,
            census=Census(directory=directory, users=seen, clock=clock),
            cipher=given.cipher,
            cache=cache,
            feed=given.feed,
            skew=skew,
            clock=clock,
        ),
    )


handler = api(compose, *ROUTES)
