"""`sojourn`, the operator's command: its command groups and the handling of errors."""

import io
import sys

import click

from sojourn_cli.completion import completion
from sojourn_cli.console.command import console
from sojourn_cli.costs.command import cost
from sojourn_cli.credentials import credentials
from sojourn_cli.doctor.command import doctor
from sojourn_cli.drill.command import drill
from sojourn_cli.init import init
from sojourn_cli.keys import keys
from sojourn_cli.realms import realms
from sojourn_cli.sessions import sessions
from sojourn_cli.terminal.show import say
from sojourn_cli.token import token
from sojourn_cli.users import users
from sojourn_cli.where import Where, located

INTERRUPTED = 130


class Operator(click.Group):
    """A command group that exits with 130 after Ctrl-C, as a shell expects."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            stopped = True
        except click.Abort as error:
            # A prompt turns both Ctrl-C and the end of its input into this.
            stopped = isinstance(error.__context__, KeyboardInterrupt)
        say("Interrupted." if stopped else "No answer. Nothing was done.")
        raise click.exceptions.Exit(INTERRUPTED if stopped else 1)


@click.group(cls=Operator, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sojourn-cli")
def main() -> None:
    """Operate a Sojourn stack: docs/cli.md.

    Exit codes: 0 done, 1 refused or failed, 2 not understood, 3 not reachable, 130 interrupted.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Characters that this terminal's encoding lacks must not cause a failure.
            stream.reconfigure(errors="backslashreplace")


@click.command()
@located
def url(where: Where) -> None:
    """Print the API's URL: for SOJOURN_URL, curl and your servers."""
    click.echo(where.reach().base_url)


COMMANDS = (
    init,
    url,
    realms,
    users,
    credentials,
    keys,
    sessions,
    token,
    doctor,
    console,
    drill,
    cost,
    completion,
)
for command in COMMANDS:
    main.add_command(command)

if __name__ == "__main__":
    main()
