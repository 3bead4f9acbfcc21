"""The function `login`: all routes that begin a session. Only it may decrypt signing keys."""

from sojourn.api.callers import Callers
from sojourn.bootstrap import Resources
from sojourn.crypto.signing_keys import SigningKeys
from sojourn.entry import api
from sojourn.login.lockout import Lockout
from sojourn.login.login import Logins
from sojourn.login.password_login import PasswordLogins
from sojourn.login.routes import ROUTES, Services, drop_old_keys
from sojourn.sessions.lookup import UserLookup


def compose(given: Resources) -> Services:
    """Compose the logins, with private keys and the counters of failed logins."""
    lockout = Lockout(given.attempts, given.clock, given.skew)
    logins = Logins(
        realms=given.realms,
        users=given.users,
        lockout=lockout,
        keys=SigningKeys(given.realms, given.cipher, given.clock),
        clock=given.clock,
        skew=given.skew,
    )
    return Services(
        callers=Callers(given.access_keys, given.realm_cache, given.clock),
        logins=logins,
        password_logins=PasswordLogins(
            realms=given.realms, logins=logins, lockout=lockout, hasher=given.hasher
        ),
        lookup=UserLookup(realms=given.realms, users=given.users, directory=given.user_directory),
    )


handler = api(compose, *ROUTES, first=drop_old_keys)
