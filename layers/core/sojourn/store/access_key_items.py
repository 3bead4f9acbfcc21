"""The shape of an access key's item, both ways."""

from collections.abc import Mapping
from typing import Any, Final

from sojourn.domain.access_key import AccessKey

Values = dict[str, Any]

ACCESS_KEY: Final = (
    "realm_id",
    "name",
    "permission",
    "created_ms",
    "secret_hash",
    "expires_at",
    "last_used_ms",
)
"""What an access key's item is read for: all that it holds."""


def access_key_values(key: AccessKey) -> Values:
    """An access key's attributes, without its key."""
    return {
        "realm_id": key.realm_id,
        "name": key.name,
        "permission": key.permission,
        "created_ms": key.created_ms,
        "secret_hash": key.secret_hash,
        "expires_at": key.expires_at,
        "last_used_ms": key.last_used_ms,
    }


def access_key_from(values: Mapping[str, Any]) -> AccessKey:
    """The access key of its item."""
    return AccessKey(
        id=values["pk"],
        realm_id=values.get("realm_id"),
        name=values["name"],
        permission=values["permission"],
        created_ms=values["created_ms"],
        secret_hash=values["secret_hash"],
        expires_at=values.get("expires_at"),
        last_used_ms=values.get("last_used_ms"),
    )
