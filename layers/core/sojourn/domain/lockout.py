"""The lockout: counters of failed logins, their limits, and how long the next login waits.

Rules without I/O. Failures are counted in buckets: one for the account (also of an unknown name),
one for the account at each known address, and one for the address. An attempt is allowed if all its
buckets are open. Otherwise it is refused, and refused attempts are not counted.

A successful login writes no bucket. The user's item has a number, `successes`, which a success
increments. A bucket's row of failures counts only if the bucket's number is not lower. In the same
way, an administrator's unlock increments `unlocks`, which clears a whole bucket.
"""

import hashlib
from collections.abc import Sequence
from typing import Final, Literal

from sojourn.domain import ids
from sojourn.domain.errors import TooManyAttempts
from sojourn.domain.user import Candidate, Known, Success, User
from sojourn.domain.values import dataclass, replace

UNKNOWN_USER: Final = "usr_" + "0" * ids.BODY
"""The id that is read for an unknown user, so that the answer takes the same time."""
THRESHOLD: Final = 5
"""Failures in a row before the lockout."""
FIRST_WAIT: Final = 30
LONGEST_WAIT: Final = 15 * 60
AHEAD_MS: Final = 25_000
"""How far the time of a failure may lie ahead of this clock. Two clocks that may count are each up
to ten seconds off, plus the inaccuracy of the check (an answer's latency, whole seconds)."""
_DIGEST_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` failures in any `seconds`. A row of failures is kept for `keep_seconds`."""

    most: int
    seconds: int
    keep_seconds: int
    delays: bool


# A row must be kept for at least two and a quarter hours after its last failure. Otherwise ten
# guesses and a pause would be more guesses per hour than one every 15 minutes.
PER_ACCOUNT: Final = Limit(most=100, seconds=3_600, keep_seconds=86_400, delays=True)
PER_ADDRESS: Final = Limit(most=100, seconds=600, keep_seconds=600, delays=False)


@dataclass(frozen=True, slots=True)
class Bucket:
    """Failures that were counted.

    `log` has their times, oldest first, in whole seconds rounded up, so that none is dropped too
    early. `row` is the number of failures in a row, the last at `last_ms`. `successes` and
    `unlocks` are the account's numbers when they were counted.
    """

    log: tuple[int, ...] = ()
    row: int = 0
    last_ms: int = 0
    successes: int = 0
    unlocks: int = 0

    def since(self, unlocks: int) -> "Bucket":
        """The part that counts for an account with this number: nothing from before an unlock.

        If the bucket's number is higher, its writer had read a newer state of the account.
        """
        return self if self.unlocks >= unlocks else Bucket(unlocks=unlocks)

    def in_row(self, limit: Limit, *, successes: int, now_ms: int) -> int:
        """The failures in a row that still count: since the account's last success, within a day.

        If the bucket's number is higher, its writer had read a newer state of the account.
        """
        left_behind = self.successes < successes
        forgotten = now_ms >= self.last_ms + limit.keep_seconds * 1000
        return 0 if left_behind or forgotten else self.row

    def opens_ms(self, limit: Limit, *, successes: int, now_ms: int) -> int:
        """When the next attempt is allowed; at most `now_ms` if one is allowed now.

        It is never later than after a failure counted now, even if a wrong clock wrote the bucket.
        Failures with an impossible time in the future are counted, but lock nobody out.
        """
        opens_ms = 0
        row = self.in_row(limit, successes=successes, now_ms=now_ms)
        if row >= THRESHOLD and self.last_ms <= now_ms + AHEAD_MS:
            opens_ms = min(self.last_ms, now_ms) + wait_seconds(row) * 1000
        recent = self._recent(limit, now_ms)
        if len(recent) >= limit.most:
            last = min(recent[-limit.most], _seconds(now_ms))
            opens_ms = max(opens_ms, (last + limit.seconds) * 1000)
        return opens_ms

    def failed(self, limit: Limit, *, successes: int, now_ms: int) -> "Bucket":
        """The bucket after one more failure. Different clocks do not shorten a lockout."""
        row = self.in_row(limit, successes=successes, now_ms=now_ms)
        last_ms = self.last_ms if self.last_ms <= now_ms + AHEAD_MS else now_ms
        log = sorted((*self._recent(limit, now_ms), _seconds(now_ms)))
        return Bucket(
            # A bucket that locks nobody out may be counted in beyond its limit.
            log=tuple(log[-limit.most :]),
            row=row + 1 if limit.delays else 0,
            last_ms=max(now_ms, last_ms),
            successes=max(successes, self.successes),
            unlocks=self.unlocks,
        )

    def successes_after(self, limit: Limit, *, successes: int, now_ms: int) -> int:
        """The number of successes after a success: incremented only if there is a row to clear."""
        row = self.in_row(limit, successes=successes, now_ms=now_ms)
        return self.successes + 1 if row else successes

    def kept_until(self, limit: Limit) -> int:
        """When the bucket is no longer needed (epoch seconds)."""
        return _seconds(self.last_ms) + limit.keep_seconds

    def _recent(self, limit: Limit, now_ms: int) -> tuple[int, ...]:
        latest = _seconds(now_ms + AHEAD_MS)
        return tuple(at for at in self.log if now_ms < (at + limit.seconds) * 1000 and at <= latest)


def wait_seconds(row: int) -> int:
    """The lockout after so many failures in a row: 30 s, doubling to 15 minutes."""
    if row < THRESHOLD:
        return 0
    return min(LONGEST_WAIT, FIRST_WAIT << min(row - THRESHOLD, 10))


def retry_after(opens_ms: int, now_ms: int) -> int:
    """Whole seconds, at least 1, until the lockout ends."""
    return max(1, -(-(opens_ms - now_ms) // 1000))


@dataclass(frozen=True, slots=True)
class Counter:
    """A bucket of failures as it was read, with the account's numbers for it.

    `digest` and `kind` are its key in the table; `version` is its optimistic lock, None before the
    first write.
    """

    digest: str
    kind: Literal["account", "address"]
    bucket: Bucket = Bucket()
    version: str | None = None
    successes: int = 0
    unlocks: int = 0

    @property
    def limit(self) -> Limit:
        """The limit of failures."""
        return PER_ACCOUNT if self.kind == "account" else PER_ADDRESS

    def opens_ms(self, now_ms: int) -> int:
        """When the next attempt is allowed."""
        return self._counted().opens_ms(self.limit, successes=self.successes, now_ms=now_ms)

    def successes_after(self, now_ms: int) -> int:
        """The number of successes after a success."""
        return self._counted().successes_after(self.limit, successes=self.successes, now_ms=now_ms)

    def failed(self, now_ms: int) -> Bucket:
        """The bucket after one more failure."""
        return self._counted().failed(self.limit, successes=self.successes, now_ms=now_ms)

    def _counted(self) -> Bucket:
        return self.bucket.since(self.unlocks)


@dataclass(frozen=True, slots=True)
class Place:
    """The address that a password comes from, and whether the account knows it.

    `known`: a login from it succeeded before. `own`: its number of successes if it becomes known
    now.
    """

    digest: bytes
    known: bool
    own: int


@dataclass(frozen=True, slots=True)
class LoginAttempt:
    """A login attempt and its counters. The account's counter is the first, if there is one.

    At a known address only that counter can lock the attempt out. A failure is counted for the
    address too, so that it limits guesses at other accounts.
    """

    counters: tuple[Counter, ...]
    place: Place | None = None

    def check(self, now_ms: int) -> None:
        """Raises `TooManyAttempts` while one of its counters locks it out."""
        known = self.place is not None and self.place.known
        holding = self.counters[:1] if known else self.counters
        closed = [at for counter in holding if (at := counter.opens_ms(now_ms)) > now_ms]
        if closed:
            raise TooManyAttempts(retry_after(max(closed), now_ms))

    def read(self, counters: Sequence[Counter]) -> "LoginAttempt":
        """The same attempt with newly read counters."""
        return replace(self, counters=tuple(counters))

    def failed(self, now_ms: int) -> "Failure":
        """The counters after a failure."""
        return Failure(self, tuple(counter.failed(now_ms) for counter in self.counters))

    def passed(self, counters: Sequence[Counter], now_ms: int) -> Success:
        """The change of the account after a correct password, with newly read counters.

        Raises `TooManyAttempts` as `check` does.
        """
        now = self.read(counters)
        now.check(now_ms)
        return now.succeeded(now_ms)

    def succeeded(self, now_ms: int) -> Success:
        """The change of the account after a correct password."""
        successes = self.counters[0].successes_after(now_ms)
        if self.place is None:
            return Success(None, successes)
        if self.place.known:
            return Success(Known(self.place.digest, successes), successes=0)
        return Success(Known(self.place.digest, self.place.own), successes)


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed attempt, and the new buckets of its counters, in order."""

    attempt: LoginAttempt
    buckets: tuple[Bucket, ...]


def counters_of(bucket: str | None, network: str | None) -> tuple[Counter, ...]:
    """The account's counter, then its counter at the address, then the address's own counter.

    `bucket` is the account's, None if its failures are not counted. `network` is that of the
    address, None if the address is unknown.
    """
    counters = []
    if bucket is not None:
        counters.append(Counter(bucket, "account"))
        if network is not None:
            counters.append(Counter(at_address(bucket, network), "account"))
    if network is not None:
        counters.append(Counter(of_address(network), "address"))
    return tuple(counters)


def password_attempt(
    account: User | Candidate | None,
    counters: Sequence[Counter],
    network: str | None,
    *,
    now_ms: int,
) -> LoginAttempt:
    """An attempt with a password. At a known address, the account's counter is that address's.

    `counters` are those of `counters_of`, as they were read with the account.
    """
    everywhere, *at_address = counters
    if account is not None:
        everywhere = replace(everywhere, successes=account.successes, unlocks=account.unlocks)
    if network is None:
        return LoginAttempt((everywhere,))
    here, address = at_address
    digest = address_digest(UNKNOWN_USER if account is None else account.id, network)
    known = None if account is None else account.find_known(digest)
    successes = 0 if known is None else known.successes
    here = replace(here, successes=successes, unlocks=everywhere.unlocks)
    place = Place(digest, known=known is not None, own=here.successes_after(now_ms))
    return LoginAttempt((everywhere if known is None else here, address), place)


def of_account(user_id: str) -> str:
    """The digest of an account's bucket."""
    return _digest("user", user_id).hex()


def of_name(realm_id: str, kind: str, folded: str) -> str:
    """The digest of an unknown name's bucket. It looks like an account's."""
    return _digest("name", realm_id, kind, folded).hex()


def at_address(bucket: str, network: str) -> str:
    """The digest of an account's bucket at a known address."""
    return _digest("known", bucket, network).hex()


def of_address(network: str) -> str:
    """The digest of an address's bucket."""
    return _digest("address", network).hex()


def address_digest(user_id: str, network: str) -> bytes:
    """The digest of an address that an account stores as known."""
    return _digest("mark", user_id, network)[:_DIGEST_BYTES]


def _digest(*parts: str) -> bytes:
    """No part can contain the separator, because bodies with NUL are refused."""
    return hashlib.sha256("\0".join(parts).encode()).digest()


def _seconds(ms: int) -> int:
    return -(-ms // 1000)
