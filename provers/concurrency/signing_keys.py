"""The model of a realm's signing keys under rotation.

A run of the schedule makes two commits: it removes what is retired, and makes a key when the newest
is a day old. Its report is two answers, then, each right at a moment of its own within the run.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from provers.concurrency import checker
from provers.concurrency.calls import LOST, Record
from provers.concurrency.checker import Operation
from provers.concurrency.state import Call

NAMES: Final = ("rotate", "make_key", "keys")


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys that there are; `retired` of them may go; `due`: the newest is a day old."""

    present: frozenset[str]
    retired: frozenset[str]
    due: bool = True


@dataclass(frozen=True, slots=True)
class KeyRules:
    """`made` is the key that rotation made, whose id its report does not tell; "" for none."""

    made: str

    def step(self, keys: Keys, call: Call) -> Iterable[Keys]:
        """The keys that the call may lead to."""
        if call.name == "remove":
            told = call.answer.get("removed")
            after = replace(keys, present=keys.present - keys.retired, retired=frozenset())
            return [after] if told in (None, len(keys.retired)) else []
        if call.name == "rotate":
            told = call.answer.get("rotated")
            present = keys.present | {self.made} if keys.due else keys.present
            after = replace(keys, present=present, due=False)
            return [after] if told in (None, int(keys.due)) else []
        if call.name == "make_key":
            after = replace(keys, present=keys.present | {call.answer.get("id", "")}, due=False)
            return [after] if call.status == 201 else []
        return [keys] if call.status == 200 and set(call.answer["keys"]) == keys.present else []


def check(
    records: Sequence[Record], known: Mapping[str, float | None], *, now: float
) -> tuple["checker.Verdict[Keys]", list[Operation[Call]]]:
    """Whether some order explains what was done with a realm's keys; and the operations.

    `known` are the keys before, with when each may go, in epoch seconds.
    """
    retired = frozenset(key for key, at in known.items() if at is not None and at <= now)
    told = {record.answer.get("id") for record in records if record.name == "make_key"}
    listed = {key for record in records for key in record.answer.get("keys", ())}
    made = sorted(listed - set(known) - told)
    operations = [operation for record in records for operation in _operations(record)]
    # A second key that nobody was told of is in no state of these rules, and so found.
    rules = KeyRules(made[0] if made else "")
    before = Keys(frozenset(known), retired)
    return checker.check(operations, before, rules.step), operations


def _operations(record: Record) -> list[Operation[Call]]:
    names = ("remove", "rotate") if record.name == "rotate" else (record.name,)
    if record.status == LOST:
        return [Operation(Call(name), record.start, certain=False) for name in names]
    calls = [Call(name, record.given, record.status, record.answer) for name in names]
    reads = record.name == "keys"
    return [Operation(call, record.start, record.end, reads=reads) for call in calls]
