"""Run one handler with an event from a file, as `sam local invoke` does, without Docker."""

import argparse
import json
import re
import sys
import traceback
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local import devfile

if TYPE_CHECKING:
    from werkzeug.test import Client

PLACEHOLDER = re.compile(r"\$\{([A-Z_]+)\}")


class EventInvalid(Exception):
    """The event cannot be used; the message says why."""


def main(arguments: list[str]) -> int:
    """Run `invoke` or `event`; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m local")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("invoke", help="run one function's handler")
    run.add_argument("function", help="a logical id such as LoginFunction, or a folder")
    run.add_argument("--event", "-e", required=True, help="a file of events/, or - for stdin")
    show = commands.add_parser("event", help="print an event with its placeholders filled")
    show.add_argument("event", help="a file of events/, or - for stdin")
    chosen = parser.parse_args(arguments)

    from local.attached import attached

    try:
        with attached(devfile.read()) as stack:
            event = filled(_read(chosen.event), stack.values)
            answer = event if chosen.command == "event" else stack.invoke(chosen.function, event)
    except EventInvalid as error:
        print(error, file=sys.stderr)
        return 1
    except Exception:  # noqa: BLE001 - as Lambda does: whatever a handler raises is its answer
        traceback.print_exc()
        return 1
    print(json.dumps(answer, indent=2))
    return 0


def _read(name: str) -> str:
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text()
    except OSError as error:
        raise EventInvalid(f"The event {name} cannot be read: {error.strerror}.") from error


def filled(text: str, values: "Values") -> Any:
    """The event of a file, `${NAME}` replaced. Raises `EventInvalid`."""

    def value(match: re.Match[str]) -> str:
        try:
            return json.dumps(values[match[1]])[1:-1]
        except KeyError as error:
            raise EventInvalid(
                f"The event asks for {match[0]}, which nothing here gives."
            ) from error

    try:
        return json.loads(PLACEHOLDER.sub(value, text))
    except ValueError as error:
        raise EventInvalid(f"The event is not JSON: {error}.") from error


class Values:
    """The values of placeholders; `client` logs in if a token or a session is needed."""

    def __init__(
        self, dev: dict[str, Any], client: "Client", *, headers: Mapping[str, str]
    ) -> None:
        self._dev = dev
        self._client = client
        self._headers = headers

    def __getitem__(self, name: str) -> str:
        user = self._dev["users"][0]
        match name:
            case "REALM_ID":
                return str(self._dev["realm_id"])
            case "ACCESS_KEY":
                return str(self._dev["access_key"])
            case "USERNAME" | "PASSWORD":
                return str(user[name.lower()])
            case "USER_ID":
                return str(user["id"])
            case "API_KEY":
                return str(self._dev["api_users"][0]["api_key"])
            case "LOGIN_TOKEN" | "TOKEN":
                return str(self._own["token"])
            case "SESSION_ID":
                return str(self._another["id"])
            case _:
                raise KeyError(name)

    @cached_property
    def _own(self) -> dict[str, Any]:
        return self._login()

    @cached_property
    def _another(self) -> dict[str, Any]:
        return self._login()

    def _login(self) -> dict[str, Any]:
        """A new session of the first user."""
        user = self._dev["users"][0]
        body = {name: user[name] for name in ("username", "password")}
        body["realm_id"] = self._dev["realm_id"]
        headers = {"user-agent": "events", **self._headers}
        answer = self._client.post("/v1/login", json=body, headers=headers)
        if answer.status_code != 200:
            raise EventInvalid(f"No user could be logged in for the event: {answer.text}")
        session: dict[str, Any] = answer.get_json()
        return session
