"""Pages of users: search, one user with sessions, and what can be done to them."""

import secrets
from typing import Final

from starlette.responses import Response

from sojourn_cli import ids
from sojourn_cli.answers import Refused
from sojourn_cli.api import View
from sojourn_cli.console.routes import Asked
from sojourn_cli.console.visit import Visit
from sojourn_cli.console.words import many
from sojourn_cli.ends import how_many

SEARCHED: Final = 500
"""Users that are read for a text that is nobody's id, username or email."""
PAGE: Final = 100
ALL: Final = 100
"""The most active sessions that a user can have."""


def list_(visit: Visit) -> Response:
    """A realm's users, or those whom a search finds."""
    sought = visit.query.get("q", "").strip()
    note, more = "", False
    if not sought:
        users, more = visit.listed("/v1/users", visit.after)
    else:
        users = _exactly(visit, sought)
        if not users:
            users, complete = _containing(visit, sought)
            note = "" if complete else f"Only the first {SEARCHED} users were searched."
    return visit.page(
        "users.html", realm=visit.realm(), users=users, more=more, sought=sought, note=note
    )


def show(visit: Visit) -> Response:
    """A user, with active and ended sessions."""
    user = visit.api.one("GET", _path(visit))
    whose = {"user_id": user["id"]}
    active, _ = visit.listed("/v1/sessions", whose, most=ALL)
    ended, more = visit.listed("/v1/sessions", {**whose, "state": "ended", **visit.after})
    return visit.page(
        "user.html", realm=visit.realm(), user=user, active=active, ended=ended, more=more
    )


def ask_end_one(visit: Visit) -> Asked:
    """What ending one session would end."""
    user, session = _user(visit), visit.api.one("GET", f"/v1/sessions/{visit.id('session')}")
    client = (session.get("request") or {}).get("client") or "an unknown client"
    return Asked(
        title=f"End this session of {_called(user)}?",
        ends=(
            f"This ends the session {session['id']}, of {client}.",
            "Whoever uses it must log in again. It cannot be undone.",
        ),
        button="End the session",
        back=_place(visit),
    )


def end_one(visit: Visit) -> Response:
    """End one session."""
    visit.api.call("DELETE", f"/v1/sessions/{visit.id('session')}")
    return visit.go(_place(visit), "The session has ended.")


def ask_end_all(visit: Visit) -> Asked:
    """What ending all of a user's sessions would end."""
    return Asked(
        title=f"End every session of {_called(_user(visit))}?",
        ends=(
            _ends_all(visit),
            "The user must log in again everywhere. It cannot be undone.",
        ),
        button="End every session",
        back=_place(visit),
    )


def end_all(visit: Visit) -> Response:
    """End all of a user's sessions."""
    ended = visit.api.one("POST", f"{_path(visit)}/end_sessions", {"dry_run": False})
    return visit.go(_place(visit), f"{many(ended['sessions'], 'managed session')} ended.")


def ask_disable(visit: Visit) -> Asked:
    """What disabling a user would end."""
    return Asked(
        title=f"Disable {_called(_user(visit))}?",
        ends=(
            _ends_all(visit),
            "The user cannot log in until enabled again. Ended sessions stay ended.",
        ),
        button="Disable the user",
        back=_place(visit),
    )


def disable(visit: Visit) -> Response:
    """Refuse a user's logins, and end all sessions."""
    visit.api.one("PUT", _path(visit), {"state": "inactive"})
    return visit.go(_place(visit), "The user is disabled, and every session has ended.")


def enable(visit: Visit) -> Response:
    """Let a user log in again."""
    visit.api.one("PUT", _path(visit), {"state": "active"})
    return visit.go(_place(visit), "The user can log in again.")


def unlock(visit: Visit) -> Response:
    """Clear the lockout after failed logins."""
    visit.api.call("POST", f"{_path(visit)}/unlock")
    return visit.go(_place(visit), "The lockout after failed logins is cleared.")


def ask_password(visit: Visit) -> Asked:
    """What a new password would end."""
    return Asked(
        title=f"Set a new password for {_called(_user(visit))}?",
        ends=(
            _ends_all(visit),
            "The former password no longer works. A lockout after failed logins is cleared.",
        ),
        button="Set the password",
        back=_place(visit),
        template="password.html",
    )


def password(visit: Visit) -> Response:
    """Set a password: the one that is typed, or a new one that is shown once."""
    typed = visit.form.get("password", "")
    new = typed or secrets.token_urlsafe(15)
    visit.api.one("PUT", _path(visit), {"password": new})
    if typed:
        return visit.go(_place(visit), "The password is set, and every session has ended.")
    text = "The new password. It is shown only now. Every session has ended."
    return visit.go(_place(visit), text, secret=new)


def _exactly(visit: Visit, sought: str) -> list[View]:
    """The user whose id, username or email this is."""
    if ids.is_id("usr", sought):
        try:
            return [visit.api.one("GET", f"/v1/users/{sought}")]
        except Refused as refused:
            if refused.status != 404:
                raise
            return []
    for name in ("username", "email"):
        try:
            found, _ = visit.listed("/v1/users", {name: sought})
        except Refused as refused:
            if refused.status != 422:  # not the form of a username, or of an email
                raise
            continue
        if found:
            return found
    return []


def _containing(visit: Visit, sought: str) -> tuple[list[View], bool]:
    """The users with this text in a name, and whether all were searched."""
    found: list[View] = []
    after: dict[str, str] = {}
    more = True
    for _ in range(SEARCHED // PAGE):
        users, more = visit.listed("/v1/users", after, most=PAGE)
        for user in users:
            names = (user["username"], user["name"], user["email"])
            if any(sought.casefold() in name.casefold() for name in names if name):
                found.append(user)
        if not more:
            break
        after = {"after": users[-1]["id"]}
    return found, not more


def _user(visit: Visit) -> View:
    return visit.api.one("GET", _path(visit))


def _ends_all(visit: Visit) -> str:
    return f"This ends {how_many(visit.api, _path(visit))}, and every unmanaged one."


def _called(user: View) -> str:
    return str(user["username"] or user["name"] or user["id"])


def _path(visit: Visit) -> str:
    return f"/v1/users/{visit.id('user')}"


def _place(visit: Visit) -> str:
    return f"{visit.place}/users/{visit.id('user')}"
