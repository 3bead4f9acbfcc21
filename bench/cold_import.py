"""The import time of a cold start, with and without bytecode, in fresh interpreters.

Run: python -m bench.cold_import [--rounds 15]

Compare only rows of one run: the milliseconds depend on the machine.
"""

import argparse
import os
import subprocess
import sys
from statistics import median
from tempfile import TemporaryDirectory

CLIENT = (
    "import boto3; boto3.session.Session(region_name='eu-central-1')"
    ".client('dynamodb', aws_access_key_id='x', aws_secret_access_key='x')"
)
CASES = {
    "nothing": "pass",
    "msgspec, with one type": "import msgspec; msgspec.defstruct('M', [('a', str)])",
    "lines of the log and metrics": "import sojourn.runtime.metrics",
    "PyJWT and cryptography": "import jwt",
    "the verification of tokens": "import sojourn.crypto.tokens",
    "sojourn.bootstrap: stores and the clients of AWS": "import sojourn.bootstrap",
    "for comparison: boto3 and a DynamoDB client": CLIENT,
    "for comparison: pydantic, with one type": "import pydantic; pydantic.create_model('M', a=str)",
    "for comparison: Powertools' Logger and metrics": (
        "from aws_lambda_powertools import Logger, Metrics"
    ),
    "for comparison: Powertools' HTTP API resolver": (
        "from aws_lambda_powertools.event_handler import APIGatewayHttpResolver"
    ),
}


def one(code: str, environ: dict[str, str]) -> float:
    """Milliseconds that a fresh interpreter spends on `code`, as it measures itself."""
    timed = f"import time; t = time.perf_counter(); {code}; print((time.perf_counter() - t) * 1e3)"
    answer = subprocess.run(
        [sys.executable, "-c", timed], env=environ, capture_output=True, text=True, check=True
    )
    return float(answer.stdout.split()[-1])


def measure(code: str, *, rounds: int, bytecode: bool) -> float:
    """The median over `rounds` fresh interpreters, none of which writes bytecode."""
    environ = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    if bytecode:
        first = {name: value for name, value in environ.items() if "BYTECODE" not in name}
        one(code, first)
        return median(one(code, environ) for _ in range(rounds))
    with TemporaryDirectory() as empty:
        # Bytecode is looked for in an empty folder, and so not found.
        environ["PYTHONPYCACHEPREFIX"] = empty
        return median(one(code, environ) for _ in range(rounds))


def main() -> None:
    """Print one line for each case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    print(f"{'milliseconds, median of ' + str(rounds):<48}{'bytecode':>10}{'without':>10}")
    for name, code in CASES.items():
        try:
            warm = measure(code, rounds=rounds, bytecode=True)
            cold = measure(code, rounds=rounds, bytecode=False)
        except subprocess.CalledProcessError:
            print(f"{name:<48}{'not installed':>20}")
            continue
        print(f"{name:<48}{warm:>10.0f}{cold:>10.0f}")


if __name__ == "__main__":
    main()
