"""`python -m local`: serve the whole service at http://127.0.0.1:3000 until Ctrl-C.

The environment changes how it runs:

PORT                  another port; 0 takes any
TLS=1                 https, by a certificate authority whose certificate is in .local/ca.pem
STORE=dynamodb-local  the tables are in AWS's own DynamoDB Local, which needs Java and Maven
CORS_ORIGINS, …       any parameter of template.yaml, by its name in capitals
APPLICATION=…         also an application behind the authorizer, at the next port: its folder
FAST_WAITS=1          the service's own waits move the clock instead of taking time (for tests)
FAST_PASSWORDS=1      passwords are hashed in no time, and badly (for tests)
SOJOURN_LOCAL         another folder for dev.json and dev.log than .local

`python -m local invoke FUNCTION --event FILE` runs one handler as `sam local invoke` would.
`python -m local event FILE` prints an event with its placeholders filled.
"""

import contextlib
import gc
import os
import signal
import socket
import ssl
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from local import devfile, greeting, parameters

if TYPE_CHECKING:
    from local.application import Application
    from local.stack import Stack
    from local.template import Template

STORES: Final = ("moto", "dynamodb-local")
"""The values of STORE; the first is the default."""


class Refused(Exception):
    """A variable of the environment has a wrong value; the message says what is allowed."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The settings of the local stack, from the environment."""

    port: int
    tls: bool
    store: str
    fast_waits: bool
    fast_passwords: bool
    parameters: dict[str, str]
    application: Path | None

    @classmethod
    def of(cls, environ: Mapping[str, str], template: "Template") -> "Wanted":
        """The settings in these variables. Raises `Refused`."""
        text = environ.get("PORT") or "3000"
        if not (text.isascii() and text.isdecimal() and int(text) <= 65_535):
            raise Refused(f"PORT must be a number from 0 to 65535, and is {text!r}.")
        store = environ.get("STORE") or STORES[0]
        if store not in STORES:
            raise Refused(f"STORE must be {' or '.join(STORES)}, and is {store!r}.")
        try:
            given = parameters.chosen(template.parameters(), environ)
        except parameters.ParameterInvalid as error:
            raise Refused(str(error)) from error
        return cls(
            port=int(text),
            tls=_switch(environ, "TLS"),
            store=store,
            fast_waits=_switch(environ, "FAST_WAITS"),
            fast_passwords=_switch(environ, "FAST_PASSWORDS"),
            parameters=given,
            application=Path(environ["APPLICATION"]) if environ.get("APPLICATION") else None,
        )


def _switch(environ: Mapping[str, str], name: str) -> bool:
    text = environ.get(name) or "0"
    if text not in ("0", "1"):
        raise Refused(f"{name} must be 1 or 0, and is {text!r}.")
    return text == "1"


def main(arguments: list[str]) -> int:
    """Run the command; its exit code."""
    _never_by_proxy()
    if arguments[:1] in (["invoke"], ["event"]):
        from local import invoke

        return invoke.main(arguments)
    if arguments:
        print(__doc__, file=sys.stderr)
        return 2
    return serve()


def serve() -> int:
    """Serve until a signal; the exit code."""
    began = time.monotonic()
    say = _console()
    say("Starting Sojourn's local stack …")
    # What is made before the stack is ready stays for the life of the process.
    gc.disable()

    # Imported here because they take a second or two; print the line above first.
    from local import dynamodb_local, tls, turns
    from local.template import Template

    template = Template.read()
    try:
        wanted = Wanted.of(os.environ, template)
        with contextlib.ExitStack() as held:
            listening = held.enter_context(_listening(wanted.port))
            folder = held.enter_context(devfile.claimed(listening.getsockname()[1]))
            context, ca_file = tls.context(folder) if wanted.tls else (None, None)
            # What the handlers print goes to a file from here on, for the life of the process.
            sys.stdout = (folder / "dev.log").open("w", buffering=1)
            turns.install()
            dynamodb_url = None
            if wanted.store == "dynamodb-local":
                say("Starting DynamoDB Local …")
                dynamodb_url = held.enter_context(dynamodb_local.running())
            place = greeting.Place(folder, ca_file, dynamodb_url)
            _serve(listening, context, template, wanted, say, place, began=began)
    except (Refused, devfile.FolderUnusable, dynamodb_local.Failed) as error:
        print(error, file=sys.stderr)
        return 1
    say("Stopped.")
    return 0


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port), backlog=512)
    except OSError as error:
        raise Refused(
            f"Port {port} is not available ({error.strerror}). Another `make dev` may be running; "
            "stop it, or choose a port: make dev PORT=3001"
        ) from error


def _serve(
    listening: socket.socket,
    context: ssl.SSLContext | None,
    template: "Template",
    wanted: Wanted,
    say: "greeting.Say",
    place: "greeting.Place",
    *,
    began: float,
) -> None:
    """Create the stack, serve until a signal, and finish running requests."""
    from local import aws
    from local.clock import LocalClock
    from local.gateway import Gateway
    from local.http_server import Server
    from local.seed import seed
    from local.stack import FastPasswords, LocalResources, Stack

    host = f"127.0.0.1:{listening.getsockname()[1]}"
    base_url = f"{'http' if context is None else 'https'}://{host}"
    say("Making tables and keys from template.yaml …")
    names = aws.start(template, parameters=wanted.parameters, dynamodb_url=place.dynamodb_url)
    stack = Stack(
        template,
        names,
        LocalClock(fast_waits=wanted.fast_waits),
        public_url=base_url,
        parameters=wanted.parameters,
        made_of=FastPasswords if wanted.fast_passwords else LocalResources,
    )
    cors = template.cors(stack.known)
    gateway = Gateway(stack, names, cors, host=host, dynamodb_url=place.dynamodb_url)
    say("Seeding a demo realm …")
    seeded = seed(stack, gateway)
    with contextlib.ExitStack() as serving:
        serving.enter_context(Server(listening, gateway, tls=context).running())
        application_url = None
        if wanted.application is not None:
            beside = serving.enter_context(_listening(wanted.port and wanted.port + 1))
            at = f"127.0.0.1:{beside.getsockname()[1]}"
            app = _application(wanted.application, stack, template, at, seeded.realm_id)
            serving.enter_context(Server(beside, app, tls=context).running())
            application_url = f"{base_url.partition(':')[0]}://{at}"
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN or number != signal.SIGHUP:
                signal.signal(number, lambda *_: stop.set())
        place = replace(place, application_url=application_url)
        devfile.write(
            place.folder,
            base_url,
            seeded,
            names,
            ca_file=place.ca_file,
            application_url=application_url,
        )
        gc.freeze()
        gc.enable()
        # moto makes so much of each call that to look after every 700 things takes a tenth of it.
        gc.set_threshold(20_000, 20, 50)
        say(greeting.text(base_url, seeded, place, seconds=time.monotonic() - began))
        stop.wait()
        say("\nStopping: finishing what is being answered …")
        # From now on nobody finds this stack.
        (place.folder / devfile.NAME).unlink(missing_ok=True)
    stack.close()


def _application(
    folder: Path, stack: "Stack", template: "Template", host: str, realm_id: str
) -> "Application":
    from local.application import Application, ApplicationInvalid

    try:
        return Application(folder, stack, template, host=host, realm_id=realm_id)
    except ApplicationInvalid as error:
        raise Refused(str(error)) from error


def _never_by_proxy() -> None:
    """Connect to the loopback address directly, without the environment's proxy."""
    for name in ("no_proxy", "NO_PROXY"):
        before = os.environ.get(name, "")
        os.environ[name] = ",".join([*filter(None, [before]), "127.0.0.1", "localhost", "::1"])


def _console() -> "greeting.Say":
    """Write to the terminal even after stdout is redirected; ignore a closed terminal."""
    terminal = sys.stdout

    def say(text: str) -> None:
        try:
            print(text, file=terminal, flush=True)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), terminal.fileno())

    return say
