"""The shapes of a floor's requests and answers: what DynamoDB is asked, and what callers get."""

import secrets
from base64 import b64encode, urlsafe_b64decode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

Event = Mapping[str, Any]

HEADERS: Final = {
    "cache-control": "no-store",
    "strict-transport-security": "max-age=63072000",
    "x-content-type-options": "nosniff",
    "content-type": "application/json",
}


def _asking(names: str) -> dict[str, Any]:
    alias = {f"#{number}": name for number, name in enumerate(names.split())}
    return {
        "ConsistentRead": True,
        "ProjectionExpression": ", ".join(alias),
        "ExpressionAttributeNames": alias,
    }


SEEN: Final = _asking(
    "pk sk realm_id user_type created_ms v username email name custom state generation spared "
    "last_ms sessions pending commits"
)
CANDIDATE: Final = _asking("pk sk realm_id state credentials proofs unlocks known")
_REALM: Final = (
    "pk sk name issuer created_ms v generation settings keys key_count ends stopped former commits "
    "deletion former_shards"
)
REALM: Final = _asking(_REALM)
REALM_AND_NAME: Final = _asking(f"{_REALM} user_id idna")
KEY: Final = _asking(
    "pk sk realm_id name permission created_ms secret_hash expires_at last_used_ms"
)
WHOLE: Final = {"ConsistentRead": True}
DAY: Final = 86_400


def key_of(pk: str, sk: str) -> dict[str, Any]:
    """The key of an item."""
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def decoded(part: str) -> bytes:
    """A token's part, from base64url."""
    return urlsafe_b64decode(part + "==")


def new_mark() -> dict[str, Any]:
    """The mark of a commit."""
    return {"B": b64encode(secrets.token_bytes(8)).decode()}


def ip_of(event: Event) -> str:
    """The caller's address."""
    return str(event["requestContext"]["http"]["sourceIp"])


def origin_of(event: Event) -> dict[str, Any]:
    """Where a session begins."""
    return {"ip": ip_of(event), "client": event["headers"]["user-agent"], "reported": False}


def address_of(event: Event) -> dict[str, Any]:
    """The key of the address' counter of failed logins."""
    return key_of(sha256(f"address\0{ip_of(event)}".encode()).hexdigest(), "address")


def session_of(session: Mapping[str, Any], user: Mapping[str, Any]) -> dict[str, Any]:
    """A stored session as it is answered."""
    return {
        "object": "session",
        "id": session["id"]["S"],
        "user_id": user["pk"]["S"],
        "realm_id": user["realm_id"]["S"],
        "session_type": "managed",
        "auth_method": session["auth_method"]["S"],
        "created_at": int(session["created_ms"]["N"]) / 1000,
        "expires_at": int(session["expires_at"]["N"]),
        "request": {
            "ip": session["ip"]["S"],
            "client": session["client"]["S"],
            "reported": session["reported"]["BOOL"],
        },
    }


def update_of(
    table: str, pk: str, sk: str, values: Mapping[str, Any], *, version: Any = None
) -> dict[str, Any]:
    """An Update that sets attributes, if the item's version is that one."""
    write: dict[str, Any] = {
        "TableName": table,
        "Key": key_of(pk, sk),
        "UpdateExpression": "SET " + ", ".join(f"#{n} = :set{n}" for n in range(len(values))),
        "ExpressionAttributeNames": {f"#{n}": name for n, name in enumerate(values)},
        "ExpressionAttributeValues": {f":set{n}": value for n, value in enumerate(values.values())},
    }
    if version is not None:
        write["ExpressionAttributeValues"][":v"] = version
        write["ConditionExpression"] = "v = :v"
        write["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    return write
