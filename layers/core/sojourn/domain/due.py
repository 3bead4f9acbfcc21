"""Work that is left for later, and from when on it is due; cleanup does it."""

from dataclasses import dataclass
from typing import Literal

from sojourn.domain.user import User

DueKind = Literal["user", "ended_record", "realm_deletion", "settlement"]


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


def due_at(user: User) -> int | None:
    """When there is something to do for a user, or None."""
    if user.state == "deleted":
        return user.last_ms // 1000
    due = [s.expires_at for s in user.sessions]
    due += [e.ended_ms // 1000 for e in user.pending]
    return min(due, default=None)
