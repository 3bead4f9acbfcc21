"""The linearizability checker: Wing and Gong's search with Lowe's memoization.

"Testing and Verifying Concurrent Objects" (Wing, Gong, 1993); "Testing for linearizability"
(Lowe, 2017). An order of the calls is looked for in which each has the answer that the sequential
rules give it, and no call comes before one that had ended when it began.
"""

import math
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

S = TypeVar("S", bound=Hashable)
C = TypeVar("C")

LIMIT: Final = 200_000
"""Places that a search looks at before it gives up."""


@dataclass(frozen=True, slots=True)
class Operation(Generic[C]):
    """A call between two times of one clock, its answer within.

    `end` is infinite when the answer did not tell what happened. `certain`: it did take effect;
    another may have, at any time after its start, or never. `rank` is for those whose order can be
    seen from their answers, such as the times of commits: they take effect by rank. `reads`: by its
    answer it changes nothing, wherever it comes.
    """

    call: C
    start: float
    end: float = math.inf
    certain: bool = True
    rank: float | None = None
    reads: bool = False


@dataclass(frozen=True, slots=True)
class Verdict(Generic[S]):
    """An order that explains the history, as indices, and the state that it leads to.

    When there is none: the longest order that explains a part, and where that leads.
    """

    linearizable: bool
    order: tuple[int, ...]
    state: S
    looked_at: int


class Exhausted(Exception):
    """The search gave up: nothing is known of this history."""


Step = Callable[[S, C], Iterable[S]]
"""The states that a call with its answer may lead to; none: the answer is wrong here."""


def check(
    operations: Sequence[Operation[C]], initial: S, step: Step[S, C], *, limit: int = LIMIT
) -> Verdict[S]:
    """Look for an order of the operations. Raises `Exhausted`."""
    search = _Search(operations, step)
    best: tuple[tuple[int, ...], S] = ((), initial)
    seen = {(0, initial)}
    done, order = 0, []
    if search.complete(done):
        return Verdict(True, (), initial, 0)
    path = [(done, search.next(done, initial))]
    while path:
        done, successors = path[-1]
        for number, state in successors:
            after = done | 1 << number
            if (after, state) in seen:
                continue
            seen.add((after, state))
            if len(seen) > limit:
                raise Exhausted(f"{len(operations)} operations, {limit} places looked at")
            order.append(number)
            if search.complete(after):
                return Verdict(True, tuple(order), state, len(seen))
            if len(order) > len(best[0]):
                best = tuple(order), state
            path.append((after, search.next(after, state)))
            break
        else:
            path.pop()
            if order:
                order.pop()
    return Verdict(False, *best, len(seen))


class _Search(Generic[S, C]):
    """What may come next, from each place: a set of operations that were done, and a state."""

    def __init__(self, operations: Sequence[Operation[C]], step: Step[S, C]) -> None:
        self._operations = operations
        self._step = step
        numbers = range(len(operations))
        self._by_end = sorted(numbers, key=lambda n: (operations[n].end, n))
        ranked = [n for n in numbers if operations[n].rank is not None]
        self._ranked = sorted(ranked, key=lambda n: (operations[n].rank or 0.0, n))
        self._needed = sum(1 << n for n in numbers if operations[n].certain)

    def complete(self, done: int) -> bool:
        """Whether all that took effect is done."""
        return done & self._needed == self._needed

    def next(self, done: int, state: S) -> Iterator[tuple[int, S]]:
        """The operations that may be next, with where each leads."""
        found = []
        for number in self._candidates(done):
            operation = self._operations[number]
            states = list(self._step(state, operation.call))
            if states and operation.certain and operation.reads:
                # It is right here, and any order that has it later may have it now as well: there
                # is nothing else to try.
                return iter([(number, state)])
            found += [(number, after) for after in states]
        return iter(found)

    def _candidates(self, done: int) -> Iterator[int]:
        """What no undone operation ended before, those that end first first."""
        left = [n for n in self._by_end if not done >> n & 1]
        first_end = self._operations[left[0]].end
        next_ranked = next((n for n in self._ranked if not done >> n & 1), None)
        for number in left:
            operation = self._operations[number]
            waits = operation.rank is not None and number != next_ranked
            if operation.start <= first_end and not waits:
                yield number
