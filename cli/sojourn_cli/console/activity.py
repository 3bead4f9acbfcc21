"""The page of a realm's activity: its sessions from its records, the stack's logins from counts."""

from typing import Final

from starlette.responses import Response

from sojourn_cli.console.chart import WINDOWS, chart, window_of
from sojourn_cli.console.logins import NotCounted, logins
from sojourn_cli.console.records import records
from sojourn_cli.console.visit import Visit
from sojourn_cli.console.words import METHODS, REASONS

LONGEST: Final = 30 * 86_400
"""Seconds for which the service keeps an ended record at the most."""
LOGINS: Final = {
    "LoginSucceeded": "succeeded",
    "LoginFailed": "wrong password or key",
    "LoginRefused": "refused by the lockout",
}


def show(visit: Visit) -> Response:
    """Sessions begun, and ended by reason, of the realm; logins of the stack."""
    realm, found = visit.realm(), records(visit.api)
    recorded = window_of("", min(60 * realm["session_minutes"] or LONGEST, LONGEST))
    chosen = visit.query.get("window", "day")
    chosen = chosen if chosen in WINDOWS else "day"
    window = WINDOWS[chosen]
    wall = visit.desk.where.tools.clock.wall_ms() / 1000
    # The clock of a local stack may have been moved ahead of this machine's.
    now = max([wall, *(event.at for event in (*found.began, *found.ended))])
    began = chart("Sessions begun", found.began, METHODS, window=recorded, now=now)
    ended = chart("Sessions ended early", found.ended, REASONS, window=recorded, now=now)
    attempts, why = None, ""
    try:
        counted = logins(visit.desk.where, start=window.start(wall), end=wall)
        attempts = chart("Logins", counted, LOGINS, window=window, now=wall)
    except NotCounted as error:
        why = error.format_message()
    return visit.page(
        "activity.html",
        realm=realm,
        windows=WINDOWS,
        chosen=chosen,
        found=found,
        charts=[began, ended],
        attempts=attempts,
        why=why,
    )
