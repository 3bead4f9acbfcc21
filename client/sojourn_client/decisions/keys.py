"""A realm's public keys, and when to fetch them again: pure, without input or output.

Keys are fetched when the first token comes, again in the background when they are 15 minutes old,
and at once for a token that names an unknown key, at most every five seconds: tokens with made-up
keys cannot be turned into load.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import Algorithm

from sojourn_client.clock import Instant

REFRESH_SECONDS: Final = 900.0
PAUSE_SECONDS: Final = 5.0
MOST: Final = 100
_KINDS: Final = {("RSA", "RS256"), ("EC", "ES256"), ("OKP", "EdDSA")}
_RSA_BITS: Final = 2_048


@dataclass(frozen=True, slots=True)
class Key:
    """A public key and its one algorithm."""

    kid: str
    algorithm: str
    public: Any
    scheme: Algorithm

    def signed(self, message: bytes, signature: bytes) -> bool:
        """Whether this key made the signature of a message."""
        return self.scheme.verify(message, self.public, signature)


@dataclass(frozen=True, slots=True)
class KeySet:
    """The keys of a realm as they were last fetched, and the last time that they were tried."""

    keys: Mapping[str, Key]
    fetched: Instant | None = None
    tried: Instant | None = None

    @property
    def failed(self) -> bool:
        """Whether the last fetch brought nothing, so that an unknown key may still be one."""
        if self.fetched is None or self.tried is None:
            return True
        return self.fetched.monotonic < self.tried.monotonic

    def needs(self, kid: str, now: Instant) -> bool:
        """Whether keys must be fetched before a token of this key can be judged."""
        return kid not in self.keys and self._may_try(now)

    def ages(self, now: Instant) -> bool:
        """Whether keys should be fetched again, without any token waiting for it."""
        old = self.fetched is not None and now.since(self.fetched) >= REFRESH_SECONDS
        return old and self._may_try(now)

    def trying(self, now: Instant) -> "KeySet":
        """After a fetch began."""
        return KeySet(self.keys, self.fetched, now)

    def loaded(self, document: Mapping[str, Any], sent: Instant) -> "KeySet":
        """After a fetch: only the new keys count. Raises `ValueError` if it is no key set."""
        return KeySet(keys_of(document), sent, self.tried)

    def _may_try(self, now: Instant) -> bool:
        return self.tried is None or now.since(self.tried) >= PAUSE_SECONDS


NO_KEYS: Final = KeySet({})


def keys_of(document: Mapping[str, Any]) -> dict[str, Key]:
    """The keys of a key set (RFC 7517) that sign tokens. Raises `ValueError` if it is none."""
    listed = document.get("keys")
    if not isinstance(listed, list) or len(listed) > MOST:
        raise ValueError("keys")
    found = (_key(each) for each in listed)
    return {key.kid: key for key in found if key is not None}


def _key(jwk: Any) -> Key | None:
    """A key whose `kty` and `alg` belong together; None if it is for something else."""
    if not isinstance(jwk, dict) or jwk.get("use", "sig") != "sig":
        return None
    kid, algorithm = jwk.get("kid"), jwk.get("alg")
    if not isinstance(kid, str) or (jwk.get("kty"), algorithm) not in _KINDS or "d" in jwk:
        return None
    try:
        known = jwt.PyJWK(jwk, algorithm=algorithm)
    except jwt.PyJWTError:
        return None
    if isinstance(known.key, RSAPublicKey) and known.key.key_size < _RSA_BITS:
        return None
    return Key(kid, str(algorithm), known.key, known.Algorithm)
