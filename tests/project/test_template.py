"""The template has the properties that the documents promise."""

import re
from typing import Any

import pytest

from local.template import Template
from tests.project.tables import own
from tools.lint_template import translated

TEMPLATE = Template.read()
FUNCTIONS = TEMPLATE.resources("AWS::Serverless::Function")
ALARMS = TEMPLATE.resources("AWS::CloudWatch::Alarm")


def statements(role: str) -> list[dict[str, Any]]:
    """A role's statements."""
    policies = TEMPLATE.resources("AWS::IAM::Role")[role]["Policies"]
    return [s for policy in policies for s in policy["PolicyDocument"]["Statement"]]


def actions(role: str) -> set[str]:
    """Every action that a role allows."""
    found: set[str] = set()
    for statement in statements(role):
        action = statement["Action"]
        found.update([action] if isinstance(action, str) else action)
    return found


def test_login_alone_decrypts() -> None:
    """No function but login may decrypt signing keys; those that make them may encrypt."""
    roles = TEMPLATE.resources("AWS::IAM::Role")
    assert [role for role in roles if "kms:Decrypt" in actions(role)] == ["LoginRole"]
    assert [role for role in roles if "kms:Encrypt" in actions(role)] == [
        "DirectoryRole",
        "RotateRole",
    ]


@pytest.mark.parametrize("role", ["LoginRole", "DirectoryRole", "RotateRole"])
def test_key_is_used_with_its_context_alone(role: str) -> None:
    """The stack's key answers no call that does not name the realm and the signing key."""
    (statement,) = [s for s in statements(role) if "kms:" in str(s["Action"])]
    assert statement["Condition"] == {
        "ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["realm", "key"]},
        "Null": {"kms:EncryptionContextKeys": "false"},
    }


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_writes_its_own_logs_alone(name: str) -> None:
    """A function may write to its own log group, and to none of the others."""
    stem = name.removesuffix("Function")
    (statement,) = [s for s in statements(f"{stem}Role") if "logs:" in str(s["Action"])]
    assert statement["Resource"] == {"Fn::GetAtt": [f"{stem}Logs", "Arn"]}


WRITES = {
    f"dynamodb:{action}"
    for action in ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems")
}


def _table(statement: dict[str, Any]) -> str:
    """The table that a statement is about."""
    return str(own(statement["Resource"])["Fn::GetAtt"][0])


def writing(role: str) -> list[dict[str, Any]]:
    """A role's statements that let it write to a table."""
    return [s for s in statements(role) if WRITES & set(s["Action"])]


@pytest.mark.parametrize("role", ["ValidateRole", "DiscoveryRole", "AuthorizerRole"])
def test_readers_cannot_write(role: str) -> None:
    """Validation, discovery and the authorizer hold no action that writes to a table."""
    assert writing(role) == []


def test_lists_write_the_use_of_a_key_alone() -> None:
    """Lists may write when an access key was used, in its one attribute, and nothing else."""
    (statement,) = writing("ListSessionsRole")
    assert statement["Action"] == ["dynamodb:UpdateItem"]
    assert own(statement["Resource"]) == {"Fn::GetAtt": ["DirectoryTable", "Arn"]}
    assert statement["Condition"] == {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["key_" + "?" * 22]},
        "ForAllValues:StringEquals": {"dynamodb:Attributes": ["pk", "sk", "last_used_ms"]},
        "StringEqualsIfExists": {"dynamodb:ReturnValues": "NONE"},
    }


@pytest.mark.parametrize("role", ["LoginRole", "TerminateRole"])
def test_sessions_functions_write_no_key_but_its_use(role: str) -> None:
    """In the directory table, login and termination write only realms and last uses of keys."""
    (use,) = writing("ListSessionsRole")
    directory = [s for s in writing(role) if _table(s) == "DirectoryTable"]
    assert use in directory
    directory.remove(use)
    for statement in directory:
        leading = statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
        assert leading == ["rl_" + "?" * 22]


@pytest.mark.parametrize("name", TEMPLATE.resources("AWS::DynamoDB::Table"))
def test_tables_are_kept_safe(name: str) -> None:
    """Each table is on demand, encrypted, recoverable, protected and has a TTL attribute."""
    table = TEMPLATE.resources("AWS::DynamoDB::Table")[name]
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["SSESpecification"] == {"SSEEnabled": True}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["DeletionProtectionEnabled"] == {"Ref": "DeletionProtection"}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}


def test_access_log_cannot_hold_a_token() -> None:
    """The access log names the route, and no path, query, header or authorizer."""
    (api,) = TEMPLATE.resources("AWS::Serverless::HttpApi").values()
    used = set(re.findall(r"\$context\.[\w.]+", api["AccessLogSettings"]["Format"]))
    assert "$context.routeKey" in used
    assert not [
        name for name in used if re.search("path|header|query|authorizer|error.message", name)
    ]


@pytest.mark.parametrize("origins", ["https://a.example", "https://a.example,https://b.example"])
def test_cors_is_whole_when_deployed(origins: str) -> None:
    """With origins given, API Gateway gets methods and headers too; without, no CORS at all."""
    body = translated(CorsOrigins=origins)["Resources"]["Api"]["Properties"]["Body"]
    condition, cors, otherwise = body["x-amazon-apigateway-cors"]["Fn::If"]
    assert (condition, otherwise) == ("HasCors", {"Ref": "AWS::NoValue"})
    assert cors["allowOrigins"] == {"Fn::Split": [",", origins]}
    assert set(cors["allowMethods"]) == {"GET", "POST", "PUT", "PATCH", "DELETE"}
    assert "authorization" in cors["allowHeaders"]
    assert TEMPLATE.document["Parameters"]["CorsOrigins"]["Default"] == ""


@pytest.mark.parametrize("origins", ["https://a.example, https://b.example", "a.example", "*,*"])
def test_cors_origins_are_origins(origins: str) -> None:
    """The parameter takes origins with a scheme and no spaces between, or `*` by itself."""
    pattern = TEMPLATE.document["Parameters"]["CorsOrigins"]["AllowedPattern"]
    for taken in ("", "*", "https://a.example,http://localhost:8080"):
        assert re.fullmatch(pattern, taken)
    assert not re.fullmatch(pattern, origins)


@pytest.mark.parametrize("name", ALARMS)
def test_alarm_tells_the_topic(name: str) -> None:
    """Each alarm tells the topic that the parameter names, and says what missing data means."""
    told = {"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}
    assert ALARMS[name]["AlarmActions"] == told
    silent = "breaching" if name == "CleanupNotRunningAlarm" else "notBreaching"
    assert ALARMS[name]["TreatMissingData"] == silent


@pytest.mark.parametrize("name", ALARMS)
def test_alarm_adds_up_what_it_reads(name: str) -> None:
    """An alarm's sum names every metric that it reads, once, and reads each only once."""
    metrics = ALARMS[name].get("Metrics", [])
    read = [metric["Id"] for metric in metrics if "MetricStat" in metric]
    for total in (metric for metric in metrics if "Expression" in metric):
        assert re.findall(r"FILL\((\w+), 0\)", total["Expression"]) == read
    assert len({str(metric.get("MetricStat")) for metric in metrics}) == len(metrics)


@pytest.mark.parametrize("metric", ["Errors", "Throttles"])
def test_alarms_watch_every_function(metric: str) -> None:
    """No function is left out of the alarms about errors and throttles."""
    watched = [
        stat["MetricStat"]["Metric"]["Dimensions"][0]["Value"]["Ref"]
        for alarm in ALARMS.values()
        for stat in alarm.get("Metrics", [])
        if "MetricStat" in stat and stat["MetricStat"]["Metric"]["MetricName"] == metric
    ]
    assert sorted(watched) == sorted(FUNCTIONS)


def test_schedule_has_a_group_of_its_own() -> None:
    """The scheduler's alarm is about this stack's schedule, whatever else the account runs."""
    (event,) = FUNCTIONS["CleanupFunction"]["Events"].values()
    (dimension,) = ALARMS["ScheduleFailingAlarm"]["Dimensions"]
    assert event["Properties"]["GroupName"] == dimension["Value"] == {"Ref": "SchedulesGroup"}


def test_translation_keeps_tables_and_functions() -> None:
    """SAM's translation has each function, table, log group and the permissions."""
    resources = translated()["Resources"]
    kinds = [resource["Type"] for resource in resources.values()]
    assert kinds.count("AWS::Lambda::Function") == len(FUNCTIONS)
    assert kinds.count("AWS::DynamoDB::Table") == 3
    assert kinds.count("AWS::Scheduler::Schedule") == 2
    assert kinds.count("AWS::Lambda::Permission") == sum(
        len(f.routes) for f in TEMPLATE.functions()
    ) + len(TEMPLATE.resources("AWS::Lambda::Permission"))


def test_permissions_fit_a_function() -> None:
    """SAM grants a permission per route, and a function's policy holds 20,480 bytes of them."""
    most = max(len(function.routes) for function in TEMPLATE.functions())
    assert most * 400 < 20_480


@pytest.mark.parametrize("name", ["Cleanup", "Rotate"])
def test_schedules_role_invokes_its_function_alone(name: str) -> None:
    """A schedule's role may invoke its function, and serves this stack's schedules alone.

    Without the condition, a schedule of any account could use it ("the confused deputy problem").
    """
    resources = translated()["Resources"]
    role = resources[f"{name}ScheduleRole"]["Properties"]
    (policy,) = role["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == "lambda:InvokeFunction"
    assert statement["Resource"] == {"Fn::GetAtt": [f"{name}Function", "Arn"]}
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert trust["Condition"] == {
        "StringEquals": {
            "aws:SourceAccount": {"Ref": "AWS::AccountId"},
            "aws:SourceArn": {"Fn::GetAtt": ["SchedulesGroup", "Arn"]},
        }
    }
    schedule = resources[f"{name}FunctionSchedule"]["Properties"]
    assert schedule["Target"]["RoleArn"] == {"Fn::GetAtt": [f"{name}ScheduleRole", "Arn"]}
    assert schedule["GroupName"] == {"Ref": "SchedulesGroup"}


def test_public_url_is_https() -> None:
    """The parameter takes an https URL, or nothing; no other scheme, no query, no fragment."""
    pattern = TEMPLATE.document["Parameters"]["PublicUrl"]["AllowedPattern"]
    for taken in ("", "https://sessions.example.com", "https://example.com/sessions"):
        assert re.fullmatch(pattern, taken)
    for refused in (
        "http://sessions.example.com",
        "sessions.example.com",
        "https://",
        "https://a b",
        "https://example.com?x=1",
        "https://example.com/sessions#top",
    ):
        assert not re.fullmatch(pattern, refused)
