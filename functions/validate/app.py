"""The function `validate`: validate the caller's session, or a server's tokens."""

from sojourn.api.callers import Callers
from sojourn.bootstrap import Resources
from sojourn.domain.values import replace
from sojourn.entry import api
from sojourn.sessions.introspect import Introspector
from sojourn.sessions.validate import Validator, WithoutRecords
from sojourn.sessions.validate_many import ManyValidator
from sojourn.sessions.validate_routes import ROUTES, Services


def compose(given: Resources) -> Services:
    """Compose validation, of one token and of many, and introspection."""
    users, cache, clock = given.seen_users, given.realm_cache, given.clock
    validator = Validator(users=users, realms=cache, together=given.seen_directory, clock=clock)
    return Services(
        callers=Callers(given.access_keys, cache, clock),
        validator=validator,
        many=ManyValidator(users=users, realms=cache, validator=validator, clock=clock),
        introspector=Introspector(
            validator=replace(validator, users=WithoutRecords(users)), realms=cache, clock=clock
        ),
    )


handler = api(compose, *ROUTES)
