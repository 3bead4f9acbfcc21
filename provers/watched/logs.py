"""Capture every log line and every metric of the handlers."""

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import (
    AmazonCloudWatchEMFProvider,
)

from sojourn.runtime import telemetry

Told = Callable[[str, object], None]
"""Hears of a line: what it is of, and what it says."""


def watch_logs(told: Told) -> Callable[[], None]:
    """Tell of every line from now on; what is returned ends it."""
    written = telemetry.write
    serialised = AmazonCloudWatchEMFProvider.serialize_metric_set

    def write(line: str) -> None:
        told("log lines", line)
        written(line)

    def serialize_metric_set(self: Any, *arguments: Any, **named: Any) -> Any:
        metrics = serialised(self, *arguments, **named)
        told("metrics", metrics)
        return metrics

    provider: Any = AmazonCloudWatchEMFProvider
    lines: Any = telemetry
    lines.write, provider.serialize_metric_set = write, serialize_metric_set

    def end() -> None:
        lines.write, provider.serialize_metric_set = written, serialised

    return end
