"""The API's JSON forms of sessions and users (design: "The session object")."""

import json
from typing import Any
from zlib import crc32

from sojourn.domain import ids
from sojourn.domain.errors import Unauthenticated
from sojourn.domain.realm import Realm
from sojourn.domain.session import AuthMethod, Ended, Origin, Session
from sojourn.domain.user import User

View = dict[str, Any]


def session(found: Session, account: User) -> View:
    """A managed session."""
    return {
        "object": "session",
        "id": found.id,
        "user_id": account.id,
        "realm_id": account.realm_id,
        "session_type": "managed",
        "auth_method": found.auth_method,
        "created_at": found.created_ms / 1000,
        "expires_at": found.expires_at,
        "request": request(found.origin),
    }


def unmanaged(
    session_id: str,
    account: User,
    *,
    auth_method: AuthMethod,
    expires_at: int | None,
    origin: Origin | None,
) -> View:
    """An unmanaged session; where it began is known in the answer that began it alone."""
    return {
        "object": "session",
        "id": session_id,
        "user_id": account.id,
        "realm_id": account.realm_id,
        "session_type": "unmanaged",
        "auth_method": auth_method,
        "created_at": ids.created_ms(session_id) / 1000,
        "expires_at": expires_at,
        "request": None if origin is None else request(origin),
    }


def ended(found: Ended, account: User, *, for_server: bool) -> View:
    """A session that was ended before its time; only a server learns by whom."""
    view = session(found.session, account) | {
        "active": False,
        "ended_at": found.ended_ms / 1000,
        "reason": found.reason,
    }
    if found.strip:
        view["request"] = None
    if for_server:
        view["ended_by"] = {"type": found.by.type, "id": found.by.id}
    return view


def refused(error: Unauthenticated) -> View:
    """What a token is that does not stand: the code, and when and why where that is known."""
    return {"active": False, "code": error.code, **error.members}


def request(origin: Origin) -> View:
    """Where a session began."""
    return {"ip": origin.ip, "client": origin.client, "reported": origin.reported}


def user_brief(account: User) -> View:
    """The user as a validation tells of them."""
    return {
        "object": "user",
        "id": account.id,
        "username": account.username,
        "name": account.name,
        "email": account.email,
        "custom": None if account.custom is None else json.loads(account.custom),
    }


def revalidate_after(session_id: str, realm: Realm, *, left: int | None) -> int:
    """Seconds until the next validation: 80 to 100 % of the realm's `max_staleness_seconds`.

    At most `left`, the whole seconds that are left of the session (None: it has no end).

    The same for each validation of one session and different between sessions, so that caches
    do not expire together.
    """
    most = realm.settings.max_staleness_seconds
    advised = max(1, most - crc32(session_id.encode()) % (most // 5 + 1))
    return advised if left is None else max(0, min(advised, left))


def session_end(
    *,
    realm_id: str,
    user_id: str | None = None,
    ended_ms: int | None = None,
    sessions: int | None = None,
    complete: bool = True,
    dry_run: bool = False,
) -> View:
    """What an end of everything did, or would do: `sessions` where they were counted."""
    return {
        "object": "session_end",
        "realm_id": realm_id,
        "user_id": user_id,
        "dry_run": dry_run,
        "ended_at": None if ended_ms is None else ended_ms / 1000,
        "sessions": sessions,
        "complete": complete,
    }
