"""The stack for `invoke`: the running local stack, or a temporary one."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

from werkzeug.test import Client

from local import aws, parameters
from local.clock import LocalClock
from local.gateway import Gateway
from local.invoke import EventInvalid, Values
from local.seed import seed
from local.stack import Handler, Stack
from local.template import Template


class Attached:
    """A stack, with the values of events' placeholders."""

    def __init__(self, stack: Stack, gateway: Gateway, dev: dict[str, Any]) -> None:
        self._stack = stack
        self.values = Values(dev, Client(gateway), headers=stack.by_the_edge)

    def advance(self, seconds: float) -> None:
        """Move the stack's clock on."""
        self._stack.clock.advance(seconds)

    def handler(self, logical_id: str) -> Handler:
        """The function of that id, which runs in the thread that calls it and has no time-out."""
        return self._stack.handlers[logical_id]

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
    given = _parameters(template)
    with redirect_stdout(sys.stderr):
        if dev is None:
            base_url, endpoint_url = "http://127.0.0.1", None
            names = aws.start(template, parameters=given)
        else:
            base_url = endpoint_url = dev["base_url"]
            names = dev["aws"]["names"]
            aws.use_local(ca_file=dev.get("ca_file"))
        stack = Stack(
            template,
            names,
            LocalClock(),
            public_url=base_url,
            endpoint_url=endpoint_url,
            parameters=given,
        )
        host = urlsplit(base_url).netloc
        gateway = Gateway(stack, names, template.cors(stack.known), host=host)
        try:
            yield Attached(stack, gateway, dev or asdict(seed(stack, gateway)))
        finally:
            stack.close()


def _parameters(template: Template) -> dict[str, str]:
    try:
        return parameters.chosen(template.parameters(), os.environ)
    except parameters.ParameterInvalid as error:
        raise EventInvalid(str(error)) from error
