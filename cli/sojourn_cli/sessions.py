"""`sojourn sessions`: list a user's sessions, when and where they began, and end them."""

from typing import Final

import click

from sojourn_cli import ids
from sojourn_cli.api import Api, segment
from sojourn_cli.ends import end_realm, end_user
from sojourn_cli.terminal.ask import must_agree
from sojourn_cli.terminal.cells import cell, printable
from sojourn_cli.terminal.show import json_option, say, show_json, show_list, show_one
from sojourn_cli.where import Where, located, realm_option

ACTIVE: Final = {
    "ID": "id",
    "BEGAN": "created_at",
    "EXPIRES": "expires_at",
    "METHOD": "auth_method",
    "ADDRESS": "request.ip",
    "CLIENT": "request.client",
}
ENDED: Final = {
    "ID": "id",
    "BEGAN": "created_at",
    "ENDED": "ended_at",
    "REASON": "reason",
    "BY": "ended_by.type",
    "ADDRESS": "request.ip",
    "CLIENT": "request.client",
}


@click.group()
def sessions() -> None:
    """Sessions: list, show, end."""


@sessions.command("list")
@located
@realm_option
@click.option("--user", required=True, help="The user's id, username or email.")
@click.option("--state", type=click.Choice(["active", "ended"]), default="active")
@json_option
def list_(where: Where, *, realm: str | None, user: str, state: str, as_json: bool) -> None:
    """List a user's managed sessions, newest first: active or ended ones."""
    api = where.api(realm)
    wanted = {"user_id": id_of(api, user), "state": state}
    found = api.all_of("/v1/sessions", what="sessions", query=wanted)
    show_list(found, ACTIVE if state == "active" else ENDED, as_json=as_json)


@sessions.command()
@located
@realm_option
@click.argument("session")
@json_option
def show(where: Where, *, realm: str | None, session: str, as_json: bool) -> None:
    """Show a managed session, also an ended one while its record is kept."""
    found = where.api(realm).one("GET", f"/v1/sessions/{segment(session)}?state=any")
    show_one(found, as_json=as_json)


@sessions.command()
@located
@realm_option
@click.argument("session", required=False)
@click.option("--user", help="All of a user's: an id, username or email.")
@click.option("--dry-run", is_flag=True, help="With --user or --realm: only count the sessions.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def end(
    where: Where,
    *,
    realm: str | None,
    session: str | None,
    user: str | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """End one session, or all sessions of a --user or a --realm that began before now."""
    if session is not None and (user is not None or dry_run):
        raise click.UsageError("--user and --dry-run cannot be used with a SESSION.")
    api = where.api(realm)
    if session is not None:
        if not yes:
            must_agree(lambda: _question(api, session))
        api.call("DELETE", f"/v1/sessions/{segment(session)}")
        if as_json:
            show_json({"object": "session", "id": session, "active": False})
        else:
            say(f"{session} is ended.")
    elif user is not None:
        end_user(api, user, dry_run=dry_run, yes=yes, as_json=as_json)
    elif realm is not None:
        end_realm(api, realm, dry_run=dry_run, yes=yes, as_json=as_json)
    else:
        raise click.UsageError("Name a SESSION, a --user or a --realm.")


def id_of(api: Api, user: str) -> str:
    """The id of a user who is named by id, username or email."""
    if ids.is_id("usr", user):
        return user
    return str(api.one("GET", f"/v1/users/{segment(user)}").get("id"))


def _question(api: Api, session: str) -> str:
    """The question with the session that would end, and its user."""
    found = api.one("GET", f"/v1/sessions/{segment(session)}")
    whose = api.one("GET", f"/v1/users/{segment(str(found.get('user_id')))}")
    name = whose.get("username") or whose.get("name") or whose.get("id")
    began, client = cell(found, "created_at"), cell(found, "request.client")
    return printable(f"End the session of {name}, begun {began} by {client}?")
