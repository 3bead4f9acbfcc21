"""Format values for a terminal: times, absent values, no control characters."""

import json
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

SHORTEST: Final = 12
"""Columns to which a text of a table is cut at the most."""
_TIMES: Final = ("signs_from", "retire_after", "tokens_until")


def cell(item: Mapping[str, Any], member: str) -> str:
    """A member as text; `request.ip` is a member within a member."""
    value: Any = item
    for name in member.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    if name.endswith("_at") or name in _TIMES:
        return when(value)
    return text_of(value)


def text_of(value: Any) -> str:
    """A JSON value on one line."""
    match value:
        case None | "":
            return "-"
        case bool():
            return "yes" if value else "no"
        case list() if all(isinstance(part, str) for part in value):
            return printable(", ".join(value)) or "-"
        case dict() | list():
            return printable(json.dumps(value, ensure_ascii=False))
        case _:
            return printable(str(value))


def when(value: Any) -> str:
    """Epoch seconds as local time, ISO 8601 with its offset."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return text_of(value)
    try:
        return datetime.fromtimestamp(value, tz=UTC).astimezone().isoformat(timespec="seconds")
    except (OverflowError, ValueError, OSError):
        return text_of(value)


def printable(text: str) -> str:
    """The text without characters that move a cursor or colour a line."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def width(text: str) -> int:
    """The width of a text on a terminal, in columns."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as aligned lines, with two spaces between columns."""
    widths = [max(width(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        padded = [text + " " * (wide - width(text)) for text, wide in zip(row, widths, strict=True)]
        lines.append("  ".join(padded).rstrip())
    return lines


def fitted(rows: Sequence[Sequence[str]], columns: int) -> list[str]:
    """A table of at most so many columns; the first row is the header.

    Long texts are cut, except those of the first column, which are ids. If that is not
    enough, each object has its own block, with one line per member, and nothing is cut.
    """
    widths = [max(width(row[column]) for row in rows) for column in range(len(rows[0]))]
    excess = sum(widths) + 2 * (len(widths) - 1) - columns
    while excess > 0:
        widest = max(range(1, len(widths)), key=lambda column: widths[column], default=0)
        if widest == 0 or widths[widest] <= SHORTEST:
            return _blocks(rows)
        widths[widest] -= 1
        excess -= 1
    return table(
        [[_cut(text, wide) for text, wide in zip(row, widths, strict=True)] for row in rows]
    )


def _cut(text: str, columns: int) -> str:
    if width(text) <= columns:
        return text
    while width(text) >= columns:
        text = text[:-1]
    return text + "\N{HORIZONTAL ELLIPSIS}"


def _blocks(rows: Sequence[Sequence[str]]) -> list[str]:
    header, *items = rows
    lines: list[str] = []
    for item in items:
        lines += ["", *table(list(zip(header, item, strict=True)))]
    return lines[1:]
