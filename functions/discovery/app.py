"""The function `discovery`: the public documents, which callers may cache."""

from sojourn.bootstrap import Resources
from sojourn.entry import api
from sojourn.sessions.discovery import Discovery
from sojourn.sessions.discovery_routes import ROUTES


def compose(given: Resources) -> Discovery:
    """Compose the public documents. They need no caller."""
    return Discovery(given.realm_cache)


handler = api(compose, *ROUTES)
