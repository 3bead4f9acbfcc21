"""The text of a cursor, and which cursors are taken."""

from dataclasses import replace

import hypothesis.strategies as st
import pytest
from hypothesis import example, given

from sojourn.domain import ids
from sojourn.domain.errors import CursorExpired, CursorInvalid
from sojourn.domain.revocation import OVERLAP_MS, first_id
from sojourn.domain.session_rules import CLOCKS_APART_MS
from sojourn.feed.cursor import _TEXT, Cursor, Sweep
from tests.support.world import World

NOW = 2_500_000_000_000
HOUR = 3_600_000
times = st.integers(0, (1 << 48) - 1)
sweeps = st.builds(
    Sweep,
    until_ms=times,
    next_ms=times,
    after=st.text(st.sampled_from(ids.ALPHABET), min_size=ids.BODY, max_size=ids.BODY).map(
        "rev_{}".format
    ),
)
cursors = st.builds(
    Cursor, floor_ms=times, since_ms=times, hours=st.integers(1, 168), sweep=st.none() | sweeps
)
SWEEP = Sweep(until_ms=NOW + CLOCKS_APART_MS, next_ms=NOW - OVERLAP_MS, after=first_id(NOW - 1))
SWEPT = Cursor(floor_ms=NOW - OVERLAP_MS, since_ms=NOW, hours=24, sweep=SWEEP)


@given(cursors)
def test_cursor_is_the_same_after_its_text(cursor: Cursor) -> None:
    """Whatever a cursor holds comes back from its text, which needs no escape in a URL."""
    text = str(cursor)
    assert Cursor.of(text) == cursor
    assert text.replace("_", "").isalnum()
    assert text.isascii()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rvc_",
        str(SWEPT)[:-1],
        str(SWEPT) + "0",
        str(SWEPT) + "\n",
        " " + str(SWEPT),
        str(SWEPT).replace("rvc_", "rev_"),
        "rvc_" + "٣" * 20,
        "rvc_" + "-" * 20,
        "kss_04I0bUcFwbCrjqBKXnYGrT",
        "x" * 100_000,
    ],
)
def test_what_is_no_cursor_is_refused(text: str) -> None:
    """A text that no cursor has is refused as such, whatever its length."""
    with pytest.raises(CursorInvalid):
        Cursor.of(text)


def test_new_reader_begins_the_overlap_ago() -> None:
    """The first cursor is complete since now, and reads what may have been committed late."""
    cursor = Cursor.first(now_ms=NOW, hours=24)
    assert cursor == Cursor(floor_ms=NOW - OVERLAP_MS, since_ms=NOW, hours=24)
    cursor.check(now_ms=NOW, hours=24)


def test_sweep_reads_to_the_fastest_clock_and_leaves_the_next_the_overlap() -> None:
    """A sweep reads from the floor to the time of a clock ten seconds ahead."""
    sweep = Cursor.first(now_ms=NOW - HOUR, hours=24).begun(now_ms=NOW)
    assert sweep == Sweep(
        until_ms=NOW + CLOCKS_APART_MS,
        next_ms=NOW - OVERLAP_MS,
        after=first_id(NOW - HOUR - OVERLAP_MS),
    )


def test_unfinished_sweep_keeps_where_the_next_begins() -> None:
    """However long its pages take, a sweep ends where its first page said, and so does the next."""
    cursor = Cursor.first(now_ms=NOW, hours=24)
    sweep = replace(cursor.begun(now_ms=NOW), after=first_id(NOW))
    cut = cursor.at(sweep, finished=False, hours=24)
    assert cut.begun(now_ms=NOW + HOUR) == sweep
    assert cut.at(sweep, finished=True, hours=24) == replace(cursor, floor_ms=NOW - OVERLAP_MS)


def test_next_sweep_never_begins_before_this_one() -> None:
    """A reader whose clock is behind the last one's does not go back."""
    cursor = Cursor.first(now_ms=NOW, hours=24)
    sweep = cursor.begun(now_ms=NOW - 8_000)
    assert cursor.at(sweep, finished=True, hours=24).floor_ms == cursor.floor_ms


@pytest.mark.parametrize(
    "changes",
    [
        {"floor_ms": NOW + CLOCKS_APART_MS + 1, "sweep": None},
        {"since_ms": NOW + CLOCKS_APART_MS + 1},
        {"floor_ms": SWEEP.next_ms + 1},
        {"sweep": replace(SWEEP, next_ms=NOW + CLOCKS_APART_MS + 1)},
        {"sweep": replace(SWEEP, until_ms=NOW + 2 * CLOCKS_APART_MS + 1)},
        {"sweep": replace(SWEEP, until_ms=62**9 - 1)},
    ],
)
def test_cursor_of_a_time_to_come_is_refused(changes: dict[str, object]) -> None:
    """A cursor that no clock could have handed out by now is none of this feed."""
    SWEPT.check(now_ms=NOW, hours=24)
    made = replace(SWEPT, **changes)  # type: ignore[arg-type]
    with pytest.raises(CursorInvalid):
        made.check(now_ms=NOW, hours=24)


@pytest.mark.parametrize("sweep", [None, SWEEP], ids=["between sweeps", "in a sweep"])
def test_clock_that_is_behind_takes_the_cursor_of_one_that_is_ahead(sweep: Sweep | None) -> None:
    """A cursor may have been handed out by an instance whose clock is ten seconds ahead."""
    replace(SWEPT, sweep=sweep).check(now_ms=NOW - CLOCKS_APART_MS, hours=24)


def test_cursor_that_is_older_than_the_feed_is_expired() -> None:
    """A cursor is taken as long as everything after it is kept, to the millisecond."""
    last = SWEPT.floor_ms + 24 * HOUR
    SWEPT.check(now_ms=last, hours=24)
    with pytest.raises(CursorExpired, match="last 24 hours"):
        SWEPT.check(now_ms=last + 1, hours=24)


@pytest.mark.parametrize(("then", "now", "kept"), [(24, 1, 1), (1, 24, 1)])
def test_fewer_hours_of_then_and_now_count(then: int, now: int, kept: int) -> None:
    """After a change of the hours, entries of both times are kept for the lower number at least."""
    cursor = replace(SWEPT, hours=then)
    last = cursor.floor_ms + kept * HOUR
    cursor.check(now_ms=last, hours=now)
    with pytest.raises(CursorExpired, match=f"last {kept} hours"):
        cursor.check(now_ms=last + 1, hours=now)


@given(st.from_regex(_TEXT, fullmatch=True))
@example("rvc_" + "0" * 20)
@example("rvc_" + "z" * 20)
@example(str(SWEPT)[:24] + "z" * 9 + str(SWEPT)[33:])
@example(str(replace(SWEPT, sweep=Sweep(NOW, NOW - OVERLAP_MS, "rev_" + "0" * 22))))
@example(str(replace(SWEPT, sweep=Sweep(NOW, NOW - OVERLAP_MS, "rev_" + "z" * 22))))
def test_made_up_cursor_is_refused_or_gives_a_page(text: str) -> None:
    """A cursor that somebody wrote is refused with its own error, or reads the feed as any does."""
    world = WORLD[0]
    try:
        page = world.reader.page(world.server, after=text, limit=1)
    except (CursorInvalid, CursorExpired):
        return
    Cursor.of(page.cursor).check(now_ms=world.clock.wall_ms(), hours=24)


WORLD = [World()]
