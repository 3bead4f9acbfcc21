"""What the whole stack counts of logins: CloudWatch's metrics, or the local stack's log."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import click
from botocore.exceptions import BotoCoreError, ClientError

from sojourn_cli.console.chart import Event
from sojourn_cli.stack import PATIENT, StackProblem, told_by
from sojourn_cli.where import Where, devfile

METRICS: Final = {
    "LoginSucceeded": ("login",),
    "LoginFailed": ("login", "directory"),
    "LoginRefused": ("login", "directory"),
}
"""The metrics, and the functions that count them."""
PERIOD: Final = 3_600
LONGEST_LOG: Final = 16 * 1024 * 1024


class NotCounted(click.ClickException):
    """There are no counts to read; the message says why and what to do."""


def logins(where: Where, *, start: float, end: float) -> list[Event]:
    """Logins, wrong passwords and refused attempts of the stack, by hours. Raises `NotCounted`."""
    if where.local:
        return list(_logged())
    try:
        name = where.named()
        client = where.tools.resources(where).session.client("cloudwatch", config=PATIENT)
        return list(_measured(client, name, start, end))
    except StackProblem as error:
        raise NotCounted(str(error)) from error
    except (ClientError, BotoCoreError) as error:
        raise NotCounted(told_by(error)) from error


def _measured(client: Any, stack_name: str, start: float, end: float) -> Iterator[Event]:
    queries: dict[str, tuple[str, dict[str, Any]]] = {}
    for metric, functions in METRICS.items():
        for function in functions:
            dimension = {"Name": "service", "Value": f"{stack_name}-{function}"}
            told = {"Namespace": "Sojourn", "MetricName": metric, "Dimensions": [dimension]}
            stat = {"Metric": told, "Period": PERIOD, "Stat": "Sum"}
            queries[f"q{len(queries)}"] = (metric, stat)
    pages = client.get_paginator("get_metric_data").paginate(
        MetricDataQueries=[{"Id": name, "MetricStat": stat} for name, (_, stat) in queries.items()],
        StartTime=datetime.fromtimestamp(start, tz=UTC),
        EndTime=datetime.fromtimestamp(end, tz=UTC),
    )
    for page in pages:
        for found in page["MetricDataResults"]:
            kind = queries[found["Id"]][0]
            for at, value in zip(found["Timestamps"], found["Values"], strict=True):
                yield Event(at.timestamp(), kind, round(value))


def _logged() -> Iterator[Event]:
    """The metrics in the log of the local stack, of its last 16 MiB."""
    try:
        with (devfile().parent / "dev.log").open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - LONGEST_LOG))
            lines = log.readlines()
    except OSError as error:
        raise NotCounted(f"The local stack's log cannot be read: {error.strerror}.") from error
    for line in lines:
        if b'"_aws"' not in line:
            continue
        try:
            told = json.loads(line)
            at = told["_aws"]["Timestamp"] / 1000
            counted = [(name, sum(told[name])) for name in METRICS if name in told]
        except (ValueError, KeyError, TypeError):
            continue  # half a line, where the log was cut
        for name, value in counted:
            if value:
                yield Event(at, name, round(value))
