"""The proof of least privilege: each role allows what its function needs, and no more."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import boto3
import pytest

from provers import report as proof
from provers.roles import never
from provers.roles.conftest import Watched
from provers.roles.policy import Request, Statement, allows
from provers.roles.requests import HERE, Place
from provers.roles.roles import RUNTIME, arn, roles, runtime_requests
from provers.roles.variations import lesser, unbounded, unneeded
from provers.watched.record import Run

TABLES = ("DirectoryTable", "SessionsTable", "AttemptsTable")
NAMES = {**{name: name for name in TABLES}, "SigningKeysKey.Arn": HERE.arn("kms", "key/signing")}
ROLES = roles(NAMES)
KEY = NAMES["SigningKeysKey.Arn"]
CONTEXT = {"kms:EncryptionContextKeys": ("key", "realm")}
READS = {"GetItem", "BatchGetItem", "Query"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked as each role: how often in each suite, and each different request once."""

    times: Mapping[str, Counter[str]]
    requests: Mapping[str, list[Request]]


@pytest.fixture(scope="module")
def asked(watched: Watched) -> Asked:
    """What was asked, of the same names in all suites, with what Lambda itself asks."""
    requests = {name: {str(r): r for r in runtime_requests(role)} for name, role in ROLES.items()}
    times: dict[str, Counter[str]] = {}
    for suite, run in watched.runs.items():
        times[suite] = Counter()
        for role, request in _renamed(run):
            times[suite][role] += 1
            requests[role].setdefault(str(request), request)
    return Asked(times, {role: list(found.values()) for role, found in requests.items()})


def _renamed(run: Run) -> Iterator[tuple[str, Request]]:
    """Every request of a run, about resources by the names that they have here."""
    for seen in run.stacks:
        known = {arn(i, seen.names, HERE): arn(i, NAMES, HERE) for i in TABLES}
        known |= {f"{table}/index/due": f"{here}/index/due" for table, here in known.items()}
        known[seen.names["SigningKeysKey.Arn"]] = KEY
        for use in seen.uses:
            resource = known.get(use.request.resource, use.request.resource)
            yield use.role, replace(use.request, resource=resource)


def test_suite_runs_with_each_function_as_its_role(asked: Asked) -> None:
    """All that the suites have the functions ask of AWS, their roles allow; every role is used."""
    for name, role in ROLES.items():
        assert [r for r in asked.requests[name] if not role.allows(r)] == []
        assert asked.times["end to end"][name] > 0, name


@pytest.mark.parametrize("name", ROLES)
def test_nothing_of_a_role_is_to_spare(asked: Asked, name: str) -> None:
    """Without any one statement, action, resource or value of a condition, something is refused."""
    assert unneeded(ROLES[name], asked.requests[name]) == []


@pytest.mark.parametrize("name", ROLES)
def test_every_condition_refuses_something(asked: Asked, name: str) -> None:
    """Each key of a condition refuses what would be allowed without it."""
    assert unbounded(ROLES[name], asked.requests[name]) == []


@pytest.mark.parametrize("name", ROLES)
def test_runtime_has_its_own_logs_alone(name: str) -> None:
    """What Lambda does as a role is what is listed with its reason, in that function's own logs."""
    role = ROLES[name]
    ours = ("dynamodb:", "kms:", "lambda:")
    assert {a for a, _ in role.grants if not a.startswith(ours)} == (
        set(RUNTIME) if role.service == "lambda.amazonaws.com" else set()
    )
    for other in ROLES.values():
        for request in runtime_requests(other):
            own = other.function == role.function or request.resource == "*"
            assert role.allows(request) is (own and role.service == other.service)


def test_roles_are_for_their_functions() -> None:
    """Lambda assumes a function's role, and the scheduler one that may invoke one function."""
    by_service = {name: role.service for name, role in ROLES.items()}
    scheduled = {n for n, service in by_service.items() if service == "scheduler.amazonaws.com"}
    assert scheduled == {"CleanupScheduleRole", "RotateScheduleRole"}
    assert {by_service[name] for name in ROLES.keys() - scheduled} == {"lambda.amazonaws.com"}
    for name in scheduled:
        own = arn(ROLES[name].function, NAMES, HERE)
        assert ROLES[name].grants == {("lambda:InvokeFunction", own)}


def operations(service: str) -> list[str]:
    """Every operation of a service."""
    client = boto3.client(service, region_name=HERE.region)  # type: ignore[call-overload]
    return list(client.meta.service_model.operation_names)


def test_login_alone_decrypts() -> None:
    """For KMS, login may decrypt, two others may encrypt, and nothing else is allowed."""
    beside = ["ReEncryptFrom", "ReEncryptTo", "CreateGrant", "PutKeyPolicy"]
    may = {
        (name, action)
        for name, role in ROLES.items()
        for action in {*operations("kms"), *beside}
        if role.allows(Request(f"kms:{action}", KEY, CONTEXT))
    }
    assert may == {
        ("LoginRole", "Decrypt"),
        ("DirectoryRole", "Encrypt"),
        ("RotateRole", "Encrypt"),
    }


@pytest.mark.parametrize("name", ["ValidateRole", "DiscoveryRole"])
def test_readers_cannot_write(name: str) -> None:
    """Validation and discovery may do nothing with any table but read items of it."""
    actions = {*operations("dynamodb"), "PartiQLInsert", "PartiQLUpdate", "PartiQLDelete"}
    assert actions > READS
    tables = [arn(table, NAMES, HERE) for table in TABLES]
    may = {
        action
        for action in actions
        for table in (*tables, *(f"{table}/index/due" for table in tables))
        if ROLES[name].allows(Request(f"dynamodb:{action}", table))
    }
    assert may <= READS


@pytest.mark.parametrize("name", ROLES)
def test_nothing_beyond_its_work_is_allowed(name: str) -> None:
    """A role refuses what an attacker who controls its function might try."""
    assert [
        w for w in never.refused(name) if never.TRIES[w].allowed(ROLES[name], NAMES, HERE)
    ] == []


ELSEWHERE: Mapping[str, Place] = {
    "another account": Place(account="210987654321"),
    "another region": Place(region="eu-central-1"),
    "another partition": Place(partition="aws-cn"),
}


def others(resource: str) -> Iterable[str]:
    """ARNs of the same kind that are not this stack's."""
    here = HERE.arn("x", "").split(":")
    for place in ELSEWHERE.values():
        there = place.arn("x", "").split(":")
        parts = resource.split(":")
        changed = [b if p == a else p for p, a, b in zip(parts, here, there, strict=False)]
        yield ":".join([*changed, *parts[len(here) :]])
    for name in (*TABLES, "key/signing", "sojourn-"):
        if name in resource:
            yield from (resource.replace(name, f"{name}2"), resource.replace(name, f"other-{name}"))
            yield resource.replace(name, f"2{name}")
    if "/index/" in resource:
        yield resource.replace("/index/due", "/index/other")


def test_another_stack_is_out_of_reach(asked: Asked) -> None:
    """No role allows anything in another account, region or stack."""
    known = {(r.action, r.resource): r for requests in asked.requests.values() for r in requests}
    tried = 0
    for request in known.values():
        for resource in others(request.resource) if request.resource != "*" else ():
            assert resource != request.resource
            for role in ROLES.values():
                assert not role.allows(replace(request, resource=resource)), resource
                tried += 1
    assert tried > 1_000


def granting(grant: tuple[str, str]) -> Statement:
    """A statement that grants an action on a resource."""
    return {"Effect": "Allow", "Action": grant[0], "Resource": grant[1]}


def test_figures(watched: Watched, asked: Asked) -> None:
    """The calls of each role are published."""
    rows: list[tuple[str | int, ...]] = []
    for name, role in ROLES.items():
        taken = [what for what, _ in lesser(role)]
        spare = unneeded(role, asked.requests[name])
        used = [
            g for g in role.grants if any(allows([granting(g)], r) for r in asked.requests[name])
        ]
        rows.append(
            (
                name,
                asked.times["end to end"][name],
                asked.times["walks"][name],
                sum(not role.allows(r) for r in asked.requests[name]),
                f"{len(used)} of {len(role.grants)}",
                len(role.statements),
                f"{len(taken) - len(spare)} of {len(taken)}",
                f"{len(never.refused(name))} of {len(never.TRIES)}",
            )
        )
    columns = (
        "role",
        "requests, end to end",
        "requests, its own tests",
        "refused",
        "grants used",
        "statements",
        "missed when taken away",
        "tries refused",
    )
    text = (
        f"The end-to-end suite ({watched.passed['end to end']} tests) runs on the local stack with "
        "each function as its own role: every request to DynamoDB and KMS, each member of a "
        "transaction by itself, is judged with its ARN and condition keys by the statements that "
        "CloudFormation would make, and refused as AWS would. Then each statement, action, "
        "resource and value of a condition is taken away by itself; that something is refused "
        "without it shows that it is needed. Each role is also tried with what somebody might do "
        f"who has taken its function over ({len(never.TRIES)} calls: passwords, states, names, "
        "keys, whole items), "
        "and refuses all that is not its work. The roles' own tests add what takes a crash to "
        "bring about. The judge is ours, held to AWS's documented examples; IAM itself was not "
        "asked, and what Lambda does as a role (logs, X-Ray: four requests each) is supposed, not "
        "seen."
    )
    proof.record(
        "least-privilege",
        proof.Section(
            title="Least privilege",
            text=text,
            tables=[proof.Table(columns=columns, rows=rows)],
            versions=proof.versions("moto", "boto3", "aws-sam-translator"),
        ),
    )
