"""`sojourn users`: the users of a realm, people and machines."""

import json
from typing import Any, Final

import click

from sojourn_cli.api import segment
from sojourn_cli.ends import end_user, how_many
from sojourn_cli.terminal.ask import must_agree, new_password
from sojourn_cli.terminal.cells import printable
from sojourn_cli.terminal.show import (
    json_option,
    say,
    show_gone,
    show_json,
    show_list,
    show_made,
    show_one,
)
from sojourn_cli.where import Where, located, realm_option

View = dict[str, Any]
COLUMNS: Final = {
    "ID": "id",
    "USERNAME": "username",
    "NAME": "name",
    "EMAIL": "email",
    "TYPE": "user_type",
    "STATE": "state",
    "CREATED": "created_at",
}


def _custom(_: click.Context, __: click.Parameter, value: str | None) -> object:
    if not value:
        return value
    try:
        custom = json.loads(value)
    except (ValueError, RecursionError):
        custom = None
    if not isinstance(custom, dict):
        raise click.BadParameter("it must be a JSON object, or '' for none.")
    return custom


custom_option: Final = click.option(
    "--custom", metavar="JSON", callback=_custom, help="Your own fields, a JSON object."
)


def _named(given: dict[str, Any]) -> View:
    """The given fields; an empty text clears a field."""
    return {
        name: None if value == "" else value for name, value in given.items() if value is not None
    }


def _password(where: Where, *, from_stdin: bool, otherwise: str) -> str:
    if from_stdin and where.access_key_file == "-":
        raise click.UsageError("Standard input cannot hold both the access key and the password.")
    return new_password(from_stdin=from_stdin, otherwise=otherwise)


@click.group()
def users() -> None:
    """Users: list, show, create, set, disable, enable, unlock, delete, end-sessions."""


@users.command("list")
@located
@realm_option
@json_option
def list_(where: Where, *, realm: str | None, as_json: bool) -> None:
    """List a realm's users, all of them."""
    show_list(where.api(realm).all_of("/v1/users", what="users"), COLUMNS, as_json=as_json)


@users.command()
@located
@realm_option
@click.argument("user")
@json_option
def show(where: Where, *, realm: str | None, user: str, as_json: bool) -> None:
    """Show a user, by id, username or email."""
    show_one(where.api(realm).one("GET", f"/v1/users/{segment(user)}"), as_json=as_json)


@users.command()
@located
@realm_option
@click.argument("username", required=False)
@click.option("--type", "user_type", type=click.Choice(["human", "api"]), default="human")
@click.option("--email")
@click.option("--name", help="The person's name, or the machine's purpose.")
@custom_option
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--no-password", is_flag=True, help="Create a human who cannot log in yet.")
@json_option
def create(
    where: Where,
    *,
    realm: str | None,
    user_type: str,
    password_stdin: bool,
    no_password: bool,
    as_json: bool,
    **given: Any,
) -> None:
    """Create a user, and print the id. Asks for a human's password."""
    api = where.api(realm)
    body = {"user_type": user_type, **_named(given)}
    if password_stdin and no_password:
        raise click.UsageError("Give one of --password-stdin and --no-password.")
    if password_stdin or (user_type == "human" and not no_password):
        body["password"] = _password(
            where, from_stdin=password_stdin, otherwise="give --password-stdin or --no-password"
        )
    made = api.one("POST", "/v1/users", body)
    text = f"Created the user {made.get('username') or made.get('name') or made.get('id')}."
    show_made(made, str(made.get("id")), as_json=as_json, text=printable(text))
    if user_type == "api" and not as_json:
        say(printable(f"Give it an API key: sojourn credentials create --user {made.get('id')}"))


@users.command("set")
@located
@realm_option
@click.argument("user")
@click.option("--username")
@click.option("--email", help="'' for none.")
@click.option("--name", help="'' for none.")
@custom_option
@click.option("--ask-password", is_flag=True, help="Ask for a new password; ends all sessions.")
@click.option("--password-stdin", is_flag=True, help="Read it from standard input.")
@json_option
def set_(
    where: Where,
    *,
    realm: str | None,
    user: str,
    ask_password: bool,
    password_stdin: bool,
    as_json: bool,
    **given: Any,
) -> None:
    """Change the given fields."""
    api = where.api(realm)
    body = _named(given)
    if ask_password or password_stdin:
        body["password"] = _password(
            where, from_stdin=password_stdin, otherwise="give --password-stdin"
        )
    if not body:
        raise click.UsageError("Give at least one option to change; see --help.")
    show_one(api.one("PUT", f"/v1/users/{segment(user)}", body), as_json=as_json)


@users.command()
@located
@realm_option
@click.argument("user")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def disable(where: Where, *, realm: str | None, user: str, yes: bool, as_json: bool) -> None:
    """Refuse a user's logins, and end all their sessions."""
    api, path = where.api(realm), f"/v1/users/{segment(user)}"
    if not yes:
        must_agree(lambda: f"Disable {printable(user)} and end {how_many(api, path)} of theirs?")
    show_one(api.one("PUT", path, {"state": "inactive"}), as_json=as_json)


@users.command()
@located
@realm_option
@click.argument("user")
@json_option
def enable(where: Where, *, realm: str | None, user: str, as_json: bool) -> None:
    """Allow a user to log in again. Ended sessions stay ended."""
    body = {"state": "active"}
    show_one(where.api(realm).one("PUT", f"/v1/users/{segment(user)}", body), as_json=as_json)


@users.command()
@located
@realm_option
@click.argument("user")
@json_option
def unlock(where: Where, *, realm: str | None, user: str, as_json: bool) -> None:
    """Clear the lockout after failed logins, so that a user can log in at once."""
    where.api(realm).call("POST", f"/v1/users/{segment(user)}/unlock")
    if as_json:
        show_json({"object": "user", "id": user, "unlocked": True})
    else:
        say(f"{printable(user)} is unlocked.")


@users.command()
@located
@realm_option
@click.argument("user")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def delete(where: Where, *, realm: str | None, user: str, yes: bool, as_json: bool) -> None:
    """Delete a user and end all their sessions; this cannot be undone."""
    api = where.api(realm)
    if not yes:
        path = f"/v1/users/{segment(user)}"
        must_agree(lambda: f"Delete {printable(user)} and end {how_many(api, path)} of theirs?")
    api.call("DELETE", f"/v1/users/{segment(user)}")
    show_gone("user", user, as_json=as_json)


@users.command("end-sessions")
@located
@realm_option
@click.argument("user")
@click.option("--dry-run", is_flag=True, help="Only count the sessions.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def end_sessions(
    where: Where, *, realm: str | None, user: str, dry_run: bool, yes: bool, as_json: bool
) -> None:
    """End every session of a user that began before now."""
    end_user(where.api(realm), user, dry_run=dry_run, yes=yes, as_json=as_json)
