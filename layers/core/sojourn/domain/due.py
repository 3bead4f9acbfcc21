"""Work that cleanup does later, and the time from which it is due."""

from dataclasses import dataclass
from typing import Final, Literal

DueKind = Literal["user", "ended_record", "realm_deletion", "settlement"]

SETTLED_AFTER: Final = 3_600
"""Seconds from the end of a realm's sessions to the walk that records it in its users: no login
that had read the realm before that end commits so late."""


@dataclass(frozen=True, slots=True)
class Due:
    """Something to do for `owner` from `due_at` (epoch seconds) on; `name` says which of several.

    - `user`: sessions have expired, endings are to be recorded, or a deletion is to be finished
    - `ended_record`: the record of an ended session, `name`, is past its time
    - `realm_deletion`: the realm is being deleted
    - `settlement`: what `name` ended for the whole realm is to be recorded in its users
    """

    kind: DueKind
    owner: str
    due_at: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class Walk:
    """A settlement under way, and the last user that it has come to (None: it has not begun)."""

    due_at: int
    after: str | None = None


def settlement_job(realm_id: str, what: str, *, now_ms: int) -> Due:
    """The walk of a realm's users that `what` makes needed: its generation, or a stopped key's id.

    It is left to cleanup in the commit that ends their sessions.
    """
    return Due("settlement", realm_id, now_ms // 1000 + SETTLED_AFTER, what)
