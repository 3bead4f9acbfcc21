"""The longest time of a request, computed from the code's constants.

Commits share the request's deadline, and the last attempt may begin just before that. What follows
a commit has a time of its own: the wait until every cache of the realm has expired, during which
sessions are counted, or a part of a deletion; what comes before one, a look at the realm's users.
"""

from typing import Final

from sojourn.crypto import token_sizes
from sojourn.directory import realm_deletion
from sojourn.entry import AUTHORIZER_SECONDS
from sojourn.runtime import deadline
from sojourn.sessions import counts
from sojourn.store import realm_cache

GATEWAY: Final = 30
"""Seconds that API Gateway waits for a function."""
AUTHORIZER: Final = 10
"""Seconds that API Gateway and AppSync wait for an authorizer."""
COLD_START: Final = 3
"""Seconds of those for an instance to start: the layer takes one, and its start is no part of the
function's time-out."""
REPLY: Final = 1
"""Seconds for everything but calls and waits: a password's hash, JSON, signatures."""

ATTEMPT: Final = deadline.ATTEMPT_SECONDS
COMMIT: Final = deadline.SECONDS + ATTEMPT
BESIDE: Final = {
    "the wait for caches": realm_cache.SECONDS + realm_cache.EXPIRY_MARGIN,
    "a count, during that wait": counts.SECONDS + ATTEMPT,
    "a part of a deletion, during that wait": realm_deletion.SECONDS + ATTEMPT,
    "a look at tokens' sizes": token_sizes.SECONDS + ATTEMPT,
}
"""Seconds that one request spends beside its deadline, on one of these, with its last attempt."""
LONGEST: Final = COMMIT + max(BESIDE.values()) + REPLY
WAITING: Final = ("terminate", "directory")
"""The functions whose requests may spend that time; those of the others keep to their deadline."""


def needed(folder: str) -> float:
    """The time-out that a function needs, to answer by itself."""
    if folder == "authorizer":
        return AUTHORIZER_SECONDS + ATTEMPT + REPLY
    return LONGEST if folder in WAITING else COMMIT + REPLY
