"""What the bench compares with, and what of it is counted: calls, bytes and modules."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from bench.speed import check, counted, raw, starts, world
from bench.speed.cases import COUNTED, MEASURED, Case
from bench.speed.processes import Asked, Bench, bench
from bench.speed.results import Results


@pytest.fixture(scope="module")
def stub() -> Iterator[Bench]:
    """A stub with a world."""
    with bench(world.made()) as running:
        yield running


@pytest.fixture(scope="module")
def floor(stub: Bench) -> Asked:
    """The floor's process."""
    return stub.worker("floor")


@pytest.fixture(scope="module")
def services(stub: Bench) -> dict[str, Asked]:
    """A process of each function."""
    return {name: stub.worker(name) for name in {case.function for case in COUNTED}}


def requests(stub: Bench, worker: Asked, case: Case) -> list[tuple[str, list[str]]]:
    """The operations of one answer with warm caches, each with the keys that it names."""
    worker.run(case.name, 2)
    stub.calls()
    worker.run(case.name, 1)
    return [(call["operation"], sorted(counted.keys_of(call["body"]))) for call in stub.calls()]


def unlike(keys: list[str]) -> list[str]:
    """Keys without what is new each time: the entry of the feed."""
    return [re.sub(r"rev_\w+", "rev_", re.sub(r"#feed#\d+", "#feed#", key)) for key in keys]


@pytest.mark.parametrize("case", MEASURED, ids=lambda case: case.name)
def test_floor_makes_the_services_calls(
    stub: Bench, floor: Asked, services: dict[str, Asked], case: Case
) -> None:
    """The floor asks DynamoDB the same operations for the same items as the function does."""
    of_service = requests(stub, services[case.function], case)
    of_floor = requests(stub, floor, case)
    assert [(o, unlike(k)) for o, k in of_floor] == [(o, unlike(k)) for o, k in of_service]


@pytest.mark.parametrize("case", MEASURED, ids=lambda case: case.name)
def test_floor_gives_the_services_answer(
    floor: Asked, services: dict[str, Asked], case: Case
) -> None:
    """The floor's answer is the function's; of a new session, its members are."""
    found = []
    for worker in (services[case.function], floor):
        answer = worker.answer(case.name)
        body = json.loads(answer.get("body", "{}"))
        assert answer["statusCode"] == case.status
        found.append(sorted(body) if "token" in body else body)
    assert found[0] == found[1]


def test_counts_are_within_their_budgets(stub: Bench) -> None:
    """Calls of the tables and bytes on the wire of each operation are within bench/budgets.toml."""
    results = Results()
    for each in counted.count(stub):
        results.note("calls", each.case.name, len(each.operations))
        results.note("bytes", each.case.name, each.size)
    most = check.budgets()
    assert list(check.complaints(results.figures, most, sections=("calls", "bytes"))) == []


def test_modules_are_within_their_budgets(stub: Bench, tmp_path: Path) -> None:
    """The modules that each function imports at its start are within bench/budgets.toml."""
    results = Results()
    for name in starts.STARTED:
        found = starts.started(stub, name, tmp_path, write=True)
        results.note("modules", name, found["modules"])
    most = check.budgets()
    assert list(check.complaints(results.figures, most, sections=["modules"])) == []


def test_floor_signs_as_aws_has_it() -> None:
    """The floor's signature is botocore's, so that it leaves out nothing of the work."""
    taken: list[bytes] = []

    class Kept(raw.Raw):
        def __init__(self) -> None:
            self._netloc, self._region = "dynamodb.eu-west-1.amazonaws.com", "eu-west-1"
            self._key_id, self._secret, self._token = "AKID", "secret", "token"
            self._day, self._key = "", b""

        def _exchanged(self, request: bytes) -> bytes:
            taken.append(request)
            return b"{}"

    Kept().call("GetItem", {"Key": {"pk": {"S": "ä"}}})
    head, _, body = taken[0].partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    signed = headers.pop("Authorization")
    headers = {name: headers[name] for name in ("Content-Type", "Host", "X-Amz-Target")} | {
        "X-Amz-Date": headers["X-Amz-Date"]
    }
    request = AWSRequest("POST", f"https://{headers['Host']}/", headers=headers, data=body)
    request.context["timestamp"] = headers["X-Amz-Date"]
    auth: Any = SigV4Auth(Credentials("AKID", "secret", "token"), "dynamodb", "eu-west-1")
    auth._modify_request_before_signing(request)
    text = auth.string_to_sign(request, auth.canonical_request(request))
    assert signed.endswith(f"Signature={auth.signature(text, request)}")
