"""No update of the stack replaces a table, the KMS key or the API."""

from typing import Final

import pytest

from local.template import ROOT, parse
from tests.project.conventions import STATEFUL
from tools import stateful

TEXT = (ROOT / "template.yaml").read_text()
NOW = stateful.record(parse(TEXT))

WHAT_TO_DO: Final = """
CloudFormation would make a new resource and leave the old one, with all that is in it, behind
(UpdateReplacePolicy: Retain). Undo the change; or make the new resource beside the old one under a
name of its own, move what is in it, and record that: python -m tools.stateful --accept"""

# What is changed, by what, and what is said of it.
REPLACING: Final[dict[str, tuple[str, str, str]]] = {
    "a table's logical id": ("SessionsTable", "UserSessionsTable", "SessionsTable is gone"),
    "a key's logical id": ("SigningKeysKey", "SigningKey", "SigningKeysKey is gone"),
    "the API's logical id": (
        "  Api:\n    Type: AWS::Serverless::HttpApi\n",
        "  PublicApi:\n    Type: AWS::Serverless::HttpApi\n",
        "Api is gone",
    ),
    "a table's name": (
        "      BillingMode: PAY_PER_REQUEST\n",
        "      BillingMode: PAY_PER_REQUEST\n      TableName: sojourn\n",
        "SessionsTable is replaced: TableName",
    ),
    "a table's key": (
        "        - AttributeName: sk\n          KeyType: RANGE\n",
        "        - AttributeName: due_at\n          KeyType: RANGE\n",
        "SessionsTable is replaced: KeySchema",
    ),
    "the type of a key's attribute": (
        "        - AttributeName: sk\n          AttributeType: S\n",
        "        - AttributeName: sk\n          AttributeType: B\n",
        "SessionsTable is replaced: sk is of another type",
    ),
    "the type of an index's attribute": (
        "        - AttributeName: due_at\n          AttributeType: N\n",
        "        - AttributeName: due_at\n          AttributeType: S\n",
        "SessionsTable is replaced: due_at is of another type",
    ),
    "a table of imported items": (
        "      BillingMode: PAY_PER_REQUEST\n",
        "      BillingMode: PAY_PER_REQUEST\n      ImportSourceSpecification: {InputFormat: CSV}\n",
        "SessionsTable is replaced: ImportSourceSpecification",
    ),
}


def changed(before: str, after: str) -> stateful.Record:
    """The record of a template with that changed wherever it is."""
    assert before in TEXT
    return stateful.record(parse(TEXT.replace(before, after)))


def test_nothing_that_keeps_is_replaced() -> None:
    """The recorded properties of each table, the key and the API are unchanged."""
    assert stateful.replaced(stateful.written(), NOW) == [], WHAT_TO_DO


def test_everything_that_keeps_is_recorded() -> None:
    """The record has what is new too, so that it is held to from now on."""
    assert stateful.written() == NOW, "run `python -m tools.stateful`"


def test_every_type_that_keeps_is_looked_at() -> None:
    """What the conventions have outlive the stack is what the record is of."""
    assert {*STATEFUL} <= {*stateful.KEPT}


@pytest.mark.parametrize("name", REPLACING)
def test_replacement_is_found(name: str) -> None:
    """A change by which CloudFormation would make a new resource is named."""
    before, after, told = REPLACING[name]
    found = stateful.replaced(stateful.written(), changed(before, after))
    assert any(sentence.startswith(told) for sentence in found), found


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("    DeletionPolicy: RetainExceptOnCreate\n", "    DeletionPolicy: Retain\n"),
        ("DeletionProtectionEnabled: !Ref DeletionProtection", "DeletionProtectionEnabled: true"),
        (
            "        - AttributeName: due_shard\n          AttributeType: N\n",
            "        - AttributeName: due_shard\n          AttributeType: N\n"
            "        - AttributeName: ended_at\n          AttributeType: N\n",
        ),
        ("Description: Sojourn's signing keys", "Description: Keys"),
    ],
    ids=["a policy", "protection", "an attribute more", "a description"],
)
def test_changes_in_place_are_free(before: str, after: str) -> None:
    """What CloudFormation changes in place is no replacement."""
    assert stateful.replaced(stateful.written(), changed(before, after)) == []
