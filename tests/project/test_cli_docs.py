"""docs/cli.md and the tool's README against `sojourn`: commands, options, checks and exit codes."""

import re
import shlex
from pathlib import Path

import click
import pytest

from sojourn.domain.policy import Settings
from sojourn_cli import where
from sojourn_cli.realms import SETTINGS
from tests.cli.tool import commands, parse

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/cli.md").read_text()
PACKAGE = (ROOT / "cli/README.md").read_text()
SHELL = re.findall(r"^```sh\n(.*?)^```", PAGE + PACKAGE, flags=re.DOTALL | re.MULTILINE)
EXAMPLES = re.findall(r"^sojourn ([^|<>\n]*)", "\n".join(SHELL), flags=re.MULTILINE)
ROWS = dict(re.findall(r"^\| `([a-z -]+)` \| (.*)$", PAGE, flags=re.MULTILINE))
COMMANDS = {" ".join(path): command for path, command in commands()}


def shared() -> set[str]:
    """The options that every command has, which the page tells once."""

    @where.realm_option
    @where.located
    def nothing() -> None:
        """Take the options and do nothing."""

    options = click.command()(nothing).params
    return {name for option in options for name in option.opts} | {"--json"}


@pytest.mark.parametrize("example", EXAMPLES)
def test_example_parses(example: str) -> None:
    """Each example is a command line that the tool understands."""
    parse(shlex.split(example, comments=True))


def test_each_command_has_an_example_and_a_row() -> None:
    """No command is left out, and none is described that is not there."""
    assert {" ".join(parse(shlex.split(example))) for example in EXAMPLES} == set(COMMANDS)
    described = {name for name in ROWS if name in COMMANDS or " " in name}
    assert described == set(COMMANDS) - {"doctor"}


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_options_are_documented(name: str) -> None:
    """Each option of a command is in its row, or is a setting, or is every command's."""
    settings = {f"--{setting.replace('_', '-')}" for setting in SETTINGS}
    for parameter in COMMANDS[name].params:
        if not isinstance(parameter, click.Option):
            continue
        for option in set(parameter.opts) - shared():
            described = re.search(rf"`{option}[` ]", ROWS[name])
            if option in settings and not described:
                assert "the settings" in ROWS[name]
                assert f"`{option}`" in PAGE
            else:
                assert described, option


@pytest.mark.parametrize("option", sorted(shared() - {"--json"}))
def test_shared_options_are_documented(option: str) -> None:
    """Each option that all commands have is in the first table."""
    assert re.search(rf"^\| .*`{option}`", PAGE, flags=re.MULTILINE)


def test_each_realm_setting_has_an_option() -> None:
    """Each realm setting has an option."""
    assert set(SETTINGS) == set(Settings.__dataclass_fields__)


def test_environment_is_documented() -> None:
    """Each variable that the tool reads is in the page."""
    source = "".join(path.read_text() for path in (ROOT / "cli/sojourn_cli").rglob("*.py"))
    read = set(re.findall(r"\bSOJOURN_[A-Z_]+", source))
    assert read == {"SOJOURN_URL", "SOJOURN_ACCESS_KEY", "SOJOURN_LOCAL"}
    assert all(f"`{name}`" in PAGE for name in read)


def test_exit_codes_are_documented() -> None:
    """The page has a row for each exit code."""
    assert re.findall(r"^\| (\d+) \|", PAGE, flags=re.MULTILINE) == ["0", "1", "2", "3", "130"]


def test_doctors_checks_are_documented() -> None:
    """The page has a row for each check, and for no other."""
    source = "".join(path.read_text() for path in (ROOT / "cli/sojourn_cli").rglob("*.py"))
    checks = set(re.findall(r'looked\("(\w+)"', source))
    table = PAGE[PAGE.index("## Doctor") : PAGE.index("## Console")]
    assert set(re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE)) == checks
    assert len(checks) == 9
