"""The simulation of several Regions: what global tables do to writes, and that a seed decides."""

import random
from collections.abc import Callable
from functools import partial
from statistics import median

import pytest

from bench.regions import one
from bench.regions.__main__ import filled
from bench.regions.events import Events
from bench.regions.replicas import Eventual, State
from bench.regions.scenarios import HERE, MEDIAN_LAG, ROUND_TRIP, Where, World, burst, lag, run


def adding(item: Eventual, region: int, session: int) -> Callable[[], None]:
    """A write that adds a session to what the Region has."""

    def write() -> None:
        item.write(region, lambda state: State((*state.sessions, session)))

    return write


def test_events_happen_in_the_order_of_their_time() -> None:
    """The earliest event is first, and of those at one time the one that was put first."""
    events = Events()
    seen: list[tuple[float, str]] = []
    for seconds, name in ((2, "c"), (1, "a"), (1, "b")):
        events.after(seconds, partial(lambda name: seen.append((events.now, name)), name))
    events.run()
    assert seen == [(1, "a"), (1, "b"), (2, "c")]


def test_earlier_of_two_writes_is_lost() -> None:
    """Of writes in two Regions within the delay, all replicas have the later one alone."""
    events = Events()
    item = Eventual(events, 2, lambda: 1.0)
    events.after(0.0, adding(item, 0, 1))
    events.after(0.5, adding(item, 1, 2))
    events.run()
    assert [replica.sessions for replica in item.replicas] == [(2,), (2,)]


def test_write_after_the_delay_builds_on_the_first() -> None:
    """A write that has seen the other one keeps it."""
    events = Events()
    item = Eventual(events, 2, lambda: 1.0)
    events.after(0.0, adding(item, 0, 1))
    events.after(1.5, adding(item, 1, 2))
    events.run()
    assert [replica.sessions for replica in item.replicas] == [(1, 2), (1, 2)]


@pytest.mark.parametrize(
    ("writes", "reads", "loses", "stale"),
    [
        ("anywhere", "anywhere", True, True),
        ("home", "anywhere", False, True),
        ("home", "home", False, False),
    ],
)
def test_a_home_region_loses_nothing(writes: Where, reads: Where, loses: bool, stale: bool) -> None:
    """Only writes in any Region lose commits and undo ends; only reads elsewhere are stale."""
    found = run(World(60, 0.3, writes, reads, users=14, hours=20))
    assert found.commits > 10_000
    assert found.ends > 3_000
    assert (found.lost > 0, found.undone > 0) == (loses, loses)
    assert (max(found.stale) > 0) == stale


def test_a_seed_decides() -> None:
    """The same seed gives the same run, another one another."""
    world = World(60, 0.3, "anywhere", "anywhere", users=5, hours=5)
    assert run(world, 1) == run(world, 1)
    assert run(world, 1) != run(world, 2)


def test_lag_is_as_it_is_said() -> None:
    """Replication takes half a second at the median, and four times as much once in a hundred."""
    chance = random.Random(1)
    drawn = sorted(lag(chance) for _ in range(20_000))
    assert median(drawn) == pytest.approx(MEDIAN_LAG, rel=0.05)
    assert drawn[19_800] == pytest.approx(4 * MEDIAN_LAG, rel=0.1)


def test_strong_consistency_has_one_order() -> None:
    """Every login of a burst commits, each after another's way to the other Region."""
    made = burst(20)
    assert len(made.seconds) == 20
    assert made.late == 0
    assert max(made.seconds) >= 19 * ROUND_TRIP
    assert burst(1).seconds == [pytest.approx(ROUND_TRIP)]
    assert HERE < ROUND_TRIP


def test_tables_are_put_between_their_lines() -> None:
    """What is between a table's lines is replaced, and nothing else."""
    page = "a\n<!-- table: one -->\nold\n<!-- end -->\nb\n"
    assert filled(page, {"one": "new"}) == "a\n<!-- table: one -->\nnew\n<!-- end -->\nb\n"


def test_one_region_is_computed() -> None:
    """Each mode has its requests, dollars and limits; always is a request for each validation."""
    rows = {row[0]: row[1:] for row in one.rows()}
    assert set(rows) == set(one.VARIANTS)
    assert rows["always"][0] == "100,000"
    assert "requests of the API, account 10.0 x" in rows["always"][2]
