"""Lose an answer of DynamoDB: the call is done, but the caller gets no answer."""

from typing import Any, Final

import pytest
from botocore.exceptions import ReadTimeoutError

WRITES: Final = ("update_item", "put_item", "delete_item", "transact_write_items")


def lose_answers(
    patch: pytest.MonkeyPatch, client: Any, *operations: str, times: int = 1
) -> list[dict[str, Any]]:
    """Lose the next answers of these operations, by default of any write.

    The list that it gives fills with what is sent by these operations from now on.
    """
    sent: list[dict[str, Any]] = []
    for operation in operations or WRITES:
        call = getattr(client, operation)

        def losing(call: Any = call, **parameters: Any) -> Any:
            sent.append(parameters)
            answer = call(**parameters)
            if len(sent) <= times:
                raise ReadTimeoutError(endpoint_url="https://dynamodb.example.com")
            return answer

        patch.setattr(client, operation, losing)
    return sent
