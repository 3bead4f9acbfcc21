"""The audit log: one line for each committed change by a server or a schedule.

A line has the event, ids and the names of changed fields, but no values, so it cannot contain a
secret, a name or an address. It is written at every `LogLevel`.
"""

import re
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from sojourn.runtime import telemetry

SYSTEM: Final = "system"
"""The actor in audit lines of scheduled functions."""

_MEMBER: Final = {
    "rl": "realm_id",
    "usr": "user_id",
    "crd": "credential_id",
    "kss": "session_id",
    "key": "access_key_id",
    "jky": "jwt_key_id",
}
"""The member of an audit line that holds an id, by the id's prefix."""
_ID: Final = rf"({'|'.join(_MEMBER)})_[0-9A-Za-z]{{22,54}}"


def record(
    event: str, *about: str | None, by: str = SYSTEM, changed: Iterable[str] | None = None
) -> None:
    """Write the audit line of a committed change.

    `about` are the ids of the objects, `by` is the access key's id, `changed` are names of fields.
    """
    ids = {}
    for text in about:
        if text is not None and (shape := re.fullmatch(_ID, text)):
            ids[_MEMBER[shape[1]]] = text
    fields = {} if changed is None else {"changed": ",".join(sorted(changed))}
    telemetry.audit(event, by=by, **ids, **fields)


def differing(before: Struct, after: Struct) -> set[str]:
    """The names of the members in which two answers about the same object differ."""
    names = after.__struct_fields__
    return {name for name in names if getattr(before, name) != getattr(after, name)}
