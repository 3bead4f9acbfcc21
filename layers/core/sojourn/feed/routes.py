"""The route of the feed, for servers."""

from typing import Final

from sojourn.api.callers import Callers
from sojourn.api.parameters import AFTER, Parameter
from sojourn.api.route import Call, Route
from sojourn.domain.access_key import Server
from sojourn.domain.errors import CursorExpired, CursorInvalid, NotFound
from sojourn.domain.values import dataclass
from sojourn.feed.revocations import RevocationReader, Revocations

PAGE: Final = 2_000
MAX_RESULTS: Final = Parameter(
    "max_results",
    {"type": "integer", "minimum": 1, "maximum": PAGE, "default": PAGE},
    sentence=f"max_results must be a whole number, 1 to {PAGE}.",
)


@dataclass(frozen=True, slots=True)
class Services:
    """The services that the route calls."""

    callers: Callers
    reader: RevocationReader


@Route(
    "GET /v1/revocations",
    server="read",
    query=(AFTER, MAX_RESULTS),
    answers={200: (Revocations,)},
    errors=(NotFound, CursorInvalid, CursorExpired),
    records_use=False,
)
def list_revocations(services: Services, call: Call[Server, None]) -> Revocations:
    """What ended in the realm since a cursor, oldest first."""
    limit = int(call.query.get("max_results", PAGE))
    return services.reader.page(call.caller, after=call.query.get("after"), limit=limit)


ROUTES: Final[tuple[Route, ...]] = (list_revocations,)
