"""Ask one verifier about one session, again and again, in a thread."""

import threading
from typing import Final

from sojourn_cli.clock import Clock
from sojourn_cli.drill.measure import Answer, End
from sojourn_cli.drill.outcome import outcome, told
from sojourn_cli.drill.verifiers import Verifier
from sojourn_cli.reach import NotReachable, Reach
from sojourn_cli.terminal.cells import printable

LONGEST_PAGE: Final = 4 * 1024 * 1024


class Watch:
    """The answers of one verifier, in the order of their requests."""

    def __init__(
        self,
        verifier: Verifier,
        token: str,
        *,
        every: float,
        warm: int,
        clock: Clock,
        ca_file: str | None,
    ) -> None:
        self.verifier = verifier
        self._headers = verifier.headers(token)
        self._every = every
        self._warm = warm
        self._clock = clock
        self._ca_file = ca_file
        self._answers: list[Answer] = []
        self._stopped = False
        self._wake = threading.Event()
        self._bound_at: float | None = None
        # A verifier that never finishes an answer must not keep the command from its end.
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ended(self, end: End) -> None:
        """Ask at once, and then also at the bound."""
        self._bound_at = end.acknowledged + self.verifier.bound
        self._wake.set()

    def stop(self) -> None:
        self._stopped = True
        self._wake.set()

    def answers(self) -> list[Answer]:
        """What was answered so far."""
        return list(self._answers)

    def _run(self) -> None:
        while not self._stopped:
            answer = self._ask()
            self._answers.append(answer)
            if self._wake.wait(self._pause(answer)):
                self._wake.clear()

    def _pause(self, answer: Answer) -> float:
        """Seconds until the next request: at the bound, if it is before the next in turn.

        There is none as long as it warms: whatever was kept there is to be young at the end.
        """
        if answer.outcome == "accepted" and len(self._answers) < self._warm:
            return 0.0
        now, at = self._clock.monotonic(), answer.sent + self._every
        if self._bound_at is not None and now < self._bound_at < at:
            at = self._bound_at
        return max(0.0, at - now)

    def _ask(self) -> Answer:
        """One request over a connection of its own, so that it may reach any process there.

        A kept one would also lead to errors: a server that was asked to close it need not say so.
        """
        reach = Reach(self.verifier.base_url, ca_file=self._ca_file, longest=LONGEST_PAGE)
        sent = self._clock.monotonic()
        try:
            reply = reach.ask("GET", self.verifier.target, headers=self._headers)
        except NotReachable as error:
            said = printable(error.format_message().removeprefix(f"{self.verifier.base_url} "))
            return Answer(sent, self._clock.monotonic(), "neither", said)
        had = self._clock.monotonic()
        return Answer(sent, had, outcome(reply, self.verifier.refusals), told(reply))
