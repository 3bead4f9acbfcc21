"""The feed of what ended, `GET /v1/revocations`: what to ask next, and what a page says. Pure.

Nothing is missed: an ending that was acknowledged is in a page at or after every cursor that was
handed out before. Pages repeat the last 40 seconds, so an entry comes several times.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import urlencode

from sojourn_client.clock import Instant

Scope = Literal["sessions", "user", "realm", "key"]
CURSOR_SECONDS: Final = 60.0
"""How long a cursor is asked with `If-None-Match`: then a new cursor is wanted in any case."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What one commit ended. Times are epoch seconds of the service."""

    id: str
    scope: Scope
    session_ids: tuple[str, ...]
    user_id: str | None
    key_id: str | None
    ended_at: float
    reason: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the feed."""

    entries: tuple[Entry, ...]
    cursor: str
    complete_since: float
    more: bool


@dataclass(frozen=True, slots=True)
class Position:
    """Where a reader is. A sweep of several pages counts from when its first one was asked for.

    - `cursor`: where to go on; None to begin
    - `sweep`: when the first page of the unfinished sweep was asked for
    - `etag`, `since`: of the last answer, and when its cursor was handed out
    """

    cursor: str | None = None
    sweep: Instant | None = None
    etag: str | None = None
    since: Instant | None = None

    def path(self) -> str:
        """The path of the next request."""
        query = {} if self.cursor is None else {"after": self.cursor}
        return f"/v1/revocations?{urlencode(query)}" if query else "/v1/revocations"

    def headers(self, now: Instant) -> dict[str, str]:
        """The headers of the next request: an answer that has nothing new needs no body."""
        old = self.since is None or now.since(self.since) >= CURSOR_SECONDS
        return {} if self.etag is None or old else {"if-none-match": self.etag}

    def after(self, page: Page, *, sent: Instant, etag: str | None) -> "Position":
        """After a page that was asked for at `sent`."""
        if page.more:
            return Position(page.cursor, self.sweep or sent)
        return Position(page.cursor, None, etag, sent)


def page_of(body: Mapping[str, Any]) -> Page:
    """The page in an answer. Raises `ValueError` if it is none."""
    listed, cursor, since = (body.get(n) for n in ("collection", "cursor", "complete_since"))
    if not isinstance(listed, list) or not isinstance(cursor, str) or not cursor:
        raise ValueError("collection")
    if isinstance(since, bool) or not isinstance(since, int | float):
        raise ValueError("complete_since")
    entries = tuple(_entry(each) for each in listed)
    return Page(entries, cursor, float(since), body.get("more_results") is not False)


def _entry(told: Any) -> Entry:
    """One entry. What this client does not know ends everything, as far as it can tell."""
    if not isinstance(told, Mapping):
        raise ValueError("entry")
    entry_id = told.get("id")
    if not isinstance(entry_id, str):
        raise ValueError("id")
    named, user_id, key_id = (told.get(n) for n in ("session_ids", "user_id", "key_id"))
    known = isinstance(named, list) and all(isinstance(each, str) for each in named)
    scope: Scope = "realm"
    if known and told.get("scope") is None:
        scope = "sessions"
    elif told.get("scope") == "user" and isinstance(user_id, str):
        scope = "user"
    elif told.get("scope") == "key" and isinstance(key_id, str):
        scope = "key"
    ended_at, reason = told.get("ended_at"), told.get("reason")
    if isinstance(ended_at, bool) or not isinstance(ended_at, int | float):
        raise ValueError("ended_at")
    return Entry(
        id=entry_id,
        scope=scope,
        session_ids=tuple(named) if known and isinstance(named, list) else (),
        user_id=user_id if isinstance(user_id, str) else None,
        key_id=key_id if isinstance(key_id, str) else None,
        ended_at=float(ended_at),
        reason=reason if isinstance(reason, str) else None,
    )
