"""One try of a credential: the counters that it is counted in, and what comes of it.

Every write has the bucket that was read as its condition, so each failure is counted once, and of
any number at once no more than the limit are made.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sojourn.domain import lockout
from sojourn.domain.errors import TooManyAttempts, Unavailable
from sojourn.domain.lockout import Bucket, Known, Limit, Success
from sojourn.runtime import deadline
from sojourn.runtime.clock import Clock
from sojourn.store import expressions
from sojourn.store.client import ConditionFailed, DynamoDB, TransactionFailed
from sojourn.store.expressions import Key


@dataclass(slots=True)
class Counter:
    """A bucket as it was last read, and where it is; `version` tells its writes apart."""

    key: Key
    limit: Limit
    proofs: int = 0
    unlocks: int = 0
    bucket: Bucket = field(default_factory=Bucket)
    version: str | None = None

    def read(self, values: Mapping[str, Any] | None) -> None:
        """Take what the store holds."""
        self.bucket, self.version = Bucket(), None
        if values is not None:
            self.version = values["v"]
            self.bucket = Bucket(
                log=tuple(values["log"]),
                row=values["row"],
                last_ms=values["last_ms"],
                proofs=values["proofs"],
                unlocks=values.get("unlocks", 0),
            )

    def opens_ms(self, now_ms: int) -> int:
        """From when on a try may be made."""
        return self._counted().opens_ms(self.limit, proofs=self.proofs, now_ms=now_ms)

    def proved(self, now_ms: int) -> int:
        """The number of proofs after a success."""
        return self._counted().proved(self.limit, proofs=self.proofs, now_ms=now_ms)

    def failure(self, version: str, now_ms: int) -> dict[str, Any]:
        """The write that counts a failure, on the condition that nobody counted one meanwhile."""
        after = self._counted().failed(self.limit, proofs=self.proofs, now_ms=now_ms)
        item = {
            "log": after.log,
            "row": after.row,
            "last_ms": after.last_ms,
            "proofs": after.proofs,
            "unlocks": after.unlocks,
            "v": version,
            "ttl": after.kept_until(self.limit),
        }
        if self.version is None:
            return expressions.put(self.key, item, condition="attribute_not_exists(pk)")
        return expressions.put(self.key, item, condition="v = :v", values={":v": self.version})

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


class Try:
    """A try, from the look at its counters on; the account's is the first, where it has one.

    At an address that the account knows that one alone holds it up; the address's own counts what
    fails there all the same, so that nobody gains by it at other accounts.
    """

    def __init__(
        self,
        dynamo: DynamoDB,
        clock: Clock,
        counters: Sequence[Counter],
        place: Place | None = None,
    ) -> None:
        self._dynamo = dynamo
        self._clock = clock
        self._counters = counters
        self._place = place
        known = place is not None and place.known
        self._holding = counters[:1] if known else counters

    @property
    def keys(self) -> list[Key]:
        """Where its counters are."""
        return [counter.key for counter in self._counters]

    def check(self) -> None:
        """Raises `TooManyAttempts` while one of the counters is closed that hold it up.

        And `Unavailable` where the clock is wrong that would count it.
        """
        self._dynamo.skew.check()
        now_ms = self._clock.wall_ms()
        opens_ms = max((c.opens_ms(now_ms) for c in self._holding), default=0)
        if opens_ms > now_ms:
            raise TooManyAttempts(lockout.retry_after(opens_ms, now_ms))

    def failed(self) -> None:
        """Count a failure, in one write.

        Raises `TooManyAttempts` when others used up the limit at the same time: then this try was
        refused, and is not counted.
        """
        limit = deadline.current(self._clock)
        version = secrets.token_hex(8)
        attempt = 0
        while self._counters:
            self.check()
            if self._count(version):
                return
            # What lost has the newest buckets in hand, and tries at once; what lost twice waits.
            if limit.remaining() <= 0 or (attempt % 2 and not limit.wait(attempt)):
                raise Unavailable("Too many failed tries at once. Try again.")
            attempt += 1

    def passed(self) -> Success:
        """Look again, in one read: a right guess beyond the limit is refused as a wrong one is.

        Raises `TooManyAttempts` when others used up the limit meanwhile.
        """
        return self.passed_with(self._dynamo.get_many(self.keys))

    def passed_with(self, found: Sequence[Mapping[str, Any] | None]) -> Success:
        """The same of what was read at `keys` now."""
        for counter, values in zip(self._counters, found, strict=True):
            counter.read(values)
        self.check()
        proofs = self._counters[0].proved(self._clock.wall_ms())
        if self._place is None:
            return Success(None, proofs)
        if self._place.known:
            return Success(Known(self._place.mark, proofs), proofs=0)
        return Success(Known(self._place.mark, self._place.own), proofs)

    def _count(self, version: str) -> bool:
        """Whether the failure is counted; if not, the counters are what came between."""
        now_ms = self._clock.wall_ms()
        writes = [counter.failure(version, now_ms) for counter in self._counters]
        try:
            if len(writes) == 1:
                self._dynamo.write(writes[0])
            else:
                self._dynamo.transact(writes)
        except ConditionFailed as error:
            came = [(self._counters[0], error.item)]
        except TransactionFailed as error:
            each = zip(self._counters, error.failed, error.items, strict=True)
            came = [(counter, item) for counter, failed, item in each if failed]
        else:
            return True
        for counter, values in came:
            counter.read(values)
        # A write whose answer was lost meets itself.
        return any(counter.version == version for counter, _ in came)
