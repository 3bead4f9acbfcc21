"""What bodies and answers have in common: ids, and the realm that a server names in a body."""

from typing import Annotated, TypeVar

from msgspec import Meta, Struct

from sojourn.api.request import BODY_LIMIT, Request
from sojourn.domain.access_key import Server

# `$` would let a line's end follow.
RealmId = Annotated[str, Meta(pattern=r"^rl_[0-9A-Za-z]{22}\Z")]
SessionId = Annotated[str, Meta(pattern=r"^kss_[0-9A-Za-z]{54}\Z")]
UserId = Annotated[str, Meta(pattern=r"^usr_[0-9A-Za-z]{22}\Z")]
CredentialId = Annotated[str, Meta(pattern=r"^crd_[0-9A-Za-z]{44}\Z")]
AccessKeyId = Annotated[str, Meta(pattern=r"^key_[0-9A-Za-z]{22}\Z")]
JwtKeyId = Annotated[str, Meta(pattern=r"^jky_[0-9A-Za-z]{22}\Z")]


class InRealm(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What a server sends. A stack-wide key may name the realm here that the request is about."""

    realm_id: RealmId | None = None


Body = TypeVar("Body", bound=InRealm)


def taken(
    server: Server,
    request: Request,
    kind: type[Body],
    *,
    limit: int = BODY_LIMIT,
    any_text: bool = False,
    optional: bool = False,
) -> tuple[Server, Body]:
    """A server's body, and the server, about the realm that it names.

    Raises as `Request.parse` and `Server.narrow` do. No body is one without fields, where it is
    `optional`.
    """
    if optional:
        body = request.parse_optional(kind, limit=limit)
    else:
        body = request.parse(kind, limit=limit, any_text=any_text)
    return server.narrow(body.realm_id), body
