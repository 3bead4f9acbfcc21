"""A log line: Sojourn's, and Powertools' with the same members.

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

from bench.function_imports import imported
from bench.token_verification import cpu_us
from sojourn.runtime import telemetry

FIELDS: Final[dict[str, Any]] = {
    "route": "GET /v1/session",
    "status": 200,
    "request_id": "IfORHnguSbenjk4=",
}
IMPORTS: Final = {
    "Powertools' Logger": "from aws_lambda_powertools import Logger",
    "Powertools' metrics": "import sojourn.runtime.metrics",
    "Sojourn's lines": "import sojourn.runtime.telemetry",
    "msgspec, which these need": "import msgspec",
}


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
        "Powertools": partial(powertools.info, "Done", extra=FIELDS),
        "Sojourn": partial(telemetry.info, "Done", **FIELDS),
    }
    print(f"{'a line':<30}{'µs':>6}")
    for name, line in lines.items():
        print(f"{name:<30}{measured(line, rounds=rounds):>6.1f}")
    print(f"\n{'an import':<30}{'ms':>6}{'modules':>9}")
    for name, code in IMPORTS.items():
        _, *found = [imported(code) for _ in range(rounds + 1)]
        cpu_ms = min(each.cpu_ms for each in found)
        print(f"{name:<30}{cpu_ms:>6.0f}{len(found[0].modules):>9}")


if __name__ == "__main__":
    main()
