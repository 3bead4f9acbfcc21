"""Run an operation without a fault, and record its calls, answers and tables."""

from dataclasses import dataclass, field

from provers.faults.cast import Cast
from provers.faults.layer import Call
from provers.faults.operations import Operation
from provers.faults.tables import Image, Known
from tests.support.http_world import Answer, World

State = list[str]


@dataclass
class Rehearsal:
    """What an operation does when nothing fails."""

    operation: Operation
    cast: Cast
    before: Image
    wall_ms: int
    known: Known
    states: list[State] = field(default_factory=list)
    settled: list[State] = field(default_factory=list)
    """The states after cleanup has run, for what leaves steps to it."""
    answers: list[object] = field(default_factory=list)
    validity: list[object] = field(default_factory=list)
    """Whether each session stands, in each state."""
    calls: list[Call] = field(default_factory=list)


def validity(world: World, cast: Cast) -> list[object]:
    """Whether each session of the cast stands, and why not."""
    answer = world.admin("POST", "/v1/sessions/validate", {"tokens": list(cast.token.values())})
    assert answer.status == 200, answer
    return [
        (name, found["active"], found.get("reason"))
        for name, found in zip(cast.token, answer.body["collection"], strict=True)
    ]


def told(known: Known, answer: Answer) -> object:
    """An answer, but for what is new in it."""
    return (answer.status, known.answer(answer.body))
