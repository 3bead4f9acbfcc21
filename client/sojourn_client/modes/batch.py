"""Validate tokens together: what comes while a request is under way goes with the next one."""

import copy
import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLong
from contextlib import suppress
from typing import Final

from sojourn_client.decisions.decision import Verdict
from sojourn_client.decisions.signature import Verified
from sojourn_client.errors import Refused, Unavailable
from sojourn_client.modes.workers import Workers
from sojourn_client.service.validation import MOST, Validation
from sojourn_client.session import Session

AT_ONCE: Final = 4
"""Requests under way at one time. The first token goes at once, alone."""
_GRACE: Final = 1.0
Answer = Verdict | Unavailable | Refused


class Batches:
    """Collects tokens and validates up to 100 of them by one request."""

    def __init__(self, validation: Validation, workers: Workers) -> None:
        self._validation = validation
        self._workers = workers
        self.after_fork()

    def after_fork(self) -> None:
        """What the parent asks for is not asked for here."""
        self._lock = threading.Lock()
        self._waiting: list[tuple[str, Future[Answer]]] = []
        self._under_way = 0

    def one(self, text: str, token: Verified) -> Verdict:
        """What the service says of a token. Raises `Unavailable`, `Refused`."""
        verdict = self._asked(text, self._validation.calls.timeout + _GRACE)
        session = verdict.outcome
        if isinstance(session, Session) and session.id != token.session_id:
            raise Unavailable("The answer is about another session than the one asked for.")
        return verdict

    def _asked(self, text: str, seconds: float) -> Verdict:
        mine: Future[Answer] = Future()
        with self._lock:
            self._waiting.append((text, mine))
            begins = self._under_way < AT_ONCE
            self._under_way += begins
        if begins:
            self._run(until=mine)
        try:
            answer = mine.result(seconds)
        except (TooLong, TimeoutError):
            raise Unavailable("The service did not answer in time.") from None
        if isinstance(answer, Verdict):
            return answer
        raise copy.copy(answer)

    def _run(self, until: "Future[Answer] | None" = None) -> None:
        """Validate what waits, until nothing does; or hand over once one's own is done."""
        while True:
            with self._lock:
                batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                if not batch:
                    self._under_way -= 1
                    return
            self._validate(batch)
            if until is not None and until.done() and self._handed_over():
                return

    def _handed_over(self) -> bool:
        with suppress(RuntimeError):  # the interpreter is about to end
            return self._workers.in_background(self._run)
        return False

    def _validate(self, batch: "list[tuple[str, Future[Answer]]]") -> None:
        answers: list[Answer]
        failed: Answer = Unavailable("The request was interrupted.")
        answers = [failed] * len(batch)
        try:
            answers = list(self._validation.many([text for text, _ in batch]))
        except (Unavailable, Refused) as error:
            answers = [error] * len(batch)
        finally:
            for (_, future), answer in zip(batch, answers, strict=True):
                future.set_result(answer)
