"""All built functions, each with its own instances, behind the local gateway."""

import queue
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from local.aws import REGION
from local.clock import LocalClock
from local.stack import HandlerFailed, HandlerTimedOut
from local.template import Function, Template
from provers.artifacts.building import Built
from provers.artifacts.emulator import Emulator, FunctionError, Place, TimedOut

MOST: Final = 2
"""Instances of one function; more calls wait for one."""


def environment_of(
    function: Function, names: Mapping[str, Any], endpoints: Mapping[str, str]
) -> dict[str, str]:
    """What the template says, and what Lambda itself sets; and where AWS is on this machine."""
    resolved = Template.read().resolved(dict(function.environment), names)
    told = {name: str(value) for name, value in resolved.items()}
    return {
        **told,
        **endpoints,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_SESSION_TOKEN": "local",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_LAMBDA_FUNCTION_NAME": function.folder,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(function.timeout),
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
    }


class Fleet:
    """Invokes the built functions. An instance is made when all others of its function are busy."""

    def __init__(
        self,
        built: Built,
        *,
        runtime: Path,
        names: Mapping[str, Any],
        endpoints: Mapping[str, str],
        folder: Path,
        beside: tuple[Path, ...] = (),
    ) -> None:
        template = Template.read()
        self.clock = LocalClock(fast_waits=True)
        self.functions = {function.logical_id: function for function in template.functions()}
        self.routes = {
            route: function.logical_id
            for function in self.functions.values()
            for route in function.routes
        }
        self.names = {**template.defaults(), **names}
        self.instances: dict[str, list[Emulator]] = {name: [] for name in self.functions}
        self.built = built
        self._runtime = runtime
        self._endpoints = endpoints
        self._folder = folder
        self.beside = beside
        self._idle: dict[str, queue.LifoQueue[Emulator]] = {
            name: queue.LifoQueue() for name in self.functions
        }
        self._lock = threading.Lock()
        self._room = dict.fromkeys(self.functions, MOST)
        self._made = 0

    def place(self, logical_id: str) -> Place:
        """Where a function runs. The order is Lambda's: function, layer, runtime."""
        task = self.built.folder / logical_id
        path = (*self.beside, task, self.built.packages, self._runtime)
        return Place(task=task, python=self.built.python, path=path)

    def environment(self, logical_id: str) -> dict[str, str]:
        """A function's environment."""
        return environment_of(self.functions[logical_id], self.names, self._endpoints)

    def instance(self, logical_id: str, *, without: str = "", **more: str) -> Emulator:
        """A new instance of a function, with a variable less or other ones."""
        environment = {**self.environment(logical_id), **more}
        environment.pop(without, None)
        with self._lock:
            self._made += 1
            log = self._folder / f"{logical_id}-{self._made}.log"
        made = Emulator(self.place(logical_id), environment, log)
        self.instances[logical_id].append(made)
        return made

    def invoke(self, logical_id: str, event: Mapping[str, Any]) -> dict[str, Any]:
        """The function's answer. Raises `HandlerFailed`."""
        instance = self._take(logical_id)
        try:
            answer: dict[str, Any] = instance.invoke(event)
        except TimedOut as error:
            raise HandlerTimedOut(f"{logical_id} took longer than it may") from error
        except FunctionError as error:
            raise HandlerFailed(f"{logical_id} raised {error}") from error
        finally:
            self._idle[logical_id].put(instance)
        return answer

    def _take(self, logical_id: str) -> Emulator:
        try:
            return self._idle[logical_id].get_nowait()
        except queue.Empty:
            with self._lock:
                self._room[logical_id] -= 1
                room = self._room[logical_id] >= 0
            if room:
                return self.instance(logical_id)
            return self._idle[logical_id].get(timeout=120)

    def warm(self) -> None:
        """Have all instances that there may be behind the API, so that no call waits for one."""
        context = {"requestId": "warm"}
        event = {"version": "2.0", "routeKey": "GET /v1/none", "requestContext": context}
        with ThreadPoolExecutor(MOST) as pool:
            for logical_id, function in self.functions.items():
                if function.routes:
                    taken = list(pool.map(self._take, [logical_id] * MOST))
                    list(pool.map(lambda instance: instance.invoke(event), taken))
                    for instance in taken:
                        self._idle[logical_id].put(instance)

    def lines(self) -> list[str]:
        """What every instance logged."""
        instances = [made for several in self.instances.values() for made in several]
        return [line for instance in instances for line in instance.lines()]

    def close(self) -> None:
        """End every instance."""
        for several in self.instances.values():
            for instance in several:
                instance.close()
