"""`python -m local`: the whole service at http://127.0.0.1:3000, until Ctrl-C.

STORE=dynamodb-local keeps its tables in AWS's own DynamoDB Local, which needs Java and Maven.
`python -m local invoke FUNCTION --event FILE` runs one handler as `sam local invoke` would.
`python -m local event FILE` prints an event with its placeholders filled.
"""

import contextlib
import functools
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Final

from local import devfile, greeting, invoke

if TYPE_CHECKING:
    from local import gateway

STORES: Final = ("moto", "dynamodb-local")
"""Where the tables can be; the first unless STORE says otherwise."""


def main(arguments: list[str]) -> int:
    """Run the command; its exit code."""
    if arguments[:1] in (["invoke"], ["event"]):
        return invoke.main(arguments)
    if arguments:
        print(__doc__, file=sys.stderr)
        return 2
    return serve()


def serve() -> int:
    """Serve until a signal; the exit code."""
    began = time.monotonic()
    text = os.environ.get("PORT", "3000")
    if not text.isdecimal() or not 0 <= int(text) <= 65_535:
        print(f"PORT must be a number from 0 to 65535, and is {text!r}.", file=sys.stderr)
        return 1
    store = os.environ.get("STORE") or STORES[0]
    if store not in STORES:
        print(f"STORE must be {' or '.join(STORES)}, and is {store!r}.", file=sys.stderr)
        return 1
    folder = devfile.folder()
    folder.mkdir(parents=True, exist_ok=True)
    say = _console()
    say("Starting Sojourn's local stack …")

    # Imported now: they take a second or two, and the line above should not wait for that.
    from local import dynamodb_local, gateway

    try:
        server = gateway.listen(int(text))
    except OSError as error:
        say(
            f"Port {text} cannot be had ({error.strerror}). Another `make dev` may be running; "
            "stop it, or choose a port: make dev PORT=3001"
        )
        return 1
    # What the handlers print goes to a file from here on, open for the life of the process.
    sys.stdout = (folder / "dev.log").open("w", buffering=1)
    devfile.remove()
    with contextlib.ExitStack() as held:
        dynamodb_url = None
        if store == "dynamodb-local":
            say("Starting DynamoDB Local …")
            # What was started must be stopped, also by a signal that comes before we are ready.
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
            try:
                dynamodb_url = held.enter_context(dynamodb_local.running())
            except dynamodb_local.Failed as error:
                say(str(error))
                return 1
        _serve(server, say, began=began, dynamodb_url=dynamodb_url)
    say("Stopped.")
    return 0


def _serve(
    server: "gateway.Server", say: "greeting.Say", *, began: float, dynamodb_url: str | None
) -> None:
    """Make the stack, answer by it until a signal, and finish what is being answered."""
    from local import aws, gateway
    from local.clock import LocalClock
    from local.seed import seed
    from local.stack import Stack
    from local.template import Template

    host = f"127.0.0.1:{server.server_address[1]}"
    base_url = f"http://{host}"
    template = Template.read()
    say("Making tables and keys from template.yaml …")
    names = aws.start(template, dynamodb_url=dynamodb_url)
    stack = Stack(template, names, LocalClock(), public_url=base_url)
    server.gateway = gateway.Gateway(
        stack,
        names,
        template.cors(),
        host=host,
        log=lambda line: print(line, flush=True),
        dynamodb_url=dynamodb_url,
    )
    say("Seeding a demo realm …")
    seeded = seed(stack, host=host)
    listen = functools.partial(server.serve_forever, poll_interval=0.05)
    threading.Thread(target=listen, name="listen", daemon=True).start()
    devfile.write(base_url, seeded, names)
    seconds = time.monotonic() - began
    say(greeting.text(base_url, seeded, seconds=seconds, dynamodb_url=dynamodb_url))

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    stop.wait()
    say("\nStopping: finishing what is being answered …")
    devfile.remove(base_url)
    server.shutdown()
    server.gateway.wait_idle(5)
    server.server_close()
    stack.close()


def _console() -> "greeting.Say":
    """Speak to the terminal, wherever stdout leads later."""
    terminal = sys.stdout

    def say(text: str) -> None:
        with contextlib.suppress(BrokenPipeError):
            print(text, file=terminal, flush=True)

    return say


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
