"""Write the ended records that a commit left pending. If that fails, cleanup does it later."""

from sojourn.domain.errors import Unavailable
from sojourn.domain.ports import UserStore
from sojourn.domain.user import Change
from sojourn.runtime import telemetry


def archive_pending(users: UserStore, change: Change | None) -> None:
    """Write the ended records that did not fit into a commit, if any."""
    if change is None or not change.after.pending:
        return
    try:
        users.archive(change.after.id)
    except Unavailable:
        telemetry.warning("Archiving is left to cleanup")
