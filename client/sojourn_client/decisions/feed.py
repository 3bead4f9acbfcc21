"""Mode "feed": accept by what is known, as long as the feed of what ended is fresh. Pure.

The bound: after a termination was acknowledged at T, no request that comes at or after T + S is
accepted. A session is accepted without a question if

1. the feed was read to its end less than S seconds ago, counted from when the first page of that
   sweep was asked for, or the session itself was validated less than S seconds ago, and
2. the session was validated since the feed's coverage began, or it began after that, with a key of
   which the service has confirmed another token since then, and
3. nothing that was read since then ended it, or might have.

Anything else is asked for. Only the service's own times are compared with each other, and only by
more than its clocks may differ. Whether something happened before or after is told by this
process' monotonic clock.
"""

import copy
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from cachetools import LRUCache

from sojourn_client.clock import Instant
from sojourn_client.decisions.decision import Accept, Ask, Decision, Refuse, Verdict
from sojourn_client.decisions.revocations import Entry, Page, Position
from sojourn_client.decisions.signature import Verified
from sojourn_client.errors import Rejected, Terminated
from sojourn_client.session import Session

MARGIN: Final = 60.0
"""A session that began that much after an end of its user or realm is not one that it ended: a
login may take 10 seconds, with a realm that is 5 seconds old, and clocks are 10 seconds apart."""
SETTLING: Final = 5.0
"""Seconds after the end of a realm or the stop of a key was first read, in which the service may
still answer by what it had cached: such an answer is good for one request."""
KEYS: Final = 1_000
ENTRIES: Final = 50_000
"""Ids of entries that were read, by which repetitions are known: more than 40 seconds have."""


@dataclass(frozen=True, slots=True)
class Known:
    """A session that was validated, and when the service was asked."""

    digest: bytes
    session: Session
    sent: Instant


@dataclass(frozen=True, slots=True)
class Ended:
    """What was refused, or was read at `seen` to have ended at `at`, a time of the service."""

    seen: Instant
    at: float
    error: Rejected | None = None
    """What to refuse a session with; None if the service tells."""


class Feed:
    """What a process knows of its realm's sessions. `size` bounds each kind of knowledge."""

    def __init__(self, *, max_staleness: float, size: int) -> None:
        self._max_staleness = max_staleness
        self._size = size
        self.clear()

    def clear(self) -> None:
        self.position = Position()
        self.began: Instant | None = None
        """When the first page of the present coverage was asked for."""
        self.fresh: Instant | None = None
        """When the first page of the last whole sweep was asked for."""
        self._known: LRUCache[str, Known] = LRUCache(self._size)
        self._ended: OrderedDict[str, Ended] = OrderedDict()
        self._users: OrderedDict[str, Ended] = OrderedDict()
        self._keys: OrderedDict[str, Ended] = OrderedDict()
        self._ended_here: dict[str, Instant] = {}
        self._confirmed: set[str] = set()
        self._read: OrderedDict[str, None] = OrderedDict()
        # A session must have begun after this time of the service to be accepted unvalidated, and
        # an answer must have been asked for after this moment of the process to count.
        self._began_after = float("-inf")
        self._asked_after = float("-inf")

    def decide(self, token: Verified, now: Instant, max_staleness: float) -> Decision:
        found = self._ended.get(token.session_id)
        if found is not None:
            return Ask() if found.error is None else Refuse(copy.copy(found.error))
        within = min(max_staleness, self._max_staleness)
        known = self._known.get(token.session_id)
        if known is not None and (known.digest != token.digest or not self._counts(token, known)):
            known = None
        if known is not None and now.since(known.sent) < within:
            return Accept(known.session)
        if not self._is_fresh(now, within) or self._may_have_expired(token, now):
            return Ask()
        if known is not None and self._covers(known.sent):
            return Accept(known.session)
        if self._began_within(token):
            return Accept(token.session)
        return Ask()

    def learn(self, token: Verified, verdict: Verdict) -> None:
        outcome = verdict.outcome
        if isinstance(outcome, Session):
            self._known[token.session_id] = Known(token.digest, outcome, verdict.sent)
            self._confirm(token.kid, verdict.sent)
            return
        # Ended is definite. Whatever else the service refuses, it is asked about again.
        error = outcome if isinstance(outcome, Terminated) else None
        self._end(token.session_id, Ended(verdict.sent, token.session.created_at, error))

    def forget_user(self, user_id: str, now: Instant) -> None:
        self._ended_here[user_id] = now
        if len(self._ended_here) > self._size:
            self.lost()
            self._asked_after = now.monotonic
            self._ended_here = {}

    def read(self, page: Page, *, sent: Instant, now: Instant, etag: str | None) -> int:
        """Take in a page that was asked for at `sent`; returns how many entries of it are new."""
        if self.began is None:
            self.began = sent
            self._began_after = max(self._began_after, page.complete_since)
        new = [entry for entry in page.entries if entry.id not in self._read]
        for entry in new:
            self._take(entry, now)
            self._read[entry.id] = None
            if len(self._read) > ENTRIES:
                self._read.popitem(last=False)
        sweep = self.position.sweep or sent
        self.position = self.position.after(page, sent=sent, etag=etag)
        if not page.more:
            self._swept(sweep)
        return len(new)

    def unchanged(self, *, sent: Instant) -> None:
        """Take in that nothing has ended since the last page (304)."""
        self._swept(sent)

    def lost(self) -> None:
        """The cursor is older than what the service keeps (410): coverage begins anew."""
        self.position = Position()
        self.began = self.fresh = None
        self._confirmed = set()

    def staleness(self, now: Instant) -> float | None:
        """Seconds since when everything is known; None before the first whole sweep."""
        return None if self.fresh is None else now.since(self.fresh)

    def _swept(self, asked: Instant) -> None:
        self.fresh = asked
        # What this process ended before that has been read by now.
        later = {u: at for u, at in self._ended_here.items() if at.monotonic >= asked.monotonic}
        self._ended_here = later

    def _is_fresh(self, now: Instant, within: float) -> bool:
        return self.fresh is not None and now.since(self.fresh) < within

    def _covers(self, sent: Instant) -> bool:
        return self.began is not None and sent.monotonic >= self.began.monotonic

    def _may_have_expired(self, token: Verified, now: Instant) -> bool:
        """Whether a session has expired by the time that passed, if not by the wall clock.

        The wall clock may have been set back. Then the service tells.
        """
        if token.session.expires_at is None or self.began is None:
            return False
        passed = now.monotonic - self.began.monotonic
        return self.began.wall + passed >= token.session.expires_at

    def _began_within(self, token: Verified) -> bool:
        """Whether a session that was never validated began after coverage did.

        The token's `iat` counts if it is earlier: after a wrong clock, sessions of a user are dated
        forward to keep their order.
        """
        began_at = min(token.session.created_at, token.issued_at + 1)
        user = self._users.get(token.user_id)
        return (
            began_at > self._began_after
            and (user is None or began_at > user.at + MARGIN)
            and token.user_id not in self._ended_here
            and token.kid not in self._keys
            and token.kid in self._confirmed
        )

    def _counts(self, token: Verified, known: Known) -> bool:
        """Whether an answer was asked for after everything that might have ended its session."""
        asked = known.sent.monotonic
        here, user = self._ended_here.get(token.user_id), self._users.get(token.user_id)
        key = self._keys.get(token.kid)
        return (
            asked > self._asked_after
            and (here is None or asked > here.monotonic)
            and (user is None or asked > user.seen.monotonic)
            and (key is None or asked > key.seen.monotonic + SETTLING)
        )

    def _confirm(self, kid: str, sent: Instant) -> None:
        """The service accepted a token of this key: it had not been stopped by then."""
        if self._covers(sent) and len(self._confirmed) < KEYS:
            self._confirmed.add(kid)

    def _take(self, entry: Entry, now: Instant) -> None:
        ended = Ended(now, entry.ended_at)
        if entry.scope == "sessions":
            error = Terminated(entry.reason, entry.ended_at)
            for session_id in entry.session_ids:
                self._end(session_id, Ended(now, entry.ended_at, error))
        elif entry.scope == "user" and entry.user_id is not None:
            self._forget(_put(self._users, entry.user_id, ended, self._size))
        elif entry.scope == "key" and entry.key_id is not None:
            self._forget(_put(self._keys, entry.key_id, ended, KEYS), SETTLING)
        else:
            self._forget(ended, SETTLING)

    def _end(self, session_id: str, ended: Ended) -> None:
        self._known.pop(session_id, None)
        self._forget(_put(self._ended, session_id, ended, self._size))

    def _forget(self, ended: Ended | None, settling: float = 0.0) -> None:
        """Validate anew whatever an end could be about that is not remembered by itself."""
        if ended is None:
            return
        self._asked_after = max(self._asked_after, ended.seen.monotonic + settling)
        self._began_after = max(self._began_after, ended.at + MARGIN)


def _put(kept: "OrderedDict[str, Ended]", name: str, ended: Ended, most: int) -> Ended | None:
    """Remember an end; returns the oldest one if there is no room for it any more."""
    kept[name] = ended
    kept.move_to_end(name)
    return kept.popitem(last=False)[1] if len(kept) > most else None
