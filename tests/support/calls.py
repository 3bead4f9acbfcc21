"""Stand between the stores and their AWS client."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest

from sojourn.aws.client import Client, Response
from sojourn.aws.errors import NoAnswer, Refused

Parameters = Mapping[str, Any]
Call = Callable[[Parameters], Response]
"""The call itself, with these parameters or others."""


def between(
    patch: pytest.MonkeyPatch,
    client: Client,
    act: Callable[[str, Parameters, Call], Response],
    *operations: str,
) -> None:
    """Have these operations, or all, done by `act`: by operation, parameters, and the call."""
    call = client.call

    def acting(operation: str, parameters: Parameters) -> Response:
        if operations and operation not in operations:
            return call(operation, parameters)
        return act(operation, parameters, partial(call, operation))

    patch.setattr(client, "call", acting)


def refusal(code: str, *, status: int = 400, **members: Any) -> Refused:
    """An error as the service answers it."""
    return Refused(status, code, {"__type": f"com.amazonaws#{code}", "message": "no", **members})


def lost() -> NoAnswer:
    """An answer that does not come."""
    return NoAnswer("The answer did not come in time.")


def answered(**members: Any) -> Response:
    """An answer with these members."""
    return Response(members, None)
