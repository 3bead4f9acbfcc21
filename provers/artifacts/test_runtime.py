"""Built functions in AWS's runtime emulator: initialisation, requests, failures."""

import itertools
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from local.template import ROOT, Template
from provers import report as proof
from provers.artifacts import cpython
from provers.artifacts.building import Built
from provers.artifacts.conftest import Cloud
from provers.artifacts.emulator import FunctionError, TimedOut
from provers.artifacts.fleet import Fleet

FUNCTIONS = {function.logical_id: function for function in Template.read().functions()}
EVENTS = ROOT / "events"
NO_ROUTE = {
    "version": "2.0",
    "routeKey": "GET /v1/none",
    "headers": {},
    "requestContext": {"requestId": "no-route"},
}


def event_for(logical_id: str) -> object:
    """An event that a function answers without an access key and a token."""
    function = FUNCTIONS[logical_id]
    if function.scheduled:
        return json.loads((EVENTS / f"{function.folder}-schedule.json").read_text())
    if not function.routes:
        text = (EVENTS / "authorizer-http.json").read_text()
        return json.loads(text.replace("${LOGIN_TOKEN}", "garbage"))
    return NO_ROUTE


@pytest.fixture(scope="module")
def without_bytecode(
    fleet: Fleet, here: Built, runtime: Path, cloud: Cloud, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Fleet]:
    """The same functions where no Python of the runtime's minor was there to compile."""
    folder = tmp_path_factory.mktemp("plain")
    shutil.copytree(
        here.folder, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__")
    )
    made = Fleet(
        Built(folder=folder, source=here.source, python=here.python),
        runtime=runtime,
        names=cloud.names,
        endpoints=cloud.endpoints,
        folder=tmp_path_factory.mktemp("logs"),
    )
    yield made
    made.close()


def cold_start(fleet: Fleet, logical_id: str) -> float:
    """Milliseconds of one initialisation, as the emulator measured it."""
    instance = fleet.instance(logical_id)
    instance.invoke(event_for(logical_id))
    instance.close()
    (milliseconds,) = instance.initialisations()
    return milliseconds


def test_cold_starts(fleet: Fleet, without_bytecode: Fleet) -> None:
    """Every function starts from its artifacts, and all of them sooner with bytecode."""
    rounds = proof.rounds(full=7, quickly=1)
    rows: list[tuple[str | int, ...]] = []
    totals = [0.0, 0.0]
    for logical_id in FUNCTIONS:
        pairs = [
            (cold_start(fleet, logical_id), cold_start(without_bytecode, logical_id))
            for _ in range(rounds)
        ]
        compiled, plain = (median(times) for times in zip(*pairs, strict=True))
        totals = [totals[0] + compiled, totals[1] + plain]
        rows.append((logical_id, f"{compiled:.0f}", f"{plain:.0f}", f"{plain / compiled:.1f}"))
    columns = ("function", "ms with bytecode", "ms without", "ratio")
    assert len(rows) == len(FUNCTIONS)
    # All together, since another program may disturb a single start.
    assert totals[0] * 1.2 < totals[1]
    text = (
        "Initialisation of each function as AWS's runtime interface emulator reports it "
        "(`INIT REPORT`): imports, clients and services, all that precedes the first event. The "
        f"milliseconds are this machine's, the median of {rounds}; only the ratio carries over. "
        "The interpreter is the runtime's minor, the wheels are of this machine's platform."
    )
    proof.record(
        "cold-starts",
        proof.Section(
            title="Cold starts",
            text=text,
            tables=[proof.Table(columns=columns, rows=rows)],
            versions={"CPython": cpython.version(fleet.built.python)},
        ),
    )


@pytest.mark.parametrize("logical_id", FUNCTIONS)
def test_second_invocation_reuses_the_instance(fleet: Fleet, logical_id: str) -> None:
    """An instance initialises once, and answers the second event as the first."""
    instance = fleet.instance(logical_id)
    answers = [instance.invoke(event_for(logical_id)) for _ in range(2)]
    if FUNCTIONS[logical_id].routes:
        assert [answer["statusCode"] for answer in answers] == [404, 404]
    assert answers[0].keys() == answers[1].keys()
    assert len(instance.initialisations()) == 1
    reports = [line for line in instance.lines() if line.startswith("REPORT")]
    assert len(reports) == 2
    assert ["Init Duration" in line for line in reports] == [True, False]
    instance.close()


@pytest.mark.parametrize(
    ("logical_id", "variable"),
    list(zip(FUNCTIONS, itertools.cycle(["DIRECTORY_TABLE", "SESSIONS_TABLE"]), strict=False)),
)
def test_missing_variable_fails_initialisation(
    fleet: Fleet, logical_id: str, variable: str
) -> None:
    """A function whose environment lacks a table does not start, and names what is missing."""
    instance = fleet.instance(logical_id, without=variable)
    with pytest.raises(FunctionError) as caught:
        instance.invoke(event_for(logical_id))
    instance.close()
    assert caught.value.told["errorType"] == "SettingsError"
    assert caught.value.told["errorMessage"] == f"The environment lacks {variable}."


def test_exception_of_a_handler(fleet: Fleet) -> None:
    """An unexpected exception is Lambda's own error, and the instance continues."""
    instance = fleet.instance("ValidateFunction")
    with pytest.raises(FunctionError) as caught:
        instance.invoke(["no", "event"])
    assert caught.value.told["errorType"] == "AttributeError"
    assert caught.value.told["requestId"]
    assert any(line.startswith("[ERROR] AttributeError") for line in instance.lines())
    assert instance.invoke(NO_ROUTE)["statusCode"] == 404
    assert len(instance.initialisations()) == 1
    instance.close()


def test_time_out(fleet: Fleet) -> None:
    """A function that takes too long is stopped, told as a time-out, and starts anew."""
    text = (EVENTS / "validate-many.json").read_text()
    # A key of the right shape, so that it is looked for.
    asks_the_table = json.loads(text.replace("${ACCESS_KEY}", "ks_" + "0" * 65))
    instance = fleet.instance(
        "ValidateFunction",
        # Less than the ten seconds for which a request tries to reach its table.
        AWS_LAMBDA_FUNCTION_TIMEOUT="6",
        AWS_ENDPOINT_URL_DYNAMODB="http://127.0.0.1:9",
    )
    assert instance.invoke(NO_ROUTE)["statusCode"] == 404
    with pytest.raises(TimedOut, match=r"timed out after 6\.00 seconds"):
        instance.invoke(asks_the_table)
    assert instance.invoke(NO_ROUTE)["statusCode"] == 404
    assert len(instance.initialisations()) == 2
    instance.close()
