"""What a user's fields may be, and the form in which they are kept."""

import json
from typing import Any, Final

from msgspec import UnsetType

from sojourn.crypto import passwords
from sojourn.domain import names
from sojourn.domain.errors import Invalid

CUSTOM_BYTES: Final = 8 * 1024


def check(
    *,
    username: str | None | UnsetType = None,
    email: str | None | UnsetType = None,
    password: str | None | UnsetType = None,
) -> None:
    """Raise `Invalid` with a sentence for whatever of these cannot be."""
    errors = []
    if isinstance(username, str):
        errors += names.username_complaints(username)
    if isinstance(email, str):
        errors += names.email_complaints(email)
    if isinstance(password, str):
        names_of = [name for name in (username, email) if isinstance(name, str)]
        complaint = passwords.complaint(password, *names_of)
        if complaint:
            errors.append(complaint)
    if errors:
        raise Invalid(errors=errors)


def kept(field: str, value: Any) -> Any:
    """A field's value as it is stored. Raises `Invalid`."""
    if value is None:
        return None
    if field in ("username", "email"):
        return names.composed(value)
    return _custom_text(value) if field == "custom" else value


def _custom_text(custom: dict[str, Any]) -> str:
    """JSON text of at most 8 KiB. Raises `Invalid`."""
    text = json.dumps(custom, ensure_ascii=False, separators=(",", ":"))
    size = len(text.encode())
    if size > CUSTOM_BYTES:
        raise Invalid(errors=[f"custom is {size} bytes as JSON; at most {CUSTOM_BYTES} are taken."])
    return text
