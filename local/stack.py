"""The template's functions, bound to the local AWS and clock, and their invocation."""

import hashlib
import importlib
import secrets
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, field
from typing import Any, Protocol

from local import in_process
from local.clock import LocalClock
from local.template import Function, Template
from sojourn.api import edge
from sojourn.bootstrap import Connect, Resources
from sojourn.crypto.passwords import Hasher
from sojourn.runtime.clock import Clock

GATEWAY_TIMEOUT = 30
Handler = Callable[[Mapping[str, Any], Any], dict[str, Any]]


class HandlerFailed(Exception):
    """The handler raised, or took longer than it may."""


class HandlerTimedOut(HandlerFailed):
    """The handler took longer than it may."""


@dataclass(frozen=True, slots=True)
class Context:
    """The context that Lambda passes to a handler."""

    function_name: str
    memory_limit_in_mb: int
    timeout: int
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    started: float = field(default_factory=time.monotonic)
    function_version: str = "$LATEST"

    @property
    def invoked_function_arn(self) -> str:
        """The function's ARN."""
        return f"arn:aws:lambda:eu-west-1:123456789012:function:{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda would stop the function."""
        return max(0, int((self.timeout - (time.monotonic() - self.started)) * 1000))


class Functions(Protocol):
    """The functions of a stack, as a gateway calls them."""

    clock: LocalClock
    functions: dict[str, Function]
    routes: dict[str, str]

    def invoke(self, logical_id: str, event: Mapping[str, Any]) -> dict[str, Any]:
        """The function's answer. Raises `HandlerFailed`."""


class LocalResources(Resources):
    """Resources whose AWS is moto in this process, unless an endpoint is set."""

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        clock: Clock | None = None,
        endpoint_url: str | None = None,
        connect: Connect = in_process.connect,
    ) -> None:
        super().__init__(environ, clock=clock, endpoint_url=endpoint_url, connect=connect)


class FastPasswords(LocalResources):
    """Resources with very fast password hashes: only for tests."""

    hasher = Hasher(memory_kib=64, iterations=1)


class Stack:
    """Every function of the template, ready to be invoked."""

    def __init__(
        self,
        template: Template,
        names: Mapping[str, Any],
        clock: LocalClock,
        *,
        public_url: str,
        endpoint_url: str | None = None,
        parameters: Mapping[str, str] | None = None,
        made_of: type[Resources] = LocalResources,
    ) -> None:
        self.clock = clock
        self.functions: dict[str, Function] = {}
        self.routes: dict[str, str] = {}
        self.resources: dict[str, Resources] = {}
        self.handlers: dict[str, Handler] = {}
        self._pool = ThreadPoolExecutor(max_workers=256, thread_name_prefix="invoke")
        given = template.defaults() if parameters is None else dict(parameters)
        self.by_the_edge: dict[str, str] = {}
        """Headers of this process's own requests: with an edge, its secret."""
        if given["EdgeSecretSha256"]:
            secret = secrets.token_hex()
            self.by_the_edge[edge.SECRET] = secret
            given["EdgeSecretSha256"] += "," + hashlib.sha256(secret.encode()).hexdigest()
        self.known: Mapping[str, Any] = {**given, **names, "PublicUrl": public_url}
        for function in template.functions():
            resolved = template.resolved(dict(function.environment), self.known)
            environment = {name: str(value) for name, value in resolved.items()}
            resources = made_of(environment, clock=clock, endpoint_url=endpoint_url)
            handler = importlib.import_module(function.module).handler
            self.functions[function.logical_id] = function
            self.resources[function.logical_id] = resources
            self.handlers[function.logical_id] = handler.bind(resources)
            self.routes.update(dict.fromkeys(function.routes, function.logical_id))

    def invoke(self, logical_id: str, event: Mapping[str, Any]) -> dict[str, Any]:
        """The function's answer. Raises `HandlerFailed`."""
        function = self.functions[logical_id]
        context = Context(function.folder, function.memory, function.timeout)
        future = self._pool.submit(self.handlers[logical_id], event, context)
        limit = min(function.timeout, GATEWAY_TIMEOUT) if function.routes else function.timeout
        try:
            return future.result(timeout=limit)
        except FutureTimeout as error:
            raise HandlerTimedOut(f"{logical_id} took longer than {limit} s") from error
        except Exception as error:
            raise HandlerFailed(f"{logical_id} raised {error!r}") from error

    def close(self) -> None:
        """Stop the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)
