"""The request id in log lines."""

from typing import Any

import pytest

from sojourn.api.dispatch import respond
from sojourn.api.response import Response
from sojourn.runtime import telemetry


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """What is logged from now on: messages and their fields."""
    told: list[tuple[str, Any]] = []

    class Log:
        def info(self, message: str, *, extra: dict[str, object], stacklevel: int) -> None:
            told.append((message, extra))

        warning = info

    monkeypatch.setattr(telemetry, "_logger", Log)
    return told


def test_each_line_says_its_request(lines: list[tuple[str, Any]]) -> None:
    """A line that is logged anywhere within a request has its id, and one after it has none."""

    def route(_: object) -> Response:
        telemetry.warning("Odd", of=1)
        return Response(status=204)

    event = {"routeKey": "GET /x", "requestContext": {"requestId": "r-1"}}
    respond(event, {"GET /x": route})
    telemetry.info("After")
    assert lines == [
        ("Odd", {"of": 1, "request_id": "r-1"}),
        ("Done", {"route": "GET /x", "status": 204, "request_id": "r-1"}),
        ("After", {}),
    ]
