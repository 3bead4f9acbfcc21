"""The function `authorizer`: decide for other stacks' API Gateways and AppSync who may call."""

from sojourn.bootstrap import Resources
from sojourn.domain.errors import Unavailable
from sojourn.entry import authorizer
from sojourn.runtime import deadline, telemetry
from sojourn.sessions.authorize import Authorizer
from sojourn.sessions.authorizer_events import Services, answer
from sojourn.sessions.validate import Validator, WithoutRecords

START_SECONDS = 2.0


def compose(given: Resources) -> Services:
    """Compose the authorizer, and check the realm that it is for. Raises `TooStale`."""
    users, cache, clock = WithoutRecords(given.seen_users), given.realm_cache, given.clock
    settings = given.settings
    made = Authorizer(
        validator=Validator(users=users, realms=cache, together=given.seen_directory, clock=clock),
        realms=cache,
        clock=clock,
        ttl_seconds=settings.authorizer_ttl_seconds,
        realm_id=settings.authorizer_realm_id,
    )
    try:
        with deadline.deadline(clock, seconds=START_SECONDS):
            made.check_named()
    except Unavailable:
        # Each token's realm is checked again.
        telemetry.warning("The authorizer's realm could not be checked at the start")
    return Services(made, simple=settings.authorizer_simple)


handler = authorizer(compose, answer)
