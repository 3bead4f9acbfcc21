"""`sojourn realms`: realms and their settings."""

from collections.abc import Callable
from typing import Any, Final

import click

from sojourn_cli.answers import Refused
from sojourn_cli.api import Api, segment
from sojourn_cli.ends import end_realm
from sojourn_cli.terminal.ask import must_type
from sojourn_cli.terminal.cells import printable
from sojourn_cli.terminal.progress import progress
from sojourn_cli.terminal.show import json_option, say, show_gone, show_list, show_made, show_one
from sojourn_cli.where import Command, Where, located

View = dict[str, Any]
COLUMNS: Final = {
    "ID": "id",
    "NAME": "name",
    "TYPE": "session_type",
    "MINUTES": "session_minutes",
    "CREATED": "created_at",
}
SETTINGS: Final[dict[str, tuple[Callable[[str], object], str]]] = {
    "session_type": (str, "managed or unmanaged."),
    "session_minutes": (int, "The lifetime of a human's session."),
    "api_key_minutes": (int, "The lifetime of an API key's session, 0 for open-ended."),
    "max_sessions": (int, "Active managed sessions of one user."),
    "at_limit": (str, "evict_oldest or deny."),
    "jwt_algo": (str, "rs256, es256 or eddsa."),
    "jwt_fields": (str, "The user's fields in a token, separated by commas; '' for none."),
    "max_staleness_seconds": (int, "How long a validation may be cached."),
    "rotate_days": (int, "Days between new signing keys, 0 for no rotation."),
    "revocation_shards": (int, "Shards of the revocation feed, 1 to 16."),
}
STALLED_SECONDS: Final = 300.0


def _settings(command: Command) -> Command:
    for name, (kind, text) in reversed(SETTINGS.items()):
        command = click.option(f"--{name.replace('_', '-')}", name, type=kind, help=text)(command)
    return command


def _named(settings: dict[str, Any]) -> View:
    """The given settings in the API's form."""
    body = {name: value for name, value in settings.items() if value is not None}
    if "jwt_fields" in body:
        body["jwt_fields"] = [field.strip() for field in body["jwt_fields"].split(",") if field]
    return body


@click.group()
def realms() -> None:
    """Realms: list, show, create, set, delete, end-sessions."""


@realms.command("list")
@located
@json_option
def list_(where: Where, *, as_json: bool) -> None:
    """List the realms that the access key can see."""
    show_list(where.api().all_of("/v1/realms", what="realms"), COLUMNS, as_json=as_json)


@realms.command()
@located
@click.argument("realm")
@json_option
def show(where: Where, *, realm: str, as_json: bool) -> None:
    """Show a realm with its settings."""
    show_one(where.api().one("GET", f"/v1/realms/{segment(realm)}"), as_json=as_json)


@realms.command()
@located
@click.argument("name")
@_settings
@json_option
def create(where: Where, *, name: str, as_json: bool, **settings: Any) -> None:
    """Create a realm, and print its id."""
    made = where.api().one("POST", "/v1/realms", {"name": name, **_named(settings)})
    text = f"Created the realm {made.get('name')}. Its tokens' issuer is {made.get('issuer')}."
    show_made(made, str(made.get("id")), as_json=as_json, text=printable(text))


@realms.command("set")
@located
@click.argument("realm")
@click.option("--name", help="What to call it.")
@click.option("--issuer", help="The issuer of its new tokens: https://…/v1/realms/{id}.")
@_settings
@json_option
def set_(where: Where, *, realm: str, as_json: bool, **settings: Any) -> None:
    """Change the given fields."""
    body = _named(settings)
    if not body:
        raise click.UsageError("Give at least one option to change; see --help.")
    show_one(where.api().one("PUT", f"/v1/realms/{segment(realm)}", body), as_json=as_json)


@realms.command()
@located
@click.argument("realm")
@click.option("--name", help="The realm's name, instead of typing it when asked.")
@click.option("--yes", is_flag=True, help="Do not ask for the name.")
@json_option
def delete(where: Where, *, realm: str, name: str | None, yes: bool, as_json: bool) -> None:
    """Delete a realm with its users, sessions and keys; this cannot be undone."""
    api = where.api()
    if name is None:
        name = str(api.one("GET", f"/v1/realms/{segment(realm)}").get("name"))
        if not yes:
            must_type(name, f"This deletes every user of {printable(name)}. Type its name")
    _delete(api, realm, name)
    show_gone("realm", realm, as_json=as_json)


@realms.command("end-sessions")
@located
@click.argument("realm")
@click.option("--dry-run", is_flag=True, help="Only count the sessions.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def end_sessions(where: Where, *, realm: str, dry_run: bool, yes: bool, as_json: bool) -> None:
    """End every session of the realm that began before now."""
    end_realm(where.api(), segment(realm), dry_run=dry_run, yes=yes, as_json=as_json)


def _delete(api: Api, realm: str, name: str) -> None:
    """Repeat the request until the deletion is finished. A large realm needs several."""
    begun = False
    last: object = None
    since = api.clock.monotonic()
    with progress("Deleting users") as at:
        while True:
            try:
                answer = api.call("DELETE", f"/v1/realms/{segment(realm)}", query={"name": name})
            except Refused as refused:
                if begun and refused.status == 404:
                    return  # cleanup, or somebody else, did the last step
                raise
            if answer.status != 202:
                return
            begun = True
            seen = answer.body.get("deletion")
            told = seen if isinstance(seen, dict) else {}
            done, left = told.get("users_deleted"), told.get("users_remaining")
            if isinstance(done, int) and isinstance(left, int):
                at(done, done + left)  # `left` is counted to 1,000, so the bar may lengthen
            if (done, left) != last:
                last, since = (done, left), api.clock.monotonic()
            elif api.clock.monotonic() - since > STALLED_SECONDS:
                say("The deletion continues by itself; see `sojourn realms show`.")
                raise click.exceptions.Exit(1)
            else:
                api.clock.sleep(2)
