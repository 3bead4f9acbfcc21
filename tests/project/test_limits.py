"""docs/limits.md against the constants, docs/troubleshooting.md against the errors."""

import importlib
import re
from pathlib import Path

import pytest

from sojourn.domain import errors
from sojourn.domain.lockout import Limit

DOCS = Path(__file__).resolve().parents[2] / "docs"
ROW = re.compile(r"^\| (.+?) \| ([\d,]+) \| .+ \| `([\w.]+)` \|$", re.MULTILINE)
LIMITS = ROW.findall((DOCS / "limits.md").read_text())
TROUBLES = (DOCS / "troubleshooting.md").read_text()


def codes(kind: type[errors.SojournError] = errors.SojournError) -> set[str]:
    """The codes of an error and of all its kinds."""
    return {kind.code}.union(*(codes(one) for one in kind.__subclasses__()))


def test_limits_are_found() -> None:
    """The page has its table, so that nothing passes for being empty."""
    assert len(LIMITS) >= 20


@pytest.mark.parametrize(("what", "limit", "place"), LIMITS)
def test_limit_is_the_codes(what: str, limit: str, place: str) -> None:
    """Each limit that the page names is the constant behind it."""
    module, name = place.rsplit(".", 1)
    value = getattr(importlib.import_module(f"sojourn.{module}"), name)
    if isinstance(value, tuple):
        value = value[1]
    if isinstance(value, Limit):
        value = value.most
    assert int(limit.replace(",", "")) == value, what


@pytest.mark.parametrize("code", sorted(codes()))
def test_each_code_has_a_row(code: str) -> None:
    """Each error code is described once: whom it meets, what it means, and what to do."""
    assert len(re.findall(rf"^\| `{code}` \|", TROUBLES, re.MULTILINE)) == 1


def test_no_code_is_told_that_there_is_not() -> None:
    """The page tells of no code that the service has not."""
    assert set(re.findall(r"^\| `(\w+)` \| \d", TROUBLES, re.MULTILINE)) == codes()
