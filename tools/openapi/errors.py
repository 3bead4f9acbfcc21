"""All errors of a route: its own, and those that follow from caller, query, body and path."""

from sojourn.api.parameters import AFTER
from sojourn.api.route import Route
from sojourn.domain.errors import (
    AccessKeyInvalid,
    BodyInvalid,
    CredentialsAmbiguous,
    CursorInvalid,
    EdgeRequired,
    Invalid,
    NotFound,
    PermissionMissing,
    RealmForbidden,
    SessionEnded,
    SessionExpired,
    SojournError,
    TokenInvalid,
    TokenMissing,
    TooLarge,
    Unavailable,
    UnsupportedMediaType,
    WrongCaller,
)


def errors_of(route: Route) -> set[type[SojournError]]:
    """Every error that a route may answer."""
    found: set[type[SojournError]] = {EdgeRequired, *route.errors}
    if route.caller != "nobody" or route.body or "{" in route.path:
        found.add(Unavailable)
    if route.caller != "nobody":
        found |= {CredentialsAmbiguous, TokenInvalid, AccessKeyInvalid, Invalid}
        found |= set() if route.public else {TokenMissing}
        found |= set() if route.oauth else {SessionExpired}
    if route.caller in ("user", "either"):
        found |= {SessionEnded}
    if route.caller != "nobody" and not (route.user and route.server):
        found |= {WrongCaller}
    if route.server is not None:
        found |= {RealmForbidden}
        if route.server != "read":
            found |= {PermissionMissing}
    if route.body:
        found |= {BodyInvalid, TooLarge, UnsupportedMediaType, Invalid}
    if AFTER in route.parameters:
        found |= {CursorInvalid}
    if "{id}" in route.path:
        found |= {NotFound}
    return found
