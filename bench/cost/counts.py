"""What each operation takes, counted for `sojourn cost`: calls, units, bytes of logs and answers.

Run: python -m bench.cost.counts [--check]

Each operation is a request to the local stack, whose calls of DynamoDB are weighed as AWS bills
them (`bench.cost.units`). It is counted with warm caches, for users with 1, 3 and 10 live
sessions. The result is written to `cli/sojourn_cli/costs/counts.toml`; `--check` compares instead,
and fails if calls or units differ, or bytes by more than 5 %.
"""

import argparse
import io
import json
import sys
import tomllib
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from bench.cost.units import INDEX, Meter, Tally, size
from bench.cost.world import World

FILE: Final = Path(__file__).resolve().parents[2] / "cli/sojourn_cli/costs/counts.toml"
SESSIONS: Final = (1, 3, 10)
"""The live sessions of a user for which operations are counted."""
HEAD: Final = """\
# What each operation takes, for `sojourn cost`. Written by `python -m bench.cost.counts`, which
# calls the functions of this version; `tests/project/test_cost_counts.py` compares.
#
# function: which one does it; requests: whether API Gateway does it too; calls: of DynamoDB, one
# after another; reads, writes: DynamoDB's units by table (`sessions-due` is the table's index);
# log_bytes: with Lambda's own lines, API Gateway's access log and CloudWatch's 26 bytes an event;
# answer_bytes: with headers.
"""
TOLERANCE: Final = 0.05


@dataclass(slots=True)
class Counts:
    """The sections of the file, `counted.3.login` for instance, in order."""

    sections: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, name: str, values: Mapping[str, Any]) -> None:
        """A section with its values; units of nothing are left out."""
        self.sections[name] = {
            key: {t: u for t, u in sorted(value.items()) if u} if isinstance(value, dict) else value
            for key, value in values.items()
        }

    def text(self) -> str:
        """The file."""
        parts = [HEAD]
        for name, values in self.sections.items():
            parts.append(f"\n[{name}]\n")
            for key, value in values.items():
                parts.append(f"{key} = {_shown(value)}\n")
        return "".join(parts)


def _shown(value: object) -> str:
    if isinstance(value, dict):
        inner = ", ".join(f"{table} = {units:g}" for table, units in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    return json.dumps(value)


def counted() -> Counts:
    """Count everything. Must be called in a process of its own: logs are what it writes."""
    counts, said = Counts(), io.StringIO()
    with redirect_stdout(said):
        world = World(said)
        meter = Meter()
        with meter.attached():
            _schedules(counts, world, meter)
            for sessions in SESSIONS:
                _operations(counts, world, meter, sessions)
            _polls(counts, world, meter)
            _expiry(counts, world, meter)
        counts.add("memory", world.memory())
        counts.add("stack", world.fixed())
    return counts


def _schedules(counts: Counts, world: World, meter: Meter) -> None:
    """What runs whether or not anybody uses the stack."""
    for name, function in (("cleanup", "CleanupFunction"), ("rotate", "RotateFunction")):
        world.run(function)
        run = _done(world, meter, name, partial(world.run, function))
        counts.add(f"schedule.{name}", {**run, "runs_per_month": world.runs_per_month(name)})


def _operations(counts: Counts, world: World, meter: Meter, sessions: int) -> None:
    user = world.user(sessions)
    before = world.bytes_of("directory")
    other = world.user(sessions, prefix="other")
    names = world.bytes_of("directory") - before
    tokens = [world.login(user) for _ in range(sessions - 1)]
    world.login(world.user(sessions, prefix="warm"))

    def count(name: str, function: str, call: Any) -> None:
        counts.add(f"counted.{sessions}.{name}", _done(world, meter, function, call))

    count("login", "login", lambda: tokens.append(world.login(user)))
    token = tokens[-1]
    for name, function, call in (
        ("validate", "validate", lambda: world.ask("GET", "/v1/session", bearer=token)),
        ("confirm", "validate", lambda: world.confirm(token)),
        ("list", "list_sessions", lambda: world.ask("GET", "/v1/sessions", bearer=token)),
    ):
        call()
        count(name, function, call)
    stored = world.item("sessions", user["id"])
    entry = {name: stored[name] for name in ("pk", "sk", *INDEX)}
    counts.add(
        f"storage.{sessions}",
        {"user_bytes": size(stored), "index_bytes": size(entry), "names_bytes": names},
    )
    world.ask("DELETE", "/v1/session", bearer=world.login(other))
    count("terminate", "terminate", lambda: world.ask("DELETE", "/v1/session", bearer=token))
    world.login(user)
    count("login_failed", "login", lambda: world.login_failed(user))
    world.api_key_login()
    count("api_key_login", "login", world.api_key_login)


def _polls(counts: Counts, world: World, meter: Meter) -> None:
    """A poll of the feed that has nothing new, and what each entry adds to one that has."""
    world.advance(120)
    cursor, etag, _ = world.poll("")
    cursor, etag, _ = world.poll(cursor)
    values = _done(world, meter, "revocations", lambda: world.poll(cursor, etag=etag))
    counts.add("feed.poll", values)
    user = world.user(2, prefix="feed")
    _, _, empty = world.poll(cursor)
    for _ in range(10):
        world.ask("DELETE", "/v1/session", bearer=world.login(user))
    _, _, ten = world.poll(cursor)
    entry = world.newest("sessions", "rev_")
    counts.add("feed.entry", {"item_bytes": size(entry), "answer_bytes": (ten - empty) // 10})


def _expiry(counts: Counts, world: World, meter: Meter) -> None:
    """What cleanup adds for a session that expires, an ended record, and an entry of the feed."""
    world.advance(40 * 86_400)
    world.run("CleanupFunction")
    idle = _done(world, meter, "cleanup", lambda: world.run("CleanupFunction"))

    def beyond(name: str, seconds: int) -> None:
        world.advance(seconds)
        done = _done(world, meter, "cleanup", lambda: world.run("CleanupFunction"))
        added: dict[str, Any] = {"function": "cleanup", "calls": done["calls"] - idle["calls"]}
        for kind in ("reads", "writes"):
            added[kind] = {t: u - idle[kind].get(t, 0) for t, u in done[kind].items()}
        counts.add(f"cleanup.{name}", added)

    world.login(world.user(3, prefix="gone"))
    beyond("expired_session", 6 * 3_600 + 60)
    world.ask("DELETE", "/v1/session", bearer=world.login(world.user(3, prefix="ended")))
    record = world.newest("sessions", "ended#")
    counts.add("storage.ended_record", {"item_bytes": size(record)})
    beyond("ended_record", 6 * 3_600 + 60)
    beyond("feed_entry", 25 * 3_600)


def _done(world: World, meter: Meter, function: str, call: Any) -> dict[str, Any]:
    """What one call takes."""
    world.forget()
    with meter.tally() as tally:
        call()
    return {
        "function": function,
        "requests": int(world.answered > 0),
        "calls": tally.calls,
        **_units(tally),
        "log_bytes": world.log_bytes(),
        "answer_bytes": world.answered,
    }


def _units(tally: Tally) -> dict[str, dict[str, float]]:
    return {"reads": dict(tally.reads), "writes": dict(tally.writes)}


def differences(found: Mapping[str, Any], written: Mapping[str, Any], where: str = "") -> list[str]:
    """Where two files differ, bytes by more than the tolerance."""
    told = []
    for name in sorted({*found, *written}):
        one, two = found.get(name), written.get(name)
        if isinstance(one, dict) and isinstance(two, dict):
            told += differences(one, two, f"{where}{name}.")
        elif name.endswith("_bytes") and isinstance(one, int) and isinstance(two, int):
            if abs(one - two) > TOLERANCE * max(one, two):
                told.append(f"{where}{name}: {one}, and the file has {two}")
        elif one != two:
            told.append(f"{where}{name}: {one}, and the file has {two}")
    return told


def main() -> None:
    """Write the file, or compare with it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare, and exit 1 on a difference")
    options = parser.parse_args()
    text = counted().text()
    if not options.check:
        FILE.write_text(text)
        return
    told = differences(tomllib.loads(text), tomllib.loads(FILE.read_text()))
    sys.exit("\n".join([*told, "Run: python -m bench.cost.counts"]) if told else 0)


if __name__ == "__main__":
    main()
