"""The handlers that Lambda calls. Their services are composed at Lambda's initialisation."""

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from sojourn.bootstrap import Resources
from sojourn.runtime import deadline, snapshot, telemetry

if TYPE_CHECKING:
    from sojourn.api.dispatch import GatewayAnswer
    from sojourn.api.route import Route

S = TypeVar("S")
Handler = Callable[[Mapping[str, Any], Any], dict[str, Any]]
SECONDS_TO_REPORT: Final = deadline.SECONDS + deadline.ATTEMPT_SECONDS + 1
"""Reserved at the end of a scheduled function's timeout: one step may take its whole deadline, and
its last attempt may begin just before it."""
AUTHORIZER_SECONDS: Final = 4.0
"""An authorizer's deadline: with its last attempt it answers before the gateway gives up, at 10."""


class Entry(Generic[S]):
    """A Lambda handler that composes its services once.

    In Lambda it does so at the initialisation, where a cold start is cheapest. Elsewhere it does so
    at the first call.
    """

    def __init__(
        self,
        compose: Callable[[Resources], S],
        serve: Callable[[Resources, S], Handler],
        routes: "Sequence[Route]" = (),
    ) -> None:
        self.compose = compose
        self.serve = serve
        self.routes = routes
        self._handler: Handler | None = None
        self._lock = threading.Lock()
        if os.environ.get("AWS_LAMBDA_RUNTIME_API"):
            # Connections, and the certificates of authorities, take long at the first call.
            self._composed(warm=True)

    def __call__(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        return self._composed()(event, context)

    def bind(self, resources: Resources) -> Handler:
        """The handler over those resources."""
        return self.serve(resources, self.compose(resources))

    def _composed(self, *, warm: bool = False) -> Handler:
        with self._lock:
            if self._handler is None:
                resources = Resources(os.environ)
                self._handler = self.bind(resources)
                if warm:
                    resources.warm()
                    if snapshot.is_to_be_taken(os.environ):
                        snapshot.register(before=resources.disconnect, after=resources.restore)
            return self._handler


def api(
    compose: Callable[[Resources], S],
    *routes: "Route",
    first: Callable[[S], None] | None = None,
) -> Entry[S]:
    """The handler of a function behind the API. `first` is called before each request."""
    # Here, for what a schedule runs has nothing to do with HTTP.
    from sojourn.api.dispatch import answer, respond
    from sojourn.api.edge import Edge

    def serve(resources: Resources, services: S) -> Handler:
        table = {route.at: partial(answer, route, services) for route in routes}
        edge = Edge(resources.settings.edge_digests)
        oauth = frozenset(route.at for route in routes if route.oauth)

        def handle(event: Mapping[str, Any], _context: Any) -> "GatewayAnswer":
            if first is not None:
                first(services)
            with deadline.deadline(resources.clock):
                return respond(event, table, edge, oauth=oauth)

        return handle

    return Entry(compose, serve, routes)


def scheduled(
    compose: Callable[[Resources], S], run: Callable[[S, Callable[[], float]], dict[str, int]]
) -> Entry[S]:
    """The handler of a scheduled function. `run` gets a function that returns the seconds left."""

    def serve(_resources: Resources, services: S) -> Handler:
        def handle(_event: Mapping[str, Any], context: Any) -> dict[str, Any]:
            def time_left() -> float:
                return float(context.get_remaining_time_in_millis()) / 1000 - SECONDS_TO_REPORT

            # No gateway gave it an id: it is Lambda's own.
            with telemetry.Request(context.aws_request_id):
                return dict(run(services, time_left))

        return handle

    return Entry(compose, serve)


def authorizer(
    compose: Callable[[Resources], S], decide: Callable[[S, Mapping[str, Any]], dict[str, Any]]
) -> Entry[S]:
    """The handler of a Lambda authorizer: a gateway's event as it came, and its answer."""

    def serve(resources: Resources, services: S) -> Handler:
        def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
            with (
                telemetry.Request(context.aws_request_id),
                deadline.deadline(resources.clock, seconds=AUTHORIZER_SECONDS),
            ):
                return decide(services, event)

        return handle

    return Entry(compose, serve)
