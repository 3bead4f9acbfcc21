"""What a login token says, before anybody has verified it.

A token is base64url and dots, and at most 4,000 bytes. Text that cannot be one is refused here, so
that it reaches neither a header nor the service.
"""

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any, Final

from sojourn_client.errors import InvalidToken

LONGEST: Final = 4_000
_SHAPE: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Unverified:
    """A token's text with its header and claims; nothing of it is verified."""

    text: str
    header: dict[str, Any]
    claims: dict[str, Any]

    @property
    def session_id(self) -> object:
        """The session that it names."""
        return self.claims.get("sid")

    @property
    def user_id(self) -> object:
        """The user whom it names."""
        return self.claims.get("sub")


def read(text: object, *, realm_id: str) -> Unverified:
    """Read a token of this realm. Raises `InvalidToken`."""
    if not isinstance(text, str) or len(text) > LONGEST or not _SHAPE.fullmatch(text):
        raise InvalidToken
    header, claims, _ = text.split(".")
    found = Unverified(text, _json(header), _json(claims))
    if found.claims.get("rid") != realm_id:
        raise InvalidToken
    return found


def digest(text: str) -> bytes:
    """SHA-256 of a token: what it is remembered by, never itself."""
    return hashlib.sha256(text.encode()).digest()


def _json(part: str) -> dict[str, Any]:
    try:
        found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError):
        raise InvalidToken from None  # the error would have the claims in it
    if not isinstance(found, dict):
        raise InvalidToken
    return found
