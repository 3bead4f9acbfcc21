"""An application's own template beside the service: its HTTP API, behind the stack's authorizer.

It serves what `examples/protected-api` needs: functions in Python, routes of an HTTP API, Lambda
authorizers of payload 2.0 with simple answers, and parameters from Parameter Store.
"""

import importlib.util
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from werkzeug.wrappers import Request

from local import events, parameters
from local.events import Answer
from local.stack import Context, HandlerFailed, Stack
from local.template import Template
from sojourn.runtime.cache import Cache

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ARN: Final = "arn:aws:lambda:eu-west-1:123456789012:function:"
METHODS: Final = "arn:aws:execute-api:eu-west-1:123456789012:local"
CALLERS: Final = 10_000
NOT_TOLD: Final = ("body", "isBase64Encoded")
"""What of a request's event an authorizer does not get."""
Event = dict[str, Any]


class ApplicationInvalid(Exception):
    """The application's template cannot be served; the message says why."""


@dataclass(frozen=True, slots=True)
class Authorizer:
    """A Lambda authorizer of the API: a function of the service's stack, and a cache of answers."""

    logical_id: str
    headers: tuple[str, ...]
    answers: Cache[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Route:
    """A route's function, and who decides who may call it; None: everybody may."""

    handler: Callable[[Event, Any], Any]
    authorizer: Authorizer | None


class Application:
    """Answers an application's requests, as WSGI has it."""

    def __init__(
        self, folder: Path, stack: Stack, service: Template, *, host: str, realm_id: str
    ) -> None:
        """Raises `ApplicationInvalid`. The parameter `RealmId`, if not given, is `realm_id`."""
        try:
            template = Template.read(folder / "template.yaml")
        except OSError as error:
            raise ApplicationInvalid(
                f"APPLICATION must be a folder with a template.yaml, and is {str(folder)!r}."
            ) from error
        self._stack = stack
        self._host = host
        known = _parameters(template, stored(service, stack.known), realm_id)
        (api,) = template.resources("AWS::Serverless::HttpApi").values()
        api = template.resolved({k: v for k, v in api.items() if k != "Tags"}, known)
        self._variables = api.get("StageVariables")
        auth = api.get("Auth", {})
        authorizers = {name: self._authorizer(a) for name, a in auth["Authorizers"].items()}
        self._routes: dict[str, Route] = {}
        for logical_id, function in template.resources("AWS::Serverless::Function").items():
            handler = _handler(folder, logical_id, function)
            for event in function.get("Events", {}).values():
                at = event["Properties"]
                name = at.get("Auth", {}).get("Authorizer", auth.get("DefaultAuthorizer", "NONE"))
                chosen = None if name == "NONE" else authorizers[name]
                self._routes[f"{at['Method'].upper()} {at['Path']}"] = Route(handler, chosen)

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer a request."""
        request = Request(environ)
        request.method = environ["REQUEST_METHOD"]
        return self._answer(request)(environ, start_response)

    def _answer(self, request: Request) -> Answer:
        path, _ = events.target(request)
        found = events.match(self._routes, request.method, path)
        if found is None:
            return events.message(404)
        name, in_path = found
        route = self._routes[name]
        event = events.event_of(request, name, in_path, host=self._host)
        if self._variables:
            event["stageVariables"] = self._variables
        if route.authorizer is not None:
            refused = self._refused(route.authorizer, event)
            if refused is not None:
                return refused
        try:
            return events.answer_of(route.handler(event, Context("application", 128, 3)))
        except Exception as error:  # noqa: BLE001 - as API Gateway does, whatever it is
            print(f"{name}: the application raised {error!r}", flush=True)
            return events.message(500)

    def _refused(self, authorizer: Authorizer, event: Event) -> Answer | None:
        """What the gateway answers by itself; None if the call goes on, and knows the caller."""
        sources = [event["headers"].get(name, "") for name in authorizer.headers]
        if not all(sources):
            return events.message(401)
        asked = {
            **{name: part for name, part in event.items() if name not in NOT_TOLD},
            "type": "REQUEST",
            "routeArn": f"{METHODS}/$default/{event['routeKey'].replace(' /', '/', 1)}",
            "identitySource": sources,
        }
        try:
            answer = authorizer.answers.get(
                "\n".join(sources), lambda: self._stack.invoke(authorizer.logical_id, asked)
            )
        except HandlerFailed as error:
            print(f"{event['routeKey']}: {error}", flush=True)
            return events.message(500)
        if answer.get("isAuthorized") is not True:
            return events.message(403)
        event["requestContext"]["authorizer"] = {"lambda": answer.get("context", {})}
        return None

    def _authorizer(self, declared: Mapping[str, Any]) -> Authorizer:
        logical_id = str(declared["FunctionArn"]).removeprefix(ARN)
        if logical_id not in self._stack.functions:
            raise ApplicationInvalid(f"The stack has no function {declared['FunctionArn']}.")
        if not (
            str(declared.get("AuthorizerPayloadFormatVersion")) == "2.0"
            and declared.get("EnableSimpleResponses") is True
        ):
            raise ApplicationInvalid("An authorizer here has payload 2.0 and simple answers.")
        identity = declared["Identity"]
        ttl = int(identity.get("ReauthorizeEvery", 0))
        return Authorizer(
            logical_id,
            tuple(name.lower() for name in identity["Headers"]),
            Cache(self._stack.clock, seconds=ttl, size=CALLERS),
        )


def stored(service: Template, known: Mapping[str, Any]) -> dict[str, str]:
    """The parameters that the service's template puts into Parameter Store, by name."""
    arns = {
        f"{function.logical_id}.Arn": ARN + function.logical_id for function in service.functions()
    }
    found = {}
    for parameter in service.resources("AWS::SSM::Parameter").values():
        resolved = service.resolved(parameter, {**known, **arns})
        found[str(resolved["Name"])] = str(resolved["Value"])
    return found


def _parameters(template: Template, store: Mapping[str, str], realm_id: str) -> dict[str, str]:
    """The application's parameters: from Parameter Store by their default, or the environment."""
    declared = template.parameters()
    kept = {n for n, p in declared.items() if str(p["Type"]).startswith("AWS::SSM::Parameter::")}
    given = {parameters.variable("RealmId"): realm_id, **os.environ}
    try:
        values = parameters.chosen({n: p for n, p in declared.items() if n not in kept}, given)
    except parameters.ParameterInvalid as error:
        raise ApplicationInvalid(str(error)) from error
    for name in kept:
        at = str(declared[name].get("Default"))
        if at not in store:
            raise ApplicationInvalid(f"{name} is {at!r}; Parameter Store has {', '.join(store)}.")
        values[name] = store[at]
    return values


def _handler(folder: Path, logical_id: str, function: Mapping[str, Any]) -> Any:
    module, _, name = str(function["Handler"]).rpartition(".")
    path = folder / function["CodeUri"] / f"{module}.py"
    spec = importlib.util.spec_from_file_location(f"application_{logical_id}", path)
    if spec is None or spec.loader is None or not path.exists():
        raise ApplicationInvalid(f"{logical_id} has no handler at {path}.")
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return getattr(loaded, name)
