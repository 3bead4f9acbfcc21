"""A stack to invoke one handler on: the one that runs, or one for the moment."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

from local import aws, gateway, parameters
from local.clock import LocalClock
from local.invoke import EventInvalid, Login, Values, use_region
from local.seed import seed
from local.stack import Stack
from local.template import Template


class Attached:
    """A stack with the values that an event's placeholders stand for."""

    def __init__(self, stack: Stack, dev: dict[str, Any]) -> None:
        self._stack = stack
        self.values = Values(dev, Login())

    def advance(self, seconds: float) -> None:
        """Move the stack's clock on."""
        self._stack.clock.advance(seconds)

    def invoke(self, name: str, event: dict[str, Any]) -> dict[str, Any]:
        """Run a function by its logical id or folder. Raises `EventInvalid` on another name."""
        for function in self._stack.functions.values():
            if name in (function.logical_id, function.folder):
                return self._stack.invoke(function.logical_id, event)
        known = ", ".join(self._stack.functions)
        raise EventInvalid(f"There is no function {name}; there are {known}.")


@contextmanager
def attached(dev: dict[str, Any] | None) -> Iterator[Attached]:
    """The running stack's tables and keys, or a seeded stack that ends with the block.

    What the handlers log goes to stderr, so that stdout is the answer alone.
    """
    template = Template.read()
    with redirect_stdout(sys.stderr):
        if dev is not None:
            aws.forget_the_machines()
            use_region(dev["aws"]["region"])
            if dev.get("ca_file"):
                os.environ["AWS_CA_BUNDLE"] = dev["ca_file"]
            stack = Stack(
                template,
                dev["aws"]["names"],
                LocalClock(),
                public_url=dev["base_url"],
                endpoint_url=dev["base_url"],
                parameters=_parameters(template),
            )
        else:
            stack, dev = _for_the_moment(template)
    real = sys.stdout
    sys.stdout = sys.stderr
    try:
        yield Attached(stack, dev)
    finally:
        sys.stdout = real
        stack.close()


def _parameters(template: Template) -> dict[str, str]:
    try:
        return parameters.chosen(template.parameters(), os.environ)
    except parameters.ParameterInvalid as error:
        raise EventInvalid(str(error)) from error


def _for_the_moment(template: Template) -> tuple[Stack, dict[str, Any]]:
    server = gateway.listen(0)
    host = f"127.0.0.1:{server.server_address[1]}"
    given = _parameters(template)
    names = aws.start(template, parameters=given)
    stack = Stack(
        template,
        names,
        LocalClock(),
        public_url=f"http://{host}",
        parameters=given,
    )
    cors = template.cors(stack.known)
    server.gateway = gateway.Gateway(stack, names, cors, host=host, log=print)
    seeded = seed(stack, host=host)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return stack, {
        "base_url": f"http://{host}",
        "realm_id": seeded.realm_id,
        "access_key": seeded.access_key,
        "users": seeded.users,
        "api_users": seeded.api_users,
        "ca_file": None,
    }
