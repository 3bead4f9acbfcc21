"""The dispatcher: check a request as its route says, and call the route's function."""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec

from sojourn.api.changes import changes_of
from sojourn.api.edge import Edge
from sojourn.api.oauth import form_of, oauth_error
from sojourn.api.paging import FIRST, page_of
from sojourn.api.parameters import queried
from sojourn.api.problems import problem
from sojourn.api.request import Request, mapping
from sojourn.api.response import Response, document, polled
from sojourn.api.route import Call, Route
from sojourn.api.structs import InRealm, Polled
from sojourn.domain.access_key import Server
from sojourn.domain.errors import (
    CredentialWrong,
    LoginFailed,
    NotFound,
    SojournError,
    TooManyAttempts,
    Unavailable,
)
from sojourn.runtime import metrics, telemetry

if TYPE_CHECKING:
    # A function with only public routes needs neither.
    from sojourn.api.callers import Callers
    from sojourn.crypto.tokens import Claims

Table = Mapping[str, Callable[[Request], Response]]
NO_EDGE: Final = Edge()
GatewayAnswer = dict[str, Any]
SECURITY_HEADERS: Final = {
    "strict-transport-security": "max-age=63072000",
    "x-content-type-options": "nosniff",
}
"""For browsers, on every answer: https alone for two years, and no type but the one it says."""


def respond(
    event: Mapping[str, Any],
    table: Table,
    edge: Edge = NO_EDGE,
    *,
    oauth: Collection[str] = (),
) -> GatewayAnswer:
    """Answer an API Gateway event. Errors become problems here and nowhere else.

    The routes in `oauth` have errors of OAuth's form instead. A HEAD request gets the answer of the
    GET, without the body.
    """
    request_id = str(mapping(event.get("requestContext")).get("requestId", ""))
    with telemetry.Request(request_id):
        form = oauth_error if str(event.get("routeKey", "")) in oauth else problem
        refuse = partial(form, request_id=request_id)
        answer = gateway_answer(_respond(event, table, edge, refuse))
    if str(event.get("routeKey", "")).startswith("HEAD "):
        answer.pop("body", None)
    return answer


def gateway_answer(response: Response) -> GatewayAnswer:
    """A response as API Gateway takes it."""
    headers = {"cache-control": "no-store", **SECURITY_HEADERS, **response.headers}
    answer: GatewayAnswer = {
        "statusCode": response.status,
        "headers": headers,
        "isBase64Encoded": False,
    }
    if response.body is not None:
        headers.setdefault("content-type", "application/json")
        answer["body"] = msgspec.json.encode(response.body).decode()
    return answer


def _respond(
    event: Mapping[str, Any], table: Table, edge: Edge, refuse: Callable[[SojournError], Response]
) -> Response:
    route = str(event.get("routeKey", ""))
    try:
        if edge.digests:
            event = edge.admitted(event)
        handler = table.get(route)
        if handler is None:
            raise NotFound(f"This function does not answer {route!r}.")
        response: Response = handler(Request.of(event))
    except SojournError as error:
        response = refuse(error)
        if isinstance(error, Unavailable):
            metrics.count(Unavailable=1)
            telemetry.failure("Unavailable", route=route)
            return response
        if isinstance(error, LoginFailed | CredentialWrong):
            metrics.count(LoginFailed=1)
        elif isinstance(error, TooManyAttempts):
            metrics.count(LoginRefused=1)
        telemetry.info("Refused", route=route, status=response.status, code=error.code)
    else:
        telemetry.info("Done", route=route, status=response.status)
    return response


def answer(route: Route, services: Any, request: Request) -> Response:
    """The answer of a route to a request. Raises a `SojournError` if it is not a success."""
    found = route.do(services, _admitted(route, services, request))
    if found is None:
        return Response(status=204)
    if route.cached:
        return document(request, found)
    if isinstance(found, Polled):
        return polled(request, found, found.seen)
    # 204 is the other status, of an answer without a body.
    return Response(status=min(route.answers), body=found)


def _admitted(route: Route, services: Any, request: Request) -> Call[Any, Any]:
    """Check a request's caller, permission, query, realm and body; returns the `Call`."""
    caller = _caller(route, services, request)
    if route.cached:
        # The query of a public document is ignored.
        return Call(request, caller, {}, None)
    other = "user" if isinstance(caller, Server) else "server"
    query = request.query
    if query:
        queried(query, [p for p in route.parameters if p.only != other])
    page = page_of(query, route.order) if route.order else FIRST
    if not isinstance(caller, Server):
        return Call(request, caller, query, _body(route, request, caller), page)
    server = caller.narrow(query.get("realm_id"))
    if route.body is not None and (current := route.current) is not None:

        def as_it_is(about: Server) -> Any:
            return current.do(services, Call(request, about, query, None))

        server, body = changes_of(server, request, route.body, as_it_is)
    elif isinstance(body := _body(route, request, server), InRealm):
        server = server.narrow(body.realm_id)
    return Call(request, server, query, body, page)


def _caller(route: Route, services: Any, request: Request) -> "Claims | Server | None":
    """The caller, if allowed to. Raises as `Callers` does, and `PermissionMissing`."""
    if route.server is None and route.public:
        return None
    callers: Callers = services.callers
    if route.oauth:
        client = callers.client(request, recorded=route.records_use, optional=route.public)
        return None if client is None else client.may(route.server or "read")
    if route.server is None:
        return callers.user(request)
    ask = callers.either if route.user else callers.server
    caller = ask(request, recorded=route.records_use)
    return caller.may(route.server) if isinstance(caller, Server) else caller


def _body(route: Route, request: Request, caller: "Claims | Server | None") -> Any:
    if route.body is None:
        return None
    if route.oauth:
        return form_of(request, route.body, limit=route.limit, authenticated=caller is not None)
    if route.optional:
        return request.parse_optional(route.body, limit=route.limit)
    return request.parse(route.body, limit=route.limit, any_text=route.any_text)
