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
from typing import Final, Generic, Protocol, TypeVar, overload

from sojourn.domain.errors import NotFound, SojournError, Superseded, Unavailable
from sojourn.domain.values import dataclass
from sojourn.runtime import deadline
from sojourn.runtime.clock import Clock

V = TypeVar("V")
C = TypeVar("C")
KEPT: Final = 8
"""The idempotency marks that an item keeps: as many commits may come between a write and its
repetition. After more, the change is decided again. A login's commit is also found by its session
(`store/users.py`)."""


class Committer(Protocol[C]):
    """Commits changes of one kind of value."""

    def commit(self, change: C, /) -> C:
        """Commit a change if its value is still the one that was read.

        Returns the change as committed, also if its answer was lost and the write was repeated.
        Raises `Superseded` with the current value.
        """


@dataclass(frozen=True, slots=True)
class Decided(Generic[V, C]):
    """The last value that was decided on, and the committed change (None: nothing to do)."""

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
    """Commit the change that `decide` returns; after a conflict, decide again on the new value.

    Returns the change as committed, or None if `decide` found nothing to do. Raises the errors of
    `decide` and of the store, the error of `gone` if the value no longer exists, and `Unavailable`
    after the deadline: then nothing was done, except perhaps one commit whose answer was lost.
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
    """As `commit`, but also returns the last value that was decided on."""
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
        # After a first conflict the newest value is at hand, so retry at once. After a second one,
        # wait; the value is old by then, so the next conflict is likely and is retried at once.
        if limit.remaining() <= 0 or (attempt % 2 and not limit.wait(attempt)):
            raise Unavailable("Too many changes at once. Try again.")
        attempt += 1


def marked(commits: Sequence[bytes]) -> tuple[bytes, tuple[bytes, ...]]:
    """A new idempotency mark, and the item's last marks together with it."""
    mark = secrets.token_bytes(8)
    return mark, (*commits, mark)[-KEPT:]
