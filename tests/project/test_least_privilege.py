"""What an attacker who controls a function might try, with every role."""

from collections.abc import Mapping
from typing import Any, Final

import pytest

from provers.roles import never
from provers.roles.policy import Statement
from provers.roles.requests import HERE, KEYS
from provers.roles.roles import roles
from sojourn.store import access_key_items, due, realm_items, user_items
from sojourn.store.names import DynamoNames

NAMES: Final[Mapping[str, str]] = {
    **{name: name for name in ("DirectoryTable", "SessionsTable", "AttemptsTable")},
    "SigningKeysKey.Arn": HERE.arn("kms", "key/signing"),
}
ROLES = roles(NAMES)


@pytest.mark.parametrize("what", never.TRIES)
def test_who_may(what: str) -> None:
    """Those whose work it is may do it, and no other role, alone or in a transaction."""
    made = never.TRIES[what]
    assert made.may == {name for name in ROLES if made.allowed(ROLES[name], NAMES, HERE)}


READERS: Final = (never.VALIDATE, never.DISCOVERY, never.REVOCATIONS, never.AUTHORIZER)


@pytest.mark.parametrize("name", READERS)
def test_readers_write_nothing(name: str) -> None:
    """Validation, discovery, the feed and the authorizer may not do any of the attempted writes."""
    writes = [w for w, made in never.TRIES.items() if made.operation in ("PutItem", "UpdateItem")]
    assert set(writes) <= set(never.refused(name))


def held(name: str, action: str, table: str) -> list[set[str]]:
    """The attributes to which a role is held in an action on a table, by statement."""
    found = [s for s in ROLES[name].statements if _is_about(s, f"dynamodb:{action}", table)]
    key = "ForAllValues:StringEquals"
    return [set(s["Condition"][key]["dynamodb:Attributes"]) - set(KEYS) for s in found]


def _is_about(statement: Statement, action: str, table: str) -> bool:
    return (
        action in statement["Action"]
        and HERE.arn("dynamodb", f"table/{table}") in (statement["Resource"])
    )


SEEN, RECORD, PROGRESS, REALM, ACCESS_KEY = (
    set(user_items.SEEN),
    set(user_items.RECORD),
    set(due.PROGRESS),
    set(realm_items.REALM),
    set(access_key_items.ACCESS_KEY),
)
_NO_STORE: Any = None
CLAIM = set(DynamoNames(_NO_STORE, "directory").key("rl_1", "username", "ada").only)


@pytest.mark.parametrize(
    ("name", "action", "table", "attributes"),
    [
        (never.VALIDATE, "GetItem", "SessionsTable", [SEEN | RECORD]),
        (never.LIST, "GetItem", "SessionsTable", [SEEN | RECORD]),
        (never.TERMINATE, "GetItem", "SessionsTable", [SEEN | RECORD]),
        (never.CLEANUP, "GetItem", "SessionsTable", [SEEN | {"strip"}, PROGRESS]),
        (never.VALIDATE, "GetItem", "DirectoryTable", [REALM | ACCESS_KEY]),
        (never.LIST, "GetItem", "DirectoryTable", [REALM | ACCESS_KEY]),
        (never.TERMINATE, "GetItem", "DirectoryTable", [REALM | ACCESS_KEY | CLAIM]),
        (never.DIRECTORY, "GetItem", "DirectoryTable", [REALM | ACCESS_KEY | CLAIM]),
        (never.CLEANUP, "GetItem", "DirectoryTable", [REALM]),
        (never.DISCOVERY, "GetItem", "DirectoryTable", [REALM]),
        (never.AUTHORIZER, "GetItem", "SessionsTable", [SEEN]),
        (never.AUTHORIZER, "BatchGetItem", "DirectoryTable", [REALM]),
        (never.ROTATE, "BatchGetItem", "DirectoryTable", [REALM]),
    ],
)
def test_roles_read_what_the_code_reads(
    name: str, action: str, table: str, attributes: list[set[str]]
) -> None:
    """The attributes that the template lists are those that the store names in its reads."""
    assert held(name, action, table) == attributes


@pytest.mark.parametrize("name", [never.LOGIN, never.TERMINATE, never.CLEANUP])
def test_record_is_written_with_what_it_is_read_for(name: str) -> None:
    """An ended record is written as it is read, with what garbage collection goes by."""
    assert RECORD | {"ttl", "due_at", "due_shard"} in held(name, "UpdateItem", "SessionsTable")
