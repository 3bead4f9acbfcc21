"""DynamoDB and KMS by moto in this process, with the template's tables.

The tables can be in DynamoDB Local instead; KMS is always moto's.
"""

import os
import re
from collections.abc import Mapping
from typing import Any

import boto3
from moto import mock_aws

from local import dynamodb_local, moto_patches
from local.template import Template

REGION = "eu-west-1"
TABLE_PROPERTIES = (
    "AttributeDefinitions",
    "KeySchema",
    "GlobalSecondaryIndexes",
    "BillingMode",
    "SSESpecification",
)
ENVIRONMENT = {
    "POWERTOOLS_SERVICE_NAME": "sojourn-local",
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_SESSION_TOKEN": "local",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}
_OVERRIDES = (
    "AWS_CA_BUNDLE",
    "AWS_CONFIG_FILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_ENDPOINT_URL_KMS",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_PROFILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
)


def use_local(*, ca_file: str | None = None) -> None:
    """Make AWS clients use this machine with dummy credentials, whatever the environment says.

    `ca_file` has the certificate of the authority of a stack that speaks TLS.
    """
    for name in _OVERRIDES:
        os.environ.pop(name, None)
    os.environ.update(ENVIRONMENT)
    if ca_file is not None:
        os.environ["AWS_CA_BUNDLE"] = ca_file


def start(
    template: Template,
    *,
    parameters: Mapping[str, str] | None = None,
    dynamodb_url: str | None = None,
) -> dict[str, str]:
    """Start moto and create the template's tables and keys; returns their `Ref` and `GetAtt`.

    If a parameter names an existing table, it is created with that name, because moto is empty.
    `dynamodb_url` is the address of a DynamoDB Local to make the tables in.
    """
    use_local()
    moto_patches.apply()
    core: dict[str, Any] = {"reset_boto3_session": True}
    if dynamodb_url is not None:
        os.environ["AWS_ENDPOINT_URL_DYNAMODB"] = dynamodb_url
        core["passthrough"] = {"urls": [f"{dynamodb_url}.*"]}
    config: Any = {"core": core}
    mock_aws(config=config).start()
    names: dict[str, str] = {}
    dynamodb = boto3.client("dynamodb")
    for logical_id, properties in template.resources("AWS::DynamoDB::Table").items():
        name = (parameters or {}).get(f"Existing{logical_id}") or table_name(logical_id)
        wanted = properties if dynamodb_url is None else dynamodb_local.known(properties)
        create_table(dynamodb, name, wanted)
        names[logical_id] = name
    kms = boto3.client("kms")
    for logical_id, properties in template.resources("AWS::KMS::Key").items():
        key = kms.create_key(Description=properties.get("Description", ""))["KeyMetadata"]
        names[logical_id], names[f"{logical_id}.Arn"] = key["KeyId"], key["Arn"]
    return names


def table_name(logical_id: str) -> str:
    """A readable name: `SessionsTable` is `sojourn-sessions`."""
    words = re.findall("[A-Z][a-z]*", logical_id.removesuffix("Table"))
    return "-".join(["sojourn", *(word.lower() for word in words)])


def create_table(dynamodb: Any, name: str, properties: Mapping[str, Any]) -> None:
    """Create a table of the template, with its TTL and point-in-time recovery."""
    wanted = {key: properties[key] for key in TABLE_PROPERTIES if key in properties}
    if "SSESpecification" in wanted:
        wanted["SSESpecification"] = {"Enabled": wanted["SSESpecification"]["SSEEnabled"]}
    dynamodb.create_table(TableName=name, **wanted)
    if ttl := properties.get("TimeToLiveSpecification"):
        dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=dict(ttl))
    if recovery := properties.get("PointInTimeRecoverySpecification"):
        dynamodb.update_continuous_backups(
            TableName=name, PointInTimeRecoverySpecification=dict(recovery)
        )


def count_items(names: Mapping[str, str]) -> dict[str, int]:
    """How many items each table holds."""
    dynamodb = boto3.client("dynamodb")
    counts = {}
    for logical_id, name in names.items():
        if logical_id.endswith("Table"):
            pages = dynamodb.get_paginator("scan").paginate(TableName=name, Select="COUNT")
            counts[name] = sum(page["Count"] for page in pages)
    return counts
