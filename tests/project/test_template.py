"""The template keeps the conventions that the documents promise."""

import importlib
import re
from pathlib import Path
from typing import Any

import pytest

from local.template import Template
from tools.lint_template import translated

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "template.yaml").read_text()
TEMPLATE = Template.read()
FUNCTIONS = TEMPLATE.resources("AWS::Serverless::Function")
ALARMS = TEMPLATE.resources("AWS::CloudWatch::Alarm")
EMITTED = {
    "sojourn-login": {"LoginSucceeded", "LoginFailed", "SessionsEvicted", "Unavailable"},
    "sojourn-cleanup": {
        "CleanupFound",
        "CleanupRemoved",
        "CleanupRemaining",
        "CleanupOldestOverdueSeconds",
    },
}


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


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_has_role_and_logs_of_its_own(name: str) -> None:
    """Each function has a role and a log group of its own, with retention."""
    stem = name.removesuffix("Function")
    assert FUNCTIONS[name]["Role"] == {"Fn::GetAtt": [f"{stem}Role", "Arn"]}
    assert FUNCTIONS[name]["LoggingConfig"] == {"LogGroup": {"Ref": f"{stem}Logs"}}
    logs = TEMPLATE.resources("AWS::Logs::LogGroup")[f"{stem}Logs"]
    assert logs["RetentionInDays"] == {"Ref": "LogRetentionDays"}


def test_no_wildcard_without_a_reason() -> None:
    """Each `*` in a policy stands under or beside a comment that says why."""
    lines = TEXT.splitlines()
    for number, line in enumerate(lines):
        if re.search(r"(Resource|Action): '?\*'?|kms:\*", line):
            assert "#" in "".join(lines[number - 8 : number + 1]), line
    for name in FUNCTIONS:
        role = name.removesuffix("Function") + "Role"
        assert not [action for action in actions(role) if "*" in action]


def test_login_alone_decrypts() -> None:
    """No function but login may decrypt signing keys, and none but directory encrypt them."""
    roles = TEMPLATE.resources("AWS::IAM::Role")
    assert [role for role in roles if "kms:Decrypt" in actions(role)] == ["LoginRole"]
    assert [role for role in roles if "kms:Encrypt" in actions(role)] == ["DirectoryRole"]


@pytest.mark.parametrize("role", ["ValidateRole", "ListSessionsRole"])
def test_readers_cannot_write(role: str) -> None:
    """Validation and lists hold no action that writes to a table."""
    writes = {"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"}
    assert not {action.partition(":")[2] for action in actions(role)} & writes


@pytest.mark.parametrize("name", TEMPLATE.resources("AWS::DynamoDB::Table"))
def test_tables_are_kept_safe(name: str) -> None:
    """Each table is on demand, encrypted, recoverable, protected and has a TTL attribute."""
    table = TEMPLATE.resources("AWS::DynamoDB::Table")[name]
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["SSESpecification"] == {"SSEEnabled": True}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["DeletionProtectionEnabled"] == {"Ref": "DeletionProtection"}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}


def test_login_has_a_throttle_of_its_own() -> None:
    """Guessing passwords cannot use up what validation needs."""
    (api,) = TEMPLATE.resources("AWS::Serverless::HttpApi").values()
    assert set(api["RouteSettings"]) == {"POST /v1/login"}
    assert api["RouteSettings"]["POST /v1/login"] != api["DefaultRouteSettings"]


def test_access_log_cannot_hold_a_token() -> None:
    """The access log names the route, and no path, query, header or authorizer."""
    (api,) = TEMPLATE.resources("AWS::Serverless::HttpApi").values()
    used = set(re.findall(r"\$context\.[\w.]+", api["AccessLogSettings"]["Format"]))
    assert "$context.routeKey" in used
    assert not [
        name for name in used if re.search("path|header|query|authorizer|error.message", name)
    ]


@pytest.mark.parametrize("name", ALARMS)
def test_alarm_is_documented(name: str) -> None:
    """Each alarm has a heading in the operations document."""
    assert f"### {name}\n" in (ROOT / "docs/operations.md").read_text()


@pytest.mark.parametrize("name", ALARMS)
def test_alarm_is_about_what_is_emitted(name: str) -> None:
    """An alarm on a metric of ours names one, and a service, that the code emits."""
    alarm = ALARMS[name]
    metrics = [m["MetricStat"]["Metric"] for m in alarm.get("Metrics", []) if "MetricStat" in m]
    for metric in metrics or [alarm]:
        if metric["Namespace"] == "Sojourn":
            (dimension,) = metric["Dimensions"]
            service = dimension["Value"]
            assert dimension["Name"] == "service"
            environments = [f["Environment"]["Variables"] for f in FUNCTIONS.values()]
            assert service in {e["POWERTOOLS_SERVICE_NAME"] for e in environments}
            assert metric["MetricName"] in EMITTED.get(service, {"Unavailable"})


@pytest.mark.parametrize("function", TEMPLATE.functions(), ids=lambda f: f.folder)
def test_routes_are_the_handlers(function: Any) -> None:
    """A function answers exactly the routes that the template gives it."""
    if function.scheduled:
        assert function.routes == ()
        return
    module = importlib.import_module(function.module)
    assert set(function.routes) == routes_of(module.routes)


def routes_of(routes: Any) -> set[str]:
    """The keys of a function's table of routes, over services that are never called."""

    class Anything:
        def __getattr__(self, name: str) -> "Anything":
            return self

    return set(routes(Anything()))


def test_translation_keeps_tables_and_functions() -> None:
    """SAM's translation has each function, table, log group and a permission per route."""
    resources = translated()["Resources"]
    kinds = [resource["Type"] for resource in resources.values()]
    assert kinds.count("AWS::Lambda::Function") == len(FUNCTIONS)
    assert kinds.count("AWS::DynamoDB::Table") == 2
    assert kinds.count("AWS::Scheduler::Schedule") == 1
