"""The function `list_sessions`: list and look up sessions, for users and servers."""

from sojourn.api.callers import Callers
from sojourn.bootstrap import Resources
from sojourn.entry import api
from sojourn.sessions.listing import Listing
from sojourn.sessions.listing_routes import ROUTES, Services
from sojourn.sessions.validate import Validator


def compose(given: Resources) -> Services:
    """Compose the lists. Users are read without their credentials."""
    users, cache, clock = given.seen_users, given.realm_cache, given.clock
    validator = Validator(users=users, realms=cache, together=given.seen_directory, clock=clock)
    return Services(
        callers=Callers(given.access_keys, cache, clock),
        listing=Listing(users=users, validator=validator, realms=cache, clock=clock),
    )


handler = api(compose, *ROUTES)
