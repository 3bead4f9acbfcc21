"""Convert recorded calls to the operations that the checker orders."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
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


def readings(records: Sequence[Record], known: Iterable[str]) -> Iterator[list[Operation[Call]]]:
    """The operations that a history may be of, as `operations` gives them.

    A session that began without an answer, in a realm that was deleted before anybody listed it, is
    told of by nothing that was answered: the readings have none of those, one, and so on.
    """
    unseen = 0
    if any(record.name == "delete_realm" for record in records):
        lost = sum(record.status == LOST and record.name in BEGINS for record in records)
        unseen = max(0, lost - len(_unclaimed(records, known)))
    for number in range(unseen + 1):
        yield operations(records, known, unseen=number)


def operations(
    records: Sequence[Record], known: Iterable[str], *, unseen: int = 0
) -> list[Operation[Call]]:
    """The operations of a history; `known`: the sessions that there were before.

    A call that was answered by 503 may have been done, then or later, or not. Of a login that is
    seen: a session that nobody was told of is one of theirs, and there is no more of those than
    logins without an answer. So many more, at most, are `unseen`: no list has them.
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
    for number in range(unseen):
        start = min(record.start for record in lost)
        answer = {"id": f"unseen {number}", "created_at": math.inf}
        call = Call("begin", {"replaces": targets}, 201, answer, start)
        made.append(Operation(call, start, certain=False))
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
