"""What bodies and answers have in common: ids, and the realm that a server names in a body."""

from typing import Annotated

from msgspec import Meta, Struct

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
