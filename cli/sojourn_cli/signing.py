"""`sojourn keys signing`: the keys that sign a realm's login tokens."""

from typing import Any, Final

import click

from sojourn_cli.answers import Refused
from sojourn_cli.api import segment
from sojourn_cli.ends import WAITS
from sojourn_cli.terminal.ask import must_agree
from sojourn_cli.terminal.cells import cell, printable, when
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
    "ALGORITHM": "algo",
    "KIND": "kind",
    "STATE": "state",
    "CREATED": "created_at",
    "SIGNS FROM": "signs_from",
    "RETIRE AFTER": "retire_after",
    "OPEN-ENDED": "open_ended",
}


@click.group()
def signing() -> None:
    """Signing keys: list, show, rotate, compromised, delete."""


@signing.command("list")
@located
@realm_option
@json_option
def list_(where: Where, *, realm: str | None, as_json: bool) -> None:
    """List a realm's signing keys; --json includes the public keys."""
    found = where.api(realm).all_of("/v1/jwt_keys", what="signing keys")
    show_list(found, COLUMNS, as_json=as_json)


@signing.command()
@located
@realm_option
@click.argument("key")
@json_option
def show(where: Where, *, realm: str | None, key: str, as_json: bool) -> None:
    """Show a signing key with its public key."""
    show_one(where.api(realm).one("GET", f"/v1/jwt_keys/{segment(key)}"), as_json=as_json)


@signing.command()
@located
@realm_option
@click.option("--algo", help="rs256, es256 or eddsa; the realm's own by default.")
@click.option("--kind", help="expiring or open_ended; expiring by default.")
@json_option
def rotate(
    where: Where, *, realm: str | None, algo: str | None, kind: str | None, as_json: bool
) -> None:
    """Create a key that is published at once and signs later, and print its id."""
    given = {"algo": algo, "kind": kind}
    body = {name: value for name, value in given.items() if value is not None}
    made = where.api(realm).one("POST", "/v1/jwt_keys", body)
    text = f"The key is published. It signs from {when(made.get('signs_from'))} on."
    show_made(made, str(made.get("id")), as_json=as_json, text=printable(text))


@signing.command()
@located
@realm_option
@click.argument("key")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def compromised(where: Where, *, realm: str | None, key: str, yes: bool, as_json: bool) -> None:
    """Stop a key that may have leaked: from the end of this command its tokens are refused."""
    api = where.api(realm)
    if not yes:
        must_agree(lambda: f"Stop the key {printable(key)}? Every session that it signed ends.")
    say(WAITS)
    stopped = api.one("PUT", f"/v1/jwt_keys/{segment(key)}", {"compromised": True})
    if as_json:
        show_json(stopped)
        return
    say(f"{printable(key)} is stopped. It ended:")
    say_members(stopped.get("ended"))


@signing.command()
@located
@realm_option
@click.argument("key")
@click.option("--force", is_flag=True, help="Even if tokens that it signed have not expired.")
@click.option("--yes", is_flag=True, help="With --force: do not ask.")
@json_option
def delete(
    where: Where, *, realm: str | None, key: str, force: bool, yes: bool, as_json: bool
) -> None:
    """Delete a key whose tokens have all expired."""
    api = where.api(realm)
    if force:
        if not yes:
            question = f"Delete the key {printable(key)}? Every token that it signed is refused."
            must_agree(lambda: question)
        say(WAITS)
    query = {"force": "true"} if force else {}
    try:
        gone = api.call("DELETE", f"/v1/jwt_keys/{segment(key)}", query=query).body
    except Refused as refused:
        if refused.problem.get("code") != "key_in_use":
            raise
        text = f"{_in_use(refused.problem)} ({refused.status} key_in_use)"
        raise click.ClickException(text) from refused
    if as_json and gone:
        show_json(gone)
        return
    show_gone("jwt_key", key, as_json=as_json)
    say_members(gone.get("ends"))


def _in_use(problem: View) -> str:
    """Why a key cannot be deleted yet, and what to do."""
    retire_after = problem.get("retire_after")
    if retire_after is not None:
        return (
            f"A token that this key signed may be valid until {when(retire_after)}. Wait until "
            "then, or use --force, which says what it ends."
        )
    return (
        "This key signs now, or signed a token without an expiry. Make another by `sojourn keys "
        "signing rotate` and wait until it signs; --force deletes one that no longer signs, "
        "and says what ended. Stop a leaked key with `sojourn keys signing "
        "compromised`."
    )


def say_members(members: object) -> None:
    """Each member on a line, `managed_sessions` as `managed sessions`."""
    if isinstance(members, dict):
        for name in members:
            say(f"- {printable(str(name)).replace('_', ' ')}: {cell(members, name)}")
