"""From a request to the function of its route: who calls, what they may, what they ask and send."""

from typing import TYPE_CHECKING, Any

from sojourn.api.changes import changes_of
from sojourn.api.parameters import queried
from sojourn.api.request import Request
from sojourn.api.response import Response, document
from sojourn.api.route import Call, Route
from sojourn.api.structs import InRealm
from sojourn.domain.access_key import Server

if TYPE_CHECKING:
    # A function whose routes anybody may call needs neither.
    from sojourn.api.callers import Callers
    from sojourn.crypto.tokens import Claims


def answer(route: Route, services: Any, request: Request) -> Response:
    """What a route answers to a request. Raises a `SojournError` for whatever is no success."""
    found = route.do(services, _admitted(route, services, request))
    if found is None:
        return Response(status=204)
    if route.cached:
        return document(request, found)
    return Response(status=route.status, body=found)


def _admitted(route: Route, services: Any, request: Request) -> Call[Any, Any]:
    """The call that a request makes of a route."""
    caller = _caller(route, services, request)
    if route.cached:
        # Whoever fetches a document adds to its address what they like.
        return Call(request, caller, {}, None)
    if isinstance(caller, Server):
        return _of_server(route, services, request, caller.may(route.permission))
    wanted = queried(request.query, [p for p in route.query if p.only != "server"])
    return Call(request, caller, wanted, _body(route, request))


def _of_server(route: Route, services: Any, request: Request, server: Server) -> Call[Any, Any]:
    """A server's call, about the realm that the request names."""
    wanted = queried(request.query, [p for p in route.query if p.only != "user"])
    server = server.narrow(wanted.get("realm_id"))
    if route.body is not None and (current := route.current) is not None:

        def as_it_is(about: Server) -> Any:
            return current.do(services, Call(request, about, wanted, None))

        server, body = changes_of(server, request, route.body, as_it_is)
        return Call(request, server, wanted, body)
    body = _body(route, request)
    if isinstance(body, InRealm):
        server = server.narrow(body.realm_id)
    return Call(request, server, wanted, body)


def _caller(route: Route, services: Any, request: Request) -> "Claims | Server | None":
    if route.caller == "nobody":
        return None
    callers: Callers = services.callers
    match route.caller:
        case "user":
            return callers.user(request)
        case "server":
            return callers.server(request, recorded=route.records_use)
        case "either":
            return callers.either(request, recorded=route.records_use)


def _body(route: Route, request: Request) -> Any:
    if route.body is None:
        return None
    if route.optional:
        return request.parse_optional(route.body, limit=route.limit)
    return request.parse(route.body, limit=route.limit, any_text=route.any_text)
