"""The restore of docs/operations.md: restored tables work, and roles follow them."""

import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

from local import aws
from local.template import ROOT, Template
from provers.roles.judge import Judge, sit
from provers.roles.roles import roles
from sojourn_cli.doctor.stack import protection, recovery, ttl
from sojourn_cli.stack import Resources
from tests.integration.conftest import resources_of
from tests.integration.service.test_roles import FUNCTIONS, as_role
from tests.support.clock import MovedClock
from tests.support.http_world import World
from tests.support.instance import ENTRIES, SCHEDULED

pytestmark = pytest.mark.skipif(
    "SOJOURN_TEST_DYNAMODB" in os.environ, reason="DynamoDB Local restores no table"
)
TEMPLATE = Template.read()
VARIABLES = {
    "DIRECTORY_TABLE": "ExistingDirectoryTable",
    "SESSIONS_TABLE": "ExistingSessionsTable",
    "ATTEMPTS_TABLE": "ExistingAttemptsTable",
}


@dataclass(frozen=True)
class Restored:
    """The stack, pointed at restored tables, and what judges its functions' calls."""

    world: World
    judge: Judge
    tables: tuple[str, ...]
    ended: str
    """A session that was ended after the moment that was restored."""
    alive: str
    user_id: str
    token: str


def given(environment: dict[str, str], tables: dict[str, str]) -> dict[str, str]:
    """The functions' environment, by the template with these parameters."""
    known = {
        **TEMPLATE.defaults(),
        **tables,
        "SigningKeysKey.Arn": environment["KMS_KEY_ID"],
        "PublicUrl": environment["PUBLIC_URL"],
    }
    told: dict[str, str] = {}
    for function in TEMPLATE.functions():
        resolved = TEMPLATE.resolved(dict(function.environment), known)
        told |= {name: str(value) for name, value in resolved.items() if name in environment}
    return told


def switch_on(client: Any, table: str) -> None:
    """What a restore does not carry over."""
    client.update_time_to_live(
        TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"}
    )
    client.update_continuous_backups(
        TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    client.update_table(TableName=table, DeletionProtectionEnabled=True)


@pytest.fixture
def restored(
    world: World, environment: dict[str, str], clock: MovedClock, dynamodb: Any
) -> Iterator[Restored]:
    """Both tables as they were before a session was ended, an empty one for failed logins."""
    user_id = world.user("ada")
    first, second = world.login("ada").body, world.login("ada").body
    run = uuid.uuid4().hex[:8]
    tables = {parameter: f"{run}-{parameter}" for parameter in VARIABLES.values()}
    for variable in ("DIRECTORY_TABLE", "SESSIONS_TABLE"):
        dynamodb.restore_table_to_point_in_time(
            SourceTableName=environment[variable],
            TargetTableName=tables[VARIABLES[variable]],
            UseLatestRestorableTime=True,
        )
        switch_on(dynamodb, tables[VARIABLES[variable]])
    attempts = TEMPLATE.resources("AWS::DynamoDB::Table")["AttemptsTable"]
    aws.create_table(dynamodb, tables["ExistingAttemptsTable"], attempts)
    switch_on(dynamodb, tables["ExistingAttemptsTable"])
    assert world.admin("DELETE", f"/v1/sessions/{first['id']}").status == 204

    own = given(environment, tables)
    there = World.attached(resources_of(own, clock), own, key=world.key, realm_id=world.realm_id)
    there.clock = clock
    judge = Judge(roles({**tables, "SigningKeysKey.Arn": environment["KMS_KEY_ID"]}))
    for function in FUNCTIONS.values():
        entry = {**ENTRIES, **SCHEDULED}[function.folder]
        variables = {name: own[name] for name in function.environment if name in own}
        handler = as_role(judge, function, entry.bind(resources_of(variables, clock)))
        bound = there._scheduled if function.scheduled else there._handlers
        bound[function.folder] = handler
    rise = sit()
    yield Restored(
        world=there,
        judge=judge,
        tables=tuple(tables.values()),
        ended=first["id"],
        alive=second["id"],
        user_id=user_id,
        token=first["token"],
    )
    rise()


def test_template_names_the_given_tables(environment: dict[str, str]) -> None:
    """With the parameters, every function gets the given names and no other."""
    names = {parameter: f"restored-{parameter}" for parameter in VARIABLES.values()}
    told = given(environment, names)
    assert {variable: told[variable] for variable in VARIABLES} == {
        variable: names[parameter] for variable, parameter in VARIABLES.items()
    }


def test_restored_tables_serve(restored: Restored) -> None:
    """On restored tables a login works, sessions are listed and validate, as each function's role.

    The schedules run there too.
    """
    world = restored.world
    new = world.login("ada")
    assert new.status == 200
    assert world.call("GET", "/v1/session", bearer=new.body["token"]).status == 200
    assert {restored.alive, new.body["id"]} <= {*world.active(restored.user_id)}
    assert world.login("ada", password="not it at all").status == 401
    assert world.clean_up()["failed"] == 0
    assert world.rotate()["failed"] == 0
    assert restored.judge.refused == []


def test_former_tables_are_left_alone(
    restored: Restored, environment: dict[str, str], dynamodb: Any
) -> None:
    """After the switch, all writes go to the restored tables."""

    def items() -> list[Any]:
        names = [environment[variable] for variable in VARIABLES]
        return [dynamodb.scan(TableName=name)["Items"] for name in names]

    before = items()
    assert restored.world.login("ada").status == 200
    assert restored.world.login("ada", password="not it at all").status == 401
    assert items() == before


def test_what_was_ended_since_is_ended_again(restored: Restored) -> None:
    """A session that was ended after that moment is back, until its user's sessions are ended."""
    world = restored.world
    assert world.call("GET", "/v1/session", bearer=restored.token).status == 200
    again = world.admin("POST", f"/v1/users/{restored.user_id}/end_sessions")
    assert again.status == 200
    answer = world.call("GET", "/v1/session", bearer=restored.token)
    assert (answer.status, answer.body["code"]) == (401, "session_ended")
    assert restored.judge.refused == []


def test_doctor_finds_restored_tables_well(restored: Restored) -> None:
    """With what a restore does not carry over switched on, the doctor finds nothing."""
    session = boto3.session.Session(region_name=aws.REGION)
    found = Resources(session=session, tables=restored.tables, alarms=(), schedules=(), groups=())
    assert [check(found)[0] for check in (ttl, recovery, protection)] == ["ok"] * 3


def test_roles_hold_the_given_tables_alone() -> None:
    """With the names given, no role has a table of another name."""
    names = {parameter: f"restored-{parameter}" for parameter in VARIABLES.values()}
    key = "arn:aws:kms:eu-west-1:123456789012:key/signing"
    tables = {
        resource.partition(":table/")[2].partition("/")[0]
        for role in roles({**names, "SigningKeysKey.Arn": key}).values()
        for action, resource in role.grants
        if action.startswith("dynamodb:")
    }
    assert tables == {*names.values()}


def test_procedure_is_written() -> None:
    """The operations document's restore names each parameter and what is switched on again."""
    text = (ROOT / "docs/operations.md").read_text()
    restore = text.partition("\n## Restore\n")[2].partition("\n## ")[0]
    for word in (
        *VARIABLES.values(),
        "restore-table-to-point-in-time",
        "update-time-to-live",
        "update-continuous-backups",
        "--deletion-protection-enabled",
    ):
        assert word in restore, word
