"""The function `terminate`: end sessions, for users and servers."""

from sojourn.api.callers import Callers
from sojourn.bootstrap import Resources
from sojourn.entry import api
from sojourn.sessions.counts import Census
from sojourn.sessions.end_realm import RealmEnds
from sojourn.sessions.lookup import UserLookup
from sojourn.sessions.revoke import Revoker
from sojourn.sessions.terminate import Terminator
from sojourn.sessions.terminate_routes import ROUTES, Services
from sojourn.sessions.validate import Validator


def compose(given: Resources) -> Services:
    """Compose termination. Users are read without their credentials."""
    users, cache, clock = given.seen_users, given.realm_cache, given.clock
    validator = Validator(users=users, realms=cache, together=given.seen_directory, clock=clock)
    census = Census(directory=given.user_directory, users=users, clock=clock)
    terminator = Terminator(
        users=users, realms=cache, validator=validator, feed=given.feed, clock=clock
    )
    return Services(
        callers=Callers(given.access_keys, cache, clock),
        terminator=terminator,
        realm_ends=RealmEnds(realms=given.realms, census=census, cache=cache, clock=clock),
        lookup=UserLookup(realms=given.realms, users=users, directory=given.user_directory),
        revoker=Revoker(terminator=terminator, realms=cache, clock=clock),
    )


handler = api(compose, *ROUTES)
