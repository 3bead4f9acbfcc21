"""From an event to a route, and from whatever happens back to an answer."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from sojourn.api.edge import Edge
from sojourn.api.problems import problem
from sojourn.api.request import Request, mapping
from sojourn.api.response import GatewayAnswer, Response
from sojourn.domain.errors import (
    CredentialWrong,
    LoginFailed,
    NotFound,
    SojournError,
    TooManyAttempts,
    Unavailable,
)
from sojourn.runtime import telemetry

Table = Mapping[str, Callable[[Request], Response]]
NO_EDGE: Final = Edge()


def respond(event: Mapping[str, Any], table: Table, edge: Edge = NO_EDGE) -> GatewayAnswer:
    """The answer to a payload-2.0 event; errors become problems, in this one place.

    That to a HEAD is as to a GET, without the body.
    """
    request_id = str(mapping(event.get("requestContext")).get("requestId", ""))
    with telemetry.request(request_id):
        answer = _respond(event, table, edge, request_id).answer()
    if str(event.get("routeKey", "")).startswith("HEAD "):
        answer.pop("body", None)
    return answer


def _respond(event: Mapping[str, Any], table: Table, edge: Edge, request_id: str) -> Response:
    route = str(event.get("routeKey", ""))
    try:
        if edge.digests:
            event = edge.admitted(event)
        handler = table.get(route)
        if handler is None:
            raise NotFound(f"This function does not answer {route!r}.")
        response: Response = handler(Request.of(event))
    except SojournError as error:
        response = problem(error, request_id=request_id)
        if isinstance(error, Unavailable):
            telemetry.count(Unavailable=1)
            telemetry.failure("Unavailable", route=route)
            return response
        if isinstance(error, LoginFailed | CredentialWrong):
            telemetry.count(LoginFailed=1)
        elif isinstance(error, TooManyAttempts):
            telemetry.count(LoginRefused=1)
        telemetry.info("Refused", route=route, status=response.status, code=error.code)
    else:
        telemetry.info("Done", route=route, status=response.status)
    return response
