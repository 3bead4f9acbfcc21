"""Values as text for a terminal: times, absences, and nothing that could steer it."""

import json
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

_TIMES: Final = ("signs_from", "retire_after", "tokens_until")


def cell(item: Mapping[str, Any], member: str) -> str:
    """The text of a member; `request.ip` is one of a member."""
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
    """The columns that a terminal gives a text."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as aligned lines, two blanks between columns."""
    widths = [max(width(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        padded = [text + " " * (wide - width(text)) for text, wide in zip(row, widths, strict=True)]
        lines.append("  ".join(padded).rstrip())
    return lines
