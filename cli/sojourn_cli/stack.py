"""Find a deployed stack's resources by CloudFormation."""

from dataclasses import dataclass
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

DIRECTORY: Final = "DirectoryTableName"
TABLES: Final = (DIRECTORY, "SessionsTableName", "AttemptsTableName")
"""The outputs that name the tables."""
PATIENT = Config(connect_timeout=3, read_timeout=10, retries={"total_max_attempts": 3})
"""For calls that can be repeated."""


class StackProblem(Exception):
    """The stack cannot be found or reached; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Resources:
    """The physical names of a stack's resources, and the boto3 session for them.

    `tables` are those that the stack uses: its own, or existing ones given by parameters.
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
        raise StackProblem(_told_of(stack_name, error)) from error

    def named(kind: str) -> tuple[str, ...]:
        return tuple(
            str(one["PhysicalResourceId"])
            for one in found
            # A resource that could not be created has no name.
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


def output(
    name: str, *, stack_name: str, region: str | None, profile: str | None
) -> tuple[boto3.session.Session, str]:
    """One output of a deployed stack, and the boto3 session. Raises `StackProblem`."""
    try:
        session = boto3.session.Session(profile_name=profile, region_name=region)
        outputs = _outputs(session.client("cloudformation", config=PATIENT), stack_name)
    except (ClientError, BotoCoreError, ValueError) as error:
        raise StackProblem(_told_of(stack_name, error)) from error
    if name not in outputs:
        raise StackProblem(
            f"The stack {stack_name} has no output {name}; is it a complete stack of Sojourn?"
        )
    return session, outputs[name]


def parameter(name: str, *, stack_name: str, region: str | None, profile: str | None) -> str | None:
    """A deployed stack's value of a template parameter. Raises `StackProblem`."""
    try:
        session = boto3.session.Session(profile_name=profile, region_name=region)
        stack = _described(session.client("cloudformation", config=PATIENT), stack_name)
    except (ClientError, BotoCoreError, ValueError) as error:
        raise StackProblem(_told_of(stack_name, error)) from error
    values = {one["ParameterKey"]: one["ParameterValue"] for one in stack.get("Parameters", [])}
    return values.get(name)


def told_by(error: Exception) -> str:
    """The error message of AWS or its SDK, as a sentence."""
    if not isinstance(error, ClientError):
        return f"{error} See --region and --profile."
    told = error.response.get("Error", {})
    return f"AWS refused: {told.get('Message', told.get('Code'))}."


def _outputs(cloudformation: Any, stack_name: str) -> dict[str, str]:
    """A stack's outputs, by their names."""
    stack = _described(cloudformation, stack_name)
    return {one["OutputKey"]: str(one["OutputValue"]) for one in stack.get("Outputs", [])}


def _described(cloudformation: Any, stack_name: str) -> dict[str, Any]:
    (stack,) = cloudformation.describe_stacks(StackName=stack_name)["Stacks"]
    return dict(stack)


def _told_of(stack_name: str, error: Exception) -> str:
    if isinstance(error, ClientError) and error.response["Error"].get("Code") == "ValidationError":
        return f"There is no stack {stack_name} in this region and account."
    return told_by(error)
