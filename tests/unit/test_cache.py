"""The cache's age, size, single flight and failure."""

import threading

import pytest

from sojourn.cache import Cache
from tests.clock import MovedClock


class Source:
    """Counts its loads."""

    def __init__(self) -> None:
        self.loads = 0

    def __call__(self) -> int:
        self.loads += 1
        return self.loads


def test_value_is_kept_until_its_age() -> None:
    """A value is loaded once within its age, and again at it."""
    clock, source = MovedClock(), Source()
    cache: Cache[int] = Cache(clock, seconds=5, size=2)
    assert cache.get("a", source) == 1
    clock.advance(4.999)
    assert cache.get("a", source) == 1
    clock.advance(0.001)
    assert cache.get("a", source) == 2


def test_frozen_instance_wakes_with_an_old_cache() -> None:
    """Where only the wall clock moved, as over a freeze, the value is old."""
    clock, source = MovedClock(), Source()
    cache: Cache[int] = Cache(clock, seconds=5, size=2)
    cache.get("a", source)
    clock.set_back(-3_600)
    assert cache.get("a", source) == 2


def test_wall_clock_that_goes_back_makes_old() -> None:
    """Where the wall clock went back, age cannot be known, so the value is old."""
    clock, source = MovedClock(), Source()
    cache: Cache[int] = Cache(clock, seconds=5, size=2)
    cache.get("a", source)
    clock.set_back(1)
    assert cache.get("a", source) == 2


def test_least_recently_used_gives_way() -> None:
    """At its size, the cache forgets what was used the longest ago."""
    source = Source()
    cache: Cache[int] = Cache(MovedClock(), seconds=5, size=2)
    for key in ("a", "b", "a", "c"):
        cache.get(key, source)
    assert source.loads == 3
    cache.get("a", source)
    assert source.loads == 3
    cache.get("b", source)
    assert source.loads == 4


def test_failed_load_leaves_nothing() -> None:
    """A load that raises is tried again by the next who asks."""
    cache: Cache[int] = Cache(MovedClock(), seconds=5, size=2)

    def fails() -> int:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        cache.get("a", fails)
    assert cache.get("a", lambda: 7) == 7


def test_single_flight() -> None:
    """Many who miss at once load once."""
    source, barrier = Source(), threading.Barrier(8)
    cache: Cache[int] = Cache(MovedClock(), seconds=5, size=2)

    def ask() -> None:
        barrier.wait()
        cache.get("a", source)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert source.loads == 1
