"""Check the body of a `PUT` or `PATCH`: read-only members must be unchanged.

So a caller can send the answer of a `GET` back with a few values changed. A field's current value
is always accepted, even if the field would not accept it as a new value.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Final, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct

from sojourn.api import complaints
from sojourn.api.complaints import READ_ONLY, Complaint
from sojourn.api.request import Request
from sojourn.api.structs import Answer
from sojourn.domain.access_key import Server
from sojourn.domain.errors import NotFound

ReadOnly = Annotated[
    Any,
    Meta(
        description="Cannot be changed; taken where it is as it is",
        extra={READ_ONLY: True},
        extra_json_schema={"readOnly": True},
    ),
]
"""A member that a change cannot change."""
_NAMING: Final = "realm_id"

Changes = TypeVar("Changes", bound=Struct)
Members = Mapping[str, Any]


def changes_of(
    server: Server, request: Request, kind: type[Changes], current: Callable[[Server], Answer]
) -> tuple[Server, Changes]:
    """The changes in a body, and the server with the realm that it names.

    `current` reads the object. It is called only if the body has a read-only member, or a value
    that is wrong unless it is the current one. Raises as `Request.parse` and `Server.narrow` do.
    """
    body = request.json()
    wrong = complaints.judge(body, kind)
    if any(complaint.field == _NAMING for complaint in wrong):
        raise complaints.refusal(wrong)
    server = server.narrow(body.get(_NAMING))
    fixed = [name for name in (*complaints.fields_with(kind, READ_ONLY), _NAMING) if name in body]
    if wrong or fixed:
        there = _look(server, current, wrong)
        wrong += [Complaint(name, f"{name} cannot be changed.") for name in fixed if name in there]
        as_it_is = {c.field for c in wrong if _is_there(c.field, body, there)}
        if left := [c for c in wrong if c.field not in as_it_is]:
            raise complaints.refusal(left)
        body = {name: value for name, value in body.items() if name not in as_it_is}
    return server, msgspec.convert(body, kind)


def named(changes: Struct, *fields: str) -> dict[str, Any]:
    """Those of the fields that the changes name, and to what."""
    return {f: value for f in fields if (value := getattr(changes, f)) is not UNSET}


def _look(
    server: Server, current: Callable[[Server], Answer], wrong: Sequence[Complaint]
) -> Members:
    try:
        found: Members = msgspec.to_builtins(current(server))
        return found
    except NotFound:
        if wrong:
            raise complaints.refusal(wrong) from None
        raise


def _is_there(name: str, body: Members, there: Members) -> bool:
    """Whether a member is sent with its current value."""
    if name not in body or name not in there:
        return False
    sent, known = body[name], there[name]
    if name == "last_used_at" and sent != known:
        # The key was used since the caller read it; an older value is not a change.
        return sent is None or (isinstance(sent, int | float) and sent < (known or 0))
    return isinstance(sent, bool) is isinstance(known, bool) and bool(sent == known)
