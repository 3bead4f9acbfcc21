"""DynamoDB's calls, with retries inside the request's deadline and errors in our own words.

botocore's retries are off: they know nothing of the deadline, and would hide that a write may
have been done. The one place where botocore's errors are translated.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from sojourn.domain.errors import Unavailable
from sojourn.runtime import deadline
from sojourn.runtime.clock import Clock
from sojourn.runtime.clock_skew import Skew
from sojourn.store import attributes
from sojourn.store.expressions import Item, Key, Write, projection

Values = dict[str, Any]

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
    """A write's condition did not hold; `item` is what is there, None when nothing is.

    `maybe_done`: an earlier try had no answer, and may have been carried out.
    """

    def __init__(self, item: Values | None, *, maybe_done: bool = False) -> None:
        super().__init__("the condition does not hold")
        self.item = item
        self.maybe_done = maybe_done


class TransactionFailed(Exception):
    """A transaction's conditions did not hold: by position, True where one failed.

    `maybe_done`: an earlier try had no answer, and may have been carried out.
    """

    def __init__(
        self, failed: Sequence[bool], items: Sequence[Values | None], *, maybe_done: bool = False
    ) -> None:
        super().__init__("a condition of the transaction does not hold")
        self.failed = tuple(failed)
        self.items = tuple(items)
        self.maybe_done = maybe_done


def still_there(item: Values | None, *, maybe_done: bool) -> None:
    """Raises `Unavailable` where an item is gone and with it the marks of what was done to it."""
    if item is None and maybe_done:
        raise Unavailable("What was changed is gone, and the change may have been done. Try again.")


class _Unmet(Exception):
    """The answer that a condition failed."""

    def __init__(self, error: ClientError, *, maybe_done: bool) -> None:
        super().__init__(str(error))
        self.error = error
        self.maybe_done = maybe_done


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a query, and where the next one starts (None at the end)."""

    items: tuple[Values, ...]
    next_start: Item | None


class DynamoDB:
    """The calls that the stores make. `client` is a boto3 DynamoDB client without retries."""

    def __init__(self, client: Any, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self.skew = Skew()

    def get(self, key: Key) -> Values | None:
        """One consistent read."""
        answer = self._call(
            "get_item",
            TableName=key.table,
            Key=key.attributes,
            ConsistentRead=True,
            **projection([key.only]),
        )
        item = answer.get("Item")
        return None if item is None else attributes.decode(item)

    def get_many(self, keys: Sequence[Key]) -> list[Values | None]:
        """Consistent reads in one call, in order; what came back unprocessed is asked again.

        Items of one table are read with the attributes that any of their keys names.
        """
        found: dict[tuple[str, str, str], Values] = {}
        tables: dict[str, list[Key]] = {}
        for key in keys:
            tables.setdefault(key.table, []).append(key)
        wanted: dict[str, Any] = {
            table: {
                "Keys": list({(key.pk, key.sk): key.attributes for key in asked}.values()),
                "ConsistentRead": True,
                **projection([key.only for key in asked]),
            }
            for table, asked in tables.items()
        }
        limit = deadline.current(self._clock)
        attempt = 0
        while wanted:
            answer = self._call("batch_get_item", RequestItems=wanted)
            for table, items in answer.get("Responses", {}).items():
                for item in items:
                    values = attributes.decode(item)
                    found[table, values["pk"], values["sk"]] = values
            wanted = answer.get("UnprocessedKeys") or {}
            if wanted and not limit.wait(attempt):
                raise Unavailable("The store did not answer in time. Try again.")
            attempt += 1
        return [found.get((key.table, key.pk, key.sk)) for key in keys]

    def write(self, write: Write) -> None:
        """One conditional write, of the shape that a transaction's member has.

        Raises `ConditionFailed`. A lost answer is asked again, so what the condition meets may
        be this very write: the caller looks for itself in the item that comes back.
        """
        ((kind, parameters),) = write.items()
        try:
            self._call(_OPERATION[kind], **parameters)
        except _Unmet as unmet:
            raise ConditionFailed(
                _item(unmet.error.response), maybe_done=unmet.maybe_done
            ) from unmet.error

    def transact(self, writes: Sequence[Write]) -> None:
        """All writes or none; idempotent, so that a lost answer is asked again.

        Raises `TransactionFailed`.
        """
        try:
            self._call(
                "transact_write_items",
                TransactItems=list(writes),
                ClientRequestToken=str(uuid.uuid4()),
            )
        except _Unmet as unmet:
            reasons = _reasons(unmet.error)
            raise TransactionFailed(
                failed=[reason.get("Code") == "ConditionalCheckFailed" for reason in reasons],
                items=[_item(reason) for reason in reasons],
                maybe_done=unmet.maybe_done,
            ) from unmet.error

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
        """One page of at most `limit` items; consistent unless it is an index's.

        `only` names the attributes that are read, as a key's does.
        """
        parameters: dict[str, Any] = {
            "TableName": table,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": attributes.encode(values),
            "Limit": limit,
            "ScanIndexForward": ascending,
            **projection([only]),
        }
        if index is None:
            parameters["ConsistentRead"] = True
        else:
            parameters["IndexName"] = index
        if start is not None:
            parameters["ExclusiveStartKey"] = start
        answer = self._call("query", **parameters)
        return Page(
            items=tuple(attributes.decode(item) for item in answer["Items"]),
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
            yield from page.items
            start = page.next_start
            if start is None:
                return

    def _call(self, operation: str, **parameters: Any) -> Mapping[str, Any]:
        """The answer; anything else is retried. Raises `_Unmet` and `Unavailable`."""
        limit = deadline.current(self._clock)
        attempt, maybe_done = 0, False
        while True:
            sent_ms = self._clock.machine_ms()
            try:
                answer: Mapping[str, Any] = getattr(self._client, operation)(**parameters)
            except ClientError as error:
                self._note_date(error.response, sent_ms)
                if _condition_failed(error):
                    raise _Unmet(error, maybe_done=maybe_done) from error
                if not _passing(error):
                    raise Unavailable("The store refused the call; see the log.") from error
                cause: Exception = error
                maybe_done = maybe_done or _status(error) >= 500
            except BotoCoreError as error:
                cause, maybe_done = error, True
            else:
                self._note_date(answer, sent_ms)
                return answer
            if not limit.wait(attempt):
                raise Unavailable("The store did not answer in time. Try again.") from cause
            attempt += 1

    def _note_date(self, answer: Mapping[str, Any], sent_ms: int) -> None:
        headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        received_ms = self._clock.machine_ms()
        self.skew.note(headers.get("date"), sent_ms=sent_ms, received_ms=received_ms)


_OPERATION: Final = {
    "Update": "update_item",
    "Put": "put_item",
    "Delete": "delete_item",
}


def _item(answer: Any) -> Values | None:
    item = answer.get("Item")
    return attributes.decode(item) if item else None


def _reasons(error: ClientError) -> list[Any]:
    reasons = error.response.get("CancellationReasons")
    return list(reasons) if reasons else []


def _condition_failed(error: ClientError) -> bool:
    code = error.response.get("Error", {}).get("Code")
    if code == "ConditionalCheckFailedException":
        return True
    codes = {reason.get("Code") for reason in _reasons(error)}
    # A conflict beside a failed condition may have been the conflict's doing: try again.
    return "ConditionalCheckFailed" in codes and not codes & _RETRIED_REASONS


def _passing(error: ClientError) -> bool:
    code = error.response.get("Error", {}).get("Code", "")
    if code == "TransactionCanceledException":
        return any(reason.get("Code") in _RETRIED_REASONS for reason in _reasons(error))
    return code in _RETRIED or _status(error) >= 500


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
