"""The function `revocations`: the feed of what ended, for servers that verify tokens."""

from sojourn.api.callers import Callers
from sojourn.bootstrap import Resources
from sojourn.entry import api
from sojourn.feed.revocations import RevocationReader
from sojourn.feed.routes import ROUTES, Services


def compose(given: Resources) -> Services:
    """Compose the feed's reader."""
    hours = given.settings.revocation_seconds // 3_600
    return Services(
        callers=Callers(given.access_keys, given.realm_cache, given.clock),
        reader=RevocationReader(realms=given.realms, feed=given.feed, hours=hours),
    )


handler = api(compose, *ROUTES)
