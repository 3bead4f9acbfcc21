"""What one operation takes: counted units and bytes, and measured CPU. Data, and its reading."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from sojourn_cli.costs.prices import DataInvalid, number, packaged, parsed

SESSIONS: Final = (1, 3, 10)
"""The numbers of a user's live sessions for which operations are counted."""
TABLES: Final = ("sessions", "directory", "attempts")
WARM: Final = (
    "login",
    "api_key_login",
    "login_failed",
    "validate",
    "confirm",
    "list",
    "terminate",
    "poll",
    "cleanup_step",
    "schedule",
)
"""The operations that have a CPU time."""


@dataclass(frozen=True, slots=True)
class Operation:
    """What one operation takes, with warm caches. Units are by table, or by its index."""

    function: str
    requests: int
    calls: int
    reads: Mapping[str, float]
    writes: Mapping[str, float]
    log_bytes: int
    answer_bytes: int


@dataclass(frozen=True, slots=True)
class Stored:
    """Bytes that are kept, with the 100 that DynamoDB adds to each item and entry of an index."""

    user: float
    session: float
    ended_record: float
    feed_entry: float


@dataclass(frozen=True, slots=True)
class Counts:
    """What this version takes, for users with so many live sessions."""

    operations: Mapping[str, Operation]
    stored: Stored
    memory: Mapping[str, int]
    runs: Mapping[str, int]
    """Runs of each schedule in a month."""
    stack: Mapping[str, int]
    entry_answer_bytes: int
    entry_item_bytes: int


@dataclass(frozen=True, slots=True)
class Cpu:
    """Milliseconds of CPU on one whole core, when, how and where they were measured."""

    date: str
    command: str
    machine: str
    warm: Mapping[str, float]
    init: float
    first: float
    round_trip: float


@cache
def counts(sessions: int) -> Counts:
    """The counts for users with so many live sessions, one of `SESSIONS`."""
    given = tomllib.loads(packaged("counts.toml"))
    found = {name: _operation(value) for name, value in given["counted"][str(sessions)].items()}
    found["poll"] = _operation(given["feed"]["poll"])
    for name, value in given["cleanup"].items():
        found[name] = _operation(value)
    for name, value in given["schedule"].items():
        found[name] = _operation(value)
    one, ten = given["storage"]["1"], given["storage"]["10"]
    each = (ten["user_bytes"] - one["user_bytes"]) / 9
    indexed = 100 + one["index_bytes"]
    return Counts(
        operations=found,
        stored=Stored(
            user=one["user_bytes"] - each + 100 + one["names_bytes"],
            session=each + indexed,
            ended_record=given["storage"]["ended_record"]["item_bytes"] + 100 + indexed,
            feed_entry=given["feed"]["entry"]["item_bytes"] + 100 + indexed,
        ),
        memory=given["memory"],
        runs={name: value["runs_per_month"] for name, value in given["schedule"].items()},
        stack=given["stack"],
        entry_answer_bytes=given["feed"]["entry"]["answer_bytes"],
        entry_item_bytes=given["feed"]["entry"]["item_bytes"],
    )


def default_cpu() -> Cpu:
    """The CPU times that come with the tool."""
    return cpu_of(packaged("cpu.toml"))


def cpu_of(text: str) -> Cpu:
    """The CPU times of a file. Raises `DataInvalid`."""
    given = parsed(text)
    for name in ("warm", "cold", "wait"):
        if not isinstance(given.get(name), dict):
            raise DataInvalid(f"It must have the tables warm, cold and wait; {name} is missing.")
    warm = {name: number(given["warm"].get(name), f"warm.{name}") for name in WARM}
    return Cpu(
        date=str(given.get("date", "no date")),
        command=str(given.get("command", "not told")),
        machine=str(given.get("machine", "not told")),
        warm=warm,
        init=number(given["cold"].get("init"), "cold.init"),
        first=number(given["cold"].get("first"), "cold.first"),
        round_trip=number(given["wait"].get("round_trip"), "wait.round_trip"),
    )


def _operation(given: Mapping[str, Any]) -> Operation:
    return Operation(
        function=given["function"],
        requests=given.get("requests", 0),
        calls=given["calls"],
        reads=given["reads"],
        writes=given["writes"],
        log_bytes=given.get("log_bytes", 0),
        answer_bytes=given.get("answer_bytes", 0),
    )
