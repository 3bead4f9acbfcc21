"""What the simulated fleets count is what the client does, and what many sessions are made of."""

from typing import Any

import pytest

from bench.client.feed_units import ENTRY_BYTES, poll_units
from bench.client.traffic import FEEDS, PROCESSES, SESSIONS, draw, figures, told
from bench.client.unit_costs import WAYS, Cost, Way, counted, polled, started

EVERY = 10.0


def cost(way: Way, processes: int, *, sessions: int = 10, seconds: float = 900.0) -> Cost:
    """What a small fleet costs."""
    return counted(
        way,
        processes,
        every=EVERY,
        sessions=sessions,
        warm=400.0,
        seconds=seconds,
    )


def test_always_asks_for_each_request() -> None:
    """In mode "always" every verification is one validation, and nothing is polled."""
    assert cost("always", 3) == Cost(validations=1 / EVERY)


@pytest.mark.parametrize("way", ["cached", "cached, shared store"])
def test_each_session_costs_the_same(way: Way) -> None:
    """Twice as many sessions are asked for twice as often: the costs may be multiplied."""
    few, many = cost(way, 2, sessions=20), cost(way, 2, sessions=40)
    assert few.validations == pytest.approx(many.validations, rel=0.1)


def test_sessions_cost_nothing_in_mode_feed() -> None:
    """A process in mode "feed" polls four to five times in ten seconds, and asks for no session."""
    found = cost("feed", 2, seconds=300.0)
    assert found.validations == 0
    assert 0.4 <= found.polls <= 0.5


def test_processes_that_share_a_store_ask_as_often_as_one() -> None:
    """With a shared store, five processes ask for a session about as often as one alone."""
    alone, shared = cost("cached", 1), cost("cached, shared store", 5)
    assert shared.validations <= 1.2 * alone.validations
    assert cost("cached", 5).validations > 2 * alone.validations


def test_many_endings_take_more_pages() -> None:
    """While more ends than a page has room for, a poll takes more requests than one."""
    assert polled("feed", 1.0, seconds=60).polls <= 0.5
    assert polled("feed", 60.0, seconds=30).polls >= 0.8


def test_each_ending_is_read_again_in_each_poll_of_its_overlap() -> None:
    """An entry is told in every poll of 40 seconds, 16 to 21 times."""
    assert 16 <= polled("feed", 2.0, seconds=300).entries / 2.0 <= 21


def test_start_asks_for_each_older_session_once() -> None:
    """A process in mode "feed" asks once for each session that began before it."""
    assert started(20) == 20


def test_idle_poll_reads_three_units() -> None:
    """A poll reads the realm, the access key, and at least one unit of the feed."""
    assert poll_units(0.5, 0.0) == 1.5
    assert poll_units(0.0, 0.0) == 0.0


def test_entries_count_by_their_size() -> None:
    """A page's entries are read in units of 4 KiB."""
    assert 200 < ENTRY_BYTES < 400
    assert poll_units(1.0, 10 * 4_096 / ENTRY_BYTES) == pytest.approx(12, abs=1)


def test_requests_are_sums_of_products() -> None:
    """Sessions are asked for, processes poll; a validation reads one unit."""
    found = Cost(validations=0.5, polls=1.0, keys=0.25)
    assert found.requests(processes=4, sessions=10) == 10
    assert found.read_units(processes=4, sessions=10) == 5 + 4 * 3.25


def found(asked: float, *, most: float = 1.0) -> dict[str, Any]:
    """Figures where modes but the feed ask so often for a session, and each process polls once.

    With the most sessions, a process polls `most` times a second.
    """
    costs = {(way, n): Cost(0.0 if way in FEEDS else asked) for way in WAYS for n in PROCESSES}
    polls = dict.fromkeys(SESSIONS, 1.0) | {SESSIONS[-1]: most}
    feeds = {(way, n): Cost(polls=each) for way in FEEDS for n, each in polls.items()}
    return {"validations_of_a_start": 1.0, **figures(costs, feeds)}


def test_every_cell_is_there() -> None:
    """Each way has each number of processes and sessions, in the figures, table and plot."""
    cells = {(each["way"], each["processes"], each["sessions"]) for each in found(0.1)["cells"]}
    assert cells == {(way, n, s) for way in WAYS for n in PROCESSES for s in SESSIONS}
    assert all(way in told(found(0.1)) for way in WAYS)
    assert all(way in draw(found(0.1)) for way in WAYS)


def test_ratios_are_to_the_feeds_requests() -> None:
    """A hundred processes that each poll once a second make a thousandth of 100,000 requests."""
    (ratio,) = (
        each
        for each in found(0.1)["ratios"]
        if (each["way"], each["feed"], each["processes"]) == ("cached", "feed", 100)
    )
    assert ratio["requests"] == 1_000
    assert ratio["read_units"] == pytest.approx(333, abs=1)


@pytest.mark.parametrize(("asked", "word"), [(0.1, "Met"), (0.001, "Missed")])
def test_goal_is_judged(asked: float, word: str) -> None:
    """The page says whether the feed makes a hundredth of the requests, or not."""
    goal, flat, _ = told(found(asked)).split("\n")[-3:]
    assert f"five minutes. {word}:" in goal
    assert "Met: requests a second of 100 processes: 100 with 1,000, 100 with 100,000" in flat


def test_growth_of_the_feed_is_told() -> None:
    """If more sessions make the feed take more requests, the page says with how many."""
    assert "Missed with 1,000,000:" in told(found(0.1, most=2.0))
