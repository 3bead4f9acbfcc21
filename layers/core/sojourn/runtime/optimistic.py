"""The optimistic loop: carry out a change, however many others change the same at the same time.

What was read carries a version, and a write holds where the version is still that one (an
optimistic lock). Whoever loses decides anew, on what the store then has. It serves users and realms
alike: what a change is, how it is written and what "gone" means are arguments.

Idempotency: a conditional write whose answer is lost is asked again, and then its condition fails,
by this very write or by another. An item that is committed to keeps the marks of its last commits,
so who asked again finds theirs among them. Deciding anew instead would answer "not found" for a
deletion that was done, or end what began since.
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
