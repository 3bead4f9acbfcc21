"""`sojourn console`: serve the operator's pages to a browser on this machine."""

import signal

import click

from sojourn_cli.terminal.show import say
from sojourn_cli.where import Where, located


@click.command()
@located
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=0, help="Of 127.0.0.1; by default a free one."
)
@click.option(
    "--idle-minutes",
    type=click.IntRange(1, 480),
    default=15,
    show_default=True,
    help="End when nothing was asked for so long.",
)
def console(where: Where, *, port: int, idle_minutes: int) -> None:
    """Serve pages of realms, users, sessions and keys on 127.0.0.1, and print their URL.

    The URL works once, for five minutes. The access key stays in this process: the browser has only
    a cookie of this console. Ctrl-C ends it.
    """
    # Imported here: the other commands need neither a server nor templates.
    from sojourn_cli.console.desk import desk_of
    from sojourn_cli.console.door import LINK_SECONDS
    from sojourn_cli.console.server import Idle, listening, server

    try:
        socket = listening(port)
    except OSError as error:
        raise click.ClickException(f"Port {port} is not available: {error.strerror}.") from error
    with socket:
        desk = desk_of(where, f"127.0.0.1:{socket.getsockname()[1]}")
        idle = Idle(where.tools.clock, 60.0 * idle_minutes)
        click.echo(desk.link)
        say(
            f"Open this URL in a browser on this machine within {LINK_SECONDS / 60:.0f} minutes. "
            f"It works once.\nThe access key has the permission {desk.holder.permission}. "
            "Ctrl-C ends the console."
        )
        # A shell that begins it in the background has it ignore Ctrl-C's signal.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        server(desk, idle).run(sockets=[socket])
    if desk.door.is_late:
        say("Nobody opened the URL in time, so the console has ended. Start it again.")
    elif idle.is_over:
        say(f"Nothing was asked for {idle_minutes} minutes, so the console has ended.")
