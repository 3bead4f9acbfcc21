"""`sojourn token`: print a login token's claims, and validate it."""

import base64
import json
import sys
from typing import Any

import click

from sojourn_cli.answers import Refused, understood
from sojourn_cli.terminal.cells import cell, printable, when
from sojourn_cli.terminal.show import json_option, say, show_json
from sojourn_cli.where import Where, located

View = dict[str, Any]
_TIMES = ("iat", "exp")


@click.command()
@located
@click.option("--decode-only", is_flag=True, help="Print the claims without calling the service.")
@json_option
def token(where: Where, *, decode_only: bool, as_json: bool) -> None:
    """Read a login token from standard input, print its claims, and validate it.

    The token itself is the credential, so no access key is needed. Exits with 1 if its session is
    not active.
    """
    text = sys.stdin.readline().strip().removeprefix("Bearer ").strip()
    header, claims = decoded(text)
    told: View = {"header": header, "claims": claims}
    if not decode_only:
        told["validation"] = _asked(where, text)
    if as_json:
        show_json(told)
    else:
        _show(told)
    if not decode_only and told["validation"].get("active") is not True:
        raise click.exceptions.Exit(1)


def decoded(text: str) -> tuple[View, View]:
    """Header and claims of a token, unverified. Raises `click.ClickException`."""
    try:
        first, second, _ = (_bytes(part) for part in text.split("."))
        header, claims = json.loads(first), json.loads(second)
        if not (isinstance(header, dict) and isinstance(claims, dict)):
            raise ValueError
    except (ValueError, RecursionError) as error:
        raise click.ClickException(
            "Standard input has no login token (three parts separated by dots, eyJ….eyJ….…)."
        ) from error
    return header, claims


def _bytes(part: str) -> bytes:
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)


def _asked(where: Where, text: str) -> View:
    """The service's answer to the token itself; a refusal is an answer too."""
    reach = where.reach()
    reply = reach.ask("GET", "/v1/session", headers={"authorization": f"Bearer {text}"})
    try:
        return understood(reply, method="GET", base_url=reach.base_url).body
    except Refused as refused:
        if refused.status != 401:
            raise
        problem = refused.problem
        kept: View = {name: problem[name] for name in ("reason", "ended_at") if name in problem}
        return {"active": False, "code": problem.get("code"), **kept}


def _show(told: View) -> None:
    for name, value in {**told["header"], **told["claims"]}.items():
        shown = when(value) if name in _TIMES else cell({name: value}, name)
        click.echo(f"{printable(name)}: {shown}")
    answer = told.get("validation")
    if answer is None:
        say("Decoded but not verified: anybody can write such a token.")
    elif answer.get("active") is True:
        say(f"The session is active. Validate again in {answer.get('revalidate_after')} seconds.")
    else:
        reason = f", {answer['reason']}" if "reason" in answer else ""
        at = f" at {when(answer['ended_at'])}" if "ended_at" in answer else ""
        say(printable(f"The session is not active: {answer.get('code')}{reason}{at}."))
