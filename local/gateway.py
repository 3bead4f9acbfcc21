"""The local API Gateway, as a WSGI application: events for the handlers, and its own errors.

For a caller it behaves like API Gateway's HTTP API, with the template's routes and CORS. It also
serves `/_local/`, and AWS's protocol for tools with their own AWS client.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request

from local import aws_endpoint, control, events
from local.events import Answer
from local.stack import Functions, HandlerFailed, HandlerTimedOut

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class Gateway:
    """Answers requests by the stack's routes."""

    def __init__(
        self,
        stack: Functions,
        names: Mapping[str, str],
        cors: Mapping[str, Any],
        *,
        host: str,
        dynamodb_url: str | None = None,
    ) -> None:
        self._stack = stack
        self._names = names
        self._cors = cors
        self._origins = [origin for origin in cors.get("AllowOrigins") or () if origin]
        self._host = host
        self._aws = aws_endpoint.application(dynamodb_url)

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer a request, as WSGI has it."""
        request = Request(environ)
        # API Gateway takes it as it came; werkzeug made it upper case.
        request.method = environ["REQUEST_METHOD"]
        return self._application(request)(environ, start_response)

    def _application(self, request: Request) -> "WSGIApplication":
        path, _ = events.target(request)
        if path.startswith("/_local/"):
            return control.answer(request, path, self._stack, self._names)
        if request.method == "POST" and path == "/" and aws_endpoint.is_aws(request.headers):
            return self._aws
        origin = request.headers.get("origin")
        if request.method == "OPTIONS" and origin is not None and self._origins:
            return Answer(status=204, headers=self._cors_headers(origin, preflight=True))
        found = events.match(self._stack.routes, request.method, path)
        if found is None:
            return events.message(404)
        answer = self._invoke(request, *found)
        if origin is not None:
            for name in [n for n, _ in answer.headers if n.startswith("access-control-")]:
                del answer.headers[name]
            answer.headers.extend(self._cors_headers(origin))
        return answer

    def _invoke(self, request: Request, route: str, parameters: Mapping[str, str]) -> Answer:
        event = events.event_of(request, route, parameters, host=self._host)
        try:
            answer = events.answer_of(self._stack.invoke(self._stack.routes[route], event))
        except HandlerTimedOut as error:
            print(f"{route}: {error}", flush=True)
            return events.message(503)
        except HandlerFailed as error:
            print(f"{route}: {error}", flush=True)
            return events.message(500)
        # On localhost, a browser would then require https on every other port too.
        answer.headers.remove("strict-transport-security")
        if request.method == "HEAD" and not answer.data:
            # Nobody knows how long the answer to a GET would be.
            answer.automatically_set_content_length = False
            answer.headers.remove("content-length")
        return answer

    def _cors_headers(self, origin: str, *, preflight: bool = False) -> dict[str, str]:
        if origin not in self._origins and "*" not in self._origins:
            return {}
        headers = {"access-control-allow-origin": "*" if "*" in self._origins else origin}
        if preflight:
            headers["access-control-allow-methods"] = ",".join(self._cors.get("AllowMethods", []))
            headers["access-control-allow-headers"] = ",".join(self._cors.get("AllowHeaders", []))
            headers["access-control-max-age"] = str(self._cors.get("MaxAge", 0))
        elif exposed := self._cors.get("ExposeHeaders"):
            headers["access-control-expose-headers"] = ",".join(exposed)
        return headers
