"""What the schedule runs for signing keys: the next in time, and the end of the old."""

from collections.abc import Mapping
from typing import Any

from sojourn.bootstrap import Services
from sojourn.entry import Entry, Handler

SECONDS_TO_REPORT = 15.0
"""Kept back from the time-out: one step may take its whole deadline."""


def bind(services: Services) -> Handler:
    """The handler over these services."""

    def handle(_event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        def time_left() -> float:
            return float(context.get_remaining_time_in_millis()) / 1000 - SECONDS_TO_REPORT

        return dict(services.rotation.run(time_left).answer())

    return handle


handler = Entry(bind)
