"""Counters of failed logins in DynamoDB (the attempts table).

In the attempts table, by `pk` / `sk`: a digest / `account` or `address`, one item for each bucket
of `domain/lockout.py`. An item does not reveal its account, or whether the account exists.
"""

import secrets
from collections.abc import Sequence
from typing import Any

from sojourn.domain.errors import Superseded, Unavailable
from sojourn.domain.lockout import UNKNOWN_USER, Bucket, Counter, Failure
from sojourn.domain.user import Candidate, User
from sojourn.domain.values import replace
from sojourn.store import expressions, user_items
from sojourn.store.client import ConditionFailed, DynamoDB
from sojourn.store.expressions import Item, Key, Write
from sojourn.store.users import DynamoUsers


class DynamoAttempts:
    """`Attempts` over the attempts table, which is None in functions that check no password."""

    def __init__(self, dynamo: DynamoDB, users: DynamoUsers, table: str | None) -> None:
        self._dynamo = dynamo
        self._users = users
        self._table = table

    def read(self, counters: Sequence[Counter]) -> list[Counter]:
        found = self._dynamo.items([self._key(counter) for counter in counters])
        return list(map(_read, counters, found))

    def read_with_candidate(
        self, user_id: str | None, counters: Sequence[Counter]
    ) -> tuple[Candidate | None, list[Counter]]:
        user_key = replace(self._users.user_key(user_id or UNKNOWN_USER), only=user_items.CANDIDATE)
        item, read = self._read_with(user_key, counters)
        return None if item is None else user_items.candidate_from(item), read

    def read_with_user(
        self, user_id: str | None, counters: Sequence[Counter]
    ) -> tuple[User | None, list[Counter]]:
        item, read = self._read_with(self._users.user_key(user_id or UNKNOWN_USER), counters)
        return None if item is None else user_items.user_from(item), read

    def commit(self, failure: Failure, /) -> Failure:
        counters = failure.attempt.counters
        version = secrets.token_hex(8)
        pairs = zip(counters, failure.buckets, strict=True)
        try:
            self._dynamo.commit(
                [self._count(counter, bucket, version) for counter, bucket in pairs]
            )
        except ConditionFailed as error:
            each = zip(counters, error.failed, error.items, strict=True)
            now = [_read(c, item) if failed else c for c, failed, item in each]
            # This was our own write, whose answer was lost.
            if not any(counter.version == version for counter in now):
                raise Superseded(failure.attempt.read(now)) from error
        return failure

    def _count(self, counter: Counter, bucket: Bucket, version: str) -> Write:
        item = counter_item(bucket, version, kept_until=bucket.kept_until(counter.limit))
        if counter.version is None:
            return expressions.put(self._key(counter), item, condition="attribute_not_exists(pk)")
        before = {":v": counter.version}
        return expressions.put(self._key(counter), item, condition="v = :v", values=before)

    def _read_with(
        self, user_key: Key, counters: Sequence[Counter]
    ) -> tuple[Item | None, list[Counter]]:
        keys = [user_key, *(self._key(counter) for counter in counters)]
        user, *found = self._dynamo.items(keys)
        return user, list(map(_read, counters, found))

    def _key(self, counter: Counter) -> Key:
        if self._table is None:
            raise Unavailable("This function counts no failed attempts: ATTEMPTS_TABLE is not set.")
        return Key(self._table, counter.digest, counter.kind)


def counter_item(bucket: Bucket, version: str, *, kept_until: int) -> dict[str, Any]:
    """A counter's attributes, with its `ttl`."""
    return {
        "log": bucket.log,
        "row": bucket.row,
        "last_ms": bucket.last_ms,
        "proofs": bucket.successes,
        "unlocks": bucket.unlocks,
        "v": version,
        "ttl": kept_until,
    }


def _read(counter: Counter, item: Item | None) -> Counter:
    """The counter as stored in the table, from the form of the wire: each login does this."""
    if item is None:
        return replace(counter, bucket=Bucket(), version=None)
    bucket = Bucket(
        log=tuple([int(each["N"]) for each in item["log"]["L"]]),
        row=int(item["row"]["N"]),
        last_ms=int(item["last_ms"]["N"]),
        successes=int(item["proofs"]["N"]),
        unlocks=int(item["unlocks"]["N"]) if "unlocks" in item else 0,
    )
    return replace(counter, bucket=bucket, version=item["v"]["S"])
