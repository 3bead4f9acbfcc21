"""Capture every log line and every metric of the handlers."""

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import (
    AmazonCloudWatchEMFProvider,
)

Told = Callable[[str, object], None]
"""Hears of a line: what it is of, and what it says."""


def watch_logs(told: Told) -> Callable[[], None]:
    """Tell of every line from now on; what is returned ends it."""
    formatted = LambdaPowertoolsFormatter.format
    serialised = AmazonCloudWatchEMFProvider.serialize_metric_set

    def format(self: Any, record: Any) -> str:
        line = str(formatted(self, record))
        told("log lines", line)
        return line

    def serialize_metric_set(self: Any, *arguments: Any, **named: Any) -> Any:
        metrics = serialised(self, *arguments, **named)
        told("metrics", metrics)
        return metrics

    provider: Any = AmazonCloudWatchEMFProvider
    formatter: Any = LambdaPowertoolsFormatter
    formatter.format, provider.serialize_metric_set = format, serialize_metric_set

    def end() -> None:
        formatter.format, provider.serialize_metric_set = formatted, serialised

    return end
