"""Fixtures: a service in memory, and the drill of it."""

from collections.abc import Callable, Iterator

import pytest
from click.testing import Result

from sojourn.runtime.clock import SystemClock
from sojourn_cli.drill import rounds
from tests.cli.drill.service import Service
from tests.cli.stub import served
from tests.cli.tool import Tool

Drilled = Callable[..., Result]
FAST = ("--rounds", "1", "--every", "0.02", "--after", "0.05")


@pytest.fixture
def service() -> Iterator[Service]:
    """A realm whose `max_staleness_seconds` is 1."""
    made = Service()
    with served(stub=made):
        yield made


@pytest.fixture
def drilled(service: Service, monkeypatch: pytest.MonkeyPatch) -> Drilled:
    """Drill, by the machine's own clock, with little patience after the bound."""
    monkeypatch.setattr(rounds, "PATIENCE", 0.3)
    tool = Tool(service.url, clock=SystemClock())
    return lambda *options: tool("drill", *FAST, *options)
