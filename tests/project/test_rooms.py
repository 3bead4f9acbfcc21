"""Rooms and modules stay small enough to find one's way in."""

from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from local.template import ROOT

PRODUCT: Final = (
    "layers/core/sojourn",
    "functions",
    "cli/sojourn_cli",
    "client/sojourn_client",
    "local",
    "tools",
)
LINES: Final = 350
MODULES: Final = 24


def modules(top: str) -> list[Path]:
    """The modules below a folder."""
    return [path for path in (ROOT / top).rglob("*.py") if path.name != "__init__.py"]


@pytest.mark.parametrize("top", PRODUCT)
def test_no_module_is_long(top: str) -> None:
    """A module has at most 350 lines."""
    lines = {path: path.read_text().count("\n") for path in modules(top)}
    assert lines
    assert {path: number for path, number in lines.items() if number > LINES} == {}


@pytest.mark.parametrize("top", PRODUCT)
def test_no_room_is_crowded(top: str) -> None:
    """A room has some twenty modules: at most 24."""
    rooms = Counter(path.parent for path in modules(top))
    assert {room: number for room, number in rooms.items() if number > MODULES} == {}
