"""The client's README names each option and method, and no other."""

import inspect
import re
from pathlib import Path

from sojourn_client import Sojourn
from sojourn_client.client import CACHE_SIZE, TIMEOUT
from sojourn_client.modes.machine import MAX_STALENESS

README = (Path(__file__).resolve().parents[3] / "client/README.md").read_text()


def rows(section: str) -> list[str]:
    """The first cells of a section's table, as code."""
    text = README.split(f"\n## {section}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| (`.+?) \|", text, re.MULTILINE)


def test_options() -> None:
    """Each option by name is in the table; `transport` and `clock` are for tests."""
    parameters = inspect.signature(Sojourn).parameters.values()
    named = [each.name for each in parameters if each.kind is each.KEYWORD_ONLY]
    listed = [cell.strip("`") for cell in rows("Options")]
    assert listed == [name for name in named if name not in ("transport", "clock")]


def test_defaults() -> None:
    """The defaults are those of the code."""
    for told in (
        f"| `cache_size` | {CACHE_SIZE:,} |",
        f"| `timeout` | {TIMEOUT:.0f} |",
        f"{MAX_STALENESS['cached']:.0f} in `cached`, {MAX_STALENESS['feed']:.0f} in `feed`",
    ):
        assert told in README


def test_methods() -> None:
    """Each public method is in the table, and its twin for asyncio exists where the page says."""
    public = {n for n, m in vars(Sojourn).items() if inspect.isfunction(m) and n[0] != "_"}
    listed = {name for cell in rows("Methods") for name in re.findall(r"`(\w+)\(", cell)}
    twins = {f"a{name}" for name in listed - {"health", "close"}}
    assert public == listed | twins
