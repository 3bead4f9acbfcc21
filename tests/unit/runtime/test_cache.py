"""The cache's age, size, single flight and failure."""

import threading

import pytest

from sojourn.runtime.cache import Cache
from tests.support.clock import MovedClock


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
    """If only the wall clock moved, as after a freeze, the value is too old."""
    clock, source = MovedClock(), Source()
    cache: Cache[int] = Cache(clock, seconds=5, size=2)
    cache.get("a", source)
    clock.set_back(-3_600)
    assert cache.get("a", source) == 2


def test_wall_clock_that_stands_still_keeps_nothing_young() -> None:
    """If only the monotonic clock moved, as after an NTP correction, the value is too old."""
    clock, source = MovedClock(), Source()
    cache: Cache[int] = Cache(clock, seconds=5, size=2)
    cache.get("a", source)
    clock.advance(5)
    clock.set_back(5)
    assert cache.get("a", source) == 2


def test_age_counts_from_before_the_load() -> None:
    """A slow load makes a value as old as the load took: it may have been read at its start."""
    clock, source = MovedClock(), Source()
    cache: Cache[int] = Cache(clock, seconds=5, size=2)

    def slow() -> int:
        clock.advance(5)
        return source()

    assert cache.get("a", slow) == 1
    assert cache.get("a", source) == 2


def test_wall_clock_that_goes_back_makes_old() -> None:
    """If the wall clock went back, the age is unknown, so the value is too old."""
    clock, source = MovedClock(), Source()
    cache: Cache[int] = Cache(clock, seconds=5, size=2)
    cache.get("a", source)
    clock.set_back(1)
    assert cache.get("a", source) == 2


def test_purge_lets_go_of_the_old_and_the_unwanted() -> None:
    """A purge keeps what is younger than the cache's age and wanted, and nothing else."""
    clock, source = MovedClock(), Source()
    cache: Cache[int] = Cache(clock, seconds=5, size=3)
    for key in ("a", "b"):
        cache.get(key, source)
        clock.advance(2.5)
    cache.get("c", source)
    cache.purge(lambda key: key == "c")
    assert cache.get("b", source) == 2
    assert [cache.get(key, source) for key in ("a", "c")] == [4, 5]


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


class Turnstile:
    """A lock that tells how many came to it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.came = threading.Semaphore(0)

    def __enter__(self) -> None:
        self.came.release()
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def test_single_flight() -> None:
    """Many who miss at once load once."""
    source, turnstile = Source(), Turnstile()
    cache: Cache[int] = Cache(MovedClock(), seconds=5, size=2)
    cache._loading["a"] = turnstile  # type: ignore[assignment]

    def load() -> int:
        if source.loads == 0:
            # The first is not through before all others have missed as well.
            assert all(turnstile.came.acquire(timeout=10) for _ in range(8))
        return source()

    def ask() -> None:
        cache.get("a", load)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert source.loads == 1


class Batches:
    """Gives each key in capitals, and remembers what it was asked for at once."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def __call__(self, keys: list[str]) -> list[str | None]:
        self.asked.append(keys)
        return [None if key == "absent" else key.upper() for key in keys]


def test_many_are_loaded_at_once() -> None:
    """Missing values of many keys are loaded in one call, and absent ones are cached too."""
    cache: Cache[str | None] = Cache(MovedClock(), seconds=5, size=9)
    load = Batches()
    assert cache.get("b", lambda: "cached") == "cached"
    found = {"a": "A", "absent": None, "b": "cached"}
    assert cache.get_many(["b", "absent", "a", "a"], load) == found
    assert cache.get_many(iter(found), load) == found
    assert cache.get("absent", lambda: "late") is None
    assert cache.get_many([], load) == {}
    assert load.asked == [["a", "absent"]]


def test_many_grow_old_as_one_does() -> None:
    """Values loaded together expire by the same age as single ones."""
    clock, load = MovedClock(), Batches()
    cache: Cache[str | None] = Cache(clock, seconds=5, size=9)
    cache.get_many(["a"], load)
    clock.advance(3)
    cache.get_many(["a", "b"], load)
    clock.advance(2)
    cache.get_many(["a", "b"], load)
    assert load.asked == [["a"], ["b"], ["a"]]


def test_age_of_many_counts_from_before_the_load() -> None:
    """A slow load of many makes each as old as the load took."""
    clock, load = MovedClock(), Batches()
    cache: Cache[str | None] = Cache(clock, seconds=5, size=9)

    def slow(keys: list[str]) -> list[str | None]:
        clock.advance(5)
        return load(keys)

    assert cache.get_many(["a"], slow) == {"a": "A"}
    assert cache.get_many(["a"], load) == {"a": "A"}
    assert load.asked == [["a"], ["a"]]


def test_more_than_fit_are_all_given() -> None:
    """Many keys are all answered by a cache that has room for two, and it keeps two."""
    cache: Cache[str | None] = Cache(MovedClock(), seconds=5, size=2)
    load = Batches()
    assert cache.get_many("abcd", load) == {"a": "A", "b": "B", "c": "C", "d": "D"}
    cache.get_many("cd", load)
    assert load.asked == [["a", "b", "c", "d"]]
    cache.get_many("a", load)
    assert load.asked[1:] == [["a"]]


def test_failed_load_of_many_leaves_nothing() -> None:
    """A load of many that raises leaves nothing behind, and nobody waiting."""
    cache: Cache[str | None] = Cache(MovedClock(), seconds=5, size=9)

    def fails(_keys: list[str]) -> list[str | None]:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        cache.get_many("ab", fails)
    assert cache.get("a", lambda: "one") == "one"
    assert cache.get_many("ab", Batches()) == {"a": "one", "b": "B"}


def test_single_flight_of_many() -> None:
    """Many who ask for overlapping keys at once, in any order, load each once, and all return."""
    cache: Cache[str | None] = Cache(MovedClock(), seconds=5, size=99)
    load, barrier = Batches(), threading.Barrier(12)
    answers: list[dict[str, str | None]] = []

    def ask(number: int) -> None:
        keys = "abcdefgh"[number % 5 :][:: -1 if number % 2 else 1]
        barrier.wait()
        if number % 3:
            answers.append(cache.get_many(keys, load))
        else:
            answers.append({keys[0]: cache.get(keys[0], lambda: load([keys[0]])[0])})

    threads = [threading.Thread(target=ask, args=(n,), daemon=True) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert not any(thread.is_alive() for thread in threads)
    assert all(value == key.upper() for found in answers for key, value in found.items())
    loaded = [key for keys in load.asked for key in keys]
    assert sorted(loaded) == sorted(set(loaded))
