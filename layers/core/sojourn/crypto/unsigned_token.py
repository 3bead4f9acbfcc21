"""Sign login tokens, by PyJWT."""

from collections.abc import Mapping

import jwt

from sojourn.crypto.public_keys import JOSE_NAMES
from sojourn.crypto.signing_keys import PrivateKey
from sojourn.crypto.token_claims import size_of, too_long
from sojourn.crypto.unverified_token import LONGEST
from sojourn.domain.errors import Invalid
from sojourn.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class UnsignedToken:
    """The claims of a token within the size limit, and the key that will sign it."""

    claims: Mapping[str, object]
    key: PrivateKey

    def sign(self) -> str:
        """The signed token."""
        algorithm, headers = JOSE_NAMES[self.key.algo], {"kid": self.key.id}
        return jwt.encode(dict(self.claims), self.key.key, algorithm=algorithm, headers=headers)


def unsigned(claims: Mapping[str, object], key: PrivateKey) -> UnsignedToken:
    """The token before it is signed. Raises `Invalid` if it would be over 4,000 bytes."""
    if (size := size_of(claims, key.algo)) > LONGEST:
        raise Invalid(too_long("The user's token", size))
    return UnsignedToken(claims, key)
