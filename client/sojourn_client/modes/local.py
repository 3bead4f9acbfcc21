"""Verify tokens by what this process knows, and ask the service for the rest.

Threads and asyncio follow one course, a generator that yields what it must wait for. A thread does
it where it is; an event loop has it done in another thread, and never waits for what is known.
"""

import asyncio
import copy
from collections.abc import Callable, Generator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLong
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

from cachetools import LRUCache

from sojourn_client.decisions.decision import Accept, Ask, Policy, Refuse, Verdict, judged
from sojourn_client.decisions.keys import NO_KEYS
from sojourn_client.decisions.signature import Verified, kid_of, verify
from sojourn_client.decisions.token import LONGEST, digest, read
from sojourn_client.errors import Expired, InvalidToken, Refused, Unavailable
from sojourn_client.health import Observe, nobody
from sojourn_client.modes.fork import ForkLock
from sojourn_client.modes.workers import Flights, Workers
from sojourn_client.service.answers import understood
from sojourn_client.service.calls import Calls
from sojourn_client.session import Session, own
from sojourn_client.store import Shared

_KEYS: Final = b"keys"
_GRACE: Final = 1.0
"""Seconds beyond the time-out that are waited for what another thread does."""


@dataclass(frozen=True, slots=True)
class Failed:
    """Nothing was learned."""

    error: Unavailable | Refused


Outcome = Accept | Refuse | Failed | None
"""What a flight brought; None if it brought keys."""


@dataclass(frozen=True, slots=True)
class Need:
    """What must be waited for. Requests with the same key share it; None shares with nobody."""

    key: bytes | None
    work: Callable[[], Outcome]


@dataclass(frozen=True, slots=True)
class Got:
    """What came of a need; `mine` if it was asked for this request, and no earlier."""

    outcome: Outcome
    mine: bool


_TOO_LATE: Final = Got(Failed(Unavailable("The service did not answer in time.")), mine=False)
Course = Generator[Need, Got, Session]


class LocalVerifier:
    """Verifies signatures locally, and decides by a policy. Safe for threads and event loops.

    - `ask` asks the service, in whichever thread
    - `ensure` is called at each verification: it begins what runs beside
    - `lock` is had by whoever reads or changes the policy
    """

    def __init__(
        self,
        calls: Calls,
        policy: Policy,
        *,
        workers: Workers,
        max_staleness: float,
        size: int,
        ask: Callable[[str, Verified], Verdict],
        ensure: Callable[[], None] | None = None,
        lock: ForkLock | None = None,
        shared: Shared | None = None,
        observe: Observe = nobody,
    ) -> None:
        self._calls = calls
        self._clock = calls.clock
        self._realm_id = calls.realm_id
        self._policy = policy
        self._workers = workers
        self._max_staleness = max_staleness
        self._size = size
        self._ask_for = ask
        self._ensure = ensure
        self._shared = shared
        self._observe = observe
        self._keys = NO_KEYS
        self._keys_missing = ""
        self._flights: Flights[Outcome] = Flights()
        self._lock = lock or ForkLock()
        self.after_fork()

    def after_fork(self) -> None:
        """Begin without what may have been changing when the process was forked."""
        self._flights.after_fork()
        self._tokens: LRUCache[bytes, Verified] = LRUCache(self._size)
        self._policy.clear()

    def verify(self, text: str, max_staleness: float | None = None, /) -> Session:
        """Raises `Rejected`, `Refused`, `Unavailable`."""
        course = self._course(text, max_staleness)
        try:
            need = next(course)
            while True:
                need = course.send(self._here(need))
        except StopIteration as done:
            session: Session = done.value
            return session

    async def averify(self, text: str, max_staleness: float | None = None, /) -> Session:
        """Raises as `verify` does."""
        course = self._course(text, max_staleness)
        try:
            need = next(course)
            while True:
                need = course.send(await self._elsewhere(need))
        except StopIteration as done:
            session: Session = done.value
            return session

    def prefetch(self) -> None:
        if self._keys.failed:
            outcome = self._here(Need(_KEYS, self._fetch_keys)).outcome
            if isinstance(outcome, Failed):
                raise copy.copy(outcome.error)

    def forget_user(self, user_id: str) -> None:
        with self._lock:
            self._policy.forget_user(user_id, self._clock.now())

    def _course(self, text: str, max_staleness: float | None) -> Course:
        within = self._within(max_staleness)
        if self._ensure is not None:
            self._ensure()
        token = yield from self._verified(text)
        for shared in (True, True, False):
            now = self._clock.now()
            if token.expired(now.wall):
                raise Expired
            with self._lock:
                decision = self._policy.decide(token, now, within)
            if isinstance(decision, Accept):
                if decision.refresh:
                    again = partial(self._ask, text, token, within, refreshing=True)
                    self._in_background(Need(token.digest, again))
                return own(decision.session)
            if isinstance(decision, Refuse):
                raise decision.error
            key = token.digest if shared and within > 0 else None
            got = yield Need(key, partial(self._ask, text, token, within))
            match got.outcome:
                case Accept(session) if got.mine:
                    return own(session)
                case Refuse(error) | Failed(error):
                    raise error if got.mine else copy.copy(error)
        raise Unavailable("The service's answers came too late.")

    def _verified(self, text: object) -> Generator[Need, Got, Verified]:
        """What a token says, its signature checked once. Raises `InvalidToken`, `Unavailable`."""
        if not isinstance(text, str) or len(text) > LONGEST or not text.isascii():
            raise InvalidToken
        hashed = digest(text)
        with self._lock:
            known = self._tokens.get(hashed)
        if known is not None:
            return known
        unverified = read(text, realm_id=self._realm_id)
        kid = kid_of(unverified)
        need = Need(_KEYS, self._fetch_keys)
        now = self._clock.now()
        keys = self._keys
        if kid not in keys.keys and (keys.needs(kid, now) or self._flights.flies(_KEYS)):
            yield need
            keys = self._keys
        elif keys.ages(now):
            self._in_background(need)
        key = keys.keys.get(kid)
        if key is None and keys.failed:
            raise Unavailable(f"The realm's keys cannot be fetched. {self._keys_missing}")
        if key is None:
            raise InvalidToken
        token = verify(unverified, key, realm_id=self._realm_id)
        with self._lock:
            self._tokens[hashed] = token
        return token

    def _within(self, max_staleness: float | None) -> float:
        if max_staleness is None:
            return self._max_staleness
        if not max_staleness >= 0:
            raise ValueError("max_staleness must be 0 seconds or more.")
        return min(max_staleness, self._max_staleness)

    def _ask(
        self, text: str, token: Verified, within: float, *, refreshing: bool = False
    ) -> Outcome:
        """Ask the store, and then the service. Refreshing takes no answer that is due for it."""
        shared = None
        if self._shared is not None and within > 0:
            shared = self._shared.get(token, self._clock)
        if shared is not None:
            with self._lock:
                self._policy.learn(token, shared)
                decision = self._policy.decide(token, self._clock.now(), within)
            due = isinstance(decision, Accept) and decision.refresh and refreshing
            if not due and not isinstance(decision, Ask):
                return decision
        return self._ask_service(text, token, within)

    def _ask_service(self, text: str, token: Verified, within: float) -> Outcome:
        """Ask the service, and remember what it says."""
        began = self._clock.now()
        try:
            verdict = self._ask_for(text, token)
        except (Unavailable, Refused) as error:
            return Failed(error)
        now = self._clock.now()
        self._observe("asked", now.since(began))
        with self._lock:
            self._policy.learn(token, verdict)
        if self._shared is not None:
            self._shared.set(token, verdict, self._clock)
        decision = judged(verdict, now, within=max(within, self._calls.timeout))
        if isinstance(decision, Ask):
            return Failed(Unavailable("The service did not answer in time."))
        return decision

    def _fetch_keys(self) -> Outcome:
        """Fetch the realm's keys."""
        self._keys = self._keys.trying(self._clock.now())
        try:
            answered = self._calls.key_set()
            self._keys = self._keys.loaded(understood(answered.reply), answered.sent)
        except (Unavailable, Refused) as error:
            self._keys_missing = str(error)
            return Failed(error)
        except ValueError:
            self._keys_missing = "The answer is not a key set: check base_url."
            return Failed(Unavailable(self._keys_missing))
        return None

    def _here(self, need: Need) -> Got:
        """Wait in this thread."""
        if need.key is None:
            return Got(need.work(), mine=True)
        flight, mine = self._flights.join(need.key)
        if mine:
            return Got(self._flown(need, flight), mine=True)
        try:
            return Got(flight.result(self._calls.timeout + _GRACE), mine=False)
        except TooLong:
            return _TOO_LATE

    async def _elsewhere(self, need: Need) -> Got:
        """Wait on an event loop. A flight goes on if the request that began it is cancelled."""
        if need.key is None:
            flight, mine = self._workers.submit(need.work), True
        else:
            flight, mine = self._flights.join(need.key)
            if mine:
                self._launch(need, flight)
        waited = asyncio.shield(asyncio.wrap_future(flight))
        try:
            return Got(await asyncio.wait_for(waited, self._calls.timeout + _GRACE), mine=mine)
        except (TooLong, asyncio.TimeoutError):
            return _TOO_LATE

    def _launch(self, need: Need, flight: "Future[Outcome]") -> None:
        try:
            self._workers.submit(partial(self._flown, need, flight))
        except BaseException:  # no thread can be started: nobody may wait for this flight
            self._flights.land(need.key or b"", flight, _TOO_LATE.outcome)
            raise

    def _flown(self, need: Need, flight: "Future[Outcome]") -> Outcome:
        """Do what is needed, and tell those who wait for it."""
        outcome: Outcome = Failed(Unavailable("The request was interrupted."))
        try:
            outcome = need.work()
        finally:
            self._flights.land(need.key or b"", flight, outcome)
        return outcome

    def _in_background(self, need: Need) -> None:
        """Have it done some time soon, unless somebody does it already."""

        def fly() -> None:
            flight, mine = self._flights.join(need.key or b"")
            if mine:
                self._flown(need, flight)

        with suppress(RuntimeError):  # the interpreter is about to end
            self._workers.in_background(fly)
