"""The end-to-end suite and every example event against the built functions."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.template import ROOT
from provers import report as proof
from provers.artifacts import around, cpython
from provers.artifacts.building import Built, files
from provers.artifacts.conftest import Cloud
from provers.artifacts.fleet import Fleet
from tests.e2e.calls import PASSWORD, Api
from tests.e2e.test_events import ADMITTED, EXPECTED, filled

OPENED = Path(__file__).with_name("opened")
SECRET = re.compile(
    r"\b(?:ks|ak)_[0-9A-Za-z]{40,}"  # access keys and API keys
    r"|eyJ[\w-]{10,}\.eyJ|PRIVATE KEY|\$argon2"
)
PLATFORM = re.compile(r"(START|END|REPORT) RequestId: ")


@dataclass(frozen=True, slots=True)
class Run:
    """What there was to see after the suite and the events."""

    fleet: Fleet
    api: Api
    summary: str
    answers: dict[str, dict[str, object]]
    opened: dict[str, list[Path]]
    """What each process opened, in order."""


@pytest.fixture(scope="module")
def audited(
    here: Built, runtime: Path, cloud: Cloud, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Fleet]:
    """A fleet whose processes write down what they open."""
    beside = tmp_path_factory.mktemp("opened")
    shutil.copy(OPENED / "sitecustomize.py", beside)
    made = Fleet(
        here,
        runtime=runtime,
        names=cloud.names,
        endpoints=cloud.endpoints,
        folder=tmp_path_factory.mktemp("logs"),
        beside=(beside,),
    )
    yield made
    made.close()


@pytest.fixture(scope="module")
def run(audited: Fleet) -> Iterator[Run]:
    """The events and the suite, run once against the fleet."""
    with pytest.MonkeyPatch.context() as patch, around.served(audited) as base_url:
        api = Api(base_url, around.first_key(audited, patch))
        answers = {
            name: audited.invoke(function, filled(api, name))
            for name, (function, _, _) in EXPECTED.items()
        }
        for name in ADMITTED:
            answers[name] = audited.invoke("AuthorizerFunction", filled(api, name))
        for folder in ("cleanup", "rotate"):
            event = json.loads((ROOT / f"events/{folder}-schedule.json").read_text())
            answers[folder] = audited.invoke(f"{folder.title()}Function", event)
        audited.warm()
        summary = end_to_end(api)
        (beside,) = audited.beside
        opened = {
            path.stem: [Path(line) for line in path.read_text().splitlines()]
            for path in beside.glob("*.opened")
        }
        yield Run(audited, api, summary, answers, opened)


def end_to_end(api: Api) -> str:
    """Run the end-to-end suite as against a deployed stack; its last line."""
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider"]
    if proof.quick():
        # Hundreds of Argon2id hashes at once, which take the longest.
        command += ["-k", "not sixty_simultaneous"]
    done = subprocess.run(
        [*command, "tests/e2e"],
        cwd=ROOT,
        env={
            **os.environ,
            "SOJOURN_BASE_URL": api.base_url,
            "SOJOURN_ACCESS_KEY": api.access_key,
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-8000:]
    return done.stdout.splitlines()[-1]


def test_suite_passes_over_http(run: Run) -> None:
    """The end-to-end suite passes against the built artifacts, as against a deployed stack."""
    passed = re.search(r"(\d+) passed", run.summary)
    assert passed is not None
    assert int(passed[1]) >= 150


@pytest.mark.parametrize("name", EXPECTED)
def test_event_is_answered(run: Run, name: str) -> None:
    """Each file of events/ is answered by its built function with the expected status."""
    _, status, code = EXPECTED[name]
    answer = run.answers[name]
    assert answer["statusCode"] == status, answer
    if code is not None:
        body = json.loads(str(answer["body"]))
        assert (body["code"], body["request_id"]) == (code, f"event-{name}")


@pytest.mark.parametrize("name", ADMITTED)
def test_authorizer_says_who_calls(run: Run, name: str) -> None:
    """The built authorizer admits each kind of event, and says of which realm the caller is."""
    said = run.answers[name][ADMITTED[name]]
    assert isinstance(said, dict)
    assert str(said["realm_id"]).startswith("rl_")


def test_schedules_are_answered(run: Run) -> None:
    """The scheduled functions answer with their counts."""
    assert run.answers["cleanup"].keys() >= {"found", "removed", "remaining"}
    assert run.answers["rotate"].keys() >= {"realms", "rotated", "removed", "failed"}


def test_every_function_took_part(run: Run) -> None:
    """No function was left out, and each process wrote down what it opened."""
    instances = sum(len(several) for several in run.fleet.instances.values())
    assert all(run.fleet.instances.values())
    assert len(run.opened) >= instances


def test_nothing_comes_from_elsewhere(run: Run, runtime: Path) -> None:
    """Functions open nothing but their folder, the layer, the runtime, Python and the system."""
    built = run.fleet.built
    prefix = subprocess.run(
        [built.python, "-c", "import sys; print(sys.base_prefix)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    (beside,) = run.fleet.beside
    allowed = [*(built.folder / name for name in run.fleet.functions), built.packages, runtime]
    allowed += [
        Path(prefix).resolve(),
        beside,
        *map(Path, ("/dev", "/etc", "/proc", "/sys", "/usr/share")),
    ]
    strays = {
        path
        for paths in run.opened.values()
        for path in paths
        if not any(path.is_relative_to(folder) for folder in allowed)
    }
    assert not strays


def test_bytecode_is_what_runs(run: Run) -> None:
    """No source file of the layer is read: its bytecode is loaded without a check."""
    packages = run.fleet.built.packages
    layer = [p for paths in run.opened.values() for p in paths if p.is_relative_to(packages)]
    assert any(path.suffix == ".pyc" for path in layer)
    assert not {path for path in layer if path.suffix == ".py"}


def test_no_data_lies_idle(run: Run) -> None:
    """Every data file in the layer is opened by some function, so none is superfluous."""
    packages = run.fleet.built.packages
    opened = {path for paths in run.opened.values() for path in paths}
    idle = {
        name
        for name, path in files(packages)
        if path.suffix not in (".py", ".pyc")
        and ".so" not in path.suffixes
        and ".dist-info/" not in name
        and path not in opened
    }
    assert not idle


def test_logs_are_json_with_the_request(run: Run) -> None:
    """Beside Lambda's own lines each is JSON; a request's line has its id, route and function."""
    told = [json.loads(line) for line in run.fleet.lines() if not PLATFORM.match(line)]
    requests = [line for line in told if line.get("message") in ("Done", "Refused")]
    assert len(requests) >= 500
    assert all(line["route"] and line["status"] for line in requests)
    # A schedule's lines have the id that Lambda gave the invocation.
    assert all(line["request_id"] for line in told if "message" in line)
    assert {line["service"] for line in told if "service" in line} >= {
        f"sojourn-{function.folder.replace('_', '-')}"
        for function in run.fleet.functions.values()
        if function.routes
    }
    assert {f"event-{name}" for name in EXPECTED} <= {line["request_id"] for line in requests}


def test_logs_hold_no_secret(run: Run) -> None:
    """No password, token, key or hash is in what any instance logged."""
    text = "\n".join(run.fleet.lines())
    assert PASSWORD not in text
    assert SECRET.search(run.api.access_key)
    assert not SECRET.search(text)


def test_figures_are_recorded(run: Run) -> None:
    """What ran is published."""
    numbers = {
        word: int(number) for number, word in re.findall(r"(\d+) (passed|skipped)", run.summary)
    }
    lines = [line for line in run.fleet.lines() if PLATFORM.match(line)]
    rows: list[tuple[str | int, ...]] = [
        ("end-to-end tests passed", numbers["passed"]),
        ("left out: they move the local stack's clock", numbers.get("skipped", 0)),
        ("files of events/ invoked", len(run.answers)),
        ("functions", len(run.fleet.functions)),
        ("instances", sum(len(several) for several in run.fleet.instances.values())),
        ("invocations", sum(line.startswith("START") for line in lines)),
    ]
    text = (
        "The functions and the layer, built by `sam build` for this machine's platform and the "
        "runtime's minor, in AWS's runtime interface emulator with AWS's runtime client, behind "
        "the local gateway, on DynamoDB Local and moto's KMS. Every file that a process opened "
        "was written down: none lies outside the function, the layer, the runtime client and "
        "Python. The emulator is not Lambda: no sandbox, no memory limit, no IAM."
    )
    proof.record(
        "runtime",
        proof.Section(
            title="Built functions in Lambda's runtime",
            text=text,
            tables=[proof.Table(columns=("what", "how many"), rows=rows)],
            versions={"CPython": cpython.version(run.fleet.built.python)},
        ),
    )
