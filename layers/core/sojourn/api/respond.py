"""From a Lambda invocation to a route, and from whatever happens back to an answer."""

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from sojourn.api.dispatch import answer
from sojourn.api.edge import Edge
from sojourn.api.problems import problem
from sojourn.api.request import Request, mapping
from sojourn.api.response import GatewayAnswer, Response
from sojourn.api.route import Route
from sojourn.bootstrap import Services, compose
from sojourn.domain.errors import (
    CredentialWrong,
    LoginFailed,
    NotFound,
    SojournError,
    TooManyAttempts,
    Unavailable,
)
from sojourn.runtime import deadline, telemetry

Handler = Callable[[Mapping[str, Any], Any], dict[str, Any]]
Bind = Callable[[Services], Handler]
Table = Mapping[str, Callable[[Request], Response]]
NO_EDGE: Final = Edge()
SECONDS_TO_REPORT: Final = deadline.SECONDS + deadline.ATTEMPT_SECONDS + 1
"""Kept back from a scheduled function's time-out: one step may take its whole deadline, with a last
attempt that begins just before it."""


class Entry:
    """A Lambda handler whose services are composed on its first call.

    In Lambda that first call comes with the initialisation, where a cold start is cheapest.
    """

    def __init__(self, bind: Bind, routes: Sequence[Route] = ()) -> None:
        self.bind = bind
        self.routes = routes
        self._handler: Handler | None = None
        self._lock = threading.Lock()
        if os.environ.get("AWS_LAMBDA_RUNTIME_API"):
            self._composed()

    def __call__(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        return self._composed()(event, context)

    def _composed(self) -> Handler:
        with self._lock:
            if self._handler is None:
                self._handler = self.bind(compose(os.environ))
            return self._handler


def api(*routes: Route, first: Callable[[Services], None] | None = None) -> Entry:
    """The entry of a function behind the API. `first` is done before each request."""

    def bind(services: Services) -> Handler:
        table = {route.at: partial(answer, route, services) for route in routes}

        def handle(event: Mapping[str, Any], _context: Any) -> GatewayAnswer:
            if first is not None:
                first(services)
            with deadline.deadline(services.clock):
                return respond(event, table, services.edge)

        return handle

    return Entry(bind, routes)


def scheduled(run: Callable[[Services, Callable[[], float]], dict[str, int]]) -> Entry:
    """The entry of a function that a schedule runs: `run` gets the seconds that it has left."""

    def bind(services: Services) -> Handler:
        def handle(_event: Mapping[str, Any], context: Any) -> dict[str, Any]:
            def time_left() -> float:
                return float(context.get_remaining_time_in_millis()) / 1000 - SECONDS_TO_REPORT

            # No gateway gave it an id: it is Lambda's own.
            with telemetry.request(context.aws_request_id):
                return dict(run(services, time_left))

        return handle

    return Entry(bind)


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
        event = edge.admitted(event)
        handler = table.get(route)
        if handler is None:
            raise NotFound(f"This function does not answer {route!r}.")
        response: Response = handler(Request.of(event))
    except Unavailable as error:
        telemetry.count(Unavailable=1)
        telemetry.failure("Unavailable", route=route)
        response = problem(error, request_id=request_id)
    except SojournError as error:
        if isinstance(error, LoginFailed | CredentialWrong):
            telemetry.count(LoginFailed=1)
        elif isinstance(error, TooManyAttempts):
            telemetry.count(LoginRefused=1)
        telemetry.info("Refused", route=route, status=error.status, code=error.code)
        response = problem(error, request_id=request_id)
    else:
        telemetry.info("Done", route=route, status=response.status)
    return response
