"""Rules for alarms: each reads a metric that a function emits or that AWS documents."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.project.conventions import Findings, Written
from tests.project.tables import own

Dimensions = Mapping[str, Any]

# By namespace: the metrics that AWS documents, and by each set of dimensions that it documents
# for them, the types of the resources that these name (None: a name within its resource).
#   https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
#   https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
#   https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
#   https://docs.aws.amazon.com/scheduler/latest/UserGuide/monitoring-cloudwatch.html
DOCUMENTED: Final[Mapping[str, tuple[set[str], tuple[Mapping[str, str | None], ...]]]] = {
    "AWS/Lambda": (
        {"Invocations", "Errors", "Throttles", "Duration", "ConcurrentExecutions"},
        ({"FunctionName": "AWS::Serverless::Function"},),
    ),
    "AWS/DynamoDB": (
        {"ReadThrottleEvents", "WriteThrottleEvents"},
        (
            {"TableName": "AWS::DynamoDB::Table"},
            {"TableName": "AWS::DynamoDB::Table", "GlobalSecondaryIndexName": None},
        ),
    ),
    "AWS/ApiGateway": (
        {"4xx", "5xx", "Count", "Latency", "IntegrationLatency", "DataProcessed"},
        ({"ApiId": "AWS::Serverless::HttpApi"},),
    ),
    "AWS/Scheduler": (
        {
            "InvocationAttemptCount",
            "TargetErrorCount",
            "TargetErrorThrottledCount",
            "InvocationThrottleCount",
            "InvocationDroppedCount",
        },
        ({"ScheduleGroup": "AWS::Scheduler::ScheduleGroup"},),
    ),
}


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric as CloudWatch tells it from others."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]


def read_by(alarm: Mapping[str, Any]) -> Iterator[tuple[str, str, Dimensions]]:
    """Namespace, name and dimensions of each metric that an alarm reads."""
    stats = [m["MetricStat"]["Metric"] for m in alarm.get("Metrics", []) if "MetricStat" in m]
    for metric in stats or [alarm]:
        dimensions = {d["Name"]: d["Value"] for d in metric.get("Dimensions", [])}
        yield metric["Namespace"], metric["MetricName"], dimensions


def read_of_ours(written: Written, stack: str) -> Iterator[tuple[str, Metric]]:
    """Each metric of ours that an alarm of a stack by this name reads, with the alarm's name."""
    known = {"AWS::StackName": stack}
    for name, alarm in written.template.resources("AWS::CloudWatch::Alarm").items():
        for namespace, metric, dimensions in read_by(alarm):
            if not namespace.startswith("AWS/"):
                resolved = written.template.resolved(dict(dimensions), known)
                yield name, Metric(namespace, metric, frozenset(resolved.items()))


def each_alarm_reads_what_is_emitted(
    written: Written, emitted: set[Metric], stack: str
) -> Findings:
    """An alarm on a metric of ours names one that a function emitted, with those dimensions."""
    for name, metric in read_of_ours(written, stack):
        if metric not in emitted:
            yield f"{name} reads {metric}; nothing emits it."


def each_alarm_reads_what_aws_has(written: Written) -> Findings:
    """An alarm on a metric of AWS's names one that is documented, of a resource of the stack."""
    resources = written.template.document["Resources"]
    for name, alarm in written.template.resources("AWS::CloudWatch::Alarm").items():
        for namespace, metric, dimensions in read_by(alarm):
            if not namespace.startswith("AWS/"):
                continue
            metrics, sets = DOCUMENTED.get(namespace, (set(), ()))
            of = {dimension: own(value) for dimension, value in dimensions.items()}
            kinds = {
                dimension: resources[value["Ref"]]["Type"] if isinstance(value, dict) else None
                for dimension, value in of.items()
            }
            if metric not in metrics or kinds not in sets:
                yield f"{name} reads {metric} of {namespace} by {dimensions}; AWS has no such one."
            index = dimensions.get("GlobalSecondaryIndexName")
            table = resources[of["TableName"]["Ref"]] if index else {"Properties": {}}
            indexes = table["Properties"].get("GlobalSecondaryIndexes", [])
            if index and index not in [i["IndexName"] for i in indexes]:
                yield f"{name} reads an index {index}, which there is not."


def each_alarm_has_its_heading(written: Written, operations: str) -> Findings:
    """Each alarm has a heading under "Alarms" in the operations document, and nothing else has."""
    alarms = set(written.template.resources("AWS::CloudWatch::Alarm"))
    headings = re.findall(r"^### (\w+)$", operations.partition("\n## Alarms\n")[2], re.MULTILINE)
    for name in sorted(alarms - {*headings}):
        yield f"{name} has no heading in docs/operations.md."
    for name in sorted({*headings} - alarms):
        yield f"docs/operations.md has a heading {name}, and there is no such alarm."
