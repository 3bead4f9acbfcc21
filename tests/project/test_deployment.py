"""moto's CloudFormation creates the translated template as intended.

moto says CREATE_COMPLETE and leaves out the API, the schedules and the alarms; it drops the TTL and
recovery of tables, and the layer, the tracing and the architecture of functions. Those are read
from the template elsewhere.
"""

import ast
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.project.conventions import Written
from tests.project.deployment import ACCOUNT, LEFT_OUT, REGION, Made, deployed
from tests.project.references import references
from tools.lint_template import DEPLOYMENTS

HERE = Written.here()


@pytest.fixture(scope="module", params=DEPLOYMENTS)
def made(request: pytest.FixtureRequest) -> Iterator[Made]:
    """The stack, deployed with the defaults, with given tables and with every parameter."""
    with deployed(DEPLOYMENTS[request.param]) as made:
        yield made


def test_all_that_moto_knows_is_made(made: Made) -> None:
    """As many resources of each type are there as the template has, but of those left out."""
    wanted = Counter(resource["Type"] for resource in made.template["Resources"].values())
    assert made.kinds == {kind: n for kind, n in wanted.items() if kind not in LEFT_OUT}
    assert wanted.keys() >= LEFT_OUT


def test_tables_are_as_intended(made: Made) -> None:
    """Each table has the key, the attributes and the indexes of the template, on demand."""
    tables = made.named("AWS::DynamoDB::Table")
    assert {*tables} == {*made.tables.values()} & {*made.physical.values()}
    assert len(made.tables) == 3
    for name, wanted in tables.items():
        table = made.client("dynamodb").describe_table(TableName=name)["Table"]
        assert table["KeySchema"] == wanted["KeySchema"]
        assert table["AttributeDefinitions"] == wanted["AttributeDefinitions"]
        assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
        indexes = table.get("GlobalSecondaryIndexes", [])
        shown = ("IndexName", "KeySchema", "Projection")
        assert [{k: index[k] for k in shown} for index in indexes] == wanted.get(
            "GlobalSecondaryIndexes", []
        )


def test_functions_are_as_intended(made: Made) -> None:
    """Each function has its role, its time and memory, and the names of the tables and the key."""
    functions = made.named("AWS::Lambda::Function")
    assert len(functions) == len(HERE.functions)
    for name, wanted in functions.items():
        function = made.client("lambda").get_function_configuration(FunctionName=name)
        role = made.physical[wanted["Role"]["Fn::GetAtt"][0]]
        assert function["Role"] == f"arn:aws:iam::{ACCOUNT}:role/{role}"
        for property_name in ("Runtime", "Handler", "Timeout", "MemorySize"):
            assert function[property_name] == wanted[property_name]
        told = function["Environment"]["Variables"]
        assert told.keys() == wanted["Environment"]["Variables"].keys()
        for variable, logical_id in (
            ("DIRECTORY_TABLE", "DirectoryTable"),
            ("SESSIONS_TABLE", "SessionsTable"),
            ("ATTEMPTS_TABLE", "AttemptsTable"),
        ):
            assert told.get(variable, made.tables[logical_id]) == made.tables[logical_id]
        key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{made.physical['SigningKeysKey']}"
        assert told.get("KMS_KEY_ID", key) == key


def test_roles_are_as_intended(made: Made) -> None:
    """Each role may be assumed by its service alone, the scheduler's for this stack's schedules.

    No statement has an open reference in it.
    """
    iam = made.client("iam")
    schedulers = {made.physical[f"{name}ScheduleRole"] for name in ("Cleanup", "Rotate")}
    schedules = f"arn:aws:left-out:{REGION}:{ACCOUNT}:SchedulesGroup"
    for name, wanted in made.named("AWS::IAM::Role").items():
        trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
        (statement,) = trust["Statement"]
        service = statement["Principal"]["Service"]
        scheduled = name in schedulers
        assert service == ("scheduler" if scheduled else "lambda") + ".amazonaws.com", name
        held = {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": schedules}
        assert statement.get("Condition") == ({"StringEquals": held} if scheduled else None), name
        assert iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"] == []
        assert iam.list_role_policies(RoleName=name)["PolicyNames"] == [
            policy["PolicyName"] for policy in wanted["Policies"]
        ]
        for policy in wanted["Policies"]:
            found = iam.get_role_policy(RoleName=name, PolicyName=policy["PolicyName"])
            # moto hands it back as Python writes it, not as JSON.
            statements = ast.literal_eval(found["PolicyDocument"])["Statement"]
            assert len(statements) == len(policy["PolicyDocument"]["Statement"])
            for statement in statements:
                assert statement["Resource"] == "*" or statement["Resource"].startswith("arn:aws:")
                assert list(references(statement)) == []


def test_log_groups_are_as_intended(made: Made) -> None:
    """Each function and the API have a log group, kept for as long as the parameter says."""
    groups = made.client("logs").describe_log_groups()["logGroups"]
    kept = {group["logGroupName"]: group["retentionInDays"] for group in groups}
    days = HERE.template.defaults()["LogRetentionDays"]
    folders = (function.folder.replace("_", "-") for function in HERE.template.functions())
    wanted = [f"/aws/lambda/sojourn-{folder}" for folder in folders]
    assert kept == dict.fromkeys([*wanted, "/aws/vendedlogs/apigateway/sojourn"], days)


def test_key_is_there(made: Made) -> None:
    """The key for signing keys is one of the account's, under an alias with the stack's name."""
    aliases = made.client("kms").list_aliases(KeyId=made.physical["SigningKeysKey"])["Aliases"]
    assert [alias["AliasName"] for alias in aliases] == ["alias/sojourn-signing-keys"]


def test_outputs_resolve(made: Made) -> None:
    """Each output is the name or ARN of what was made, but for the API, which moto leaves out."""
    resources = made.template["Resources"]
    for name, output in made.template["Outputs"].items():
        named = {r.target for r in references(output)}
        for table in named & made.tables.keys():
            assert made.outputs[name] == made.tables[table]
        (target,) = (named & resources.keys()) or {"Api"}
        if resources[target]["Type"] not in LEFT_OUT and target not in made.tables:
            assert made.outputs[name].endswith(made.physical[target]), name
