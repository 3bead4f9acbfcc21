"""Sign login tokens, by PyJWT."""

from collections.abc import Mapping
from typing import Final

from jwt import PyJWS

from sojourn.crypto.public_keys import JOSE_NAMES
from sojourn.crypto.signing_keys import PrivateKey
from sojourn.crypto.token_claims import encoded, size_of, too_long
from sojourn.crypto.unverified_token import LONGEST
from sojourn.domain.errors import Invalid
from sojourn.domain.values import dataclass

_SIGNER: Final = PyJWS()


@dataclass(frozen=True, slots=True)
class UnsignedToken:
    """The payload of a token within the size limit, and the key that will sign it."""

    payload: bytes
    key: PrivateKey

    def sign(self) -> str:
        """The signed token."""
        algorithm, headers = JOSE_NAMES[self.key.algo], {"kid": self.key.id}
        return _SIGNER.encode(self.payload, self.key.key, algorithm=algorithm, headers=headers)


def unsigned(claims: Mapping[str, object], key: PrivateKey) -> UnsignedToken:
    """The token before it is signed. Raises `Invalid` if it would be over 4,000 bytes."""
    payload = encoded(claims)
    if (size := size_of(payload, key.algo)) > LONGEST:
        raise Invalid(too_long("The user's token", size))
    return UnsignedToken(payload, key)
