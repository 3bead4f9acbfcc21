"""From the calls that were made to the operations that the checker orders."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from provers.concurrency.calls import LOST, Record
from provers.concurrency.checker import Operation
from provers.concurrency.state import Call
from provers.concurrency.user import DONE

BEGINS: Final = ("login", "begin")
SUCCESS: Final[Mapping[str, int]] = {
    "logout": DONE,
    "terminate": DONE,
    "terminate_by_server": DONE,
    "end_own": DONE,
    "end_all": DONE,
    "end_sessions": 200,
    "set_state": 200,
    "set_password": 200,
    "change_password": DONE,
    "delete": DONE,
    "set_realm": 200,
    "end_realm": 200,
    "stop_key": 200,
    "delete_realm": DONE,
}
"""What changes something, with the answer that it has when it does."""


def operations(records: Sequence[Record], known: Iterable[str]) -> list[Operation[Call]]:
    """The operations of a history; `known`: the sessions that there were before.

    A call that was answered by 503 may have been done, then or later, or not. Of a login that is
    seen: a session that nobody was told of is one of theirs, and there is no more of those than
    logins without an answer.
    """
    made = [_answered(record) for record in records if record.status != LOST]
    for record in records:
        if record.status == LOST and record.name in SUCCESS:
            call = Call(record.name, record.given, SUCCESS[record.name], start=record.start)
            made.append(Operation(call, record.start, certain=False))
    lost = [record for record in records if record.status == LOST and record.name in BEGINS]
    targets = tuple({record.given.get("replace") for record in lost})
    unclaimed = sorted(_unclaimed(records, known).items(), key=lambda found: found[1])
    for session, created_at in unclaimed[: len(lost)]:
        start = min(record.start for record in lost)
        answer = {"id": session, "created_at": created_at}
        call = Call("begin", {"replaces": targets}, 201, answer, start)
        made.append(Operation(call, start, math.inf, rank=created_at))
    return made


def _answered(record: Record) -> Operation[Call]:
    given, answer = record.given, record.answer
    call = Call(record.name, given, record.status, answer, record.start, record.end)
    rank = record.answer.get("created_at") if record.name in BEGINS else None
    return Operation(call, record.start, record.end, rank=rank, reads=call.reads)


def _unclaimed(records: Sequence[Record], known: Iterable[str]) -> dict[str, float]:
    """Sessions that some list has and no login's answer told of, with when they began."""
    told = {r.answer["id"] for r in records if r.name in BEGINS and "id" in r.answer}
    listed: dict[str, float] = {}
    for record in records:
        listed.update(record.answer.get("created", {}))
    return {s: at for s, at in listed.items() if s not in told and s not in set(known)}
