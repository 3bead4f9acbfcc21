"""Tries of credentials, by the failures that are counted in DynamoDB.

The attempts table, by `pk` / `sk`: a digest / `account` or `address`, for the buckets of
`domain/lockout.py`. Nothing in it says whose it is, or whether there is anybody.
"""

from collections.abc import Sequence
from dataclasses import replace

from sojourn.domain import ids, lockout
from sojourn.domain.errors import Unavailable
from sojourn.domain.lockout import PER_ACCOUNT, PER_ADDRESS, Success
from sojourn.domain.user import Candidate, User
from sojourn.runtime.clock import Clock
from sojourn.store import user_items
from sojourn.store.client import DynamoDB
from sojourn.store.expressions import Key
from sojourn.store.tries import Counter, Place, Try
from sojourn.store.users import DynamoUsers

_NOBODY = "usr_" + "0" * ids.BODY
"""Whom to read when there is nobody, so that the answer takes the same time."""


class Guard:
    """Gives each try, read and not yet checked.

    `ip` is the address that it comes from, or None where none is known of. `table` is None in a
    function that tries nothing.
    """

    def __init__(
        self, dynamo: DynamoDB, accounts: DynamoUsers, table: str | None, clock: Clock
    ) -> None:
        self._dynamo = dynamo
        self._accounts = accounts
        self._table = table
        self._clock = clock

    def password(
        self, user_id: str | None, bucket: str, ip: str | None
    ) -> tuple[Candidate | None, Try]:
        """A try of a password, and what it is tried by, in one read.

        `bucket` is the account's, or that of the name which nobody has. The account's sessions are
        not read before the password is right: that takes the longer the more they are.
        """
        counters = self._counters(bucket, ip)
        heart = replace(self._accounts.heart(user_id or _NOBODY), only=user_items.CANDIDATE)
        values, *found = self._dynamo.get_many([heart, *(counter.key for counter in counters)])
        for counter, counted in zip(counters, found, strict=True):
            counter.read(counted)
        candidate = None if values is None else user_items.candidate_from(values)
        return candidate, self._try(candidate, counters, ip)

    def passed(self, tried: Try, user_id: str) -> tuple[Success, User | None]:
        """What a right password leaves, and the whole account as it is now, in one read.

        Raises `TooManyAttempts` when others used up the limit meanwhile.
        """
        values, *found = self._dynamo.get_many([self._accounts.heart(user_id), *tried.keys])
        account = None if values is None else user_items.account_from(values)
        return tried.passed_with(found), account

    def own_password(self, account: User, ip: str | None) -> Try:
        """A try of the password of an account that is in hand, by one read."""
        counters = self._counters(lockout.of_account(account.id), ip)
        found = self._dynamo.get_many([counter.key for counter in counters])
        for counter, values in zip(counters, found, strict=True):
            counter.read(values)
        return self._try(account, counters, ip)

    def api_key(self, user_id: str | None, ip: str | None) -> tuple[User | None, Try]:
        """A try of an API key, and the account that it is for, in one read.

        Its 256 random bits need no counter of the account's: the address's is all there is.
        """
        counters = self._counters(None, ip)
        account = self._read(user_id, counters)
        return account, Try(self._dynamo, self._clock, counters)

    def _counters(self, bucket: str | None, ip: str | None) -> list[Counter]:
        """The account's counter, and then its counter at the address and the address's own."""
        network = lockout.network(ip)
        counters = []
        if bucket is not None:
            counters.append(Counter(self._key(bucket, "account"), PER_ACCOUNT))
            if network is not None:
                here = lockout.at_address(bucket, network)
                counters.append(Counter(self._key(here, "account"), PER_ACCOUNT))
        if network is not None:
            address = lockout.of_address(network)
            counters.append(Counter(self._key(address, "address"), PER_ADDRESS))
        return counters

    def _key(self, digest: str, kind: str) -> Key:
        if self._table is None:
            raise Unavailable("This function counts no failed tries: ATTEMPTS_TABLE is not set.")
        return Key(self._table, digest, kind)

    def _read(self, user_id: str | None, counters: Sequence[Counter]) -> User | None:
        heart = self._accounts.heart(user_id or _NOBODY)
        values, *found = self._dynamo.get_many([heart, *(counter.key for counter in counters)])
        for counter, bucket in zip(counters, found, strict=True):
            counter.read(bucket)
        return None if values is None else user_items.account_from(values)

    def _try(
        self, account: User | Candidate | None, counters: Sequence[Counter], ip: str | None
    ) -> Try:
        """The try, in the account's counter at its address where the account knows that."""
        everywhere, *at_address = counters
        everywhere.proofs = 0 if account is None else account.proofs
        everywhere.unlocks = 0 if account is None else account.unlocks
        network = lockout.network(ip)
        if network is None:
            return Try(self._dynamo, self._clock, counters)
        here, address = at_address
        mark = lockout.mark(_NOBODY if account is None else account.id, network)
        known = None if account is None else account.find_known(mark)
        here.proofs = 0 if known is None else known.proofs
        here.unlocks = everywhere.unlocks
        place = Place(mark=mark, known=known is not None, own=here.proved(self._clock.wall_ms()))
        counted = everywhere if known is None else here
        return Try(self._dynamo, self._clock, [counted, address], place)
