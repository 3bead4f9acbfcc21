"""`sojourn init`: the first key of a deployed stack, and its error messages."""

import json

import boto3
import pytest
from botocore.exceptions import NoCredentialsError
from click.testing import CliRunner, Result

from local import aws
from sojourn.domain import ids
from sojourn_cli import main as cli
from tests.integration.conftest import empty
from tests.support.http_world import World

TEMPLATE = {
    "Resources": {
        "DirectoryTable": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [
                    {"AttributeName": "pk", "AttributeType": "S"},
                    {"AttributeName": "sk", "AttributeType": "S"},
                ],
                "KeySchema": [
                    {"AttributeName": "pk", "KeyType": "HASH"},
                    {"AttributeName": "sk", "KeyType": "RANGE"},
                ],
            },
        }
    },
    "Outputs": {"DirectoryTableName": {"Value": {"Ref": "DirectoryTable"}}},
}


def init(*arguments: str) -> Result:
    """What `sojourn init` does."""
    return CliRunner().invoke(cli.main, ["init", *arguments])


@pytest.fixture
def stack(environment: dict[str, str]) -> str:
    """A deployed stack's name."""
    name = f"stack-{ids.new_id('rl', 1)[-6:]}"
    boto3.client("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps(TEMPLATE))
    return name


def test_first_key_of_a_stack_is_shown_once(stack: str) -> None:
    """The secret is all of standard output; a second run is refused with 1, and --force is not."""
    first = init("--stack-name", stack)
    assert first.exit_code == 0, first.output
    secret = first.stdout.strip()
    key_id = ids.secret_owner("ks", "key", secret)
    assert key_id is not None
    assert key_id in first.stderr
    again = init("--stack-name", stack)
    assert (again.exit_code, again.stdout) == (1, "")
    assert key_id in again.stderr
    assert "--force" in again.stderr
    assert secret not in again.output
    forced = init("--stack-name", stack, "--force")
    assert forced.exit_code == 0
    assert forced.stdout.strip() != secret


def test_key_of_init_opens_the_stack(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key that is made is a stack-wide admin, as the handlers see it."""
    empty(world.environment)
    monkeypatch.setenv("DIRECTORY_TABLE", world.environment["DIRECTORY_TABLE"])
    made = init("--endpoint", f"https://dynamodb.{aws.REGION}.amazonaws.com")
    assert made.exit_code == 0, made.output
    secret = made.stdout.strip()
    assert world.call("POST", "/v1/realms", {"name": "first"}, bearer=secret).status == 201


def test_key_goes_to_the_table_that_the_stack_uses(stack: str, world: World) -> None:
    """If a parameter names an existing table, the key is created in that table."""
    table = world.environment["DIRECTORY_TABLE"]
    template = {**TEMPLATE, "Outputs": {"DirectoryTableName": {"Value": table}}}
    boto3.client("cloudformation").update_stack(StackName=stack, TemplateBody=json.dumps(template))
    made = init("--stack-name", stack, "--force")
    assert made.exit_code == 0, made.output
    secret = made.stdout.strip()
    assert world.call("POST", "/v1/realms", {"name": "first"}, bearer=secret).status == 201


def test_stack_without_a_directory(environment: dict[str, str]) -> None:
    """A stack that names no directory table is reported."""
    none = {"Resources": TEMPLATE["Resources"]}
    boto3.client("cloudformation").create_stack(StackName="bare", TemplateBody=json.dumps(none))
    bare = init("--stack-name", "bare")
    assert bare.exit_code == 1
    assert "no output DirectoryTableName" in bare.stderr
    assert "No key was created." in bare.stderr


def test_unknown_stack(environment: dict[str, str]) -> None:
    """A stack that is not there is named, without a stack trace."""
    away = init("--stack-name", "nowhere", "--region", "eu-west-1")
    assert away.exit_code == 1
    assert "no stack nowhere" in away.stderr
    assert "No key was created." in away.stderr
    assert "Traceback" not in away.output


def test_no_region(stack: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a region the sentence says so."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    lost = init("--stack-name", stack)
    assert lost.exit_code == 1
    assert "region" in lost.stderr.lower()


def test_unknown_profile(stack: str) -> None:
    """A profile that is not configured is named."""
    lost = init("--stack-name", stack, "--profile", "nobody")
    assert lost.exit_code == 1
    assert "nobody" in lost.stderr


def test_stack_and_endpoint_exclude_each_other() -> None:
    """Both a stack and an endpoint are a usage error."""
    assert init("--stack-name", "a", "--endpoint", "http://127.0.0.1:9").exit_code == 2


def test_no_credentials(stack: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without credentials the sentence says so."""

    def none(*_: object, **__: object) -> None:
        raise NoCredentialsError

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", none)
    lost = init("--stack-name", stack)
    assert lost.exit_code == 1
    assert "credentials" in lost.stderr.lower()
    assert "No key was created." in lost.stderr


@pytest.mark.parametrize("name", ["", " ", "a\tb", "a\u202eb", "a" * 201])
def test_name_of_the_key_is_one(name: str) -> None:
    """A name that the API would refuse is a usage error that says what a name is."""
    refused = init("--stack-name", "any", "--name", name)
    assert refused.exit_code == 2
    assert "1 to 200 visible characters" in refused.stderr
