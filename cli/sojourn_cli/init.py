"""`sojourn init`: a deployed stack's first access key."""

import click

from sojourn.clock import SystemClock
from sojourn.errors import AlreadyInitialised, SojournError
from sojourn_cli.show import say
from sojourn_cli.stack import StackProblem, access_keys


@click.command()
@click.option("--stack-name", help="The CloudFormation stack, as given to `sam deploy`.")
@click.option("--region", help="The stack's region; by default what AWS's own rules find.")
@click.option("--profile", help="A profile of your AWS configuration.")
@click.option("--endpoint", metavar="URL", help="The local stack instead: http://127.0.0.1:3000.")
@click.option("--name", default="first", show_default=True, help="What to call the key.")
@click.option("--force", is_flag=True, help="Make one although the stack has its first key.")
def init(
    *,
    stack_name: str | None,
    region: str | None,
    profile: str | None,
    endpoint: str | None,
    name: str,
    force: bool,
) -> None:
    """Make the stack's first stack-wide admin access key, and show it once.

    A second is refused: it would be an accident, or an intrusion. --force makes one all the
    same, for when the first one's secret is lost.
    """
    if (stack_name is None) == (endpoint is None):
        raise click.UsageError("Give either --stack-name, or --endpoint for the local stack.")
    try:
        keys = access_keys(
            stack_name=stack_name,
            region=region,
            profile=profile,
            endpoint=endpoint,
            clock=SystemClock(),
        )
        key, secret = keys.create_first(name=name, force=force)
    except AlreadyInitialised as error:
        raise click.ClickException(error.detail) from error
    except StackProblem as error:
        raise click.ClickException(f"{error} Nothing was made.") from error
    except SojournError as error:
        text = f"{error} A key may have been made: run this again, and see."
        raise click.ClickException(text) from error
    say(f"Access key {key.id}, stack-wide, admin. Its secret, shown this once:")
    click.echo(secret)
    say("Keep it where your servers keep secrets; it cannot be shown again.")
