"""`sojourn keys`: the access keys of servers and operators."""

from datetime import datetime
from typing import Any, Final

import click

from sojourn_cli.api import segment
from sojourn_cli.signing import signing
from sojourn_cli.terminal.ask import must_agree
from sojourn_cli.terminal.cells import printable
from sojourn_cli.terminal.show import json_option, show_gone, show_list, show_made, show_one
from sojourn_cli.where import Where, located, realm_option

COLUMNS: Final = {
    "ID": "id",
    "NAME": "name",
    "PERMISSION": "permission",
    "REALM": "realm_id",
    "CREATED": "created_at",
    "EXPIRES": "expires_at",
    "LAST USED": "last_used_at",
}


def _expiry(_: click.Context, __: click.Parameter, value: str | None) -> int | str | None:
    """Epoch seconds of an ISO 8601 time; `never` stays what it is."""
    if value is None or value == "never":
        return value
    try:
        return int(datetime.fromisoformat(value).astimezone().timestamp())
    except (ValueError, OverflowError, OSError) as error:
        raise click.BadParameter("it must be a time such as 2027-01-31T18:00, or never.") from error


expires_option: Final = click.option(
    "--expires",
    metavar="TIME",
    callback=_expiry,
    help="When it expires: 2027-01-31T18:00 (local time unless it has an offset), or never.",
)


def _named(name: str | None, expires: int | str | None) -> dict[str, Any]:
    body: dict[str, Any] = {} if name is None else {"name": name}
    if expires is not None:
        body["expires_at"] = None if expires == "never" else expires
    return body


@click.group()
def keys() -> None:
    """Access keys: list, show, create, set, revoke. And a realm's signing keys: signing."""


@keys.command("list")
@located
@realm_option
@json_option
def list_(where: Where, *, realm: str | None, as_json: bool) -> None:
    """List a realm's access keys, or without a realm the stack-wide ones."""
    found = where.api(realm).all_of("/v1/access_keys", what="access keys")
    show_list(found, COLUMNS, as_json=as_json)


@keys.command()
@located
@realm_option
@click.argument("key")
@json_option
def show(where: Where, *, realm: str | None, key: str, as_json: bool) -> None:
    """Show an access key; its secret is never shown."""
    show_one(where.api(realm).one("GET", f"/v1/access_keys/{segment(key)}"), as_json=as_json)


@keys.command()
@located
@realm_option
@click.option("--stack-wide", is_flag=True, help="A key for all realms, instead of --realm.")
@click.argument("name")
@click.option(
    "--permission", required=True, type=click.Choice(["read", "write", "admin"]), help="The most."
)
@expires_option
@json_option
def create(
    where: Where,
    *,
    realm: str | None,
    stack_wide: bool,
    name: str,
    permission: str,
    expires: int | str | None,
    as_json: bool,
) -> None:
    """Create an access key of a --realm, or --stack-wide, and print its secret, only once."""
    if (realm is not None) == stack_wide:
        raise click.UsageError(
            "Give --realm for a key of one realm, or --stack-wide for a key of all realms."
        )
    body = {"permission": permission, **_named(name, expires)}
    made = where.api(realm).one("POST", "/v1/access_keys", body)
    reach = made.get("realm_id") or "stack-wide"
    text = f"Access key {made.get('id')}, {reach}, {permission}. Its secret is not shown again."
    show_made(made, str(made.get("secret")), as_json=as_json, text=printable(text))


@keys.command("set")
@located
@realm_option
@click.argument("key")
@click.option("--name", help="What to call it.")
@expires_option
@json_option
def set_(
    where: Where,
    *,
    realm: str | None,
    key: str,
    name: str | None,
    expires: int | str | None,
    as_json: bool,
) -> None:
    """Change the given fields."""
    body = _named(name, expires)
    if not body:
        raise click.UsageError("Give at least one option to change; see --help.")
    changed = where.api(realm).one("PUT", f"/v1/access_keys/{segment(key)}", body)
    show_one(changed, as_json=as_json)


@keys.command()
@located
@realm_option
@click.argument("key")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def revoke(where: Where, *, realm: str | None, key: str, yes: bool, as_json: bool) -> None:
    """Delete an access key: it is refused from the next request on."""
    api = where.api(realm)
    if not yes:
        must_agree(lambda: f"Revoke the access key {printable(key)}? It is refused from then on.")
    api.call("DELETE", f"/v1/access_keys/{segment(key)}")
    show_gone("access_key", key, as_json=as_json)


keys.add_command(signing)
