"""What each mode of verification is made of."""

from dataclasses import dataclass, field
from typing import Final, Literal

from sojourn_client.decisions.cached import Cached
from sojourn_client.decisions.decision import Verdict
from sojourn_client.decisions.feed import Feed
from sojourn_client.decisions.signature import Verified
from sojourn_client.health import Health, Observe
from sojourn_client.modes import fork
from sojourn_client.modes.always import AlwaysVerifier
from sojourn_client.modes.batch import Batches
from sojourn_client.modes.local import LocalVerifier
from sojourn_client.modes.poller import Poller
from sojourn_client.modes.verifier import Verifier
from sojourn_client.modes.workers import Workers
from sojourn_client.service.validation import Validation
from sojourn_client.store import Shared, Store

Mode = Literal["always", "cached", "feed"]
MAX_STALENESS: Final = {"cached": 300.0, "feed": 10.0}
"""Seconds, where nothing else is told."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to verify. Raises `ValueError` for what cannot be."""

    mode: Mode
    max_staleness: float | None
    cache_size: int
    store: Store | None
    observe: Observe = field(repr=False)

    def __post_init__(self) -> None:
        if self.mode not in ("always", "cached", "feed"):
            raise ValueError('mode must be "always", "cached" or "feed".')
        if self.mode == "always" and self.max_staleness is not None:
            raise ValueError('max_staleness is for mode="cached" and mode="feed".')
        if self.mode != "cached" and self.store is not None:
            raise ValueError('store is for mode="cached".')
        if self.max_staleness is not None and not self.max_staleness > 0:
            raise ValueError("max_staleness must be more than 0 seconds.")
        if self.cache_size < 1:
            raise ValueError("cache_size must be 1 or more.")

    @property
    def staleness(self) -> float:
        """The `max_staleness` in force."""
        told = self.max_staleness
        return MAX_STALENESS.get(self.mode, 0.0) if told is None else told


@dataclass(frozen=True, slots=True)
class Machine:
    """A verifier, and in mode "feed" what polls for it."""

    mode: Mode
    verifier: Verifier
    poller: Poller | None = None

    def health(self) -> Health:
        """The state of the client."""
        return Health(self.mode) if self.poller is None else self.poller.health()

    def prefetch(self) -> None:
        """Have at hand what the first verification needs. Raises `Refused`, `Unavailable`."""
        if self.poller is None:
            self.verifier.prefetch()
            return
        done = self.poller.polls
        self.poller.ensure()  # it polls while the keys are fetched
        self.verifier.prefetch()
        self.poller.wait(after=done)

    def close(self) -> None:
        """Stop what runs beside."""
        if self.poller is not None:
            self.poller.close()


def machine(options: Options, validation: Validation, workers: Workers) -> Machine:
    """The verifier of a mode."""
    if options.mode == "always":
        return Machine("always", AlwaysVerifier(validation, workers, options.observe))
    if options.mode == "cached":
        return Machine("cached", _cached(options, validation, workers))
    return _feed(options, validation, workers)


def _cached(options: Options, validation: Validation, workers: Workers) -> LocalVerifier:
    def ask(text: str, token: Verified) -> Verdict:
        return validation.one(text, session_id=token.session_id, user_id=token.user_id)

    verifier = LocalVerifier(
        validation.calls,
        Cached(max_staleness=options.staleness, size=options.cache_size),
        workers=workers,
        max_staleness=options.staleness,
        size=options.cache_size,
        ask=ask,
        shared=None if options.store is None else Shared(options.store, options.staleness),
        observe=options.observe,
    )
    fork.remember(verifier)
    return verifier


def _feed(options: Options, validation: Validation, workers: Workers) -> Machine:
    feed = Feed(max_staleness=options.staleness, size=options.cache_size)
    batches = Batches(validation, workers)
    poller = Poller(
        feed,
        validation.calls,
        max_staleness=options.staleness,
        observe=options.observe,
    )
    verifier = LocalVerifier(
        validation.calls,
        feed,
        workers=workers,
        max_staleness=options.staleness,
        size=options.cache_size,
        ask=batches.one,
        ensure=poller.ensure,
        lock=poller.lock,
        observe=options.observe,
    )
    fork.remember(batches, poller, verifier)
    return Machine("feed", verifier, poller)
