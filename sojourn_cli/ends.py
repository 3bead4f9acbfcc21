"""Ending everything that began before now, of a realm or of a user, or counting it first."""

from typing import Any

from sojourn_cli.api import Api
from sojourn_cli.ask import must_agree
from sojourn_cli.cells import printable, when
from sojourn_cli.show import say, show_json

View = dict[str, Any]


def end_all(api: Api, path: str, *, dry_run: bool, as_json: bool) -> None:
    """`POST {path}/end_sessions`, and what it says."""
    answer = api.one("POST", f"{path}/end_sessions", {"dry_run": dry_run})
    if as_json:
        show_json(answer)
    else:
        say(_sentence(answer))


def end_realm(api: Api, realm_id: str, *, dry_run: bool, yes: bool, as_json: bool) -> None:
    """End a whole realm's, once the person is sure."""
    if not dry_run:
        must_agree(f"End every session of the realm {realm_id} that began before now?", yes=yes)
    end_all(api, f"/v1/realms/{realm_id}", dry_run=dry_run, as_json=as_json)


def _sentence(answer: View) -> str:
    whose = printable(f"{answer.get('user_id') or answer.get('realm_id')}")
    many = f"{answer.get('sessions')}{'' if answer.get('complete') is True else ' or more'}"
    if answer.get("dry_run"):
        return f"This would end {many} managed sessions of {whose}. Nothing was done."
    ended = "Everything" if answer.get("sessions") is None else f"{many} managed sessions"
    return f"{ended} of {whose} ended: all from before {when(answer.get('ended_at'))}."
