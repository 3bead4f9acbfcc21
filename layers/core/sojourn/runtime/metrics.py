"""Metrics: lines of the log in CloudWatch's embedded metric format, in the shape of Powertools'.

Each call writes one line of its own, so no request can add to another's. CloudWatch reads up to a
hundred metrics of a line.
"""

import os
import time
from collections.abc import Mapping
from typing import Final

from msgspec.json import encode

from sojourn.runtime import telemetry

NAMESPACE: Final = "Sojourn"


def count(**metrics: int) -> None:
    """Write counts, at once, as one line."""
    _write("Count", metrics)


def seconds(**metrics: float) -> None:
    """Write times in seconds, as `count` does."""
    _write("Seconds", metrics)


def _write(unit: str, metrics: Mapping[str, float]) -> None:
    service = os.environ.get("POWERTOOLS_SERVICE_NAME")
    dimensions = {"service": service} if service else {}
    definition = {
        "Namespace": NAMESPACE,
        "Dimensions": [[*dimensions]],
        "Metrics": [{"Name": name, "Unit": unit} for name in metrics],
    }
    line = {
        "_aws": {
            "Timestamp": time.time_ns() // 1_000_000,
            "CloudWatchMetrics": [definition],
        },
        **dimensions,
        **{name: [float(value)] for name, value in metrics.items()},
    }
    telemetry.write(encode(line).decode())
