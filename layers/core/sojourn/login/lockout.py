"""The lockout of logins: check and count failed logins in the attempts table.

Each failure is counted on the condition that the counters are still those that were read. So each
failure is counted exactly once, and simultaneous attempts cannot exceed the limit.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sojourn.domain import addresses, lockout
from sojourn.domain.lockout import Counter, Failure, Try
from sojourn.domain.ports import Attempts
from sojourn.domain.user import Candidate, Success, User
from sojourn.runtime import optimistic
from sojourn.runtime.clock import Clock
from sojourn.runtime.clock_skew import Skew


@dataclass(frozen=True, slots=True)
class Lockout:
    """Gives each try, read and not yet checked; `ip` is where it comes from, None if not known."""

    attempts: Attempts
    clock: Clock
    skew: Skew

    def password(
        self, user_id: str | None, bucket: str, ip: str | None
    ) -> tuple[Candidate | None, Try]:
        """A try of a password, and what it is tried by, in one read.

        `bucket` is the account's, or that of the name which nobody has. The account's sessions are
        not read before the password is right: that takes the longer the more they are.
        """
        network = addresses.network(ip)
        counters = lockout.counters_of(bucket, network)
        candidate, read = self.attempts.read_with_candidate(user_id, counters)
        now_ms = self.clock.wall_ms()
        return candidate, lockout.try_of_password(candidate, read, network, now_ms=now_ms)

    def own_password(self, user: User, ip: str | None) -> Try:
        """A try of the password of an account that is in hand, by one read."""
        network = addresses.network(ip)
        read = self.attempts.read(lockout.counters_of(lockout.of_account(user.id), network))
        return lockout.try_of_password(user, read, network, now_ms=self.clock.wall_ms())

    def api_key(self, user_id: str | None, ip: str | None) -> tuple[User | None, Try]:
        """A try of an API key, and the account that it is for, in one read.

        Its 256 random bits need no counter of the account's: the address's is all there is.
        """
        counters = lockout.counters_of(None, addresses.network(ip))
        user, read = self.attempts.read_with_user(user_id, counters)
        return user, Try(tuple(read))

    def check(self, tried: Try) -> None:
        """Raises `TooManyAttempts`, and `Unavailable` where the clock is wrong that would count."""
        self.skew.check()
        tried.check(self.clock.wall_ms())

    def failed(self, tried: Try) -> None:
        """Count a failure, in one write.

        Raises `TooManyAttempts` when others used up the limit at the same time: then this try was
        refused, and is not counted.
        """

        def decide(found: Try) -> Failure | None:
            self.check(found)
            return found.failed(self.clock.wall_ms()) if found.counters else None

        optimistic.commit(self.attempts, tried, decide, clock=self.clock)

    def passed(self, tried: Try) -> Success:
        """What a right password leaves, by one more look: a guess beyond the limit is refused.

        Raises `TooManyAttempts` when others used up the limit meanwhile.
        """
        return self._passed(tried, self.attempts.read(tried.counters))

    def passed_with_user(self, tried: Try, user_id: str) -> tuple[Success, User | None]:
        """The same, and the whole account as it is now, in one read."""
        user, read = self.attempts.read_with_user(user_id, tried.counters)
        return self._passed(tried, read), user

    def _passed(self, tried: Try, read: Sequence[Counter]) -> Success:
        self.skew.check()
        return tried.passed(read, self.clock.wall_ms())
