"""A request is sent again only where that is safe, and within the deadline."""

import pytest

from sojourn_client.decisions.retry import FIRST_BACKOFF, TRIES, Outcome, pause

UNSENT, LOST = Outcome(None, sent=False), Outcome(None, sent=True)


def wait(outcome: Outcome, *, idempotent: bool, left: float = 5.0, attempt: int = 0) -> object:
    """The pause, without chance."""
    return pause(outcome, attempt=attempt, idempotent=idempotent, left=left, chance=0.0)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_temporary_errors_are_asked_again(status: int) -> None:
    """An idempotent request is sent again after an answer that tells of load or a fault."""
    assert wait(Outcome(status), idempotent=True) == FIRST_BACKOFF
    assert wait(Outcome(status), idempotent=True, attempt=1) == 2 * FIRST_BACKOFF


@pytest.mark.parametrize("status", [200, 204, 302, 400, 401, 403, 404, 409, 413, 422, 500, 501])
def test_answers_are_answers(status: int) -> None:
    """What is an answer is not asked again."""
    assert wait(Outcome(status, retry_after=1.0), idempotent=True) is None


def test_lost_request_is_sent_again_if_that_is_safe() -> None:
    """Without an answer, only an idempotent request is sent again, or one that never left."""
    assert wait(LOST, idempotent=True) == FIRST_BACKOFF
    assert wait(LOST, idempotent=False) is None
    assert wait(UNSENT, idempotent=False) == FIRST_BACKOFF


@pytest.mark.parametrize(("status", "expected"), [(429, 1.0), (503, None), (502, None)])
def test_login_is_sent_again_only_after_429(status: int, expected: float | None) -> None:
    """A login is sent again if it was refused for load, and never if it may have been done."""
    assert wait(Outcome(status, retry_after=1.0), idempotent=False) == expected
    assert wait(Outcome(status), idempotent=False) is None


def test_lockout_is_an_answer() -> None:
    """429 `too_many_attempts` is about the user and is told at once."""
    locked = Outcome(429, retry_after=1.0, code="too_many_attempts")
    assert wait(locked, idempotent=False) is None
    assert wait(locked, idempotent=True) is None


def test_retry_after_is_kept_within_the_deadline() -> None:
    """`Retry-After` is waited for if time is left after it."""
    assert wait(Outcome(503, retry_after=2.0), idempotent=True, left=2.1) == 2.0
    assert wait(Outcome(503, retry_after=2.0), idempotent=True, left=2.0) is None


def test_tries_are_bounded() -> None:
    """The third try is the last."""
    assert wait(LOST, idempotent=True, attempt=TRIES - 2) is not None
    assert wait(LOST, idempotent=True, attempt=TRIES - 1) is None


def test_backoffs_are_spread() -> None:
    """Chance makes a backoff up to twice as long."""
    assert pause(LOST, attempt=0, idempotent=True, left=5, chance=1.0) == 2 * FIRST_BACKOFF
