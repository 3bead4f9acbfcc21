"""Filters of the templates: times, durations, reasons, and who ended a session."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from markupsafe import Markup

REASONS: Final = {
    "logout": "logged out",
    "terminated_by_user": "ended by the user from another session",
    "terminated_by_admin": "ended by an operator or a server",
    "evicted": "too many sessions: a newer login ended it",
    "replaced": "replaced by a newer login, as the user chose",
    "password_changed": "the password was changed",
    "user_disabled": "the user was disabled",
    "user_deleted": "the user was deleted",
    "realm_ended": "all sessions of the realm were ended",
}
METHODS: Final = {
    "password": "password",
    "api_key": "API key",
    "server": "begun by a server",
}
ABSENT: Final = "–"
SHOWN: Final = "%Y-%m-%d %H:%M:%S"


def when(value: Any) -> Markup | str:
    """Epoch seconds as a `time` element, in this machine's zone."""
    at = _time(value)
    if at is None:
        return ABSENT
    exact = at.isoformat(timespec="seconds")
    return Markup('<time datetime="{}">{}</time>').format(exact, f"{at:{SHOWN}}")


def plain_time(value: Any) -> str:
    """Epoch seconds as text, in this machine's zone; empty if there is no such time."""
    at = _time(value)
    return "" if at is None else f"{at:{SHOWN}}"


def _time(value: Any) -> datetime | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        return datetime.fromtimestamp(value, tz=UTC).astimezone()
    except (OverflowError, ValueError, OSError):
        return None


def reason(value: Any) -> str:
    """Why a session ended, in words."""
    return REASONS.get(str(value), str(value))


def method(value: Any) -> str:
    """How a session began, in words."""
    return METHODS.get(str(value), str(value))


def by(ended_by: Any) -> str:
    """Who ended a session, in words."""
    if not isinstance(ended_by, Mapping):
        return ABSENT
    match ended_by.get("type"):
        case "session":
            return "the user"
        case "access_key":
            return f"access key {ended_by.get('id')}"
        case "system":
            return "Sojourn"
        case other:
            return str(other)


def many(count: int, noun: str) -> str:
    """`1 session`, `2 sessions`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def minutes(value: Any) -> str:
    """Minutes as a person would say them: `6 hours (360 minutes)`."""
    if value == 0:
        return "open-ended (0)"
    for size, noun in ((1440, "day"), (60, "hour")):
        if isinstance(value, int) and value % size == 0:
            return f"{many(value // size, noun)} ({value} minutes)"
    return f"{value} minutes"


def told(value: Any) -> str:
    """A setting's value, as a person reads it."""
    return ", ".join(value) or "none" if isinstance(value, list) else str(value)


def sent(value: Any) -> str:
    """A setting's value, as a form sends it."""
    return ",".join(value) if isinstance(value, list) else str(value)


def as_json(value: Any) -> str:
    """A JSON value on one line."""
    return json.dumps(value, ensure_ascii=False)


FILTERS: Final = {
    "json": as_json,
    "sent": sent,
    "told": told,
    "when": when,
    "reason": reason,
    "method": method,
    "by": by,
    "minutes": minutes,
}
