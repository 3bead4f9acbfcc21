"""One try of a credential: the counters of failures that it meets, and what comes of it. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from sojourn.domain import ids, lockout
from sojourn.domain.errors import TooManyAttempts
from sojourn.domain.lockout import PER_ACCOUNT, PER_ADDRESS, Bucket, Known, Limit, Success
from sojourn.domain.user import Candidate, User

NOBODY: Final = "usr_" + "0" * ids.BODY
"""Whom to read when there is nobody, so that the answer takes the same time."""
_EMPTY: Final = Bucket()


@dataclass(frozen=True, slots=True)
class Counter:
    """A bucket of failures as it was last read, and what its account says of it.

    `digest` and `kind` are where it is; `version` tells its writes apart, None before the first.
    """

    digest: str
    kind: Literal["account", "address"]
    bucket: Bucket = _EMPTY
    version: str | None = None
    proofs: int = 0
    unlocks: int = 0

    @property
    def limit(self) -> Limit:
        """How many failures there may be."""
        return PER_ACCOUNT if self.kind == "account" else PER_ADDRESS

    def opens_ms(self, now_ms: int) -> int:
        """From when on a try may be made."""
        return self._counted().opens_ms(self.limit, proofs=self.proofs, now_ms=now_ms)

    def proved(self, now_ms: int) -> int:
        """The number of proofs after a success."""
        return self._counted().proved(self.limit, proofs=self.proofs, now_ms=now_ms)

    def failed(self, now_ms: int) -> Bucket:
        """The bucket after one more failure."""
        return self._counted().failed(self.limit, proofs=self.proofs, now_ms=now_ms)

    def _counted(self) -> Bucket:
        return self.bucket.since(self.unlocks)


@dataclass(frozen=True, slots=True)
class Place:
    """The address that a password comes from, as an account sees it.

    `known`: it has succeeded for the account before. `own`: its number of proofs if it becomes
    known now.
    """

    mark: bytes
    known: bool
    own: int


@dataclass(frozen=True, slots=True)
class Try:
    """A try, and the counters that it is counted in; the account's is the first, where it has one.

    At an address that the account knows that one alone holds it up; the address's own counts what
    fails there all the same, so that nobody gains by it at other accounts.
    """

    counters: tuple[Counter, ...]
    place: Place | None = None

    def check(self, now_ms: int) -> None:
        """Raises `TooManyAttempts` while one of the counters is closed that hold it up."""
        known = self.place is not None and self.place.known
        holding = self.counters[:1] if known else self.counters
        closed = [at for counter in holding if (at := counter.opens_ms(now_ms)) > now_ms]
        if closed:
            raise TooManyAttempts(lockout.retry_after(max(closed), now_ms))

    def read(self, counters: Sequence[Counter]) -> "Try":
        """The same try where its counters are these by now."""
        return replace(self, counters=tuple(counters))

    def failed(self, now_ms: int) -> "Failure":
        """What its failure makes of each counter."""
        return Failure(self, tuple(counter.failed(now_ms) for counter in self.counters))

    def succeeded(self, now_ms: int) -> Success:
        """What a right password leaves in its account."""
        proofs = self.counters[0].proved(now_ms)
        if self.place is None:
            return Success(None, proofs)
        if self.place.known:
            return Success(Known(self.place.mark, proofs), proofs=0)
        return Success(Known(self.place.mark, self.place.own), proofs)


@dataclass(frozen=True, slots=True)
class Failure:
    """A try that failed, and its counters' buckets as they must become, in their order."""

    tried: Try
    buckets: tuple[Bucket, ...]


def counters_of(bucket: str | None, ip: str | None) -> tuple[Counter, ...]:
    """The account's counter, and then its counter at the address and the address's own.

    `bucket` is the account's, None where its failures are not counted. `ip` is None where no
    address is known of.
    """
    network = lockout.network(ip)
    counters = []
    if bucket is not None:
        counters.append(Counter(bucket, "account"))
        if network is not None:
            counters.append(Counter(lockout.at_address(bucket, network), "account"))
    if network is not None:
        counters.append(Counter(lockout.of_address(network), "address"))
    return tuple(counters)


def try_of_password(
    account: User | Candidate | None, counters: Sequence[Counter], ip: str | None, *, now_ms: int
) -> Try:
    """A try of a password, in the account's counter at its address where the account knows that.

    `counters` are those of `counters_of`, as they were read with the account.
    """
    everywhere, *at_address = counters
    if account is not None:
        everywhere = replace(everywhere, proofs=account.proofs, unlocks=account.unlocks)
    network = lockout.network(ip)
    if network is None:
        return Try((everywhere,))
    here, address = at_address
    mark = lockout.mark(NOBODY if account is None else account.id, network)
    known = None if account is None else account.find_known(mark)
    here = replace(here, proofs=0 if known is None else known.proofs, unlocks=everywhere.unlocks)
    place = Place(mark, known=known is not None, own=here.proved(now_ms))
    return Try((everywhere if known is None else here, address), place)
