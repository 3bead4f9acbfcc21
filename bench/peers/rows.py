"""Copies of rows in a peer's SQLite: many users and sessions out of one true one of each."""

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """The only row of a table, and the columns in which its copies differ."""

    table: str
    changes: Mapping[str, str]


def only(file: Path, table: str) -> dict[str, Any]:
    """The only row of a table."""
    with closing(sqlite3.connect(file)) as database:
        return _only(database, table)


def copy(file: Path, rows: Iterable[Row]) -> None:
    """Insert copies in one transaction."""
    with closing(sqlite3.connect(file)) as database, database:
        first: dict[str, dict[str, Any]] = {}
        for row in rows:
            if row.table not in first:
                first[row.table] = _only(database, row.table)
            unknown = row.changes.keys() - first[row.table].keys()
            if unknown:
                raise ValueError(f"{row.table} has no column {min(unknown)}")
            made = {**first[row.table], **row.changes}
            names = ", ".join(f'"{name}"' for name in made)
            places = ", ".join("?" * len(made))
            database.execute(
                f'INSERT INTO "{row.table}" ({names}) VALUES ({places})', tuple(made.values())
            )


def _only(database: sqlite3.Connection, table: str) -> dict[str, Any]:
    cursor = database.execute(f'SELECT * FROM "{table}"')
    found = cursor.fetchall()
    if len(found) != 1:
        raise ValueError(f"{table} has {len(found)} rows, and not one")
    return dict(zip((name for name, *_ in cursor.description), found[0], strict=True))
