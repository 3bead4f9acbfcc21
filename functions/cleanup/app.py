"""The scheduled function `cleanup`: remove what DynamoDB's TTL left."""

from sojourn.bootstrap import Resources
from sojourn.entry import scheduled
from sojourn.jobs.cleanup import Cleanup
from sojourn.jobs.realm_removal import RealmRemoval
from sojourn.jobs.settlement import Settlement


def compose(given: Resources) -> Cleanup:
    """Compose cleanup. It needs neither private keys nor credentials."""
    users, directory, clock = given.seen_users, given.user_directory, given.clock
    return Cleanup(
        due=given.due,
        users=users,
        removal=given.removal,
        realm_removal=RealmRemoval(
            removal=given.removal, directory=directory, users=users, clock=clock
        ),
        settlement=Settlement(
            settlements=given.due,
            realms=given.realms,
            directory=directory,
            users=users,
            skew=given.skew,
            clock=clock,
        ),
        skew=given.skew,
        clock=clock,
    )


handler = scheduled(compose, lambda cleanup, time_left: cleanup.run(time_left).answer())
