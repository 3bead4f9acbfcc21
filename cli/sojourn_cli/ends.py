"""End all sessions of a realm or a user, or count them first."""

from typing import Any, Final

from sojourn_cli.api import Api, segment
from sojourn_cli.terminal.ask import must_agree
from sojourn_cli.terminal.cells import printable, when
from sojourn_cli.terminal.show import say, show_json

View = dict[str, Any]
WAITS: Final = "Waiting five seconds, until no instance has the old state in its cache …"


def end_all(api: Api, path: str, *, dry_run: bool, as_json: bool) -> None:
    """`POST {path}/end_sessions`, and its answer."""
    answer = api.one("POST", f"{path}/end_sessions", {"dry_run": dry_run})
    if as_json:
        show_json(answer)
    else:
        say(_sentence(answer))


def end_user(api: Api, user: str, *, dry_run: bool, yes: bool, as_json: bool) -> None:
    """End a user's sessions, after a confirmation with their number."""
    path = f"/v1/users/{segment(user)}"
    if not dry_run and not yes:
        must_agree(lambda: f"End {how_many(api, path)} of {printable(user)}?")
    end_all(api, path, dry_run=dry_run, as_json=as_json)


def how_many(api: Api, path: str) -> str:
    """The number of managed sessions that would end, in words."""
    return _many(api.one("POST", f"{path}/end_sessions", {"dry_run": True}))


def end_realm(api: Api, realm_id: str, *, dry_run: bool, yes: bool, as_json: bool) -> None:
    """End all sessions of a realm, after a confirmation."""
    path = f"/v1/realms/{realm_id}"
    if not dry_run and not yes:
        must_agree(lambda: f"End {how_many(api, path)} of the realm {printable(realm_id)}?")
    if not dry_run:
        say(WAITS)
    end_all(api, path, dry_run=dry_run, as_json=as_json)


def _sentence(answer: View) -> str:
    whose = printable(f"{answer.get('user_id') or answer.get('realm_id')}")
    if answer.get("dry_run"):
        return f"This would end {_many(answer)} of {whose}. Nothing was done."
    ended = "Everything" if answer.get("sessions") is None else _many(answer)
    return f"{ended} of {whose} ended: all from before {when(answer.get('ended_at'))}."


def _many(answer: View) -> str:
    """`1 managed session`; if not all users were counted, `at least 3 managed sessions`."""
    sessions, complete = answer.get("sessions"), answer.get("complete") is True
    told = f"{sessions} managed session{'' if sessions == 1 else 's'}"
    return told if complete else f"at least {told} (the time allowed to count some users only)"
