"""Find a deployed stack's parts by CloudFormation, or the local stack's table."""

import os
from dataclasses import dataclass
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from sojourn.access_keys import AccessKeys
from sojourn.clock import Clock
from sojourn.directory import DynamoDirectory
from sojourn.dynamodb import DynamoDB

LOCAL_TABLE = "sojourn-directory"
DIRECTORY: Final = "DirectoryTableName"
TABLES: Final = (DIRECTORY, "SessionsTableName", "AttemptsTableName")
"""The outputs that name the tables."""
CONFIG = Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 1})
PATIENT = Config(connect_timeout=3, read_timeout=10, retries={"total_max_attempts": 3})
"""For what only reads, and may be asked again."""


class StackProblem(Exception):
    """The stack cannot be found or reached; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Resources:
    """The physical names of what a stack is made of, and the session that reaches them.

    `tables` are those that it uses: its own, or those whose names were given to it.
    """

    session: boto3.session.Session
    tables: tuple[str, ...]
    alarms: tuple[str, ...]
    schedules: tuple[str, ...]
    groups: tuple[str, ...]


def find(stack_name: str, *, region: str | None, profile: str | None) -> Resources:
    """A deployed stack's resources. Raises `StackProblem`."""
    try:
        session = boto3.session.Session(profile_name=profile, region_name=region)
        cloudformation = session.client("cloudformation", config=PATIENT)
        pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack_name)
        found = [one for page in pages for one in page["StackResourceSummaries"]]
        outputs = _outputs(cloudformation, stack_name)
    except (ClientError, BotoCoreError, ValueError) as error:
        raise _problem(error, f"There is no stack {stack_name}") from error

    def named(kind: str) -> tuple[str, ...]:
        return tuple(
            str(one["PhysicalResourceId"])
            for one in found
            # One that could not be made has no name.
            if one["ResourceType"] == kind
            and one["ResourceStatus"] != "DELETE_COMPLETE"
            and one.get("PhysicalResourceId")
        )

    return Resources(
        session=session,
        tables=tuple(outputs[name] for name in TABLES if name in outputs),
        alarms=named("AWS::CloudWatch::Alarm"),
        schedules=named("AWS::Scheduler::Schedule"),
        groups=named("AWS::Scheduler::ScheduleGroup"),
    )


def api_url(stack_name: str, *, region: str | None, profile: str | None) -> str:
    """Where a deployed stack's API is, as its output ApiUrl says. Raises `StackProblem`."""
    try:
        session = boto3.session.Session(profile_name=profile, region_name=region)
        cloudformation = session.client("cloudformation", config=PATIENT)
        outputs = _outputs(cloudformation, stack_name)
    except (ClientError, BotoCoreError, ValueError) as error:
        raise _problem(error, f"There is no stack {stack_name}") from error
    if "ApiUrl" in outputs:
        return outputs["ApiUrl"]
    raise StackProblem(f"The stack {stack_name} has no output ApiUrl; is it Sojourn's, and whole?")


def _outputs(cloudformation: Any, stack_name: str) -> dict[str, str]:
    """A stack's outputs, by their names."""
    (stack,) = cloudformation.describe_stacks(StackName=stack_name)["Stacks"]
    return {one["OutputKey"]: str(one["OutputValue"]) for one in stack.get("Outputs", [])}


def access_keys(
    *,
    stack_name: str | None,
    region: str | None,
    profile: str | None,
    endpoint: str | None,
    clock: Clock,
) -> AccessKeys:
    """The access keys of a stack. Raises `StackProblem`."""
    if endpoint is not None:
        return _local(endpoint, clock)
    try:
        session = boto3.session.Session(profile_name=profile, region_name=region)
        table = _table_of(session, str(stack_name))
        dynamo = DynamoDB(session.client("dynamodb", config=CONFIG), clock)
    except (ClientError, BotoCoreError, ValueError) as error:
        raise _problem(error, f"There is no stack {stack_name}") from error
    return AccessKeys(directory=DynamoDirectory(dynamo, table), clock=clock)


def _local(endpoint: str, clock: Clock) -> AccessKeys:
    table = os.environ.get("DIRECTORY_TABLE", LOCAL_TABLE)
    try:
        client = boto3.client(
            "dynamodb",
            endpoint_url=endpoint,
            region_name="eu-west-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106 - the local stack asks for none
            config=CONFIG,
        )
        client.describe_table(TableName=table)
    except (BotoCoreError, ClientError, ValueError) as error:
        text = f"No local stack answers at {endpoint}; start one with `make dev`."
        raise StackProblem(text) from error
    return AccessKeys(directory=DynamoDirectory(DynamoDB(client, clock), table), clock=clock)


def _table_of(session: boto3.session.Session, stack_name: str) -> str:
    """The directory table that a stack uses. Raises `StackProblem` when it names none."""
    outputs = _outputs(session.client("cloudformation", config=CONFIG), stack_name)
    if DIRECTORY not in outputs:
        text = f"The stack {stack_name} has no output {DIRECTORY}; is it Sojourn's, and whole?"
        raise StackProblem(text)
    return outputs[DIRECTORY]


def _problem(error: Exception, absent: str) -> StackProblem:
    """What kept us from the stack, in a sentence."""
    if not isinstance(error, ClientError):
        return StackProblem(f"{error} See --region and --profile.")
    told = error.response.get("Error", {})
    if told.get("Code") == "ValidationError":
        return StackProblem(f"{absent} in this region and account.")
    return StackProblem(f"AWS refused: {told.get('Message', told.get('Code'))}.")
