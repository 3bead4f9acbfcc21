"""`make dev STORE=dynamodb-local`: the local stack on AWS's DynamoDB Local."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.dynamodb_local import VERSION
from provers.conftest import ROOT
from tests.e2e.calls import Api, User
from tests.e2e.conftest import start


@dataclass(frozen=True, slots=True)
class Running:
    """A local stack on DynamoDB Local."""

    process: "subprocess.Popen[str]"
    folder: Path
    api: Api
    user: User
    password: str


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """One of the test's own."""
    monkeypatch.setenv("STORE", "dynamodb-local")
    process, _ = start(0, tmp_path)
    dev = json.loads((tmp_path / "dev.json").read_text())
    api = Api(dev["base_url"], dev["access_key"])
    ada = dev["users"][0]
    user = User(api=api, realm_id=dev["realm_id"], id=ada["id"], username=ada["username"])
    yield Running(process, tmp_path, api, user, ada["password"])
    process.kill()
    process.wait()


def stores() -> set[int]:
    """The process ids of every DynamoDB Local of this version on the machine."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_text()
        except OSError:
            continue
        if f"DynamoDBLocal-{VERSION}.jar" in command and str(ROOT) in command:
            found.add(int(folder.name))
    return found


def parent(process_id: int) -> int:
    """The process that started it."""
    stat = Path(f"/proc/{process_id}/stat").read_text()
    return int(stat.rpartition(")")[2].split()[1])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_stack_runs_and_stops_with_its_store(stack: Running, number: signal.Signals) -> None:
    """Sessions begin, are listed and end; the greeting names the store, which ends with us."""
    (mine,) = [pid for pid in stores() if parent(pid) == stack.process.pid]
    phone, laptop = stack.user.login(stack.password), stack.user.login(stack.password)
    assert [s["id"] for s in stack.api.sessions(laptop["token"])] == [laptop["id"], phone["id"]]
    assert stack.api.end(phone["id"], bearer=laptop["token"]).status == 204
    ended = stack.api.validate(phone["token"])
    assert (ended.status, ended.body["reason"]) == (401, "terminated_by_user")
    items = stack.api.items()
    # Two users, an api user, an ended record and its entry in the feed.
    assert items["sojourn-sessions"] == 5
    stack.api.advance(7 * 3_600)
    assert stack.api.clean_up()["removed"] > 0
    assert stack.api.items()["sojourn-sessions"] < 5
    stack.process.send_signal(number)
    said, _ = stack.process.communicate(timeout=30)
    assert stack.process.returncode == 0
    assert re.search(r"The tables are in DynamoDB Local at http://127\.0\.0\.1:\d+", said)
    assert mine not in stores()
    assert not (stack.folder / "dev.json").exists()


def test_function_is_run_on_the_stacks_tables(stack: Running) -> None:
    """`python -m local invoke` reaches the same tables through the stack's own port."""
    done = subprocess.run(
        [sys.executable, "-m", "local", "invoke", "ValidateFunction", "-e", "events/validate.json"],
        cwd=ROOT,
        env={**os.environ, "SOJOURN_LOCAL": str(stack.folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["statusCode"] == 200
    assert len(stack.api.admin("GET", "/v1/sessions", user_id=stack.user.id).body["collection"]) > 0


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="Linux alone does this, by setpriv")
def test_store_ends_with_a_stack_that_is_killed(stack: Running) -> None:
    """A stack that had no time to stop anything leaves no DynamoDB Local behind."""
    (mine,) = [pid for pid in stores() if parent(pid) == stack.process.pid]
    stack.process.kill()
    stack.process.wait()
    limit = time.monotonic() + 20
    while mine in stores() and time.monotonic() < limit:
        time.sleep(0.1)
    assert mine not in stores()


def test_store_ends_with_a_stack_that_is_stopped_while_it_starts(tmp_path: Path) -> None:
    """A signal before the stack is ready leaves no DynamoDB Local behind."""
    process = subprocess.Popen(
        [sys.executable, "-m", "local"],
        cwd=ROOT,
        env={
            **os.environ,
            "STORE": "dynamodb-local",
            "PORT": "0",
            "SOJOURN_LOCAL": str(tmp_path),
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    while "Making tables" not in process.stdout.readline():
        assert process.poll() is None
    (mine,) = [pid for pid in stores() if parent(pid) == process.pid]
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 128 + signal.SIGTERM
    assert mine not in stores()
