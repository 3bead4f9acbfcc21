"""Write a stack's first access key directly to its directory table.

Only this module knows how the service stores items. `tests/cli/test_first_key.py` compares it with
the layer.
"""

import hashlib
import re
from typing import Any, Final

import click
from botocore.exceptions import BotoCoreError, ClientError

from sojourn_cli.directory import Directory
from sojourn_cli.ids import new_access_key
from sojourn_cli.stack import told_by

LONGEST_NAME: Final = 200
_UNFIT: Final = re.compile(
    # Controls, what turns the direction of text, line breaks, and halves of a character.
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029\ud800-\udfff]"
)
_NOT_SEEN: Final = re.compile(
    # White space, and Default_Ignorable_Code_Point.
    "[\\s\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]+"
)
_MARKER: Final = {"pk": "stack", "sk": "first_key"}
"""The marker item with the first key's id. Of two simultaneous runs, only one writes it."""
_STACK_WIDE: Final = "*#keys"
"""The list of stack-wide access keys."""


def fit_to_be_shown(name: str) -> bool:
    """Whether the API would accept this name of a key."""
    seen = _NOT_SEEN.sub("", name)
    return bool(seen) and len(name) <= LONGEST_NAME and _UNFIT.search(name) is None


def make(at: Directory, *, name: str, force: bool, now_ms: int) -> tuple[str, str]:
    """Create a stack-wide `admin` key; returns its id and its secret.

    Raises `click.ClickException`, also if there is such a key that has not expired, unless
    `force`d. Of two runs at once, one makes a key.
    """
    try:
        before = at.get(_MARKER).get("key_id")
        admin = None if force else _usable_admin(at, now_ms)
    except (BotoCoreError, ClientError) as error:
        raise click.ClickException(f"{told_by(error)} No key was created.") from error
    if admin is not None:
        raise click.ClickException(
            f"The stack already has a stack-wide admin access key: {admin}. Make further keys "
            "with it, or a replacement with --force when its secret is lost."
        )
    key_id, secret = new_access_key(now_ms)
    condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
    if before is not None:
        condition = {
            "ConditionExpression": "key_id = :before",
            "ExpressionAttributeValues": {":before": before},
        }
    key = {
        "pk": key_id,
        "sk": "key",
        "name": name,
        "permission": "admin",
        "created_ms": now_ms,
        "secret_hash": hashlib.sha256(secret.encode()).hexdigest(),
    }
    _write(
        at,
        at.put({**_MARKER, "key_id": key_id}, **condition),
        at.put(key),
        at.put({"pk": _STACK_WIDE, "sk": key_id}),
    )
    return key_id, secret


def _usable_admin(at: Directory, now_ms: int) -> str | None:
    """The id of a stack-wide `admin` key that has not expired, or None."""
    pages = at.client.get_paginator("query").paginate(
        TableName=at.table,
        ConsistentRead=True,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": _STACK_WIDE},
    )
    for member in (item for page in pages for item in page["Items"]):
        key_id = str(member["sk"])
        key = at.get({"pk": key_id, "sk": "key"})
        expires_at = key.get("expires_at")
        if key.get("permission") == "admin" and (expires_at is None or now_ms < expires_at * 1000):
            return key_id
    return None


def _write(at: Directory, *puts: Any) -> None:
    """Write all items or none. boto3 adds a token, so a repetition after a lost answer is safe."""
    try:
        at.client.transact_write_items(TransactItems=list(puts))
    except (BotoCoreError, ClientError) as error:
        answer: Any = error.response if isinstance(error, ClientError) else {}
        reasons = {reason.get("Code") for reason in answer.get("CancellationReasons", [])}
        if reasons & {"ConditionalCheckFailed", "TransactionConflict"}:
            text = "Another run created a first key at the same time. This one created no key."
        elif 400 <= answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) < 500:
            text = f"{told_by(error)} No key was created."
        else:
            text = f"{told_by(error)} A key may have been created: run this again to check."
        raise click.ClickException(text) from error
