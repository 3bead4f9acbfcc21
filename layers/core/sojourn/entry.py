"""What Lambda calls: a function's handler, with its parts put together when it is first needed."""

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from sojourn.api.dispatch import answer
from sojourn.api.respond import respond
from sojourn.api.response import GatewayAnswer
from sojourn.api.route import Route
from sojourn.bootstrap import Services, compose
from sojourn.runtime import deadline, telemetry

Handler = Callable[[Mapping[str, Any], Any], dict[str, Any]]
Bind = Callable[[Services], Handler]
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
