"""When a request is sent again: a pure decision, within the deadline of the call.

| answer | sent again |
|---|---|
| no answer, if the request is idempotent or never left | after a backoff |
| 429, 503 with `Retry-After` | after it, if the deadline allows; after 503 only if idempotent |
| 429, 502, 503, 504 without it | if the request is idempotent, after a backoff |
| 429 `too_many_attempts`, and every other answer | never |

`GET`, `DELETE` and the validation of many tokens are idempotent. A login is not.
"""

from dataclasses import dataclass
from typing import Final

TRIES: Final = 3
FIRST_BACKOFF: Final = 0.1
_TEMPORARY: Final = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a try ended. `status` is None if there was no answer; `sent` if one may have been due."""

    status: int | None
    retry_after: float | None = None
    code: str | None = None
    sent: bool = True


def pause(
    outcome: Outcome, *, attempt: int, idempotent: bool, left: float, chance: float
) -> float | None:
    """Seconds until the next try; None if there must be none.

    `attempt` counts from 0, `left` is the time left until the deadline, and `chance`, from 0 to 1,
    spreads the backoffs of many clients.
    """
    if attempt + 1 >= TRIES or not _again(outcome, idempotent=idempotent):
        return None
    wait = outcome.retry_after
    if wait is None:
        wait = FIRST_BACKOFF * 2**attempt * (1 + chance)
    return wait if wait < left else None


def _again(outcome: Outcome, *, idempotent: bool) -> bool:
    if outcome.status is None:
        return idempotent or not outcome.sent
    if outcome.status not in _TEMPORARY or outcome.code == "too_many_attempts":
        return False
    # A login that is answered 503 may have begun a session all the same; 429 has done nothing.
    return idempotent or (outcome.status == 429 and outcome.retry_after is not None)
