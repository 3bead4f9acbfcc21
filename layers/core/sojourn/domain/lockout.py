"""Failed tries of a credential: how many there may be, and how long the next one waits.

The rules, and no I/O. Failures are counted in buckets: one for an account, whether it exists or
not, one for an account at each address that has succeeded for it before, and one for an address.
A try is made while every bucket that it would be counted in is open, and refused otherwise; what
is refused is not counted. A success writes no bucket: the account holds the number of proofs that
a bucket's row must have come after, and another number leaves the row behind. So does an
administrator's unlock, whose number leaves all of a bucket behind.
"""

import hashlib
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Final

from sojourn.domain import addresses

FREE: Final = 5
"""Failures in a row before the next try waits."""
FIRST_WAIT: Final = 30
LONGEST_WAIT: Final = 15 * 60
AHEAD_MS: Final = 25_000
"""How far ahead the clock may be that counted a failure: each that may count is ten seconds off at
most, and what an answer's way and the whole seconds of its date hide."""
KNOWN: Final = 10
"""Addresses that an account remembers."""
_MARK_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many failures in any so many seconds; `keep_seconds`: how long a row is kept."""

    most: int
    seconds: int
    keep_seconds: int
    delays: bool


# Were a row forgotten sooner than two and a quarter hours after its last failure, a guesser would
# gain by pausing: ten tries and a pause would be more than one try each 15 minutes.
PER_ACCOUNT: Final = Limit(most=100, seconds=3_600, keep_seconds=86_400, delays=True)
PER_ADDRESS: Final = Limit(most=100, seconds=600, keep_seconds=600, delays=False)


@dataclass(frozen=True, slots=True)
class Bucket:
    """Failures that were counted.

    `log` says when, oldest first, in whole seconds rounded up, so that none is dropped before
    its time; `row` how many came one after the other, the last of them at `last_ms`. `unlocks` is
    the account's number when they were counted.
    """

    log: tuple[int, ...] = ()
    row: int = 0
    last_ms: int = 0
    proofs: int = 0
    unlocks: int = 0

    def since(self, unlocks: int) -> "Bucket":
        """What counts of it for an account with that number: nothing from before an unlock.

        A bucket that is ahead of the account was written by somebody who read the account later.
        """
        return self if self.unlocks >= unlocks else Bucket(unlocks=unlocks)

    def in_row(self, limit: Limit, *, proofs: int, now_ms: int) -> int:
        """The failures in a row that still count: after the account's last proof, and within a day.

        A bucket that is ahead of the account was written by somebody who read the account later.
        """
        left_behind = self.proofs < proofs
        forgotten = now_ms >= self.last_ms + limit.keep_seconds * 1000
        return 0 if left_behind or forgotten else self.row

    def opens_ms(self, limit: Limit, *, proofs: int, now_ms: int) -> int:
        """From when on a try may be made; not after `now_ms` when one may be made now.

        It is never later than after a failure that was counted now, whatever clock wrote the
        bucket; and what no clock can have written yet holds up nobody, though it counts.
        """
        opens_ms = 0
        row = self.in_row(limit, proofs=proofs, now_ms=now_ms)
        if row >= FREE and self.last_ms <= now_ms + AHEAD_MS:
            opens_ms = min(self.last_ms, now_ms) + wait_seconds(row) * 1000
        recent = self._recent(limit, now_ms)
        if len(recent) >= limit.most:
            last = min(recent[-limit.most], _seconds(now_ms))
            opens_ms = max(opens_ms, (last + limit.seconds) * 1000)
        return opens_ms

    def failed(self, limit: Limit, *, proofs: int, now_ms: int) -> "Bucket":
        """The bucket after one more failure. Clocks that differ do not shorten a delay."""
        row = self.in_row(limit, proofs=proofs, now_ms=now_ms)
        last_ms = self.last_ms if self.last_ms <= now_ms + AHEAD_MS else now_ms
        log = sorted((*self._recent(limit, now_ms), _seconds(now_ms)))
        return Bucket(
            # A bucket that holds nobody up may be counted in beyond its limit.
            log=tuple(log[-limit.most :]),
            row=row + 1 if limit.delays else 0,
            last_ms=max(now_ms, last_ms),
            proofs=max(proofs, self.proofs),
            unlocks=self.unlocks,
        )

    def proved(self, limit: Limit, *, proofs: int, now_ms: int) -> int:
        """The number of proofs after a success: a new one only where there is a row to leave."""
        row = self.in_row(limit, proofs=proofs, now_ms=now_ms)
        return self.proofs + 1 if row else proofs

    def kept_until(self, limit: Limit) -> int:
        """From when on the bucket says nothing any more (epoch seconds)."""
        return _seconds(self.last_ms) + limit.keep_seconds

    def _recent(self, limit: Limit, now_ms: int) -> tuple[int, ...]:
        latest = _seconds(now_ms + AHEAD_MS)
        return tuple(at for at in self.log if now_ms < (at + limit.seconds) * 1000 and at <= latest)


def wait_seconds(row: int) -> int:
    """How long the next try waits after so many failures in a row: 30 s, doubling to 15 minutes."""
    if row < FREE:
        return 0
    return min(LONGEST_WAIT, FIRST_WAIT << min(row - FREE, 10))


def retry_after(opens_ms: int, now_ms: int) -> int:
    """Whole seconds, at least 1, until what is closed opens."""
    return max(1, -(-(opens_ms - now_ms) // 1000))


@dataclass(frozen=True, slots=True)
class Known:
    """An address that has succeeded for an account, as the account remembers it."""

    mark: bytes
    proofs: int


@dataclass(frozen=True, slots=True)
class Success:
    """What a right password leaves behind in the account.

    `proofs` is the account's number from now on; `address` the one to remember, with the number
    for it, and None where none is known of.
    """

    address: Known | None
    proofs: int

    def due(self, proofs: int, known: tuple[Known, ...]) -> bool:
        """Whether an account with these has to be written for it."""
        if proofs < self.proofs:
            return True
        mine = self.address
        return mine is not None and not any(
            k.mark == mine.mark and k.proofs >= mine.proofs for k in known
        )

    def applied(self, proofs: int, known: tuple[Known, ...]) -> tuple[int, tuple[Known, ...]]:
        """Both as they must become; the address that was used last is the last to be forgotten."""
        mine = self.address
        if mine is not None:
            before = next((k for k in known if k.mark == mine.mark), mine)
            others = [k for k in known if k.mark != mine.mark]
            known = (*others, max(before, mine, key=lambda k: k.proofs))[-KNOWN:]
        return max(proofs, self.proofs), known


def network(ip: str | None) -> str | None:
    """Whom an address stands for: an IPv4 address itself, an IPv6 address its /64; None: nobody.

    An IPv4 address that is written as IPv6 is that IPv4 address.
    """
    address = None if ip is None else addresses.normal(ip)
    if address is None or ":" not in address:
        return address
    return f"{IPv6Address(int(IPv6Address(address)) >> 64 << 64)}/64"


def of_account(user_id: str) -> str:
    """The bucket of an account that exists."""
    return _digest("user", user_id).hex()


def of_name(realm_id: str, kind: str, folded: str) -> str:
    """The bucket of a name that nobody has; nothing tells it from that of an account."""
    return _digest("name", realm_id, kind, folded).hex()


def at_address(bucket: str, network: str) -> str:
    """The bucket of an account at an address that has succeeded for it."""
    return _digest("known", bucket, network).hex()


def of_address(network: str) -> str:
    """The bucket of an address."""
    return _digest("address", network).hex()


def mark(user_id: str, network: str) -> bytes:
    """What an account remembers of an address."""
    return _digest("mark", user_id, network)[:_MARK_BYTES]


def _digest(*parts: str) -> bytes:
    """No part can hold the separator: bodies with a NUL are refused."""
    return hashlib.sha256("\0".join(parts).encode()).digest()


def _seconds(ms: int) -> int:
    return -(-ms // 1000)
