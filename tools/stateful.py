"""Check that an update of the stack replaces no table, key or API.

`tests/project/stateful.json` has, of each resource that keeps something, its logical id and those
of its properties that CloudFormation replaces it for. A new logical id replaces too. `python -m
tools.stateful` adds what is new; what would be replaced it only tells, unless it is to `--accept`
that, for instance once the data was moved.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from typing import Any, Final

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from local.template import ROOT, Template

RECORD: Final = ROOT / "tests/project/stateful.json"
KEPT: Final = {
    "AWS::DynamoDB::Table": "AWS::DynamoDB::Table",
    "AWS::KMS::Key": "AWS::KMS::Key",
    "AWS::Serverless::HttpApi": "AWS::ApiGatewayV2::Api",
}
"""Types that keep something (items, what was encrypted, the address that callers know), and what
SAM makes of each under the same logical id."""
REGION: Final = "eu-west-1"

Record = dict[str, dict[str, Any]]


def record(document: Mapping[str, Any]) -> Record:
    """What of a template must stay, by logical id."""
    return {
        name: {"Type": resource["Type"], **_replacing(resource)}
        for name, resource in sorted(document["Resources"].items())
        if resource["Type"] in KEPT
    }


def create_only(kind: str) -> list[str]:
    """The top-level properties of a type that cannot be changed, by CloudFormation's schema."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, KEPT[kind]).schema
    pointers = [
        *schema.get("createOnlyProperties", []),
        *schema.get("conditionalCreateOnlyProperties", []),
    ]
    return sorted({pointer.split("/")[2] for pointer in pointers})


def _replacing(resource: Mapping[str, Any]) -> dict[str, Any]:
    """The properties that replace a resource when they are changed, added or left out."""
    properties = resource.get("Properties", {})
    found = {name: properties[name] for name in create_only(resource["Type"]) if name in properties}
    if resource["Type"] == "AWS::DynamoDB::Table":
        # The schema is silent on it, the documentation is not: "If you edit an existing
        # AttributeDefinition", the table is replaced. One may be added.
        found["AttributeDefinitions"] = {
            definition["AttributeName"]: definition["AttributeType"]
            for definition in properties["AttributeDefinitions"]
        }
    return found


def replaced(before: Record, after: Record) -> list[str]:
    """What of before would be lost, in sentences."""
    found = []
    for name, old in before.items():
        new = after.get(name)
        if new is None:
            found.append(f"{name} is gone: under another logical id it is another {old['Type']}.")
            continue
        for field in sorted({*old, *new} - {"AttributeDefinitions"}):
            if old.get(field) != new.get(field):
                found.append(f"{name} is replaced: {field} is not what it was.")
        types = new.get("AttributeDefinitions", {})
        for attribute, kind in old.get("AttributeDefinitions", {}).items():
            if types.get(attribute, kind) != kind:
                found.append(f"{name} is replaced: {attribute} is of another type.")
    return found


def written() -> Record:
    """The record as it was committed."""
    found: Record = json.loads(RECORD.read_text())
    return found


def main() -> int:
    """Write the record again; 1 when something would be replaced that was not accepted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accept", action="store_true", help="record what is replaced too")
    accept = parser.parse_args().accept
    now = record(Template.read().document)
    lost = replaced(written(), now) if RECORD.exists() else []
    for sentence in lost:
        print(sentence, file=sys.stderr)
    if lost and not accept:
        return 1
    RECORD.write_text(json.dumps(now, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
