"""The DynamoDB calls of the stores: retries within the request's deadline; errors become ours.

The client never repeats a call by itself, so that it is known here whether a write may have been
done.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sojourn.aws.client import Client
from sojourn.aws.errors import CredentialsInvalid, NoAnswer, Refused
from sojourn.domain.errors import Unavailable
from sojourn.domain.values import dataclass
from sojourn.runtime import deadline
from sojourn.runtime.clock import Clock
from sojourn.runtime.clock_skew import Skew
from sojourn.store.expressions import (
    Item,
    Key,
    Values,
    Write,
    decode,
    encode,
    projection,
    read_many,
    read_one,
)

_RETRIED: Final = frozenset(
    {
        "InternalServerError",
        "InternalFailure",
        "ItemCollectionSizeLimitExceededException",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
_RETRIED_REASONS: Final = frozenset(
    {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
)


class ConditionFailed(Exception):
    """A condition failed; in a transaction, those that are True in `failed`, by position.

    `items` are the existing items as they came, None where there is none; `item` is the first, or
    the only one.
    `maybe_done`: an earlier attempt got no answer, and may have been done.
    """

    def __init__(
        self, failed: Sequence[bool], items: Sequence[Item | None], *, maybe_done: bool = False
    ) -> None:
        super().__init__("the condition does not hold")
        self.failed = tuple(failed)
        self.items = tuple(items)
        self.maybe_done = maybe_done

    @property
    def item(self) -> Item | None:
        """The existing item of a single write, or of a transaction's first write."""
        return self.items[0]

    def found(self) -> Item | None:
        """The existing item, for items with idempotency marks.

        Raises `Unavailable` if the item is gone with its marks, and this write may have been done.
        """
        if self.item is None and self.maybe_done:
            raise Unavailable(
                "What was changed is gone, and the change may have been done. Try again."
            )
        return self.item


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a query, and where the next one starts (None at the end)."""

    items: tuple[Item, ...]
    next_start: Item | None

    @property
    def values(self) -> list[Values]:
        """The items, decoded."""
        return [decode(item) for item in self.items]


class DynamoDB:
    """The DynamoDB calls of the stores."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self.client = client
        self._clock = clock
        self.skew = Skew()

    def get(self, key: Key) -> Values | None:
        """One consistent read."""
        return plain(self.item(key))

    def get_many(self, keys: Sequence[Key]) -> list[Values | None]:
        """`items`, decoded."""
        return [plain(item) for item in self.items(keys)]

    def item(self, key: Key) -> Item | None:
        """One consistent read, as it came."""
        answer = self._call("GetItem", TableName=key.table, **read_one(key))
        return answer.get("Item") or None

    def items(self, keys: Sequence[Key]) -> list[Item | None]:
        """Consistent reads in one call, in order, as they came. Unprocessed keys are read again.

        Items of one table are read with all attributes that any of their keys names.
        """
        found: dict[tuple[str, str, str], Item] = {}
        wanted: Mapping[str, Any] = read_many(keys)
        limit, attempt = None, 0
        while wanted:
            answer = self._call("BatchGetItem", RequestItems=wanted)
            for table, items in answer.get("Responses", {}).items():
                for item in items:
                    found[table, item["pk"]["S"], item["sk"]["S"]] = item
            wanted = answer.get("UnprocessedKeys") or {}
            if wanted:
                limit = limit or deadline.current(self._clock)
                if not limit.wait(attempt):
                    raise Unavailable("The store did not answer in time. Try again.")
                attempt += 1
        return [found.get((key.table, key.pk, key.sk)) for key in keys]

    def write(self, write: Write) -> None:
        """One conditional write, in the form of a transaction's member.

        Raises `ConditionFailed`. If the answer is lost the write is repeated, so the condition may
        fail because of this very write. The caller must look for it in the item that comes back.
        """
        ((kind, parameters),) = write.items()
        self._call(f"{kind}Item", **parameters)

    def transact(self, writes: Sequence[Write]) -> None:
        """All writes or none, in one transaction. A repetition after a lost answer is idempotent.

        Raises `ConditionFailed`.
        """
        self._call(
            "TransactWriteItems",
            TransactItems=list(writes),
            ClientRequestToken=os.urandom(16).hex(),
        )

    def commit(self, writes: Sequence[Write]) -> None:
        """All writes or none, each with its condition. A single write needs no transaction.

        Raises `ConditionFailed`, as `write` does for a single one.
        """
        match writes:
            case [alone]:
                self.write(alone)
            case _:
                self.transact(writes)

    def query(
        self,
        *,
        table: str,
        condition: str,
        values: Mapping[str, object],
        limit: int,
        ascending: bool = True,
        index: str | None = None,
        start: Item | None = None,
        only: tuple[str, ...] = (),
    ) -> Page:
        """One page of at most `limit` items; consistent, except on an index.

        `only` names the attributes to read, as in `Key`.
        """
        parameters: dict[str, Any] = {
            "TableName": table,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": encode(values),
            "Limit": limit,
            "ScanIndexForward": ascending,
            **projection((only,)),
        }
        if index is None:
            parameters["ConsistentRead"] = True
        else:
            parameters["IndexName"] = index
        if start is not None:
            parameters["ExclusiveStartKey"] = start
        answer = self._call("Query", **parameters)
        return Page(
            items=tuple(answer["Items"]),
            next_start=answer.get("LastEvaluatedKey"),
        )

    def query_all(
        self,
        *,
        table: str,
        condition: str,
        values: Mapping[str, object],
        only: tuple[str, ...] = (),
    ) -> Iterator[Values]:
        """Every item of a query, page by page."""
        start: Item | None = None
        while True:
            page = self.query(
                table=table,
                condition=condition,
                values=values,
                limit=100,
                start=start,
                only=only,
            )
            yield from page.values
            start = page.next_start
            if start is None:
                return

    def _call(self, operation: str, **parameters: Any) -> Mapping[str, Any]:
        """Call, and retry failures. Raises `ConditionFailed`, `Unavailable`."""
        limit = deadline.current(self._clock)
        attempt, maybe_done, stale = 0, False, False
        while True:
            sent_ms = self._clock.machine_ms()
            try:
                answer = self.client.call(operation, parameters)
            except Refused as error:
                self._note_date(error.date, sent_ms)
                if _condition_failed(error):
                    raise _unmet(error, maybe_done=maybe_done) from error
                if not _passing(error):
                    raise Unavailable("The store refused the call; see the log.") from error
                cause: Exception = error
                maybe_done = maybe_done or error.status >= 500
            except NoAnswer as error:
                cause, maybe_done = error, maybe_done or error.sent
                if error.stale and not stale:
                    # The connection had been idle: no sign of a store that needs a pause.
                    stale = True
                    continue
            except CredentialsInvalid as error:
                raise Unavailable("The store refused the call; see the log.") from error
            else:
                self._note_date(answer.date, sent_ms)
                return answer.members
            if not limit.wait(attempt):
                raise Unavailable("The store did not answer in time. Try again.") from cause
            attempt += 1

    def _note_date(self, date: str | None, sent_ms: int) -> None:
        received_ms = self._clock.machine_ms()
        self.skew.note(date, sent_ms=sent_ms, received_ms=received_ms)


def plain(item: Item | None) -> Values | None:
    """An item, decoded; None if there is none."""
    return None if item is None else decode(item)


def _unmet(error: Refused, *, maybe_done: bool) -> ConditionFailed:
    """The failed condition of a write or a transaction, if any."""
    alone = {"Code": "ConditionalCheckFailed", "Item": error.members.get("Item")}
    reasons = _reasons(error) or [alone]
    return ConditionFailed(
        [reason.get("Code") == "ConditionalCheckFailed" for reason in reasons],
        [reason.get("Item") or None for reason in reasons],
        maybe_done=maybe_done,
    )


def _reasons(error: Refused) -> list[Any]:
    reasons = error.members.get("CancellationReasons")
    return list(reasons) if reasons else []


def _condition_failed(error: Refused) -> bool:
    if error.code == "ConditionalCheckFailedException":
        return True
    codes = {reason.get("Code") for reason in _reasons(error)}
    # A conflict beside a failed condition may have been the conflict's doing: try again.
    return "ConditionalCheckFailed" in codes and not codes & _RETRIED_REASONS


def _passing(error: Refused) -> bool:
    if error.code == "TransactionCanceledException":
        return any(reason.get("Code") in _RETRIED_REASONS for reason in _reasons(error))
    return error.code in _RETRIED or error.status >= 500
