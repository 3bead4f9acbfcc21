"""Open the directory table of a deployed stack or of the local stack."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from sojourn_cli.stack import DIRECTORY, PATIENT, StackProblem, output

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class Directory:
    """The directory table, with plain values."""

    client: "DynamoDBClient"
    table: str

    def get(self, key: dict[str, str]) -> dict[str, Any]:
        """An item, read consistently; empty if there is none."""
        answer = self.client.get_item(TableName=self.table, Key=key, ConsistentRead=True)
        return answer.get("Item", {})

    def put(self, item: dict[str, Any], **condition: Any) -> Any:
        """A transaction's member that writes an item."""
        return {"Put": {"TableName": self.table, "Item": item, **condition}}


def deployed(stack_name: str, *, region: str | None, profile: str | None) -> Directory:
    """The table that a deployed stack uses. Raises `StackProblem`."""
    session, table = output(DIRECTORY, stack_name=stack_name, region=region, profile=profile)
    return Directory(session.resource("dynamodb", config=PATIENT).meta.client, table)


def local(endpoint: str) -> Directory:
    """The table of the local stack at this URL. Raises `StackProblem`."""
    table = os.environ.get("DIRECTORY_TABLE", "sojourn-directory")
    try:
        client = boto3.resource(
            "dynamodb",
            endpoint_url=endpoint,
            region_name="eu-west-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106 - the local stack asks for none
            config=PATIENT.merge(Config(retries={"total_max_attempts": 1})),
        ).meta.client
        client.describe_table(TableName=table)
    except (BotoCoreError, ClientError, ValueError) as error:
        text = f"No local stack answers at {endpoint}; start one with `make dev`."
        raise StackProblem(text) from error
    return Directory(client, table)
