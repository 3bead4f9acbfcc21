"""What is said of a route beside its code, and what follows from that."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from msgspec import Struct

from sojourn.api.request import BODY_LIMIT
from sojourn.domain.access_key import Permission
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

Caller = Literal["nobody", "user", "server", "either"]
Errors = tuple[type[SojournError], ...]
Schema = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}
REALM_ID: Final[Schema] = {"type": "string", "pattern": r"^rl_[0-9A-Za-z]{22}$"}
USER_ID: Final[Schema] = {"type": "string", "pattern": r"^usr_[0-9A-Za-z]{22}$"}
PAGING: Final[Mapping[str, Schema]] = {
    "after": TEXT,
    "max_results": {"type": "integer", "minimum": 1, "maximum": 100, "default": 50},
    "direction": {"enum": ["asc", "desc"]},
}
IN_REALM: Final[Mapping[str, Schema]] = {"realm_id": REALM_ID}
LIST: Final = {**IN_REALM, **PAGING}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What a route's code does not say by itself.

    `answers` are its successes: a status, and the form of the body, one of several forms, or
    none. `may_be_empty`: the body may be left out. `permission` is what a server's key needs.
    `required` are fields that this route needs although the Struct leaves them out. `errors` are
    those that `errors_of` does not know. `cached` documents are public, and may be kept.
    """

    name: str
    does: str
    caller: Caller
    answers: Mapping[int, tuple[type[Struct], ...]]
    permission: Permission = "read"
    body: type[Struct] | None = None
    body_limit: int = BODY_LIMIT
    may_be_empty: bool = False
    required: tuple[str, ...] = ()
    query: Mapping[str, Schema] = field(default_factory=dict)
    errors: Errors = ()
    cached: bool = False


def errors_of(route: str, operation: Operation) -> set[type[SojournError]]:
    """Every error that a route may answer."""
    found: set[type[SojournError]] = {EdgeRequired, *operation.errors}
    if operation.caller != "nobody" or operation.body or "{" in route:
        found.add(Unavailable)
    if operation.caller != "nobody":
        found |= {CredentialsAmbiguous, TokenMissing, TokenInvalid, SessionExpired}
        found |= {AccessKeyInvalid, Invalid}
    if operation.caller in ("user", "either"):
        found |= {SessionEnded}
    if operation.caller in ("user", "server"):
        found |= {WrongCaller}
    if operation.caller in ("server", "either"):
        found |= {RealmForbidden}
        if operation.permission != "read":
            found |= {PermissionMissing}
    if operation.body:
        found |= {BodyInvalid, TooLarge, UnsupportedMediaType, Invalid}
    if "after" in operation.query:
        found |= {CursorInvalid}
    if "{id}" in route:
        found |= {NotFound}
    return found


def crud(
    path: str,
    *,
    one: str,
    permission: Permission,
    body: type[Struct],
    changes: type[Struct],
    shown: type[Struct],
    made: type[Struct],
    page: type[Struct],
    seeing: Permission = "read",
    query: Mapping[str, Schema] = LIST,
    making: Mapping[str, Schema] = IN_REALM,
    required: tuple[str, ...] = (),
    changed: tuple[type[Struct], ...] = (),
    errors: Mapping[str, Errors] | None = None,
) -> dict[str, Operation]:
    """The six routes of one kind of thing. `errors` are by verb: those of its own.

    `query` is of its list, `making` of its creation.
    `changed` are further forms that a change may answer, beside the thing as it is `shown`.
    """
    own = errors or {}
    change = Operation(
        name=f"update_{one}_by_put",
        does=f"Change the fields that are named of one {one}, and no others.",
        caller="server",
        permission=permission,
        body=changes,
        query=IN_REALM,
        answers={200: (shown, *changed)},
        errors=own.get("update", ()),
    )
    return {
        f"POST {path}": Operation(
            name=f"create_{one}",
            does=f"Make one {one}.",
            caller="server",
            permission=permission,
            body=body,
            required=required,
            query=making,
            answers={201: (made,)},
            errors=own.get("create", ()),
        ),
        f"GET {path}": Operation(
            name=f"list_{one}s",
            does=f"List each {one}, by id.",
            caller="server",
            permission=seeing,
            query=query,
            answers={200: (page,)},
            errors=own.get("list", ()),
        ),
        f"GET {path}/{{id}}": Operation(
            name=f"get_{one}",
            does=f"Get one {one}.",
            caller="server",
            permission=seeing,
            query=IN_REALM,
            answers={200: (shown,)},
        ),
        f"PUT {path}/{{id}}": change,
        f"PATCH {path}/{{id}}": replace(change, name=f"update_{one}"),
        f"DELETE {path}/{{id}}": Operation(
            name=f"delete_{one}",
            does=f"Delete one {one}.",
            caller="server",
            permission=permission,
            query=IN_REALM,
            answers={204: ()},
            errors=own.get("delete", ()),
        ),
    }
