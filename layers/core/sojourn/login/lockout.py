"""The lockout of logins: check and count failed logins in the attempts table.

Each failure is counted on the condition that the counters are still those that were read. So each
failure is counted exactly once, and simultaneous attempts cannot exceed the limit.
"""

from collections.abc import Sequence

from sojourn.domain import addresses, lockout
from sojourn.domain.lockout import Counter, Failure, LoginAttempt
from sojourn.domain.ports import Attempts
from sojourn.domain.user import Candidate, Success, User
from sojourn.domain.values import dataclass
from sojourn.runtime import optimistic
from sojourn.runtime.clock import Clock
from sojourn.runtime.clock_skew import Skew


@dataclass(frozen=True, slots=True)
class Lockout:
    """Reads, checks and counts login attempts. `ip` None: the address is unknown."""

    attempts: Attempts
    clock: Clock
    skew: Skew

    def password(
        self, user_id: str | None, bucket: str, ip: str | None
    ) -> tuple[Candidate | None, LoginAttempt]:
        """An attempt with a password, and the user's credential, in one read.

        `bucket` is that of the account or of the unknown name. The user's sessions are not read
        before the password is verified, because the time would depend on their number.
        """
        network = addresses.network(ip)
        counters = lockout.counters_of(bucket, network)
        candidate, read = self.attempts.read_with_candidate(user_id, counters)
        now_ms = self.clock.wall_ms()
        return candidate, lockout.password_attempt(candidate, read, network, now_ms=now_ms)

    def own_password(self, user: User, ip: str | None) -> LoginAttempt:
        """An attempt with the password of a user who was already read, in one read."""
        network = addresses.network(ip)
        read = self.attempts.read(lockout.counters_of(lockout.of_account(user.id), network))
        return lockout.password_attempt(user, read, network, now_ms=self.clock.wall_ms())

    def api_key(self, user_id: str | None, ip: str | None) -> tuple[User | None, LoginAttempt]:
        """An attempt with an API key, and its user, in one read.

        An API key has 256 random bits and needs no counter for the account, only for the address.
        """
        counters = lockout.counters_of(None, addresses.network(ip))
        user, read = self.attempts.read_with_user(user_id, counters)
        return user, LoginAttempt(tuple(read))

    def check(self, attempt: LoginAttempt) -> None:
        """Raises `TooManyAttempts`, and `Unavailable` if this clock is wrong."""
        self.skew.check()
        attempt.check(self.clock.wall_ms())

    def failed(self, attempt: LoginAttempt) -> None:
        """Count a failure, in one write.

        Raises `TooManyAttempts` if simultaneous attempts used up the limit: then this one is
        refused and not counted.
        """

        def decide(found: LoginAttempt) -> Failure | None:
            self.check(found)
            return found.failed(self.clock.wall_ms()) if found.counters else None

        optimistic.commit(self.attempts, attempt, decide, clock=self.clock)

    def passed(self, attempt: LoginAttempt) -> Success:
        """The change after a correct password. The counters are read again.

        Raises `TooManyAttempts` if simultaneous attempts used up the limit.
        """
        return self._passed(attempt, self.attempts.read(attempt.counters))

    def passed_with_user(self, attempt: LoginAttempt, user_id: str) -> tuple[Success, User | None]:
        """The same, and the whole user, newly read, in one read."""
        user, read = self.attempts.read_with_user(user_id, attempt.counters)
        return self._passed(attempt, read), user

    def _passed(self, attempt: LoginAttempt, read: Sequence[Counter]) -> Success:
        self.skew.check()
        return attempt.passed(read, self.clock.wall_ms())
