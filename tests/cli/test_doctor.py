"""`sojourn doctor`: each check, and checks that cannot look.

moto's CloudFormation makes no alarms and no schedules, so most tests name the stack's resources
themselves, made by their own services' calls.
"""

import json
from dataclasses import replace
from email.utils import formatdate
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from sojourn.domain import ids
from sojourn_cli.stack import Resources
from tests.cli.stub import Say, Stub, page, problem
from tests.cli.tool import Tool
from tests.support.clock import MovedClock

NOW = 1_790_000_000
DAY = 86_400
REALMS = [f"rl_{number:022}" for number in (1, 2)]
TABLE: dict[str, Any] = {
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
}
ALARM: dict[str, Any] = {
    "MetricName": "Errors",
    "Namespace": "AWS/Lambda",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1,
    "ComparisonOperator": "GreaterThanThreshold",
    "AlarmActions": ["arn:aws:sns:eu-west-1:123456789012:tell"],
}
SCHEDULE: dict[str, Any] = {
    "ScheduleExpression": "rate(1 hour)",
    "FlexibleTimeWindow": {"Mode": "OFF"},
    "Target": {
        "Arn": "arn:aws:lambda:eu-west-1:123456789012:function:cleanup",
        "RoleArn": "arn:aws:iam::123456789012:role/schedule",
    },
}


def dated(status: int, body: object, seconds: float = 0) -> Say:
    """An answer with the date of `NOW`, or so many seconds after it."""
    return Say(status, body, {"date": formatdate(NOW + seconds, usegmt=True)})


def access_key(name: str, **members: object) -> dict[str, Any]:
    """A stack-wide admin key."""
    key_id = ids.new_id("key", NOW * 1000)
    return {"id": key_id, "name": name, "permission": "admin", "realm_id": None} | members


def signing_key(**members: object) -> dict[str, Any]:
    """A signing key that is ten days old."""
    key_id = ids.new_id("jky", NOW * 1000)
    return {"id": key_id, "state": "signing", "created_at": NOW - 10 * DAY, **members}


@pytest.fixture(scope="module")
def healthy(environment: dict[str, str]) -> Resources:
    """A stack as it should be."""
    run = ids.new_id("rl", 1)[-6:]
    session = boto3.session.Session(region_name="eu-west-1")
    dynamodb = session.client("dynamodb")
    tables = (f"{run}-directory", f"{run}-sessions")
    for name in tables:
        dynamodb.create_table(TableName=name, DeletionProtectionEnabled=True, **TABLE)
        dynamodb.update_time_to_live(
            TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"}
        )
        dynamodb.update_continuous_backups(
            TableName=name,
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
        )
    cloudwatch, scheduler = session.client("cloudwatch"), session.client("scheduler")
    alarms = (f"{run}-errors", f"{run}-behind")
    for name in alarms:
        cloudwatch.put_metric_alarm(AlarmName=name, **ALARM)
    scheduler.create_schedule_group(Name=f"{run}-group")
    scheduler.create_schedule(Name=f"{run}-cleanup", GroupName=f"{run}-group", **SCHEDULE)
    return Resources(
        session=session,
        tables=tables,
        alarms=alarms,
        schedules=(f"{run}-cleanup",),
        groups=(f"{run}-group",),
    )


@pytest.fixture
def api(stub: Stub) -> Stub:
    """An API where nothing is due."""
    stub.on("GET /v1/session", dated(401, {"code": "token_missing"}))
    stub.on("GET /v1/realms", page(*({"id": realm, "rotate_days": 90} for realm in REALMS)))
    stub.on("GET /v1/jwt_keys", page(signing_key()))
    stub.on("GET /v1/access_keys", page(access_key("first")))
    return stub


@pytest.fixture
def tool(api: Stub, healthy: Resources) -> Tool:
    """The tool, for the healthy stack, by a clock that agrees."""
    return Tool(api.url, clock=MovedClock(NOW * 1000 + 500), resources=lambda _: healthy)


def seen(tool: Tool, *arguments: str, code: int) -> dict[str, tuple[str, str]]:
    """What each check found, and that the exit code is this."""
    told = tool("doctor", *arguments, "--json")
    checks = json.loads(told.stdout)
    assert told.exit_code == code, told.output
    assert all(set(check) == {"name", "state", "detail"} for check in checks)
    return {check["name"]: (check["state"], check["detail"]) for check in checks}


def wrong(found: dict[str, tuple[str, str]]) -> dict[str, str]:
    """The checks that are not ok, with their states."""
    return {name: state for name, (state, _) in found.items() if state != "ok"}


def test_all_is_well(tool: Tool) -> None:
    """Every check is ok: 0, and a table with a line for each."""
    assert wrong(seen(tool, code=0)) == {}
    told = tool("doctor")
    assert told.exit_code == 0
    assert [line.split()[0] for line in told.stdout.splitlines()] == [
        "CHECK",
        "ttl",
        "point_in_time_recovery",
        "deletion_protection",
        "alarms",
        "schedules",
        "clock",
        "signing_keys",
        "access_keys",
        "admin_keys",
    ]


def test_table_that_lacks_everything(tool: Tool, healthy: Resources) -> None:
    """TTL, recovery and protection that are off are reported with the table's name."""
    bare = f"{healthy.tables[0]}-bare"
    healthy.session.client("dynamodb").create_table(TableName=bare, **TABLE)
    found = seen(
        replace(tool, resources=lambda _: replace(healthy, tables=(*healthy.tables, bare))),
        code=1,
    )
    assert wrong(found) == {
        "ttl": "failed",
        "point_in_time_recovery": "failed",
        "deletion_protection": "warning",
    }
    assert all(bare in found[name][1] for name in wrong(found))
    assert healthy.tables[1] not in found["ttl"][1]


def test_ttl_of_another_attribute(tool: Tool, healthy: Resources) -> None:
    """A TTL on something else than the items' `ttl` is as good as none."""
    name = f"{healthy.tables[0]}-other"
    dynamodb = healthy.session.client("dynamodb")
    dynamodb.create_table(TableName=name, **TABLE)
    dynamodb.update_time_to_live(
        TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"}
    )
    found = seen(replace(tool, resources=lambda _: replace(healthy, tables=(name,))), code=1)
    assert found["ttl"][0] == "failed"


@pytest.mark.parametrize("mute", [{"AlarmActions": []}, {"ActionsEnabled": False}])
def test_alarm_that_reaches_nobody(tool: Tool, healthy: Resources, mute: dict[str, Any]) -> None:
    """An alarm without an action, or with actions switched off, is reported, with what to do."""
    name = f"{healthy.alarms[0]}-mute"
    healthy.session.client("cloudwatch").put_metric_alarm(AlarmName=name, **(ALARM | mute))
    found = seen(
        replace(tool, resources=lambda _: replace(healthy, alarms=(*healthy.alarms, name))), code=1
    )
    assert wrong(found) == {"alarms": "failed"}
    assert name in found["alarms"][1]
    assert "AlarmTopicArn" in found["alarms"][1]


def test_what_was_removed_by_hand(tool: Tool, healthy: Resources) -> None:
    """An alarm and a schedule that the stack names and that are gone are reported."""
    gone = replace(healthy, alarms=(*healthy.alarms, "gone-alarm"), schedules=("gone-schedule",))
    found = seen(replace(tool, resources=lambda _: gone), code=1)
    assert wrong(found) == {"alarms": "failed", "schedules": "failed"}
    assert "gone-alarm" in found["alarms"][1]
    assert "gone-schedule" in found["schedules"][1]


def test_schedule_that_is_disabled(tool: Tool, healthy: Resources) -> None:
    """A schedule that was switched off is reported; the other is well."""
    name = f"{healthy.schedules[0]}-off"
    healthy.session.client("scheduler").create_schedule(
        Name=name, GroupName=healthy.groups[0], State="DISABLED", **SCHEDULE
    )
    both = replace(healthy, schedules=(*healthy.schedules, name))
    found = seen(replace(tool, resources=lambda _: both), code=1)
    assert wrong(found) == {"schedules": "failed"}
    assert f"Not enabled: {name};" in found["schedules"][1]


def test_stack_that_is_not_whole(tool: Tool, healthy: Resources) -> None:
    """A stack without tables, alarms or schedules is not well for having none that is ill."""
    empty = replace(healthy, tables=(), alarms=(), schedules=(), groups=())
    found = seen(replace(tool, resources=lambda _: empty), code=1)
    assert list(wrong(found).values()) == ["failed"] * 5
    assert all(found[name][1].startswith("The stack has no ") for name in wrong(found))


@pytest.mark.parametrize(("seconds", "state"), [(4, "ok"), (-4, "ok"), (7, "warning")])
def test_clocks(tool: Tool, api: Stub, seconds: float, state: str) -> None:
    """A clock more than 5 seconds off is reported, with the difference and its direction."""
    api.on("GET /v1/session", dated(401, {"code": "token_missing"}, seconds))
    found = seen(tool, code=0 if state == "ok" else 1)
    assert found["clock"][0] == state
    side = "behind" if seconds > 0 else "ahead of"
    assert f"{abs(seconds)} s {side} that of the API" in found["clock"][1]


def test_slow_answer_is_no_wrong_clock(tool: Tool, api: Stub, monkeypatch: Any) -> None:
    """The latency of an answer may explain the difference, so the clock counts as right."""
    from sojourn_cli.doctor import clock_check

    asked, clock = clock_check.of_api, MovedClock(NOW * 1000 + 500)

    def slow(*arguments: Any) -> str | None:
        date = asked(*arguments)
        clock.advance(20)
        return date

    monkeypatch.setattr(clock_check, "of_api", slow)
    assert seen(replace(tool, clock=clock), code=0)["clock"][0] == "ok"


def test_signing_keys_that_are_due(tool: Tool, api: Stub) -> None:
    """An overdue rotation names its realm; a key that is past its time is named too."""
    old = signing_key(created_at=NOW - 92 * DAY)
    past = signing_key(state="verifying", retire_after=NOW - 2 * DAY)
    api.on("GET /v1/jwt_keys", page(old), page(signing_key(), past))
    found = seen(tool, code=1)
    assert wrong(found) == {"signing_keys": "warning"}
    assert REALMS[0] in found["signing_keys"][1]
    assert REALMS[1] not in found["signing_keys"][1]
    assert past["id"] in found["signing_keys"][1]
    assert [a.headers["authrocket-realm"] for a in api.asked if a.path == "/v1/jwt_keys"] == REALMS


def test_signing_keys_that_are_not_due(tool: Tool, api: Stub) -> None:
    """A realm that never rotates, a key that waits, and a schedule's next day are all well."""
    api.on("GET /v1/realms", page({"id": REALMS[0], "rotate_days": 0}, {"id": REALMS[1]}))
    waiting = signing_key(state="pending", created_at=NOW)
    kept = signing_key(state="verifying", retire_after=NOW + 5)
    just = signing_key(state="verifying", retire_after=NOW - 5)
    old = signing_key(created_at=NOW - 900 * DAY, retire_after=None, open_ended=True)
    api.on("GET /v1/jwt_keys", page(old), page(waiting, kept, just))
    found = seen(tool, code=0)
    assert "1 published and not signing yet" in found["signing_keys"][1]


def test_access_keys_that_expire(tool: Tool, api: Stub) -> None:
    """Keys that expired, or will within 14 days, are named; later ones are not."""
    first = access_key("first", expires_at=None)
    of_realm = access_key("gone", realm_id=REALMS[1], expires_at=NOW - 1)
    soon = access_key("soon", permission="read", realm_id=REALMS[0], expires_at=NOW + 13 * DAY)
    later = access_key("later", realm_id=REALMS[0], expires_at=NOW + 15 * DAY)
    api.on("GET /v1/access_keys", page(first), page(soon, later), page(of_realm), page(first))
    found = seen(tool, code=1)
    assert wrong(found) == {"access_keys": "warning"}
    text = found["access_keys"][1]
    assert "gone" in text
    assert "soon" in text
    assert "later" not in text


@pytest.mark.parametrize(
    ("keys", "state"),
    [
        ([access_key("a"), access_key("b"), access_key("c")], "ok"),
        ([access_key(str(n)) for n in range(4)], "warning"),
        ([access_key("a", permission="write")], "failed"),
        ([access_key("a", expires_at=NOW - 1)], "failed"),
        ([access_key("a", realm_id=REALMS[0])], "unknown"),
    ],
)
def test_admin_keys(tool: Tool, api: Stub, keys: list[Any], state: str) -> None:
    """One to three stack-wide admin keys are well, more are many, none is wrong."""
    api.on("GET /v1/access_keys", page(*keys))
    told = tool("doctor", "--json")
    (check,) = (c for c in json.loads(told.stdout) if c["name"] == "admin_keys")
    assert check["state"] == state


def test_realm_that_goes_meanwhile(tool: Tool, api: Stub) -> None:
    """A realm that is deleted while the doctor looks is left out."""
    gone = problem(404, "not_found", "Not found")
    api.on("GET /v1/jwt_keys", gone, page(signing_key()))
    assert "None of 1 signing keys" in seen(tool, code=0)["signing_keys"][1]


def test_missing_permission_hides_no_other(tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    """What AWS refuses is `could not look` with AWS's words, and 3; the rest is looked at."""
    call = BaseClient._make_api_call  # type: ignore[attr-defined]

    def refuse(client: Any, operation: str, arguments: Any) -> Any:
        if operation in ("DescribeTimeToLive", "GetSchedule"):
            message = f"not authorized: {operation}"
            error = {"Code": "AccessDeniedException", "Message": message}
            raise ClientError({"Error": error}, operation)  # type: ignore[typeddict-item]
        return call(client, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", refuse)
    found = seen(tool, code=3)
    assert wrong(found) == {"ttl": "unknown", "schedules": "unknown"}
    assert found["ttl"][1] == "Could not look: AWS refused: not authorized: DescribeTimeToLive"


def test_key_that_may_not_look(tool: Tool, api: Stub) -> None:
    """An access key without `admin` sees no keys, and the rest is looked at."""
    api.on("GET /v1/access_keys", problem(403, "permission_missing", "This needs 'admin'."))
    found = seen(tool, code=3)
    assert wrong(found) == {"access_keys": "unknown", "admin_keys": "unknown"}


def test_something_wrong_counts_more_than_something_unseen(tool: Tool, api: Stub) -> None:
    """If one check is a warning and another is unknown, the exit code is 1."""
    api.on("GET /v1/access_keys", problem(403, "permission_missing", "This needs 'admin'."))
    fast = replace(tool, clock=MovedClock((NOW + 60) * 1000))
    assert wrong(seen(fast, code=1))["clock"] == "warning"


def test_without_a_key(tool: Tool) -> None:
    """Without an access key the stack and the clocks are looked at all the same."""
    told = tool("doctor", "--json", SOJOURN_ACCESS_KEY=None)
    checks = {check["name"]: check["state"] for check in json.loads(told.stdout)}
    assert told.exit_code == 3
    assert [name for name, state in checks.items() if state == "unknown"] == [
        "signing_keys",
        "access_keys",
        "admin_keys",
    ]


def test_without_a_stack_name(api: Stub) -> None:
    """With a URL alone, what AWS knows cannot be looked at, and says what to give."""
    found = seen(Tool(api.url, clock=MovedClock(NOW * 1000)), code=3)
    assert len(wrong(found)) == 5
    assert "--stack-name" in found["alarms"][1]


def test_api_that_does_not_answer(healthy: Resources) -> None:
    """If nothing listens, the keys cannot be checked, but the tables are."""
    silent = Tool("http://127.0.0.1:9", resources=lambda _: healthy)
    found = seen(silent, code=3)
    assert set(wrong(found)) == {"clock", "signing_keys", "access_keys", "admin_keys"}
    assert "refuses connections" in found["admin_keys"][1]


def test_stack_of_cloudformation(api: Stub, environment: dict[str, str]) -> None:
    """By the stack's name its tables and its API are found; one that is not there is reported."""
    table = {"Type": "AWS::DynamoDB::Table", "Properties": TABLE}
    template = {
        "Resources": {"SessionsTable": table},
        "Outputs": {
            "ApiUrl": {"Value": api.url},
            "SessionsTableName": {"Value": {"Ref": "SessionsTable"}},
        },
    }
    boto3.client("cloudformation").create_stack(
        StackName="doctors", TemplateBody=json.dumps(template)
    )
    tool = Tool("https://another.example", clock=MovedClock(NOW * 1000))
    found = seen(tool, "--stack-name", "doctors", code=1)
    assert found["ttl"][0] == "failed"
    assert "doctors-SessionsTable" in found["ttl"][1]
    assert found["clock"][0] == "ok"
    assert found["admin_keys"][0] == "ok"
    nowhere = seen(tool, "--stack-name", "nowhere", code=3)
    assert {state for state, _ in nowhere.values()} == {"unknown"}
    assert "no stack nowhere" in nowhere["ttl"][1]


def test_tables_that_the_stack_uses(
    api: Stub, environment: dict[str, str], healthy: Resources
) -> None:
    """The tables are those whose names the stack was given, where it was given any."""
    directory, sessions = healthy.tables
    template = {
        "Resources": {"Own": {"Type": "AWS::DynamoDB::Table", "Properties": TABLE}},
        "Outputs": {
            "ApiUrl": {"Value": api.url},
            "DirectoryTableName": {"Value": directory},
            "SessionsTableName": {"Value": sessions},
        },
    }
    boto3.client("cloudformation").create_stack(
        StackName="given", TemplateBody=json.dumps(template)
    )
    tool = Tool("https://another.example", clock=MovedClock(NOW * 1000))
    found = seen(tool, "--stack-name", "given", code=1)
    assert [found[name][0] for name in ("ttl", "point_in_time_recovery")] == ["ok", "ok"]
    assert found["deletion_protection"][0] == "ok"
    assert "each of 2 tables" in found["ttl"][1]


def test_clock_of_dynamodb_when_the_api_is_away(environment: dict[str, str]) -> None:
    """With a stack whose API does not answer, the clock is held against DynamoDB's answers."""
    table = {"Type": "AWS::DynamoDB::Table", "Properties": TABLE}
    template = {
        "Resources": {"SessionsTable": table},
        "Outputs": {
            "ApiUrl": {"Value": "http://127.0.0.1:9"},
            "SessionsTableName": {"Value": {"Ref": "SessionsTable"}},
        },
    }
    boto3.client("cloudformation").create_stack(StackName="away", TemplateBody=json.dumps(template))
    found = seen(Tool(""), "--stack-name", "away", code=1)
    assert found["clock"][0] == "warning"  # the test's clock is in 2049
    assert "DynamoDB" in found["clock"][1]


def test_nothing_named_is_a_usage_error() -> None:
    """A doctor for no stack is a usage error."""
    assert Tool("")("doctor").exit_code == 2
