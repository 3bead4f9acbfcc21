"""Work that cleanup does later, and the time from which it is due."""

from typing import Final, Literal

from sojourn.domain.values import dataclass

DueKind = Literal["user", "ended_record", "revocation", "realm_deletion", "settlement"]

SETTLED_AFTER: Final = 3_600
"""Seconds from the end of a realm's sessions to its settlement. By then, every login that had read
the realm before the end has committed or failed."""


@dataclass(frozen=True, slots=True)
class Due:
    """Work that is due for `owner` from `due_at` (epoch seconds) on; `name` identifies the job.

    - `user`: remove expired sessions, write pending ended records, or complete a deletion
    - `ended_record`: remove the ended record of session `name`, which is no longer kept
    - `revocation`: remove entry `name` of the feed, which is no longer kept
    - `realm_deletion`: continue a realm's deletion
    - `settlement`: write the ended records of all users after the realm's ending `name`
    """

    kind: DueKind
    owner: str
    due_at: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """A settlement in progress, and the last user that it reached (None: it has not begun)."""

    due_at: int
    after: str | None = None


def settlement_job(realm_id: str, what: str, *, now_ms: int) -> Due:
    """The settlement of a realm's users after `what`: its new generation, or a stopped key's id.

    The commit that ends the sessions adds this job, and cleanup does it.
    """
    return Due("settlement", realm_id, now_ms // 1000 + SETTLED_AFTER, what)
