"""Shared types of the Structs of bodies and answers: ids, times, the named realm."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from sojourn.domain import ids

# msgspec knows neither a Literal of a bool nor a union of two Structs without tags.
Yes = Annotated[bool, Meta(extra_json_schema={"const": True})]
No = Annotated[bool, Meta(extra_json_schema={"const": False})]
Time = Annotated[float, Meta(description="Seconds since the epoch, with a fraction", gt=0)]
WholeTime = Annotated[int, Meta(description="Whole seconds since the epoch", gt=0)]


def id_pattern(prefix: str, digits: int = ids.BODY) -> str:
    r"""What an id of a kind looks like: `\Z`, for `$` would let a line's end follow."""
    return rf"^{prefix}_[0-9A-Za-z]{{{digits}}}\Z"


RealmId = Annotated[str, Meta(pattern=id_pattern("rl"))]
SessionId = Annotated[str, Meta(pattern=id_pattern("kss", 2 * ids.BODY + 2 * ids.GENERATION))]
UserId = Annotated[str, Meta(pattern=id_pattern("usr"))]
CredentialId = Annotated[str, Meta(pattern=id_pattern("crd", 2 * ids.BODY))]
AccessKeyId = Annotated[str, Meta(pattern=id_pattern("key"))]
RevocationId = Annotated[str, Meta(pattern=id_pattern("rev"))]
JwtKeyId = Annotated[str, Meta(pattern=id_pattern("jky"))]


class InRealm(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A body of a server. A stack-wide access key may name the request's realm in it."""

    realm_id: RealmId | None = None


class Form(Struct, frozen=True, kw_only=True):
    """A form of an OAuth endpoint. Unknown parameters are ignored (RFC 6749, 3.2)."""


class Answer(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """The JSON object of an answer. A member is left out only if it is `UNSET`."""


class Polled(Answer, frozen=True, kw_only=True):
    """An answer that its caller polls for."""

    @property
    def seen(self) -> object:
        """What of it is new when it changes: the rest may differ in each answer."""
        raise NotImplementedError


def one_of(*names: str) -> Any:
    """The type of a member that is one of several answers, for the OpenAPI document."""
    forms = [{"$ref": f"#/components/schemas/{name}"} for name in names]
    return Annotated[dict[str, Any], Meta(extra_json_schema={"oneOf": forms})]
