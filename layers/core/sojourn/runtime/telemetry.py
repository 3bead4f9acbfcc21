"""Logs and metrics. Only this module imports Powertools.

A line has the route, never the path, headers or body. No state of one request is visible to
another: fields are passed with each line, the request id is removed after the request, and each
request has its own metrics object.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, Final

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import (
    AmazonCloudWatchEMFProvider,
)

NAMESPACE: Final = "Sojourn"
AUDIT: Final = logging.CRITICAL + 10
"""The level of audit lines. It is above every `LogLevel`, so audit lines are always written."""
logging.addLevelName(AUDIT, "AUDIT")

_REQUEST: Final = ContextVar("request_id", default="")


@lru_cache(maxsize=1)
def _logger() -> Logger:
    return Logger()


@contextmanager
def request(request_id: str) -> Iterator[None]:
    """Add the request id to each line until the block ends."""
    token = _REQUEST.set(request_id)
    try:
        yield
    finally:
        _REQUEST.reset(token)


def info(message: str, **fields: object) -> None:
    """One line of JSON at level INFO."""
    _logger().info(message, extra=_of_request(fields), stacklevel=3)


def warning(message: str, **fields: object) -> None:
    """One line of JSON at level WARNING."""
    _logger().warning(message, extra=_of_request(fields), stacklevel=3)


def failure(message: str, **fields: object) -> None:
    """One line of JSON at level ERROR, with the stack trace of the current exception."""
    _logger().exception(message, extra=_of_request(fields), stacklevel=3)


def audit(event: str, **fields: object) -> None:
    """One line of JSON at level AUDIT."""
    logger: Any = _logger()  # its `log` is in none of its types
    logger.log(AUDIT, "Audit", extra=_of_request({"event": event, **fields}), stacklevel=3)


def _of_request(fields: Mapping[str, object]) -> dict[str, object]:
    request_id = _REQUEST.get()
    return {**fields, "request_id": request_id} if request_id else dict(fields)


def count(**metrics: int) -> None:
    """Write counts as metrics, at once, as one line of CloudWatch's embedded metric format."""
    _flush(metrics, MetricUnit.Count)


def seconds(**metrics: float) -> None:
    """Write times in seconds as metrics, as `count` does."""
    _flush(metrics, MetricUnit.Seconds)


def _flush(metrics: Mapping[str, float], unit: MetricUnit) -> None:
    provider = AmazonCloudWatchEMFProvider(
        namespace=NAMESPACE, metric_set={}, dimension_set={}, metadata_set={}, default_dimensions={}
    )
    for name, value in metrics.items():
        provider.add_metric(name=name, unit=unit, value=value)
    provider.flush_metrics()
