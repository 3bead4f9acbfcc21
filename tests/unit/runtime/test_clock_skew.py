"""A wrong clock is found by the dates of answers."""

from email.utils import formatdate

import hypothesis.strategies as st
import pytest
from hypothesis import given

from sojourn.domain.errors import Unavailable
from sojourn.runtime import metrics, telemetry
from sojourn.runtime.clock_skew import MOST_MS, Skew

SECOND = 2_000_000_000
DATE = formatdate(SECOND, usegmt=True)
THEN = SECOND * 1000
FIRST, LAST = THEN, THEN + 999


def right(skew: Skew) -> bool:
    """Whether the clock is not known to be wrong."""
    try:
        skew.check()
    except Unavailable:
        return False
    return True


def noted(*, sent_ms: int, received_ms: int, date: str | None = DATE) -> Skew:
    """What one answer tells."""
    skew = Skew()
    skew.note(date, sent_ms=sent_ms, received_ms=received_ms)
    return skew


def test_limit_is_ten_seconds() -> None:
    """A clock may be ten seconds off."""
    assert MOST_MS == 10_000


def test_clock_of_which_nothing_is_known_is_right() -> None:
    """Before the first answer nothing is refused."""
    assert right(Skew())


@pytest.mark.parametrize("sent_ms", [FIRST, LAST])
def test_clock_that_agrees_is_right(sent_ms: int) -> None:
    """A date means any moment of its second."""
    assert right(noted(sent_ms=sent_ms, received_ms=sent_ms))


@pytest.mark.parametrize(("more", "expected"), [(0, True), (1, False)])
def test_clock_ahead(more: int, expected: bool) -> None:
    """A clock is ahead when it was more than ten seconds past the date's second as it asked."""
    sent_ms = LAST + MOST_MS + more
    assert right(noted(sent_ms=sent_ms, received_ms=sent_ms)) is expected
    # However long the answer took.
    assert right(noted(sent_ms=sent_ms, received_ms=sent_ms + 3_600_000)) is expected


@pytest.mark.parametrize(("less", "expected"), [(0, True), (1, False)])
def test_clock_behind(less: int, expected: bool) -> None:
    """A clock is behind when it was more than ten seconds before the date as it was answered."""
    received_ms = FIRST - MOST_MS - less
    assert right(noted(sent_ms=received_ms, received_ms=received_ms)) is expected
    assert right(noted(sent_ms=received_ms - 3_600_000, received_ms=received_ms)) is expected


def test_verdict_stands_until_another_is_certain() -> None:
    """A delayed answer changes nothing, one that came at once does."""
    skew = noted(sent_ms=THEN + 60_000, received_ms=THEN + 60_001)
    assert not right(skew)
    skew.note(DATE, sent_ms=THEN - 60_000, received_ms=THEN)
    skew.note(DATE, sent_ms=THEN, received_ms=THEN + MOST_MS + 1)
    skew.note(DATE, sent_ms=THEN - MOST_MS + 998, received_ms=THEN)
    assert not right(skew)
    skew.note(DATE, sent_ms=THEN - MOST_MS + 999, received_ms=THEN + MOST_MS)
    assert right(skew)
    skew.note(DATE, sent_ms=THEN - 60_000, received_ms=THEN + 60_000)
    assert right(skew)


def test_certain_answer_of_a_held_up_one_clears_nothing() -> None:
    """Only what is within the limit at both ends shows a clock to be right."""
    skew = noted(sent_ms=THEN - 60_000, received_ms=THEN - 60_000)
    skew.note(DATE, sent_ms=THEN, received_ms=THEN + MOST_MS + 1)
    assert not right(skew)
    skew.note(DATE, sent_ms=THEN, received_ms=THEN + MOST_MS)
    assert right(skew)


@pytest.mark.parametrize(
    "date",
    [
        *(None, "", "yesterday", "Sun, 99 Foo 2033 03:33:20 GMT", "Sun, 18 anF 2033 03:33:20 GMT"),
        *("Wed, 31 Feb 2033 03:33:20 GMT", "Wed, 18 May 2033 0x:33:20 GMT"),
        *("Wed, 18 May 2033 03:33:20 CET", "Wednesday, 18 May 2033 03:33:20 GMT"),
    ],
)
def test_answer_without_a_date_tells_nothing(date: str | None) -> None:
    """An answer without a date changes nothing."""
    assert right(noted(sent_ms=0, received_ms=0, date=date))
    skew = noted(sent_ms=0, received_ms=0)
    skew.note(date, sent_ms=THEN, received_ms=THEN)
    assert not right(skew)


@given(st.integers(0, 10**11))
def test_date_is_read_as_it_is_written(second: int) -> None:
    """Every date that a server writes is the second that it was written in."""
    date = formatdate(second, usegmt=True)
    assert right(noted(sent_ms=1000 * second, received_ms=1000 * second, date=date))
    off_ms = 1000 * second + 999 + MOST_MS + 1
    assert not right(noted(sent_ms=off_ms, received_ms=off_ms, date=date))


def test_clock_that_was_set_back_meanwhile_tells_nothing() -> None:
    """An answer that came before it was asked for is of two clocks."""
    assert right(noted(sent_ms=THEN + 60_000, received_ms=THEN + 59_999))
    assert right(noted(sent_ms=THEN, received_ms=THEN - 60_000))
    same = THEN + 60_000
    assert not right(noted(sent_ms=same, received_ms=same))


def test_refusal_is_counted_and_says_how_far(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal counts in the metric of the alarm, and its line says by how much and which way."""
    counted: list[dict[str, int]] = []
    logged: list[tuple[str, dict[str, object]]] = []
    monkeypatch.setattr(metrics, "count", lambda **metrics: counted.append(metrics))
    monkeypatch.setattr(telemetry, "warning", lambda text, **told: logged.append((text, told)))
    for sent_ms in (LAST + 60_000, FIRST - 60_000):
        with pytest.raises(Unavailable, match=r"clock is wrong\. Try again\.") as refused:
            noted(sent_ms=sent_ms, received_ms=sent_ms).check()
        assert refused.value.retry_after
    assert counted == [{"ClockSkewed": 1}] * 2
    assert logged == [
        ("This instance's clock is wrong", {"off_seconds": off}) for off in (60.0, -60.0)
    ]
