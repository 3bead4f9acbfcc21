"""The optimistic loop: commit a change under an optimistic lock, and retry after a conflict.

A value is read with its version, and the write has the condition that the version is unchanged. If
another writer came first, the change is decided again on the current value. The loop serves users
and realms: how to decide and write a change, and what "gone" means, are arguments.

Idempotency: a conditional write whose answer was lost is sent again. Then its condition fails,
because of this write or of another one. Each item keeps the idempotency marks of its last commits,
so the loop finds its own mark if the first write was done. Deciding again instead could answer "not
found" for a deletion that was done, or end a session that began later.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar, overload

from sojourn.domain.errors import NotFound, SojournError, Superseded, Unavailable
from sojourn.runtime import deadline
from sojourn.runtime.clock import Clock

V = TypeVar("V")
C = TypeVar("C")
KEPT: Final = 8
"""Marks that an item keeps: commits that may come between a write and its repetition. With more,
it is decided anew; but a login's commit is also known by its session (`store/users.py`)."""


class Committer(Protocol[C]):
    """Carries out changes of one kind of value."""

    def commit(self, change: C, /) -> C:
        """Carry out a change where its value is still the one that it was decided on.

        Gives the change as it was done, also where its answer was lost and it was asked again.
        Raises `Superseded` with the value as it is now.
        """


@dataclass(frozen=True, slots=True)
class Decided(Generic[V, C]):
    """The value that was decided on last, and what was committed of it (None: nothing)."""

    value: V
    change: C | None


@overload
def commit(
    store: Committer[C],
    value: V,
    decide: Callable[[V], C],
    *,
    clock: Clock,
    gone: Callable[[], SojournError] = NotFound,
) -> C: ...


@overload
def commit(
    store: Committer[C],
    value: V,
    decide: Callable[[V], C | None],
    *,
    clock: Clock,
    gone: Callable[[], SojournError] = NotFound,
) -> C | None: ...


def commit(
    store: Committer[C],
    value: V,
    decide: Callable[[V], C | None],
    *,
    clock: Clock,
    gone: Callable[[], SojournError] = NotFound,
) -> C | None:
    """Commit what `decide` makes of the value, deciding anew on each one that came between.

    The change as it was done; None when `decide` found that nothing needs doing. Raises what
    `decide` and the store raise, what `gone` gives when the value is no more, and `Unavailable`
    when the deadline is over: then nothing was done, or one commit whose answer was lost.
    """
    return commit_newest(store, value, decide, clock=clock, gone=gone).change


def commit_newest(
    store: Committer[C],
    value: V,
    decide: Callable[[V], C | None],
    *,
    clock: Clock,
    gone: Callable[[], SojournError] = NotFound,
) -> Decided[V, C]:
    """As `commit` does, and the value that was decided on last: also where nothing needed doing."""
    limit = deadline.current(clock)
    attempt = 0
    while True:
        change = decide(value)
        if change is None:
            return Decided(value, None)
        try:
            return Decided(value, store.commit(change))
        except Superseded as error:
            if error.current is None:
                raise gone() from error
            value = error.current
        # What lost has the newest value in hand, and tries it at once; what lost twice in a row
        # waits, and then has one try with what it will have lost to by then.
        if limit.remaining() <= 0 or (attempt % 2 and not limit.wait(attempt)):
            raise Unavailable("Too many changes at once. Try again.")
        attempt += 1


def marked(commits: Sequence[bytes]) -> tuple[bytes, tuple[bytes, ...]]:
    """A new mark, and the marks of an item's last commits with it."""
    mark = secrets.token_bytes(8)
    return mark, (*commits, mark)[-KEPT:]
