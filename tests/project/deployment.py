"""Create the translated template by moto's CloudFormation."""

import io
import json
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import boto3
from moto import mock_aws

from local.template import Template
from tools.lint_template import translated

ACCOUNT: Final = "123456789012"
REGION: Final = "eu-north-1"
"""Not where other tests that run in this process have what they need."""
LEFT_OUT: Final = {
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Stage",
    "AWS::CloudWatch::Alarm",
    "AWS::Scheduler::Schedule",
    "AWS::Scheduler::ScheduleGroup",
}
"""Types that moto's CloudFormation does not know."""


@dataclass(frozen=True)
class Made:
    """A stack that moto made: the template, and what there is of it, by logical id.

    The template is without the resources whose condition does not hold; `tables` has the names of
    the tables that the stack uses, its own or given ones.
    """

    template: dict[str, Any]
    tables: dict[str, str]
    physical: dict[str, str]
    kinds: Counter[str]
    outputs: dict[str, str]
    clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """A client of the account that it was made in."""
        if service not in self.clients:
            make: Any = boto3.client
            self.clients[service] = make(service, region_name=REGION)
        return self.clients[service]

    def named(self, kind: str) -> dict[str, dict[str, Any]]:
        """The properties of the template's resources of one type, by physical id."""
        return {
            self.physical[name]: resource.get("Properties", {})
            for name, resource in self.template["Resources"].items()
            if resource["Type"] == kind
        }


@contextmanager
def deployed(parameters: Mapping[str, str]) -> Iterator[Made]:
    """The stack, deployed with these parameters."""
    mock = mock_aws()
    mock.start(reset=False)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # moto's, of each type that it leaves out
            yield _made(translated(**parameters), parameters)
    finally:
        _unprotect_tables()
        boto3.client("cloudformation", region_name=REGION).delete_stack(StackName="sojourn")
        s3 = boto3.client("s3", region_name=REGION)
        s3.delete_object(Bucket="bucket", Key="key")
        s3.delete_bucket(Bucket="bucket")
        mock.stop()


def _unprotect_tables() -> None:
    """moto deletes what is RetainExceptOnCreate with its stack, if it lets itself be deleted."""
    dynamodb = boto3.client("dynamodb", region_name=REGION)
    for name in dynamodb.list_tables()["TableNames"]:
        dynamodb.update_table(TableName=name, DeletionProtectionEnabled=False)


def _resolved(value: Any, resources: Mapping[str, Any]) -> Any:
    """The template with an ARN in the place of each that is asked of what moto leaves out."""
    match value:
        case {"Fn::GetAtt": [name, "Arn"]} if resources[name]["Type"] in LEFT_OUT:
            return f"arn:aws:left-out:{REGION}:{ACCOUNT}:{name}"
        case dict():
            return {key: _resolved(member, resources) for key, member in value.items()}
        case list():
            return [_resolved(member, resources) for member in value]
    return value


def _held(template: dict[str, Any], parameters: Mapping[str, str]) -> dict[str, Any]:
    """The resources that are made with these parameters."""
    read = Template(template)
    known = {**read.defaults(), **parameters}
    return {
        name: resource
        for name, resource in template["Resources"].items()
        if "Condition" not in resource or read.resolved({"Condition": resource["Condition"]}, known)
    }


def _made(template: dict[str, Any], parameters: Mapping[str, str]) -> Made:
    s3 = boto3.client("s3", region_name=REGION)
    s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", "")
    s3.put_object(Bucket="bucket", Key="key", Body=code.getvalue())
    cloudformation = boto3.client("cloudformation", region_name=REGION)
    cloudformation.create_stack(
        StackName="sojourn",
        TemplateBody=json.dumps(_resolved(template, template["Resources"]), default=str),
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[
            {"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()
        ],
    )
    (stack,) = cloudformation.describe_stacks(StackName="sojourn")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName="sojourn")
    resources = [r for page in pages for r in page["StackResourceSummaries"]]
    physical = {r["LogicalResourceId"]: r["PhysicalResourceId"] for r in resources}
    return Made(
        template={**template, "Resources": _held(template, parameters)},
        tables={
            name: parameters.get(f"Existing{name}") or physical[name]
            for name, resource in template["Resources"].items()
            if resource["Type"] == "AWS::DynamoDB::Table"
        },
        physical=physical,
        kinds=Counter(r["ResourceType"] for r in resources if r["ResourceType"]),
        outputs={o["OutputKey"]: o["OutputValue"] for o in stack["Outputs"]},
    )
