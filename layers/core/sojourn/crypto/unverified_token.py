"""Read a login token (JWT, RFC 7519) that is not verified: its form, and what it names.

The header may have only `alg`, `kid` and `typ`, so tokens with `jku`, `x5u`, `jwk` or `crit` are
refused. Each member has the type in which it is signed, and each part its one spelling in
base64url: of a token there is no second text.
"""

from binascii import a2b_base64, b2a_base64
from typing import Final, Literal

from msgspec import UNSET, Struct, UnsetType
from msgspec.json import Decoder

from sojourn.domain import ids
from sojourn.domain.errors import TokenInvalid
from sojourn.domain.policy import SessionType
from sojourn.domain.session import AuthMethod

LONGEST: Final = 4_000
"""The bytes of the longest token."""


class Header(Struct, forbid_unknown_fields=True):
    """All that a header has."""

    alg: str
    kid: str
    typ: Literal["JWT"]


class Payload(Struct):
    """The claims that are read. The others, such as `email`, are for applications."""

    iss: str
    sub: str
    aud: str
    rid: str
    sid: str
    iat: int
    session_type: SessionType
    exp: int | UnsetType = UNSET
    auth_method: AuthMethod = "password"
    jti: str = ""


_HEADERS: Final = Decoder(Header)
_PAYLOADS: Final = Decoder(Payload)
_USUAL: Final = bytes.maketrans(b"-_+/", b"+/??")
"""From base64url's alphabet to the usual one, whose own two characters are none of base64url's."""


class UnverifiedToken:
    """A token's parts. `signed` is the text that `signature` is of."""

    __slots__ = ("header", "payload", "signature", "signed")

    def __init__(self, token: str) -> None:
        """Raises `TokenInvalid` if the text has not the form of a token."""
        if len(token) > LONGEST:
            raise TokenInvalid
        try:
            header, payload, signature = token.encode("ascii").split(b".")
            # As a text: the decoder does not look at the UTF-8 of members that it skips.
            self.header = _HEADERS.decode(_bytes(header).decode())
            self.payload = _PAYLOADS.decode(_bytes(payload).decode())
            self.signature = _bytes(signature)
        except (ValueError, RecursionError) as error:
            raise TokenInvalid from error
        if not ids.is_id("jky", self.header.kid) or not ids.is_id("rl", self.payload.rid):
            raise TokenInvalid
        self.signed = b"%b.%b" % (header, payload)

    @property
    def named(self) -> tuple[str, str, str]:
        """The ids of the realm and the key, and the issuer."""
        return self.payload.rid, self.header.kid, self.payload.iss


def _bytes(part: bytes) -> bytes:
    """The bytes of a part in base64url without padding (RFC 7515)."""
    # The decoder takes too much padding, and more; what is compared has the one right spelling.
    usual = part.translate(_USUAL)
    found = a2b_base64(usual + b"==")
    if b2a_base64(found, newline=False).rstrip(b"=") != usual:
        raise ValueError("another spelling of the same bytes")
    return found
