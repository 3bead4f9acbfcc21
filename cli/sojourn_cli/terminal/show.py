"""Print results to standard output as a table or JSON, and messages to standard error."""

import json
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from sojourn_cli.terminal.cells import cell, fitted, table

View = dict[str, Any]

json_option: Callable[[Callable[..., None]], Callable[..., None]] = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON, as the API answers it."
)


def show_list(items: Sequence[View], columns: Mapping[str, str], *, as_json: bool) -> None:
    """Items as a table with a header, `columns` from header to member; or as a JSON array."""
    if as_json:
        show_json(list(items))
    elif not items:
        say("There are none.")
    else:
        rows = [[cell(item, member) for member in columns.values()] for item in items]
        for line in _lines([list(columns), *rows]):
            click.echo(line)


def _lines(rows: Sequence[Sequence[str]]) -> list[str]:
    """A table, not wider than the terminal if there is one."""
    if not sys.stdout.isatty():
        return table(rows)
    return fitted(rows, shutil.get_terminal_size().columns)


def show_one(item: View, *, as_json: bool) -> None:
    """One object, with one line per member; or its JSON."""
    if as_json:
        show_json(item)
        return
    rows = [[name, cell(item, name)] for name in item if name not in ("object", "public_key")]
    for line in table(rows or [["", ""]]):
        click.echo(line)
    if isinstance(item.get("public_key"), str):
        click.echo(item["public_key"].rstrip())


def show_made(item: View, secret: str, *, as_json: bool, text: str) -> None:
    """Show a new object: standard output has only its id or secret, for scripts."""
    if as_json:
        show_json(item)
    else:
        click.echo(secret)
    say(text)


def show_gone(kind: str, thing: str, *, as_json: bool) -> None:
    """Say that something was deleted."""
    if as_json:
        show_json({"object": kind, "id": thing, "deleted": True})
    else:
        say(f"{thing} is deleted.")


def show_json(value: object) -> None:
    """Print JSON in ASCII, which every terminal and pipe accepts."""
    click.echo(json.dumps(value, indent=2))


def say(text: str) -> None:
    """Print a message to standard error."""
    click.echo(text, err=True)
