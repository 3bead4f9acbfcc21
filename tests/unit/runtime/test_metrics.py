"""Metrics: lines of the log that are those of Powertools, key by key."""

import io
import json
import math
import sys
import time
from typing import Any, Final

import pytest
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import (
    AmazonCloudWatchEMFProvider,
)
from hypothesis import given
from hypothesis import strategies as st

from sojourn.runtime import metrics

SERVICE: Final = "POWERTOOLS_SERVICE_NAME"
Pairs = list[tuple[str, Any]]
COUNTS: Final = st.dictionaries(
    st.from_regex(r"[A-Z][A-Za-z]{0,20}", fullmatch=True).filter(lambda name: name != "service"),
    st.integers(0, 2**70),
    min_size=1,
    max_size=99,
)
SECONDS: Final = st.floats(allow_nan=False, allow_infinity=False)


def read(text: str) -> Any:
    """The one line of a log; objects are pairs, so that their order counts, without the time."""
    (line,) = text.splitlines()

    def object_of(pairs: Pairs) -> Pairs:
        return [(name, "now" if name == "Timestamp" else value) for name, value in pairs]

    return json.loads(line, object_pairs_hook=object_of)


def by_powertools(unit: MetricUnit, values: dict[str, Any]) -> None:
    """Write the line that Powertools writes."""
    provider = AmazonCloudWatchEMFProvider(namespace="Sojourn")
    for name, value in values.items():
        provider.add_metric(name=name, unit=unit, value=value)
    provider.flush_metrics()


def both(unit: MetricUnit, values: dict[str, Any], *, service: str | None = "shop-login") -> Any:
    """The line, which is that of Powertools."""
    write = {MetricUnit.Count: metrics.count, MetricUnit.Seconds: metrics.seconds}[unit]
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(SERVICE, raising=False)
        if service is not None:
            patch.setenv(SERVICE, service)
        patch.setattr(sys, "stdout", ours := io.StringIO())
        write(**values)
        patch.setattr(sys, "stdout", theirs := io.StringIO())
        by_powertools(unit, values)
    found = read(ours.getvalue())
    assert found == read(theirs.getvalue())
    return found


def test_line_of_a_login() -> None:
    """A line names its metrics with their unit, has the service as their dimension, and values."""
    definition = [
        ("Namespace", "Sojourn"),
        ("Dimensions", [["service"]]),
        (
            "Metrics",
            [
                [("Name", "LoginSucceeded"), ("Unit", "Count")],
                [("Name", "SessionsEvicted"), ("Unit", "Count")],
            ],
        ),
    ]
    assert both(MetricUnit.Count, {"LoginSucceeded": 1, "SessionsEvicted": 0}) == [
        ("_aws", [("Timestamp", "now"), ("CloudWatchMetrics", [definition])]),
        ("service", "shop-login"),
        ("LoginSucceeded", [1.0]),
        ("SessionsEvicted", [0.0]),
    ]


@given(COUNTS, st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_any_counts_are_those_of_powertools(values: dict[str, int], service: str) -> None:
    """Whatever is counted, for whatever service, the line is that of Powertools."""
    both(MetricUnit.Count, values, service=f"s{service}")


@given(SECONDS)
def test_any_seconds_are_those_of_powertools(value: float) -> None:
    """Whatever time it is, the line is that of Powertools."""
    both(MetricUnit.Seconds, {"CleanupOldestOverdueSeconds": value})


@pytest.mark.parametrize("service", [None, ""])
def test_without_a_service(service: str | None) -> None:
    """Without the name of a service there is no dimension, as with Powertools."""
    found = dict(both(MetricUnit.Count, {"Unavailable": 1}, service=service))
    assert "service" not in found


def test_time_is_now(capsys: pytest.CaptureFixture[str]) -> None:
    """The time of a line is now, in whole milliseconds since 1970."""
    before = time.time_ns() // 1_000_000
    metrics.count(Unavailable=1)
    stamp = json.loads(capsys.readouterr().out)["_aws"]["Timestamp"]
    assert isinstance(stamp, int)
    assert before <= stamp <= math.ceil(time.time_ns() / 1e6)


def test_each_call_is_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing of one call is in the next one's line, also of the same metric."""
    metrics.count(LoginFailed=1)
    metrics.count(LoginFailed=2)
    metrics.seconds(Taken=3)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    names = [[{**line, "_aws": 0, "service": 0}.keys() - {"_aws", "service"}] for line in lines]
    assert names == [[{"LoginFailed"}], [{"LoginFailed"}], [{"Taken"}]]
    assert [line.get("LoginFailed") for line in lines] == [[1.0], [2.0], None]


class Closed(io.StringIO):
    """A log that nobody reads any more."""

    def write(self, _text: str) -> int:
        raise BrokenPipeError


def test_metrics_that_nobody_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that is closed fails no request that counts something."""
    monkeypatch.setattr(sys, "stdout", Closed())
    metrics.count(Unavailable=1)
