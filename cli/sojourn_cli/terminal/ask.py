"""Prompts at the terminal: for a password, a confirmation or a name."""

import sys
from collections.abc import Callable

import click

from sojourn_cli.terminal.show import say


def must_agree(question: Callable[[], str]) -> None:
    """Continue if the answer is yes. Raises `click.exceptions.Exit` with 1 if it is no.

    The question's content is looked up only if there is a terminal to ask at.
    """
    _at_terminal("give --yes")
    if not click.confirm(question(), err=True):
        say("Nothing was done.")
        raise click.exceptions.Exit(1)


def must_type(name: str, question: str) -> None:
    """Continue if exactly this name is typed."""
    _at_terminal("give --name or --yes")
    if click.prompt(question, err=True, default="", show_default=False) != name:
        say("The name is wrong. Nothing was done.")
        raise click.exceptions.Exit(1)


def new_password(*, from_stdin: bool, otherwise: str) -> str:
    """A password, typed twice and unseen, or the first line of standard input."""
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
        if not password:
            raise click.UsageError("Standard input had no password.")
        return password
    _at_terminal(otherwise)
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))


def _at_terminal(otherwise: str) -> None:
    if not sys.stdin.isatty():
        raise click.UsageError(f"Without a terminal, {otherwise}.")
