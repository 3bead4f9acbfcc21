"""Carry out a change of an account, however many others change it at the same time."""

from collections.abc import Callable
from dataclasses import replace

from sojourn.domain.errors import NotFound, SojournError, Unavailable
from sojourn.domain.ports import Committer, Superseded, UserStore
from sojourn.domain.user import Change, Decide, User
from sojourn.runtime import deadline, telemetry
from sojourn.runtime.clock import Clock
from sojourn.runtime.turns import Turns

_TURNS = Turns()


def commit(
    accounts: Committer,
    account: User,
    decide: Decide,
    *,
    clock: Clock,
    gone: Callable[[], SojournError] = NotFound,
) -> Change | None:
    """Commit what `decide` makes of the account, deciding anew on each one that came between.

    The change, with the account as it was written; None when it decided that nothing needs doing.
    Raises what `decide` raises, what `gone` gives
    when the user is no more, and `Unavailable` when the deadline is over: then nothing was done,
    or one commit whose answer was lost.
    """
    limit = deadline.current(clock)
    with _TURNS.take(account.id, seconds=limit.remaining()) as came:
        attempt = 0
        while came:
            change = decide(account)
            if change is None:
                return None
            try:
                after = accounts.commit(change)
            except Superseded as error:
                if error.current is None:
                    raise gone() from error
                account = error.current
            else:
                return replace(change, after=after)
            # What lost has the newest item in hand, and tries it at once; what lost twice in a
            # row waits, and then has one try with what it will have lost to by then.
            if limit.remaining() <= 0 or (attempt % 2 and not limit.wait(attempt)):
                break
            attempt += 1
        raise Unavailable("Too many changes of this user at once. Try again.")


def archive_pending(accounts: UserStore, change: Change | None) -> None:
    """Record the endings that a commit left pending, if any; cleanup resumes what fails here."""
    if change is None or not change.after.pending:
        return
    try:
        accounts.archive(change.after.id)
    except Unavailable:
        telemetry.warning("Archiving is left to cleanup")
