"""`sojourn init`: create a deployed stack's first access key."""

import click

from sojourn_cli import directory, first_key
from sojourn_cli.clock import SystemClock
from sojourn_cli.stack import StackProblem
from sojourn_cli.terminal.show import say


def _name(_: click.Context, __: click.Parameter, value: str) -> str:
    if not first_key.fit_to_be_shown(value):
        raise click.BadParameter(
            f"it must be 1 to {first_key.LONGEST_NAME} visible characters, without control "
            "characters, line breaks or characters that change text direction."
        )
    return value


@click.command()
@click.option("--stack-name", help="The CloudFormation stack, as given to `sam deploy`.")
@click.option("--region", help="The stack's region; by default AWS's usual configuration.")
@click.option("--profile", help="A profile of your AWS configuration.")
@click.option("--endpoint", metavar="URL", help="The local stack instead: http://127.0.0.1:3000.")
@click.option(
    "--name", default="first", show_default=True, callback=_name, help="What to call the key."
)
@click.option("--force", is_flag=True, help="Create a key even if the stack already has one.")
def init(
    *,
    stack_name: str | None,
    region: str | None,
    profile: str | None,
    endpoint: str | None,
    name: str,
    force: bool,
) -> None:
    """Create the stack's first stack-wide admin access key, and show it once.

    A second one is refused. If the secret of the first one is lost, --force creates another.
    """
    try:
        if stack_name is not None and endpoint is None:
            at = directory.deployed(stack_name, region=region, profile=profile)
        elif endpoint is not None and stack_name is None:
            at = directory.local(endpoint)
        else:
            raise click.UsageError("Give either --stack-name, or --endpoint for the local stack.")
    except StackProblem as error:
        raise click.ClickException(f"{error} No key was created.") from error
    key_id, secret = first_key.make(at, name=name, force=force, now_ms=SystemClock().wall_ms())
    say(f"Access key {key_id}, stack-wide, admin. Its secret, which is shown only once:")
    click.echo(secret)
    say("Store it where your servers keep secrets. It cannot be shown again.")
