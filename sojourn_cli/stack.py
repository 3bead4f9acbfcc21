"""Find a deployed stack's directory table, or the local stack's, and reach it."""

import os

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from sojourn.access_keys import AccessKeys
from sojourn.clock import Clock
from sojourn.directory import DynamoDirectory
from sojourn.dynamodb import DynamoDB

LOCAL_TABLE = "sojourn-directory"
_CONFIG = Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 1})


class StackProblem(Exception):
    """The stack cannot be found or reached; the message says why and what to do."""


def access_keys(
    *,
    stack_name: str | None,
    region: str | None,
    profile: str | None,
    endpoint: str | None,
    clock: Clock,
) -> AccessKeys:
    """The access keys of a stack. Raises `StackProblem`."""
    try:
        if endpoint is not None:
            return _local(endpoint, clock)
        session = boto3.session.Session(profile_name=profile, region_name=region)
        table = _table_of(session, str(stack_name))
        dynamo = DynamoDB(session.client("dynamodb", config=_CONFIG), clock)
    except ClientError as error:
        raise StackProblem(_told(error, str(stack_name))) from error
    except (BotoCoreError, ValueError) as error:
        raise StackProblem(f"{error} See `sojourn init --help`.") from error
    return AccessKeys(directory=DynamoDirectory(dynamo, table), clock=clock)


def _local(endpoint: str, clock: Clock) -> AccessKeys:
    client = boto3.client(
        "dynamodb",
        endpoint_url=endpoint,
        region_name="eu-west-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 - the local stack asks for none
        config=_CONFIG,
    )
    table = os.environ.get("DIRECTORY_TABLE", LOCAL_TABLE)
    try:
        client.describe_table(TableName=table)
    except (BotoCoreError, ClientError) as error:
        text = f"No local stack answers at {endpoint}; start one with `make dev`."
        raise StackProblem(text) from error
    return AccessKeys(directory=DynamoDirectory(DynamoDB(client, clock), table), clock=clock)


def _table_of(session: boto3.session.Session, stack_name: str) -> str:
    answer = session.client("cloudformation", config=_CONFIG).describe_stack_resource(
        StackName=stack_name, LogicalResourceId="DirectoryTable"
    )
    return str(answer["StackResourceDetail"]["PhysicalResourceId"])


def _told(error: ClientError, stack_name: str) -> str:
    code = error.response.get("Error", {}).get("Code")
    if code == "ValidationError":
        return f"There is no stack {stack_name} with a DirectoryTable in this region and account."
    return f"AWS refused: {error.response.get('Error', {}).get('Message', code)}."
