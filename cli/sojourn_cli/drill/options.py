"""The options of `sojourn drill`, but for those of every command."""

from typing import Any, Final

import click

from sojourn_cli.where import Command

AT_ONCE: Final = 4


def of_verifiers(command: Command) -> Command:
    """The options that say what to ask; each may be repeated."""
    options = (
        ("--application", "applications", "URL", "A URL of an application that uses a client."),
        ("--authorizer", "authorizers", "URL", "A URL behind the Lambda authorizer."),
        ("--max-staleness", "max_staleness", "SECONDS", "An application's max_staleness, 0: none."),
        ("--ttl", "ttl", "SECONDS", "An authorizer's TTL; with --stack-name the stack's."),
        ("--cookie", "cookies", "COOKIE", "Send an application the token in this cookie."),
        ("--refused-by", "refused_by", "ANSWER", "Beside 401: 403, 302:/login or text:Log in."),
    )
    for name, target, what, text in reversed(options):
        command = click.option(name, target, metavar=f"[NAME=]{what}", multiple=True, help=text)(
            command
        )
    return command


def of_rounds(command: Command) -> Command:
    """The options that say how to drill."""
    seconds = click.FloatRange(min=0.01, max=60)
    options: tuple[tuple[str, Any, object, str], ...] = (
        ("--rounds", click.IntRange(1, 10_000), 10, "Sessions to end."),
        ("--at-once", click.IntRange(1, 16), None, f"Rounds at a time, {AT_ONCE} by default."),
        ("--every", seconds, 0.25, "Seconds between two requests."),
        ("--after", seconds, 2.0, "Seconds to go on after the longest bound."),
        ("--warm", click.IntRange(1, 1_000), 3, "Requests that are accepted before the end."),
    )
    for name, kind, default, text in reversed(options):
        command = click.option(name, type=kind, default=default, show_default=True, help=text)(
            command
        )
    return command
