"""The rounds of a drill: warm every verifier, end the canary's session, watch who refuses."""

import itertools
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from sojourn_cli.clock import Clock
from sojourn_cli.drill.canary import Canary
from sojourn_cli.drill.measure import End, Measure, is_warm, measured, not_accepted, settled
from sojourn_cli.drill.verifiers import Verifier
from sojourn_cli.drill.watch import Watch

WARMING: Final = 30.0
"""Seconds in which every verifier must accept a new session."""
PATIENCE: Final = 60.0
"""Seconds to wait, after all bounds, for a verifier that neither accepts nor refuses.

It is more than what one request may take."""
LEAVING: Final = 60.0
"""Seconds that requests under way may take after an interruption."""
PHASE: Final = 4
"""A client in mode "feed" polls four times in its `max_staleness`."""
LONGEST_PHASE: Final = 10.0
TICK: Final = 0.02
Round = dict[str, Measure]
"""A measure for each verifier, by its name."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How to drill. `every`, `after` are seconds; `warm` is a number of requests."""

    rounds: int
    at_once: int
    every: float
    after: float
    warm: int

    def round_seconds(self, longest: float) -> float:
        """How long a round takes at the most, if everybody answers in time."""
        return longest + phase(longest) + self.after + self.every


def phase(longest: float) -> float:
    """The most seconds that a round waits before it begins.

    The wait is random, so that ends fall on any moment of what a verifier does in turns.
    """
    return min(longest / PHASE, LONGEST_PHASE)


@dataclass
class Drill:
    """Carries the rounds out, some at a time. `at` is told how many are done, and of how many."""

    canary: Canary
    verifiers: Sequence[Verifier]
    plan: Plan
    ca_file: str | None = None
    at: Callable[[int, int], None] = lambda _, __: None
    clock: Clock = field(init=False)

    def __post_init__(self) -> None:
        self.clock = self.canary.api.clock
        self._longest = max(verifier.bound for verifier in self.verifiers)
        self._stop = threading.Event()
        self._no_more = threading.Event()
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._done: list[Round] = []
        self._errors: list[BaseException] = []

    def run(self) -> list[Round]:
        """Every round; fewer if a verifier does not accept. Raises `click.ClickException`."""
        lanes: list[threading.Event] = []
        try:
            for number in range(min(self.plan.at_once, self.plan.rounds)):
                # Not `join`: before Python 3.13 an interrupted one takes the thread for finished.
                lanes.append(threading.Event())
                threading.Thread(target=self._lane, args=(number, lanes[-1]), daemon=True).start()
            for over in lanes:
                over.wait()
        finally:
            # No lane may begin a session once the canary is removed.
            self._stop.set()
            limit = self.clock.monotonic() + LEAVING
            for over in lanes:
                over.wait(max(0.0, limit - self.clock.monotonic()))
        if self._errors:
            raise self._errors[0]
        return self._done

    def _lane(self, number: int, over: threading.Event) -> None:
        try:
            self._stop.wait(number * self._longest / self.plan.at_once)
            while next(self._numbers) < self.plan.rounds and not self._over():
                self._stop.wait(random.uniform(0, phase(self._longest)))  # noqa: S311
                found = self._round()
                if found is not None:
                    self._finish(found)
        except BaseException as error:  # noqa: BLE001 - `run` raises it
            self._errors.append(error)
            self._stop.set()
        finally:
            over.set()

    def _over(self) -> bool:
        return self._stop.is_set() or self._no_more.is_set()

    def _finish(self, found: Round) -> None:
        with self._lock:
            self._done.append(found)
            self.at(len(self._done), self.plan.rounds)
        if any(measure.state == "not_accepted" for measure in found.values()):
            self._no_more.set()

    def _round(self) -> Round | None:
        """One session from its begin to the last look; None if the drill was stopped."""
        if self._over():
            return None
        session_id, token = self.canary.begin()
        watches = [
            Watch(
                verifier,
                token,
                every=self.plan.every,
                warm=self.plan.warm,
                clock=self.clock,
                ca_file=self.ca_file,
            )
            for verifier in self.verifiers
        ]
        try:
            for watch in watches:
                watch.start()
            self._wait(WARMING, lambda: all(self._is_warm(w) is not None for w in watches))
            warm = [watch for watch in watches if self._is_warm(watch)]
            cold = {w.verifier.name: not_accepted(w.answers()) for w in watches if w not in warm}
            for watch in watches:
                if watch not in warm:
                    watch.stop()
            end = self._end(session_id)
            for watch in warm:
                watch.ended(end)
            self._look(warm, end)
        finally:
            for watch in watches:
                watch.stop()
        if self._stop.is_set():
            return None
        found = {w.verifier.name: measured(w.answers(), end, w.verifier.bound) for w in warm}
        return found | cold

    def _is_warm(self, watch: Watch) -> bool | None:
        return is_warm(watch.answers(), self.plan.warm)

    def _end(self, session_id: str) -> End:
        asked = self.clock.monotonic()
        self.canary.end(session_id)
        return End(asked, self.clock.monotonic())

    def _look(self, watches: Sequence[Watch], end: End) -> None:
        """Look on until the longest bound is over, and everybody has said something after it."""
        longest = max((watch.verifier.bound for watch in watches), default=-self.plan.after)
        self._stop.wait(end.acknowledged + longest + self.plan.after - self.clock.monotonic())
        self._wait(PATIENCE, lambda: all(self._is_settled(w, end) for w in watches))

    def _is_settled(self, watch: Watch, end: End) -> bool:
        return settled(watch.answers(), end, watch.verifier.bound, self.plan.warm)

    def _wait(self, seconds: float, until: Callable[[], bool]) -> None:
        limit = self.clock.monotonic() + seconds
        while not until() and self.clock.monotonic() < limit and not self._stop.wait(TICK):
            pass
