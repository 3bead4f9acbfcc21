"""`sam build` without Docker gives functions and a layer that run by themselves."""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from tests.prove.conftest import ROOT

BUILT = ROOT / ".build" / "sam"
PROBE = """
import json, sys
import app, sojourn, boto3, msgspec, cryptography
print(json.dumps({"app": app.__file__, "sojourn": sojourn.__file__, "boto3": boto3.__file__}))
event = json.load(open(sys.argv[1]))
answer = app.handler(event, None)
print(json.dumps({"status": answer["statusCode"], "code": json.loads(answer["body"])["code"]}))
"""


@pytest.fixture(scope="module")
def built() -> Path:
    """The artifacts for this machine's own platform and Python."""
    command = [
        str(ROOT / ".venv-sam/bin/sam"),
        *("build", "--build-dir", str(BUILT), "--template", str(ROOT / "template.yaml")),
    ]
    minor = f"{sys.version_info.major}.{sys.version_info.minor}"
    environment = {
        **os.environ,
        "SAM_CLI_TELEMETRY": "0",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "PLATFORM": platform.machine(),
        "PYTHON_VERSION": minor,
    }
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return BUILT


@pytest.mark.parametrize(
    "function", ["Login", "Validate", "ListSessions", "Terminate", "Directory", "Discovery"]
)
def test_function_runs_from_its_artifacts(built: Path, function: str) -> None:
    """A built function answers an event with only its folder and the layer to import from."""
    layer, folder = built / "CoreLayer" / "python", built / f"{function}Function"
    event = {"version": "2.0", "routeKey": "GET /v1/none", "headers": {}, "requestContext": {}}
    path = built / "event.json"
    path.write_text(json.dumps(event))
    done = subprocess.run(
        [sys.executable, "-S", "-c", PROBE, str(path)],
        cwd=folder,
        env={
            "PYTHONPATH": os.pathsep.join([str(folder), str(layer)]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "DIRECTORY_TABLE": "directory",
            "SESSIONS_TABLE": "sessions",
            "KMS_KEY_ID": "key",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    (places,) = [line for line in lines if "app" in line]
    assert places["app"].startswith(str(folder))
    assert places["sojourn"].startswith(str(layer))
    assert places["boto3"].startswith(str(layer))
    assert {"status": 404, "code": "not_found"} in lines


def test_layer_holds_the_api_document(built: Path) -> None:
    """What `GET /v1/openapi.json` answers is deployed with the layer."""
    packaged = built / "CoreLayer" / "python" / "sojourn" / "openapi.json"
    assert packaged.read_text() == (ROOT / "layers/core/sojourn/openapi.json").read_text()


def test_layer_holds_no_bytecode_and_no_tests(built: Path) -> None:
    """The layer holds neither tests nor bytecode of another Python."""
    layer = built / "CoreLayer" / "python"
    assert not list(layer.rglob("__pycache__"))
    assert not list((layer / "sojourn").rglob("test_*"))
