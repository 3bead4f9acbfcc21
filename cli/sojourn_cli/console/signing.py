"""Pages of a realm's signing keys: when each signs and may go; rotate, stop and delete them."""

from starlette.responses import Response

from sojourn_cli.console.routes import Asked
from sojourn_cli.console.visit import Visit
from sojourn_cli.console.words import many, plain_time


def list_(visit: Visit) -> Response:
    """A realm's signing keys."""
    keys, _ = visit.listed("/v1/jwt_keys", most=100)
    return visit.page("signing.html", realm=visit.realm(), keys=keys)


def rotate(visit: Visit) -> Response:
    """Create the next key."""
    kind = "open_ended" if visit.form.get("kind") == "open_ended" else "expiring"
    made = visit.api.one("POST", "/v1/jwt_keys", {"kind": kind})
    text = f"The key {made['id']} is published. It signs from {plain_time(made['signs_from'])} on."
    return visit.go(_place(visit), text)


def ask_stop(visit: Visit) -> Asked:
    """What the stop of a key that may have leaked would end."""
    return Asked(
        title="Stop this signing key?",
        ends=(
            f"Every session and token that {visit.id('signing')} signed ends, within five seconds. "
            "How many is known only afterwards.",
            "Another key signs at once. Do this if the key may have leaked. It cannot be undone.",
        ),
        button="Stop the key",
        back=_place(visit),
    )


def stop(visit: Visit) -> Response:
    """Stop a key."""
    ended = visit.api.one("PUT", _path(visit), {"compromised": True}).get("ended") or {}
    told = many(ended.get("managed_sessions", 0), "managed session")
    least = "" if ended.get("complete") else "at least "
    return visit.go(_place(visit), f"The key is stopped. It ended {least}{told}.")


def ask_delete(visit: Visit) -> Asked:
    """Whether a key whose tokens have expired may go."""
    key = visit.api.one("GET", _path(visit))
    until = plain_time(key["retire_after"])
    return Asked(
        title="Delete this signing key?",
        ends=(
            f"The last token of {key['id']} expires {until}; before that the service refuses to "
            "delete it."
            if until
            else f"A token that {key['id']} signed may never expire, or it still signs; then the "
            "service refuses to delete it.",
            "It ends no session. sojourn keys signing delete --force deletes a key earlier.",
        ),
        button="Delete the key",
        back=_place(visit),
    )


def delete(visit: Visit) -> Response:
    """Delete a key whose tokens have expired."""
    visit.api.call("DELETE", _path(visit))
    return visit.go(_place(visit), "The key is deleted.")


def _path(visit: Visit) -> str:
    return f"/v1/jwt_keys/{visit.id('signing')}"


def _place(visit: Visit) -> str:
    return f"{visit.place}/signing"
