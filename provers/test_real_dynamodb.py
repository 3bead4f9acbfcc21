"""The integration suite on DynamoDB Local, with races and the state machine."""

import re
import subprocess
import sys

from provers import report as proof
from provers.conftest import ROOT, VERSION

FORMS = [
    f"--ignore=tests/integration/{name}.py"
    for name in ("service/test_hostile", "api/test_openapi", "service/test_metrics")
]
"""What is about the forms of requests and answers, and asks little of the store."""
OF_MOTO = [
    f"--ignore=tests/integration/{name}.py"
    for name in ("service/test_restore", "local/test_moto_patches")
]
"""DynamoDB Local restores no table; and what we change of moto is moto's alone."""
FIRST_KEY = "tests/cli/test_first_key.py"
"""What the operator's tool writes to the table itself."""


def test_integration_suite_on_dynamodb_local(
    dynamodb_local: str, environment_without_aws: dict[str, str]
) -> None:
    """The integration tests pass on DynamoDB Local too; a full run leaves none out."""
    examples = proof.rounds(full=200, quickly=12)
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, *OF_MOTO, *(FORMS if proof.quick() else ()), "tests/integration", FIRST_KEY],
        cwd=ROOT,
        env={
            **environment_without_aws,
            "SOJOURN_TEST_DYNAMODB": dynamodb_local,
            "SOJOURN_EXAMPLES": str(examples),
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
    left_out = ", but for tests of forms, which ask little of the store" if proof.quick() else ""
    text = (
        f"The whole integration suite{left_out}, with its races and its state machine, on AWS's "
        "own DynamoDB Local: what moto showed holds on a DynamoDB that AWS wrote; so does what "
        "`sojourn init` writes. The rehearsal of a restore is moto's alone, since DynamoDB Local "
        "restores no table; so are the tests of our changes to moto."
    )
    rows = [("tests passed", int(passed[1])), ("histories of the state machine", examples)]
    versions = {"DynamoDB Local": VERSION, **proof.versions("hypothesis")}
    proof.record(
        "dynamodb-local",
        proof.Section(
            title="The suite on DynamoDB Local",
            text=text,
            tables=[proof.Table(columns=("what", "how many"), rows=rows)],
            versions=versions,
        ),
    )
