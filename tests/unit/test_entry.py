"""The state that each invocation of a function has for itself."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sojourn import entry
from sojourn.api.route import Call, Route
from sojourn.bootstrap import Resources
from sojourn.entry import SECONDS_TO_REPORT, api, scheduled
from sojourn.runtime import deadline
from tests.support.clock import MovedClock

EVENT: Mapping[str, Any] = {"routeKey": "GET /x", "requestContext": {"requestId": "r-1"}}


@pytest.fixture
def resources() -> Resources:
    """As much of the resources as an entry itself needs."""
    settings = SimpleNamespace(edge_digests=())
    return cast(Resources, SimpleNamespace(clock=MovedClock(), settings=settings))


def nothing(_: Resources) -> None:
    """Compose nothing."""


@pytest.mark.parametrize("in_lambda", [False, True])
def test_instance_composes_once(monkeypatch: pytest.MonkeyPatch, *, in_lambda: bool) -> None:
    """However many events come, clients and services are made once: in Lambda, before the first."""
    steps: list[str] = []

    class Made(SimpleNamespace):
        """Says when the clients are made, and when they connect."""

        def __init__(self, _environ: object) -> None:
            steps.append("clients")
            super().__init__(warm=lambda: steps.append("connect"))

    def run(_services: None, _time_left: object) -> dict[str, int]:
        steps.append("event")
        return {}

    monkeypatch.setattr(entry, "Resources", Made)
    monkeypatch.delenv("AWS_LAMBDA_RUNTIME_API", raising=False)
    if in_lambda:
        monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")
    handler = scheduled(lambda _: steps.append("services"), run)
    assert steps == (["clients", "services", "connect"] if in_lambda else [])
    for _ in range(3):
        handler({}, SimpleNamespace(aws_request_id="r-1"))
    made = ["clients", "services"]
    assert steps == [*made, *(["connect"] if in_lambda else []), *["event"] * 3]


def test_each_request_has_a_deadline_of_its_own(resources: Resources) -> None:
    """An instance gives every request the whole time, which all that it calls spends together."""
    clock = cast(MovedClock, resources.clock)
    left: list[float] = []

    @Route("GET /x", public=True, answers={204: ()})
    def get_x(_services: object, _call: Call[None, None]) -> None:
        """Use up time."""
        left.append(deadline.current(clock).remaining())
        clock.advance(4)
        left.append(deadline.current(clock).remaining())

    handle = api(nothing, get_x).bind(resources)
    for _ in range(3):
        clock.advance(60)
        assert handle(EVENT, None)["statusCode"] == 204
    assert left == pytest.approx([deadline.SECONDS, deadline.SECONDS - 4] * 3)


def test_scheduled_run_keeps_time_to_report(resources: Resources) -> None:
    """A scheduled function is out of time while one more step could still end within it."""
    seen: list[float] = []

    def run(_: None, time_left: Any) -> dict[str, int]:
        seen.append(time_left())
        return {"done": 1}

    context = SimpleNamespace(aws_request_id="r-1", get_remaining_time_in_millis=lambda: 40_000)
    assert scheduled(nothing, run).bind(resources)({}, context) == {"done": 1}
    assert seen == [40 - SECONDS_TO_REPORT]
    assert SECONDS_TO_REPORT > deadline.SECONDS
