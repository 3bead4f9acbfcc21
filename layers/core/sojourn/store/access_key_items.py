"""The shape of an access key's item: to and from DynamoDB attributes."""

from collections.abc import Mapping
from typing import Any, Final

from sojourn.domain.access_key import AccessKey

ACCESS_KEY: Final = (
    "realm_id",
    "name",
    "permission",
    "created_ms",
    "secret_hash",
    "expires_at",
    "last_used_ms",
)
"""The attributes of an access key's item that are read: all of them."""


def access_key_values(key: AccessKey) -> dict[str, Any]:
    """An access key's attributes, without its key."""
    return {name: getattr(key, name) for name in ACCESS_KEY}


def access_key_from(values: Mapping[str, Any]) -> AccessKey:
    """The access key of its item."""
    return AccessKey(
        id=values["pk"], **{"realm_id": None} | {n: values[n] for n in ACCESS_KEY if n in values}
    )
