"""`sojourn credentials`: a user's credentials, such as the API keys of machines."""

from typing import Final

import click

from sojourn_cli.api import segment
from sojourn_cli.sessions import id_of
from sojourn_cli.terminal.ask import must_agree
from sojourn_cli.terminal.cells import printable
from sojourn_cli.terminal.show import json_option, show_gone, show_list, show_made, show_one
from sojourn_cli.where import Where, located, realm_option

COLUMNS: Final = {
    "ID": "id",
    "TYPE": "credential_type",
    "NAME": "name",
    "CREATED": "created_at",
}


@click.group()
def credentials() -> None:
    """Credentials: list, show, create (an API key), delete."""


@credentials.command("list")
@located
@realm_option
@click.option("--user", required=True, help="The user's id, username or email.")
@json_option
def list_(where: Where, *, realm: str | None, user: str, as_json: bool) -> None:
    """List a user's credentials: a human's password, or a machine's API keys."""
    api = where.api(realm)
    wanted = {"user_id": id_of(api, user)}
    show_list(
        api.all_of("/v1/credentials", what="credentials", query=wanted), COLUMNS, as_json=as_json
    )


@credentials.command()
@located
@realm_option
@click.argument("credential")
@json_option
def show(where: Where, *, realm: str | None, credential: str, as_json: bool) -> None:
    """Show a credential; its secret is never shown."""
    show_one(where.api(realm).one("GET", f"/v1/credentials/{segment(credential)}"), as_json=as_json)


@credentials.command()
@located
@realm_option
@click.option("--user", required=True, help="The id of the machine's user.")
@click.option("--name", help="Where the key is used.")
@json_option
def create(where: Where, *, realm: str | None, user: str, name: str | None, as_json: bool) -> None:
    """Create an API key for a machine, and print it. It is shown only once."""
    api = where.api(realm)
    body = {"user_id": id_of(api, user), "credential_type": "api_key"}
    made = api.one("POST", "/v1/credentials", body if name is None else {**body, "name": name})
    text = f"Created the API key {made.get('id')}. It is not shown again."
    show_made(made, str(made.get("api_key")), as_json=as_json, text=printable(text))


@credentials.command()
@located
@realm_option
@click.argument("credential")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def delete(where: Where, *, realm: str | None, credential: str, yes: bool, as_json: bool) -> None:
    """Delete a credential, which ends every session of its user."""
    api = where.api(realm)
    if not yes:
        question = f"Delete {printable(credential)}? Every session and token of its user ends."
        must_agree(lambda: question)
    api.call("DELETE", f"/v1/credentials/{segment(credential)}")
    show_gone("credential", credential, as_json=as_json)
