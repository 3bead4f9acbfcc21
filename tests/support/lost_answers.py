"""Lose an answer of DynamoDB: the call is done, but the caller gets no answer."""

from typing import Any, Final

import pytest

from sojourn.aws.client import Client, Response
from tests.support.calls import Call, Parameters, between, lost

WRITES: Final = ("UpdateItem", "PutItem", "DeleteItem", "TransactWriteItems")


def lose_answers(
    patch: pytest.MonkeyPatch, client: Client, *operations: str, times: int = 1
) -> list[dict[str, Any]]:
    """Lose the next answers of these operations, by default of any write.

    The list that it gives fills with what is sent by these operations from now on.
    """
    sent: list[dict[str, Any]] = []

    def losing(_operation: str, parameters: Parameters, call: Call) -> Response:
        sent.append(dict(parameters))
        answer = call(parameters)
        if len(sent) <= times:
            raise lost()
        return answer

    between(patch, client, losing, *operations or WRITES)
    return sent
