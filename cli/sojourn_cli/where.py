"""Find a command's stack and access key: from options, then from the environment."""

import json
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import wraps
from pathlib import Path
from typing import Any, Final

import click

from sojourn_cli import ids
from sojourn_cli.api import Api
from sojourn_cli.clock import Clock, SystemClock
from sojourn_cli.reach import NotReachable, Reach
from sojourn_cli.stack import Resources, StackProblem, find, output

Command = Callable[..., None]
_KEY: Final = re.compile(r"ks_[0-9A-Za-z]{10,200}")


@dataclass(frozen=True, slots=True)
class Tools:
    """The commands' dependencies, which tests replace."""

    clock: Clock = field(default_factory=SystemClock)
    resources: Callable[["Where"], Resources] = field(
        default=lambda where: find(where.named(), region=where.region, profile=where.profile)
    )


@dataclass(frozen=True, slots=True)
class Where:
    """The stack in the options. The command line has priority over the environment."""

    url: str | None
    stack_name: str | None
    local: bool
    region: str | None
    profile: str | None
    access_key_file: str | None
    tools: Tools = field(default_factory=Tools)

    def api(self, realm_id: str | None = None) -> Api:
        """The API with the access key and the realm. Raises `click.ClickException`."""
        return Api(
            reach=self.reach(),
            access_key=self.access_key(),
            realm_id=realm_id,
            clock=self.tools.clock,
        )

    def reach(self) -> Reach:
        """The API without a key."""
        if sum((self.url is not None, self.stack_name is not None, self.local)) > 1:
            raise click.UsageError("Give one of --url, --stack-name and --local.")
        if self.local:
            local = _local()
            return Reach(str(local["base_url"]), ca_file=local["ca_file"])
        if self.stack_name is not None:
            try:
                _, url = output(
                    "ApiUrl",
                    stack_name=self.stack_name,
                    region=self.region,
                    profile=self.profile,
                )
            except StackProblem as error:
                raise NotReachable(str(error)) from error
            return Reach(url)
        url = self.url or os.environ.get("SOJOURN_URL") or ""
        if not url:
            here = devfile()
            hint = f" There is a local stack's {here}." if here.exists() else ""
            raise click.UsageError(
                "Say which stack: --url, SOJOURN_URL in the environment, --stack-name, or --local."
                + hint
            )
        return Reach(url)

    def access_key(self) -> str:
        """The access key's secret. It is never an argument, which other users could see."""
        if self.local and self.access_key_file is None:
            return str(_local()["access_key"])
        if self.access_key_file is not None:
            secret, place = _read(self.access_key_file), self.access_key_file
        else:
            secret, place = os.environ.get("SOJOURN_ACCESS_KEY", ""), "SOJOURN_ACCESS_KEY"
        if not secret.strip():
            raise click.UsageError(
                "Give an access key: SOJOURN_ACCESS_KEY in the environment, or --access-key-file."
            )
        if _KEY.fullmatch(secret.strip()) is None:
            raise click.UsageError(f"{place} does not contain an access key, ks_….")
        return secret.strip()

    def named(self) -> str:
        """The CloudFormation stack. Raises `StackProblem` when none is named."""
        if self.local:
            raise StackProblem("The local stack has nothing in AWS.")
        if self.stack_name is None:
            raise StackProblem("Name the stack by --stack-name.")
        return self.stack_name


_OPTIONS: Final = (
    click.option("--url", help="The API's URL, instead of SOJOURN_URL."),
    click.option("--stack-name", help="The CloudFormation stack, whose output has the API's URL."),
    click.option("--local", is_flag=True, help="The local stack of .local/dev.json."),
    click.option("--region", help="The stack's region; by default AWS's usual configuration."),
    click.option("--profile", help="A profile of your AWS configuration."),
    click.option(
        "--access-key-file",
        metavar="FILE",
        help="The file with the access key, - for standard input, instead of SOJOURN_ACCESS_KEY.",
    ),
)


def located(command: Command) -> Command:
    """Add the options that select the stack to a command, and pass it a `Where`."""

    @wraps(command)
    def run(**given: Any) -> None:
        tools = click.get_current_context().find_object(Tools) or Tools()
        names = [option.name for option in fields(Where) if option.name != "tools"]
        command(Where(**{name: given.pop(name) for name in names}, tools=tools), **given)

    for option in reversed(_OPTIONS):
        run = option(run)
    return run


def _realm(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    if value is not None and not ids.is_id("rl", value):
        raise click.BadParameter("it must be a realm's id, rl_ and 22 letters or digits.")
    return value


realm_option: Final = click.option(
    "--realm",
    metavar="REALM",
    callback=_realm,
    help="The realm's id; not needed with a realm-bound access key.",
)


def devfile() -> Path:
    """The `dev.json` of a running local stack; SOJOURN_LOCAL names another folder."""
    return Path(os.environ.get("SOJOURN_LOCAL") or ".local") / "dev.json"


def _local() -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(devfile().read_text())
        told = {name: content[name] for name in ("base_url", "access_key")}
        return told | {"ca_file": content.get("ca_file")}
    except FileNotFoundError as error:
        raise NotReachable("No local stack runs in this folder; start it by `make dev`.") from error
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise NotReachable(f"{devfile()} cannot be read: {error}.") from error


def _read(name: str) -> str:
    if name == "-":
        return sys.stdin.readline()
    try:
        return Path(name).read_text()
    except (OSError, ValueError) as error:
        raise click.UsageError(f"{name} cannot be read: {error}.") from error
