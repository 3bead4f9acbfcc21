"""A request's deadline bounds all of its retries together."""

import random
from math import inf

import pytest

from sojourn.runtime.deadline import SECONDS, current, deadline
from tests.support.clock import MovedClock


def test_retries_end_within_the_deadline() -> None:
    """However often a request tries again, it stops before ten seconds are over."""
    clock = MovedClock()
    started = clock.monotonic()
    tries = 0
    with deadline(clock) as limit:
        while limit.wait(tries):
            tries += 1
    assert clock.monotonic() - started < SECONDS
    assert tries > 15


def test_one_deadline_for_all_of_a_request() -> None:
    """What a request calls shares its deadline; what comes after has a new one."""
    clock = MovedClock()
    with deadline(clock) as limit:
        clock.advance(7)
        assert current(clock) is limit
        assert current(clock).remaining() == pytest.approx(3)
    assert current(clock).remaining() == pytest.approx(SECONDS)


def test_nothing_is_waited_for_when_it_is_over() -> None:
    """A deadline that has passed allows no further try, and takes no time to say so."""
    clock = MovedClock()
    with deadline(clock, seconds=1) as limit:
        clock.advance(1)
        at = clock.monotonic()
        assert not limit.wait(0)
        assert clock.monotonic() == at


def test_waits_are_jittered_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wait is drawn from zero to a bound that doubles from 20 ms to half a second."""
    bounds: list[tuple[float, float]] = []

    def drawn(low: float, high: float) -> float:
        bounds.append((low, high))
        return high

    monkeypatch.setattr(random, "uniform", drawn)
    with deadline(MovedClock()) as limit:
        for attempt in (0, 1, 4, 5, 1_000_000):
            assert limit.wait(attempt)
    assert [low for low, _ in bounds] == [0] * 5
    assert [high for _, high in bounds] == pytest.approx([0.02, 0.04, 0.32, 0.5, 0.5])


def test_wall_clock_does_not_move_a_deadline() -> None:
    """A wall clock that is corrected neither shortens nor prolongs it."""
    clock = MovedClock()
    with deadline(clock) as limit:
        clock.set_back(3_600)
        assert limit.remaining() == pytest.approx(SECONDS)
        clock.set_back(-7_200)
        assert limit.remaining() == pytest.approx(SECONDS)


def test_age_is_by_the_clock_that_moved_more() -> None:
    """The age of data is that of the clock that moved more; unknown if a clock went back."""
    clock = MovedClock()
    with deadline(clock) as limit:
        clock.advance(3)
        assert limit.age() == pytest.approx(3)
        clock.set_back(2)
        assert limit.age() == pytest.approx(3)
        clock.set_back(-7)
        assert limit.age() == pytest.approx(8)
        clock.set_back(8.001)
        assert limit.age() == inf
