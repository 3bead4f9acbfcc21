"""The checker of the feed finds what a reader was not told, and nothing else."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest

from provers.feed.checker import Checker, Findings
from provers.feed.clock import SPEED, Start
from provers.feed.records import End, Poll
from sojourn.domain import ids
from sojourn.domain.revocation import Entry, Revocation

WALL = 2_500_000_000_000
START = Start(ns=0, wall_ms=WALL)
USER = "usr_1"


def ns(seconds: float) -> int:
    """A moment of the race, in seconds of the service."""
    return round(seconds * 1e9 / SPEED)


def entry(seconds: float, **told: object) -> Entry:
    """An entry of that time."""
    made = Revocation("rl_1", "logout", WALL, 1, **told)  # type: ignore[arg-type]
    return Entry(ids.new_id("rev", WALL + round(1000 * seconds)), made)


def session(seconds: float) -> str:
    """The id of a session that began then."""
    return ids.new_session_id(
        created_ms=WALL + round(1000 * seconds),
        user_id="usr_" + "0" * 22,
        user_generation=0,
        realm_generation=0,
    )


def poll(sent: float, *ids: str, cursor: str = "", more: bool = False, chain: str = "a") -> Poll:
    """A page that was answered half a second later."""
    return Poll(chain, ns(sent), ns(sent + 0.5), cursor or f"c{sent}", ids, more)


MINE = session(0)
TOLD = entry(10, session_ids=(MINE,), user_id=USER)
END = End("log out", "session", MINE, ns(9), ns(12), user_id=USER)
WIDE = entry(5, scope="realm")


def check(
    ends: Sequence[End],
    polls: Sequence[Poll],
    entries: Sequence[Entry],
    after: Sequence[str] = (),
) -> Findings:
    """What is found, if that is what comes after every cursor."""
    return Checker(START, ends, polls, entries).check(
        lambda _cursor, _wanted: {*after}, most=99, random=Random(1)
    )


def test_ending_that_every_reader_is_told_is_not_missed() -> None:
    """It is after the cursor of before, and in the sweep that began after it."""
    found = check([END], [poll(8), poll(13, TOLD.id)], [TOLD], [TOLD.id])
    assert (found.violations, found.followed, found.pairs, found.in_time) == ([], 1, 1, 1)
    assert found.latest_ms == 2_000


def test_ending_without_an_entry_is_missed() -> None:
    """An acknowledged ending of which nothing tells is found, whatever the readers did."""
    for other in ([], [entry(10, session_ids=(session(1),), user_id=USER)]):
        assert len(check([END], [], other).violations) == 1


@pytest.mark.parametrize(("tries", "missed"), [(1, 1), (2, 0)])
def test_ending_must_be_after_the_last_cursor_before_it(tries: int, missed: int) -> None:
    """That it was told before is not enough, unless an earlier try of a login may have evicted."""
    polls = [poll(11, TOLD.id), poll(13, TOLD.id)]
    assert len(check([replace(END, tries=tries)], polls, [TOLD]).violations) == 1
    evicted = replace(END, tries=tries, beside=True)
    assert len(check([evicted], polls, [TOLD]).violations) == missed


def test_cursor_of_after_the_ending_needs_nothing() -> None:
    """What is handed out after the acknowledgement may be behind the entry."""
    assert check([END], [poll(12.5, TOLD.id)], [TOLD]).violations == []


def test_sweep_that_began_after_the_ending_must_tell_it() -> None:
    """A reader that asks after the acknowledgement is told by then, not later."""
    polls = [poll(8), poll(13), poll(14, TOLD.id)]
    assert len(check([END], polls, [TOLD], [TOLD.id]).violations) == 1
    cut = [poll(8), poll(11, more=True), poll(13), poll(14, TOLD.id)]
    assert check([END], cut, [TOLD], [TOLD.id]).violations == []
    unfinished = [poll(8), poll(13, more=True)]
    assert check([END], unfinished, [TOLD], [TOLD.id]).violations == []


def test_session_that_had_ended_with_its_realm_was_told_with_it() -> None:
    """A login did not evict it then: its realm's entry, of before the cursor, tells of it."""
    evicted, told = replace(END, beside=True), [poll(6, WIDE.id), poll(13)]
    assert check([evicted], told, [WIDE]).violations == []
    assert len(check([evicted], [poll(6), poll(13)], [WIDE]).violations) == 1
    late = replace(evicted, first_ns=ns(60), acked_ns=ns(62))
    assert check([late], [poll(59)], [WIDE]).violations == []
    before = entry(-20, scope="realm")
    assert len(check([evicted], told, [before]).violations) == 1
    # Who is asked to end it announces it again.
    assert len(check([END], told, [WIDE]).violations) == 1


def test_ends_of_a_user_and_a_key_have_entries_of_their_own() -> None:
    """Each needs an entry with its own id, of the time in which it was asked for."""
    user = replace(END, kind="user", target=USER)
    key = replace(END, kind="key", target="jky_1")
    of_user, of_key = entry(10, scope="user", user_id=USER), entry(10, scope="key", key_id="jky_1")
    assert check([user, key], [], [of_user, of_key]).violations == []
    assert len(check([user, key], [], [TOLD, WIDE]).violations) == 2
    old = entry(3, scope="user", user_id=USER)
    assert len(check([user], [], [old]).violations) == 1
