"""One contract for every store: in memory, moto and DynamoDB Local."""

import re
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from provers import report as proof
from provers.conftest import ROOT, VERSION


def passed(environment: Mapping[str, str]) -> dict[str, set[str]]:
    """The contract's cases that passed, by store. Every case must."""
    command = [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider"]
    suites = sorted(ROOT.glob("tests/integration/store/test_*_contract.py"))
    done = subprocess.run(
        [*command, *map(str, suites)],
        cwd=ROOT,
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:]
    found: dict[str, set[str]] = {"memory": set(), "dynamodb": set()}
    for name, store, case in re.findall(r"::(\w+)\[(memory|dynamodb)(.*)\] PASSED", done.stdout):
        found[store].add(name + case)
    return found


def test_every_store_keeps_the_contract(
    dynamodb_local: str, environment_without_aws: dict[str, str]
) -> None:
    """The same cases, all of them, pass in memory, on moto and on DynamoDB Local."""
    elsewhere = {**environment_without_aws, "SOJOURN_TEST_DYNAMODB": dynamodb_local}
    with ThreadPoolExecutor() as both:
        here, real = both.map(passed, [environment_without_aws, elsewhere])
    stores = {
        "in memory": here["memory"],
        "moto": here["dynamodb"],
        "DynamoDB Local": real["dynamodb"],
    }
    assert stores["in memory"] == stores["moto"] == stores["DynamoDB Local"]
    assert len(stores["in memory"]) >= 65
    text = (
        "One suite says what a store must do: conditional commits under threads, endings recorded "
        "with them, what does not fit resumed, consistent reads in order, pages, users and their "
        "names, realms and access keys, counters of failed tries, what is due, and the removal of "
        "users and realms. Each case ran against the store in memory, which unit tests use, "
        "against moto, and against AWS's own DynamoDB Local."
    )
    rows = [(store, len(cases)) for store, cases in stores.items()]
    proof.record(
        "contract",
        proof.Section(
            title="One contract for every store",
            text=text,
            tables=[proof.Table(columns=("store", "cases passed"), rows=rows)],
            versions={"DynamoDB Local": VERSION, **proof.versions("moto", "hypothesis")},
        ),
    )
