"""Polls the feed in a thread of its own, one a process."""

import copy
import logging
import threading
import weakref
from typing import Final

from sojourn_client.decisions.feed import Feed
from sojourn_client.decisions.revocations import page_of
from sojourn_client.errors import Refused, Unavailable
from sojourn_client.health import Health, Observe
from sojourn_client.modes.fork import ForkLock
from sojourn_client.service.answers import understood
from sojourn_client.service.calls import Calls

log = logging.getLogger("sojourn_client")
LONGEST_PAUSE: Final = 30.0
FIRST_PAUSE: Final = 0.5
_MOST_PAGES: Final = 1_000
_GRACE: Final = 1.0
"""Seconds beyond the time-out that are waited for what the thread does."""
_GONE: Final = ("cursor_expired", "cursor_invalid")


class Poller:
    """Keeps a `Feed` fresh, four times in its `max_staleness`.

    The thread begins with the first verification, in each process: a forked child has its own.
    After a failure it waits 0.5 seconds, then twice as long each time, up to `max_staleness` or 30
    seconds, or what `Retry-After` says.
    """

    def __init__(
        self,
        feed: Feed,
        calls: Calls,
        *,
        max_staleness: float,
        observe: Observe,
    ) -> None:
        self._feed = feed
        self._calls = calls
        self._max_staleness = max_staleness
        self._observe = observe
        self.lock = ForkLock()
        """Whoever reads or changes the feed has it."""
        self.after_fork()

    def after_fork(self) -> None:
        """The parent's thread is not in the child."""
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._failures = 0
        self._failure: Exception | None = None
        self._polled = threading.Condition()
        self.polls = 0
        """Polls that have ended, well or not."""

    def ensure(self) -> None:
        """Begin to poll, if this process does not yet. Without a thread, the service is asked."""
        if self._thread is not None:
            return
        with self._starting:
            if self._thread is not None:
                return
            self._stop = threading.Event()
            arguments = (weakref.ref(self), self._stop)
            thread = threading.Thread(
                target=_poll, args=arguments, name="sojourn-feed", daemon=True
            )
            try:
                thread.start()
            except RuntimeError:
                log.warning("The feed cannot be polled: no thread can be started")
                return
            self._thread = thread

    def wait(self, *, after: int) -> None:
        """Wait until the feed is fresh, or the next poll after so many has ended without that.

        Raises why it could not be read: `Refused`, `Unavailable`.
        """
        if self._thread is None:
            raise Unavailable("The feed cannot be polled: no thread can be started.")
        with self._polled:
            self._polled.wait_for(
                lambda: self.polls > after or self.health().fresh, self._calls.timeout + _GRACE
            )
            failure = self._failure
        if self.health().fresh:
            return
        if isinstance(failure, ValueError):
            raise Unavailable("The answer is not the feed: check base_url.")
        if failure is not None:
            raise copy.copy(failure)
        raise Unavailable("The feed was not read in time.")

    def close(self) -> None:
        """Stop polling. The next verification begins anew."""
        with self._starting:
            self._stop.set()
            self._thread = None

    def health(self) -> Health:
        """The state of the feed."""
        with self.lock:
            staleness = self._feed.staleness(self._calls.clock.now())
        return Health(
            mode="feed",
            fresh=staleness is not None and staleness < self._max_staleness,
            staleness=staleness,
            polling=self._thread is not None and self._thread.is_alive(),
            failures=self._failures,
            error=None if self._failure is None else str(self._failure),
        )

    def poll(self) -> float:
        """Read the feed to its end; returns the seconds until the next poll."""
        try:
            return self._sweep()
        finally:
            with self._polled:
                self.polls += 1
                self._polled.notify_all()

    def _sweep(self) -> float:
        clock = self._calls.clock
        began = clock.now()
        try:
            for _ in range(_MOST_PAGES):
                if not self._page():
                    break
        except (Unavailable, Refused, ValueError) as error:
            if self._failures == 0:
                log.warning("The feed cannot be read, so the service is asked: %s", error)
            self._failures += 1
            self._failure = copy.copy(error)  # without the frames that it came through
            self._observe("poll_failed", 1.0)
            told = error.retry_after if isinstance(error, Unavailable | Refused) else None
            longest = min(LONGEST_PAUSE, max(1.0, self._max_staleness))
            backoff = min(longest, FIRST_PAUSE * 2 ** min(self._failures - 1, 10))
            return told or backoff * (0.5 + self._calls.chance() / 2)
        if self._failures > 0:
            log.info("The feed is read again")
        self._failures, self._failure = 0, None
        took = clock.now().since(began)
        self._observe("polled", took)
        # Four times in `max_staleness`, so that a poll may fail and the next one be in time.
        interval = self._max_staleness / 4 * (0.8 + self._calls.chance() / 5)
        return max(interval / 4, interval - took)

    def _page(self) -> bool:
        """Read a page; whether more follow."""
        clock = self._calls.clock
        with self.lock:
            position = self._feed.position
            headers = position.headers(clock.now())
        answered = self._calls.ask("GET", position.path(), self._calls.key_headers() | headers)
        # A 304 that was not asked for is a cache's, and says nothing of this page.
        if answered.reply.status == 304 and headers:
            with self.lock:
                self._feed.unchanged(sent=answered.sent)
            return False
        try:
            body = understood(answered.reply, by_token=False)
        except Refused as error:
            if error.code in _GONE and position.cursor is not None:
                with self.lock:
                    self._feed.lost()
                self._observe("coverage_lost", 1.0)
                return True
            raise
        page = page_of(body)
        etag = answered.reply.headers.get("etag")
        with self.lock:
            new = self._feed.read(page, sent=answered.sent, now=clock.now(), etag=etag)
        if new:
            self._observe("ended", float(new))
        return page.more


def _poll(reference: "weakref.ref[Poller]", stop: threading.Event) -> None:
    """Poll until it is stopped, or nobody has the poller any more."""
    pause = 0.0
    while not stop.wait(pause):
        poller = reference()
        if poller is None:
            return
        try:
            pause = poller.poll()
        except Exception:
            log.exception("The feed cannot be polled")
            pause = LONGEST_PAUSE
        del poller
