"""docs/architecture.md and the README's "Where is …?" name only files that exist."""

import re
from pathlib import Path

import pytest

from tools import rooms

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
WHERE = README[README.index("## Where is …?") :]
TEXT = (ROOT / "docs/architecture.md").read_text() + WHERE
LAYER = ROOT / "layers/core/sojourn"
FILES = sorted(set(re.findall(r"`([\w/.<>-]+(?:\.(?:py|md|yaml|toml)|/))`", TEXT)))


def test_files_are_found() -> None:
    """The pages name files, so the tests below do not pass for want of any."""
    assert len(FILES) >= 40


@pytest.mark.parametrize("name", FILES)
def test_file_is_there(name: str) -> None:
    """A file that the pages name is in the repository, or in the layer."""
    path = name.replace("<name>", "login")
    assert (ROOT / path).exists() or (LAYER / path).exists()


def test_every_room_has_its_row() -> None:
    """The table of rooms lists exactly the packages of the layer."""
    rooms = {path.name for path in LAYER.iterdir() if (path / "__init__.py").exists()}
    assert set(re.findall(r"^\| `(\w+)/` \|", TEXT, re.MULTILINE)) == rooms


UNIT = [
    path
    for path in sorted((ROOT / "tests/unit").glob("*/test_*.py"))
    if path.parent.name != "provers"  # which has folders of its own
]


@pytest.mark.parametrize("path", UNIT, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_unit_test_has_the_path_of_its_module(path: Path) -> None:
    """A unit test's file is named after a module of its room; what else it is about comes after."""
    room = (ROOT if path.parent.name in ("local", "bench") else LAYER) / path.parent.name
    about = path.stem.removeprefix("test_")
    modules = {module.stem for module in room.iterdir()}
    assert any(about == name or about.startswith(f"{name}_") for name in modules)


def test_picture_of_the_rooms_is_drawn_from_the_imports() -> None:
    """The README's picture is what `python -m tools.rooms` draws."""
    assert f"```mermaid\n{rooms.drawing()}\n```" in README


def test_function_that_is_named_is_in_its_module() -> None:
    """If the pages name a function of a module, the module defines it."""
    named = re.findall(r"`([\w/]+\.py)`, `([\w.]+)`", TEXT)
    assert len(named) >= 3
    for module, name in named:
        source = (LAYER / module).read_text()
        for part in name.split("."):
            assert re.search(rf"^\s*(def|class) {part}\b", source, re.MULTILINE), (module, name)
