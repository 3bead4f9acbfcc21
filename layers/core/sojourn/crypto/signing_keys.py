"""Private signing keys: created, encrypted by KMS, decrypted and cached in memory."""

from typing import Any, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from sojourn.crypto.public_keys import EXPONENT
from sojourn.domain import ids
from sojourn.domain.errors import Unavailable
from sojourn.domain.ports import Cipher, Realms
from sojourn.domain.realm import Realm
from sojourn.domain.signing_key import Algorithm, KeyKind, PublicKey
from sojourn.domain.values import dataclass, field
from sojourn.runtime.cache import Cache
from sojourn.runtime.clock import Clock

PRIVATE_KEY_SECONDS: Final = 3_600
PRIVATE_KEYS: Final = 64

AnyPrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A decrypted signing key. It is only in memory."""

    id: str
    algo: Algorithm
    number: int
    key: Any = field(repr=False)


def generate(algo: Algorithm) -> tuple[bytes, str]:
    """A new key pair: the private key as PKCS#8 DER, the public key as PEM."""
    private: AnyPrivateKey
    if algo == "rs256":
        private = rsa.generate_private_key(public_exponent=EXPONENT, key_size=2_048)
    elif algo == "es256":
        private = ec.generate_private_key(ec.SECP256R1())
    else:
        private = ed25519.Ed25519PrivateKey.generate()
    der = private.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    pem = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return der, pem.decode()


def new_key(
    algo: Algorithm, *, realm_id: str, now_ms: int, cipher: Cipher
) -> tuple[PublicKey, bytes]:
    """A key that signs from now on, and its encrypted private key."""
    der, pem = generate(algo)
    key_id = ids.new_id("jky", now_ms)
    ciphertext = cipher.encrypt(der, realm_id=realm_id, key_id=key_id)
    public = PublicKey(id=key_id, algo=algo, pem=pem, signs_from_ms=now_ms, created_ms=now_ms)
    return public, ciphertext


class SigningKeys:
    """The decrypted keys of a login instance: at most 64, none for longer than an hour.

    Each use drops keys that are older, and keys that the newly read realm no longer has. `purge`
    drops old keys at the start of each invocation, because a frozen instance may resume with keys
    that are too old.
    """

    def __init__(self, realms: Realms, cipher: Cipher, clock: Clock) -> None:
        self._realms = realms
        self._cipher = cipher
        self._clock = clock
        self._cache: Cache[PrivateKey] = Cache(
            clock, seconds=PRIVATE_KEY_SECONDS, size=PRIVATE_KEYS
        )

    def for_realm(self, realm: Realm, *, seconds: int) -> PrivateKey:
        """The private key that signs a token of this lifetime now (0: a token without `exp`).

        Raises `Unavailable` if it cannot be read or decrypted.
        """
        self._cache.purge(lambda cached: _gone(cached, realm))
        kind: KeyKind = "expiring" if seconds else "open_ended"
        public = realm.signing_key(self._clock.wall_ms(), kind=kind, seconds=seconds)
        return self._cache.get(f"{realm.id}/{public.id}", lambda: self._load(realm.id, public))

    def purge(self) -> None:
        """Drop the keys that are older than an hour."""
        self._cache.purge()

    def _load(self, realm_id: str, public: PublicKey) -> PrivateKey:
        ciphertext = self._realms.private_key(realm_id, public.id)
        if ciphertext is None:
            raise Unavailable("The realm's signing key is missing.")
        der = self._cipher.decrypt(ciphertext, realm_id=realm_id, key_id=public.id)
        # The primes were tested when the key was created, and KMS has authenticated the bytes.
        # Testing them again would be most of the cost of a realm's first login in an instance.
        key = serialization.load_der_private_key(
            der, password=None, unsafe_skip_rsa_key_validation=True
        )
        return PrivateKey(id=public.id, algo=public.algo, number=public.number, key=key)


def _gone(cached: str, realm: Realm) -> bool:
    """Whether a cached key is one that the realm no longer has."""
    realm_id, _, key_id = cached.partition("/")
    return realm_id == realm.id and key_id not in realm.keys
