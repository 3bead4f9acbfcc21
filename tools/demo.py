"""`make demo`: the local stack over https, and examples/demo over it, until Ctrl-C.

PORT is the page's port, 8000 by default; 0 takes any. The stack takes any port that is free, and
keeps its files in a folder of its own, so a running `make dev` is left alone.
"""

import contextlib
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import uvicorn

from local import devfile
from local.template import ROOT

DEMO: Final = ROOT / "examples/demo"
SOJOURN: Final = Path(sys.executable).parent / "sojourn"
_TEXT: Final = """
Sojourn's demo is ready ({seconds:.1f} s). Open it in two browsers side by side, or in a window
and a private window:

  http://localhost:{port}

Two windows of one browser are two devices, too, if the second one opens http://127.0.0.1:{port}.
Safari does not keep the session's cookie without https. Log in in both:

  username: {username}
  password: {password}

1. End the other one's session under "Your sessions". It says so within seconds, and why.
2. Log in there again, and press "Log in on other devices" twice: a user has at most ten sessions,
   so the eleventh login ends the oldest one, which says so, too.

See the stack ({base_url}) as its operator, from another terminal:

  SOJOURN_LOCAL={folder} {sojourn} console --local

Ctrl-C stops all of it.
"""


class Refused(Exception):
    """The demo cannot start; the message says why and what to do."""


def main() -> int:
    """Serve until a signal; the exit code."""
    began = time.monotonic()
    # A shell that starts it in the background has it ignore Ctrl-C's signal.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    try:
        with contextlib.ExitStack() as held:
            listening = held.enter_context(_listening(os.environ.get("PORT") or "8000"))
            kept = tempfile.TemporaryDirectory(prefix="sojourn-demo-", ignore_cleanup_errors=True)
            folder = held.enter_context(kept)
            print("Starting Sojourn's local stack …", flush=True)
            dev = held.enter_context(_stack(folder))
            user = dev["users"][0]
            os.environ |= {
                "BASE_URL": dev["base_url"],
                "REALM_ID": dev["realm_id"],
                "ACCESS_KEY": _access_key(folder, dev["realm_id"]),
                "CA_FILE": dev["ca_file"],
                "PASSWORD": user["password"],
            }
            told = _TEXT.format(
                seconds=time.monotonic() - began,
                port=listening.getsockname()[1],
                username=user["username"],
                password=user["password"],
                base_url=dev["base_url"],
                folder=shlex.quote(folder),
                sojourn=shlex.quote(os.path.relpath(SOJOURN)),
            )
            print(told, flush=True)
            return _serve(listening)
    except Refused as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


def _listening(port: str) -> socket.socket:
    if not (port.isascii() and port.isdecimal() and int(port) <= 65_535):
        raise Refused(f"PORT must be a number from 0 to 65535, and is {port!r}.")
    try:
        return socket.create_server(("127.0.0.1", int(port)))
    except OSError as error:
        raise Refused(
            f"Port {port} is not available ({os.strerror(error.errno or 0)}). Stop what has it, or "
            "choose another: make demo PORT=8001"
        ) from error


@contextlib.contextmanager
def _stack(folder: str) -> Iterator[dict[str, Any]]:
    """The local stack's `dev.json`; the stack runs until the block ends."""
    told = {"TLS": "1", "PORT": "0", "SOJOURN_LOCAL": folder, "APPLICATION": ""}
    # In a session of its own: a terminal's Ctrl-C comes to this process alone, which then stops it.
    process = subprocess.Popen(
        [sys.executable, "-m", "local"],
        cwd=ROOT,
        env={**os.environ, **told},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        file = Path(folder) / devfile.NAME
        while not file.exists():
            if process.poll() is not None:
                raise Refused("The local stack has not started.")
            time.sleep(0.05)
        yield json.loads(file.read_text())
    finally:
        process.terminate()
        process.wait()


def _access_key(folder: str, realm_id: str) -> str:
    """A new key for the application's server, as an operator makes it."""
    options = ["--permission", "write", "--realm", realm_id, "--local"]
    done = subprocess.run(
        [str(SOJOURN), "keys", "create", "Demo", *options],
        env={**os.environ, "SOJOURN_LOCAL": folder},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Refused(f"No access key could be made: {done.stderr.strip()}")
    return done.stdout.strip()


def _serve(listening: socket.socket) -> int:
    """Serve the application until a signal, which uvicorn raises again when it has stopped."""
    sys.path.insert(0, str(DEMO))
    server = uvicorn.Server(
        uvicorn.Config("app:app", log_level="warning", timeout_graceful_shutdown=2)
    )
    server.run([listening])
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main())
