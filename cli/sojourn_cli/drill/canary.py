"""The canary: a user of the drill's own, or a named one, whose sessions the drill begins and ends.

It is removed at the end, also after an interruption. What a drill that was killed has left is
removed by the next one: the canary says until when its drill may run.
"""

import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

import click

from sojourn_cli.answers import Refused
from sojourn_cli.api import Api, segment
from sojourn_cli.reach import NotReachable
from sojourn_cli.sessions import id_of
from sojourn_cli.terminal.cells import printable, when
from sojourn_cli.terminal.show import say

View = dict[str, Any]
USERNAME: Final = "sojourn-drill"
_MARK: Final = "sojourn_drill"
_CLIENT: Final = re.compile(r"sojourn-drill/([0-9a-f]{16}) until ([0-9]{1,12})")


@dataclass(frozen=True, slots=True)
class Canary:
    """Begins and ends sessions of one user. Safe to use from several threads."""

    api: Api
    user_id: str
    client: str

    def begin(self) -> tuple[str, str]:
        """A new session's id and token."""
        body = {"user_id": self.user_id, "request": {"client": self.client}}
        session = self.api.one("POST", "/v1/sessions", body)
        session_id, token = session.get("id"), session.get("token")
        if not isinstance(session_id, str) or not isinstance(token, str):
            raise NotReachable(f"{self.api.reach.base_url} began a session that is not Sojourn's.")
        if session.get("session_type") != "managed":
            raise click.UsageError(
                "The user's sessions are unmanaged; they cannot be ended. Name a human: --user."
            )
        return session_id, token

    def end(self, session_id: str) -> None:
        """Return when its end is acknowledged."""
        self.api.call("DELETE", f"/v1/sessions/{segment(session_id)}")


@contextmanager
def canary(api: Api, user: str | None, *, at_once: int, most: int, until: int) -> Iterator[Canary]:
    """A canary, until the block ends. `until` is an epoch time after which it is left over.

    A named user must have room for `at_once` sessions more, of `most`: otherwise the user's own
    would be ended. Raises `click.ClickException`.
    """
    run = secrets.token_hex(8)
    client = f"sojourn-drill/{run} until {until}"
    if user is None:
        _remove_left_over(api)
        with _removed(lambda: _remove_own(api, run)):
            yield Canary(api, _new_user(api, {"run": run, "until": until}), client)
        return
    user_id = id_of(api, user)
    _end_sessions(api, user_id, lambda _, until: _over(api, until))
    active = len(_sessions(api, user_id))
    if active + at_once > most:
        raise click.UsageError(
            f"{printable(user)} has {active} of at most {most} sessions: {at_once} more would end "
            "the oldest. Give a lower --at-once, or leave out --user."
        )
    with _removed(lambda: _end_sessions(api, user_id, lambda whose, _: whose == run)):
        yield Canary(api, user_id, client)


@contextmanager
def _removed(remove: Callable[[], None]) -> Iterator[None]:
    """Remove what the block made, however it ends."""
    try:
        yield
    except BaseException:
        with suppress(click.ClickException):  # what ended the block is told
            _remove(remove)
        raise
    _remove(remove)


def _remove(remove: Callable[[], None]) -> None:
    try:
        remove()
    except BaseException:
        say("The canary could not be removed. The next drill does it.")
        raise


def _over(api: Api, until: object) -> bool:
    return isinstance(until, int) and until * 1000 < api.clock.wall_ms()


def _new_user(api: Api, mark: View) -> str:
    body = {
        "user_type": "human",
        "username": USERNAME,
        "name": "Canary of sojourn drill",
        "custom": {_MARK: mark},
    }
    return str(api.one("POST", "/v1/users", body).get("id"))


def _remove_left_over(api: Api) -> None:
    """Remove the canary of a drill that was killed. Raises if there is one that may still run."""
    found = _user(api)
    if found is None:
        return
    user_id, mark = found
    if mark is None:
        raise click.ClickException(
            f"The realm has a user {USERNAME} that is not a drill's. Name a user: --user."
        )
    if not _over(api, mark.get("until")):
        raise click.ClickException(
            f"A drill of this realm is running, until {when(mark.get('until'))} at the latest. If "
            f"it was killed, remove its canary: sojourn users delete {USERNAME}"
        )
    with _unless_gone():
        api.call("DELETE", f"/v1/users/{segment(user_id)}")


def _remove_own(api: Api, run: str) -> None:
    """Remove this drill's canary, also if the answer that told of its id was lost."""
    user_id, mark = _user(api) or ("", None)
    if mark is not None and mark.get("run") == run:
        with _unless_gone():
            api.call("DELETE", f"/v1/users/{segment(user_id)}")


def _user(api: Api) -> tuple[str, View | None] | None:
    """The user with a canary's name, and its mark if it is one."""
    with _unless_gone():
        found = api.one("GET", f"/v1/users/{USERNAME}")
        custom = found.get("custom")
        mark = custom.get(_MARK) if isinstance(custom, dict) else None
        return str(found.get("id")), mark if isinstance(mark, dict) else None
    return None


@contextmanager
def _unless_gone() -> Iterator[None]:
    try:
        yield
    except Refused as refused:
        if refused.status != 404:
            raise


def _sessions(api: Api, user_id: str) -> list[View]:
    return api.all_of("/v1/sessions", what="sessions", query={"user_id": user_id})


def _end_sessions(api: Api, user_id: str, mine: Callable[[str, int], bool]) -> None:
    """End those sessions of a named user that a drill began and of which `mine` says so."""
    for session in _sessions(api, user_id):
        request = session.get("request")
        client = request.get("client") if isinstance(request, dict) else None
        begun = _CLIENT.fullmatch(client) if isinstance(client, str) else None
        if begun is not None and mine(begun[1], int(begun[2])):
            with _unless_gone():
                api.call("DELETE", f"/v1/sessions/{segment(str(session.get('id')))}")
