"""Sessions, when and where: a user's own, and any of a realm's for a server."""

from sojourn.api.callers import about
from sojourn.api.paging import PAGING, page_of
from sojourn.api.request import Request, Response, Routes, query
from sojourn.api.respond import api
from sojourn.bootstrap import Services
from sojourn.domain.access_key import Server
from sojourn.domain.errors import Invalid, NotFound


def routes(services: Services) -> Routes:
    """The function's routes."""

    def list_sessions(request: Request) -> Response:
        caller = services.callers.either(request)
        wanted = query(request, "user_id", "state", *PAGING, *about(caller))
        page = page_of(wanted, descending=True)
        state = wanted.get("state", "active")
        user_id = wanted.get("user_id")
        if isinstance(caller, Server):
            if user_id is None:
                raise Invalid(errors=["Name the user whose sessions to list in user_id."])
            server = caller.narrow(wanted.get("realm_id"))
            return Response(body=services.listing.of_user(server, user_id, state=state, page=page))
        if user_id not in (None, caller.user_id):
            raise NotFound
        return Response(body=services.listing.own(caller, state=state, page=page))

    def get_session(request: Request) -> Response:
        caller = services.callers.either(request)
        wanted = query(request, "state", *about(caller))
        session_id, state = request.path["id"], wanted.get("state", "active")
        if isinstance(caller, Server):
            server = caller.narrow(wanted.get("realm_id"))
            return Response(body=services.listing.one(server, session_id, state=state))
        return Response(body=services.listing.one_of_own(caller, session_id, state=state))

    return {"GET /v1/sessions": list_sessions, "GET /v1/sessions/{id}": get_session}


handler = api(routes)
