"""Pages of access keys: who has one, when it was last used; make and revoke them."""

from datetime import datetime

from starlette.responses import Response

from sojourn_cli.api import View
from sojourn_cli.console.routes import Asked, FormRefused
from sojourn_cli.console.visit import Visit
from sojourn_cli.console.words import plain_time


def list_(visit: Visit) -> Response:
    """A realm's access keys, or the stack-wide ones."""
    keys, more = visit.listed("/v1/access_keys", visit.after, most=100)
    realm = visit.realm() if visit.place else None
    return visit.page("keys.html", realm=realm, keys=keys, more=more)


def create(visit: Visit) -> Response:
    """Make a key; its secret is shown once."""
    body: View = {"name": visit.form.get("name", ""), "permission": visit.form.get("permission")}
    if expires := visit.form.get("expires"):
        try:
            body["expires_at"] = int(datetime.fromisoformat(expires).astimezone().timestamp())
        except (ValueError, OverflowError, OSError) as error:
            raise FormRefused(422, "The expiry must be a date and time.") from error
    made = visit.api.one("POST", "/v1/access_keys", body)
    text = f"The secret of the new key {made['id']}. It is shown only now."
    return visit.go(_place(visit), text, secret=str(made["secret"]))


def ask_revoke(visit: Visit) -> Asked:
    """Who would be refused."""
    key = visit.api.one("GET", _path(visit))
    used = plain_time(key["last_used_at"])
    ends = [
        f"{key['id']}, with the permission {key['permission']}, was "
        + (f"last used {used} (within an hour)." if used else "never used."),
        "Whoever uses it is refused from the next request on. Give them another key first.",
        "It ends no session of a user. It cannot be undone.",
    ]
    if key["id"] == visit.desk.holder.id:
        ends.insert(0, "This is the console's own key: the console can do nothing afterwards.")
    return Asked(
        title=f"Revoke the access key {key['name'] or key['id']}?",
        ends=tuple(ends),
        button="Revoke the key",
        back=_place(visit),
    )


def revoke(visit: Visit) -> Response:
    """Delete a key."""
    visit.api.call("DELETE", _path(visit))
    return visit.go(_place(visit), "The key is revoked.")


def _path(visit: Visit) -> str:
    return f"/v1/access_keys/{visit.id('key')}"


def _place(visit: Visit) -> str:
    return f"{visit.place}/keys"
