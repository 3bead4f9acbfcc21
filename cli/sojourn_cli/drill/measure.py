"""What the answers to one canary's requests say of a verifier, and to all of them. Pure.

The bound: no request that comes `bound` seconds after the end was acknowledged, or later, is
accepted. An acceptance counts from when its request was *sent*, and the end from when its 204 was
*received*. The request came later than it was sent, and the end was acknowledged earlier than its
204 arrived. So what is measured is never more than what was: however slow the network or the
machine is, a verifier that keeps its bound is found to keep it, and no slack is added.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from sojourn_cli.drill.outcome import Outcome

State = Literal["ok", "exceeded", "never_refused", "undecided", "not_accepted"]
_WORST: Final[tuple[State, ...]] = (
    "not_accepted",
    "never_refused",
    "exceeded",
    "undecided",
    "ok",
)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of a verifier, and when its request was sent and it was there, monotonic."""

    sent: float
    had: float
    outcome: Outcome
    told: str


@dataclass(frozen=True, slots=True)
class End:
    """When a canary's end was asked for, and when its 204 was there."""

    asked: float
    acknowledged: float


@dataclass(frozen=True, slots=True)
class Measure:
    """One canary at one verifier, in seconds after the 204.

    `last_acceptance` is when the last accepted request was sent, 0 if none was after the 204;
    `first_refusal` is when the first refusal had come, None if none did.
    """

    state: State
    last_acceptance: float = 0.0
    first_refusal: float | None = None
    answers: Counter[str] | None = None
    """What was answered to requests after the 204."""


def is_warm(answers: Sequence[Answer], wanted: int) -> bool | None:
    """Whether the last `wanted` answers accept; None as long as that may still come.

    A refusal, a redirect or another error of the client does not go away by itself.
    """
    last = answers[-wanted:]
    if len(last) < wanted:
        return None
    if all(answer.outcome == "accepted" for answer in last):
        return True
    return False if all(_is_no(answer) for answer in last) else None


def _is_no(answer: Answer) -> bool:
    lasting = answer.told[:1] in ("3", "4") and answer.told != "429"
    return answer.outcome == "refused" or (answer.outcome == "neither" and lasting)


def decided(answers: Sequence[Answer], end: End, bound: float) -> bool:
    """Whether a request at or after the bound was accepted or refused."""
    return any(
        answer.outcome != "neither" and answer.sent - end.acknowledged >= bound
        for answer in answers
    )


def settled(answers: Sequence[Answer], end: End, bound: float, wanted: int) -> bool:
    """Whether it is known what a verifier does at its bound: it said so, or will not."""
    late = [answer for answer in answers if answer.sent - end.acknowledged >= bound]
    return decided(late, end, bound) or is_warm(late, wanted) is False


def not_accepted(answers: Sequence[Answer]) -> Measure:
    """Of a verifier that did not accept the session before its end."""
    return Measure("not_accepted", answers=Counter(answer.told for answer in answers))


def measured(answers: Sequence[Answer], end: End, bound: float) -> Measure:
    """Of a verifier that had accepted the session."""
    after = [answer for answer in answers if answer.sent >= end.acknowledged]
    accepted = [a.sent - end.acknowledged for a in after if a.outcome == "accepted"]
    # A request that was sent while the session ended may be refused before the 204 is here.
    refused = [
        max(0.0, answer.had - end.acknowledged)
        for answer in answers
        if answer.outcome == "refused" and answer.sent >= end.asked
    ]
    last = max(accepted, default=0.0)
    state: State = "ok"
    if not refused:
        state = "never_refused" if accepted else "undecided"
    elif accepted and last >= bound:
        state = "exceeded"
    elif not decided(answers, end, bound):
        state = "undecided"
    return Measure(
        state, last, min(refused, default=None), Counter(answer.told for answer in after)
    )


def worst(measures: Sequence[Measure]) -> State:
    """The state of a verifier: that of its worst measure."""
    return min((measure.state for measure in measures), key=_WORST.index)


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest rank: the least value that so many per cent of the values do not exceed."""
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]
