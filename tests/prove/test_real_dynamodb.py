"""The integration suite, races and state machine with it, against a real DynamoDB."""

import re
import subprocess
import sys

from tests.prove.conftest import ROOT


def test_integration_suite_on_dynamodb_local(
    dynamodb_local: str, environment_without_aws: dict[str, str]
) -> None:
    """What holds on moto holds on DynamoDB Local: the same tests, none left out."""
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "tests/integration"],
        cwd=ROOT,
        env={
            **environment_without_aws,
            "SOJOURN_TEST_DYNAMODB": dynamodb_local,
            "SOJOURN_EXAMPLES": "30",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) >= 20
    assert "skipped" not in done.stdout
