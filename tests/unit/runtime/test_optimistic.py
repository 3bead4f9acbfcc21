"""The optimistic loop: after a conflict, a change is decided again until it is committed."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from sojourn.domain.errors import NotFound, SessionEnded, Superseded, Unavailable
from sojourn.runtime import deadline, optimistic
from tests.support.clock import MovedClock


@dataclass(frozen=True, slots=True)
class Count:
    """A value that is neither a user nor a realm."""

    id: str
    number: int


@dataclass
class Counts:
    """Holds one count; `meanwhile` is what others do, one before each write."""

    held: Count | None
    meanwhile: list[Callable[[], Count | None]] = field(default_factory=list)
    writes: int = 0

    def commit(self, change: tuple[Count, Count]) -> tuple[Count, Count]:
        """Write a count where it is the one that was read."""
        self.writes += 1
        if self.meanwhile:
            self.held = self.meanwhile.pop(0)()
        before, after = change
        if self.held != before:
            raise Superseded(self.held)
        self.held = after
        return before, after


def more(found: Count) -> tuple[Count, Count] | None:
    """One more, up to 100."""
    return None if found.number >= 100 else (found, Count(found.id, found.number + 1))


READ = Count("c", 1)


def test_change_is_decided_anew_on_what_came_between() -> None:
    """After a conflict the change is decided on the new value, and then returned."""
    store = Counts(READ, [lambda: Count("c", 5), lambda: Count("c", 7)])
    done = optimistic.commit(store, READ, more, clock=MovedClock())
    assert done == (Count("c", 7), Count("c", 8))
    assert (store.held, store.writes) == (Count("c", 8), 3)


def test_what_needs_no_change_is_not_written() -> None:
    """If there is nothing to do, at once or after a conflict, there is no change."""
    full = Count("c", 100)
    store = Counts(full)
    assert optimistic.commit(store, full, more, clock=MovedClock()) is None
    assert store.writes == 0
    store = Counts(READ, [lambda: full])
    assert optimistic.commit(store, READ, more, clock=MovedClock()) is None
    assert (store.held, store.writes) == (full, 1)


def test_value_that_was_decided_on_last_is_given_beside_the_change() -> None:
    """`commit_newest` returns the newest value, also if there was nothing to do."""
    full = Count("c", 100)
    store = Counts(READ, [lambda: full])
    last = optimistic.commit_newest(store, READ, more, clock=MovedClock())
    assert (last.value, last.change) == (full, None)
    store = Counts(READ, [lambda: Count("c", 5)])
    last = optimistic.commit_newest(store, READ, more, clock=MovedClock())
    assert (last.value, last.change) == (Count("c", 5), (Count("c", 5), Count("c", 6)))


def test_value_that_goes_meanwhile() -> None:
    """A value that is no more is what the caller says that it is, and else not found."""
    with pytest.raises(NotFound):
        optimistic.commit(Counts(None), READ, more, clock=MovedClock())
    with pytest.raises(SessionEnded):
        optimistic.commit(Counts(None), READ, more, clock=MovedClock(), gone=SessionEnded)


def test_who_always_loses_gives_up_within_the_deadline() -> None:
    """One that loses for the whole time of a request gets an error in words of its own value."""
    clock = MovedClock()
    began, store = clock.stopwatch(), Counts(READ)
    store.meanwhile = [lambda n=n: Count("c", n % 50 + 2) for n in range(10_000)]  # type: ignore[misc]
    with (
        deadline.deadline(clock),
        pytest.raises(Unavailable, match="Too many changes at once"),
    ):
        optimistic.commit(store, READ, more, clock=clock)
    assert 10 < store.writes < 1_000
    assert 9 < clock.stopwatch() - began <= 10


def test_first_try_needs_no_time() -> None:
    """A first try is made though no time for another is left."""
    clock, store = MovedClock(), Counts(READ)
    with deadline.deadline(clock, seconds=0):
        assert optimistic.commit(store, READ, more, clock=clock) == (READ, Count("c", 2))
    lost = Counts(READ, [lambda: Count("c", 5)])
    with deadline.deadline(clock, seconds=0), pytest.raises(Unavailable):
        optimistic.commit(lost, READ, more, clock=clock)
    assert lost.writes == 1


def test_last_eight_marks_are_kept() -> None:
    """Each commit adds its own mark at the end, and the oldest beyond eight go."""
    kept: tuple[bytes, ...] = ()
    made = []
    for _ in range(12):
        mark, kept = optimistic.marked(kept)
        made.append(mark)
        assert kept == tuple(made[-8:])


def test_mark_is_no_others() -> None:
    """A mark is eight random bytes: no two commits share one."""
    made = {optimistic.marked(())[0] for _ in range(1000)}
    assert len(made) == 1000
    assert {len(mark) for mark in made} == {8}
