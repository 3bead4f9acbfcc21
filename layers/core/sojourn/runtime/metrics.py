"""Metrics in CloudWatch's embedded metric format. Only this module imports Powertools.

Each call has its own metrics object, so no request can add to another's.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import (
    AmazonCloudWatchEMFProvider,
)

NAMESPACE: Final = "Sojourn"


def count(**metrics: int) -> None:
    """Write counts, at once, as one line."""
    _flush(metrics, MetricUnit.Count)


def seconds(**metrics: float) -> None:
    """Write times in seconds, as `count` does."""
    _flush(metrics, MetricUnit.Seconds)


def _flush(metrics: Mapping[str, float], unit: MetricUnit) -> None:
    provider = AmazonCloudWatchEMFProvider(
        namespace=NAMESPACE, metric_set={}, dimension_set={}, metadata_set={}, default_dimensions={}
    )
    for name, value in metrics.items():
        provider.add_metric(name=name, unit=unit, value=value)
    # As for a line of the log: if nobody reads it, the request goes on.
    with suppress(OSError):
        provider.flush_metrics()
