"""A log line and a line of metrics: Sojourn's, and Powertools' with the same members.

Run: python -m bench.log_line [--rounds 9]

Microseconds of CPU of a line, and milliseconds of CPU of an import in fresh interpreters with
bytecode; of both the least of the rounds. Compare only rows of one run.
"""

import argparse
import io
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import (
    AmazonCloudWatchEMFProvider,
)

from bench.function_imports import imported
from bench.token_verification import cpu_us
from sojourn.runtime import metrics, telemetry

FIELDS: Final[dict[str, Any]] = {
    "route": "GET /v1/session",
    "status": 200,
    "request_id": "IfORHnguSbenjk4=",
}
COUNTED: Final = {"LoginSucceeded": 1, "SessionsEvicted": 0}
POWERTOOLS: Final = frozenset({"aws_lambda_powertools", "jmespath", "typing_extensions"})
IMPORTS: Final = {
    "Powertools' Logger": "from aws_lambda_powertools import Logger",
    "Powertools' metrics": (
        "from aws_lambda_powertools.metrics.provider.cloudwatch_emf import cloudwatch"
    ),
    "Sojourn's lines and metrics": "import sojourn.runtime.metrics",
    "msgspec, which these need": "import msgspec",
}


def counted_by_powertools(**values: int) -> None:
    """Write a line of metrics as the service did, with an object of its own for each."""
    provider = AmazonCloudWatchEMFProvider(namespace=metrics.NAMESPACE, default_dimensions={})
    for name, value in values.items():
        provider.add_metric(name=name, unit=MetricUnit.Count, value=value)
    provider.flush_metrics()


def measured(call: Callable[[], object], *, rounds: int) -> float:
    """The least of the rounds, written to nowhere."""
    shown, sys.stdout = sys.stdout, io.StringIO()
    try:
        return min(cpu_us(call) for _ in range(rounds))
    finally:
        sys.stdout = shown


def main() -> None:
    """Print the time of a line, and of each import."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    powertools = Logger(service="bench", stream=io.StringIO())
    lines = {
        "Powertools' Logger": partial(powertools.info, "Done", extra=FIELDS),
        "Sojourn's": partial(telemetry.info, "Done", **FIELDS),
        "Powertools' metrics": partial(counted_by_powertools, **COUNTED),
        "Sojourn's metrics": partial(metrics.count, **COUNTED),
    }
    print(f"{'a line':<30}{'µs':>6}")
    for name, line in lines.items():
        print(f"{name:<30}{measured(line, rounds=rounds):>6.1f}")
    print(f"\n{'an import':<30}{'ms':>6}{'modules':>9}")
    for name, code in IMPORTS.items():
        beside = POWERTOOLS if "aws_lambda_powertools" in code else frozenset()
        _, *found = [imported(code, beside=beside) for _ in range(rounds + 1)]
        cpu_ms = min(each.cpu_ms for each in found)
        print(f"{name:<30}{cpu_ms:>6.0f}{len(found[0].modules):>9}")


if __name__ == "__main__":
    main()
