"""Run `sojourn` in this process, and list its commands."""

import os
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import click
from click.testing import CliRunner, Result

from sojourn.runtime.clock import Clock
from sojourn_cli.main import main
from sojourn_cli.stack import Resources
from sojourn_cli.where import Tools, Where
from tests.support.clock import MovedClock

KEY = "ks_" + "0123456789" * 6
REALM = "rl_" + "R" * 22
USER = "usr_" + "U" * 22
SESSION = "kss_" + "S" * 54
SIGNING = "jky_" + "J" * 22
ACCESS = "key_" + "K" * 22
CREDENTIAL = "crd_" + "C" * 44


@dataclass(frozen=True, slots=True)
class Tool:
    """Runs `sojourn`, against a URL and with a key, by a clock that a wait moves."""

    url: str
    key: str = KEY
    clock: Clock = field(default_factory=MovedClock)
    resources: Callable[[Where], Resources] | None = None

    def __call__(self, *arguments: str, input: str | None = None, **env: str | None) -> Result:
        """What a command line does; no exception may be left of it, nor the key be shown."""
        told = {"SOJOURN_URL": self.url, "SOJOURN_ACCESS_KEY": self.key, **env}
        kept = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
        tools = Tools(clock=self.clock)
        if self.resources is not None:
            tools = Tools(clock=self.clock, resources=self.resources)
        result = CliRunner(env={**kept, **told}).invoke(main, arguments, input=input, obj=tools)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise AssertionError(
                "".join(traceback.format_exception(result.exception))
            ) from result.exception
        assert "Traceback" not in result.output
        assert self.key not in result.output
        return result


def commands(
    group: click.Group = main, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command with its path, `("keys", "signing", "list")`."""
    for name, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


def parse(words: Sequence[str]) -> tuple[str, ...]:
    """The path of the command that a line names. Raises `click.UsageError`, and runs nothing."""
    command: click.Command = main
    context = main.make_context("sojourn", list(words))
    path: list[str] = []
    while isinstance(command, click.Group):
        told = [*context._protected_args, *context.args]
        name, found, rest = command.resolve_command(context, told)
        assert name is not None
        assert found is not None
        context = found.make_context(name, rest, parent=context)
        path.append(name)
        command = found
    return tuple(path)


EXAMPLES: dict[str, tuple[str, ...]] = {
    "realms list": (),
    "realms show": (REALM,),
    "realms create": ("Shop",),
    "realms set": (REALM, "--name", "Shop"),
    "realms delete": (REALM, "--yes"),
    "realms end-sessions": (REALM, "--yes"),
    "users list": ("--realm", REALM),
    "users show": ("--realm", REALM, "ada"),
    "users create": ("--realm", REALM, "ada", "--no-password"),
    "users set": ("--realm", REALM, "ada", "--name", "Ada"),
    "users disable": ("--realm", REALM, "ada", "--yes"),
    "users enable": ("--realm", REALM, "ada"),
    "users unlock": ("--realm", REALM, "ada"),
    "users delete": ("--realm", REALM, "ada", "--yes"),
    "users end-sessions": ("--realm", REALM, "ada", "--yes"),
    "sessions list": ("--realm", REALM, "--user", "ada"),
    "sessions show": (SESSION,),
    "sessions end": (SESSION, "--yes"),
    "credentials list": ("--realm", REALM, "--user", USER),
    "credentials show": (CREDENTIAL,),
    "credentials create": ("--realm", REALM, "--user", USER, "--name", "nightly"),
    "credentials delete": (CREDENTIAL, "--yes"),
    "keys list": (),
    "keys show": (ACCESS,),
    "keys create": ("shop", "--permission", "read", "--stack-wide"),
    "keys set": (ACCESS, "--name", "shop"),
    "keys revoke": (ACCESS, "--yes"),
    "keys signing list": ("--realm", REALM),
    "keys signing show": ("--realm", REALM, SIGNING),
    "keys signing rotate": ("--realm", REALM),
    "keys signing compromised": ("--realm", REALM, SIGNING, "--yes"),
    "keys signing delete": ("--realm", REALM, SIGNING),
}
"""A command line for each command that asks the API for something."""
