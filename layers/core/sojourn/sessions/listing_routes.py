"""The routes that list and look up sessions, for users and servers."""

from typing import Final

from sojourn.api.callers import Callers
from sojourn.api.parameters import USER, choice
from sojourn.api.route import Call, Route
from sojourn.crypto.tokens import Claims
from sojourn.domain.access_key import Server
from sojourn.domain.errors import Invalid, NotFound
from sojourn.domain.values import dataclass
from sojourn.sessions.answers import ActiveSession, EndedSession, Sessions
from sojourn.sessions.listing import Listing


@dataclass(frozen=True, slots=True)
class Services:
    """The services that the routes of lists call."""

    callers: Callers
    listing: Listing


STATES = "state must be active, or any to be given an ended one too."


@Route(
    "GET /v1/sessions",
    user=True,
    server="read",
    query=(USER, choice("state", "active", "ended")),
    order="descending",
    answers={200: (Sessions,)},
    errors=(NotFound,),
)
def list_sessions(services: Services, call: Call[Claims | Server, None]) -> Sessions:
    """List a user's sessions, newest first."""
    state = call.query.get("state", "active")
    user_id = call.query.get("user_id")
    if isinstance(call.caller, Server):
        if user_id is None:
            raise Invalid(errors=["Name the user whose sessions to list in user_id."])
        return services.listing.of_user(call.caller, user_id, state=state, page=call.page)
    if user_id not in (None, call.caller.user_id):
        raise NotFound
    return services.listing.own(call.caller, state=state, page=call.page)


@Route(
    "GET /v1/sessions/{id}",
    user=True,
    server="read",
    query=(choice("state", "active", "any", sentence=STATES),),
    answers={200: (ActiveSession, EndedSession)},
)
def get_session(
    services: Services, call: Call[Claims | Server, None]
) -> ActiveSession | EndedSession:
    """Get one active session; with `state=any`, also an ended one."""
    state = call.query.get("state", "active")
    if isinstance(call.caller, Server):
        return services.listing.one(call.caller, call.id, state=state)
    return services.listing.one_of_own(call.caller, call.id, state=state)


ROUTES: Final[tuple[Route, ...]] = (list_sessions, get_session)
