"""Public keys of signing keys: their bytes, and the check of a signature by them.

Every key was made by `signing_keys.generate`, so its PEM (RFC 7468) has one of three layouts, and
the key is cut out of it: the reader of `cryptography` takes any PEM, and longer to import than all
else here.
"""

from binascii import a2b_base64
from collections.abc import Callable
from functools import lru_cache
from typing import Final, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from sojourn.domain.signing_key import Algorithm

JOSE_NAMES: Final[dict[Algorithm, Literal["RS256", "ES256", "EdDSA"]]] = {
    "rs256": "RS256",
    "es256": "ES256",
    "eddsa": "EdDSA",
}
"""Algorithms as RFC 7518 and RFC 8037 name them."""
EXPONENT: Final = 65_537
"""The public exponent of every RSA key."""

_LAYOUTS: Final[dict[Algorithm, tuple[str, int, str]]] = {
    "rs256": (
        "30820122300d06092a864886f70d01010105000382010f003082010a0282010100",
        256,
        "0203010001",
    ),
    "es256": ("3059301306072a8648ce3d020106082a8648ce3d03010703420004", 64, ""),
    "eddsa": ("302a300506032b6570032100", 32, ""),
}
"""A SubjectPublicKeyInfo (RFC 5280): what precedes the key, the key's length, what follows."""

Check = Callable[[bytes, bytes], None]
"""Takes a signature and what was signed. Raises `cryptography`'s `InvalidSignature`."""


def key_bytes(pem: str, algo: Algorithm) -> bytes:
    """RSA's modulus of 256 bytes, P-256's x and y of 32 bytes each, or Ed25519's 32 bytes.

    Raises `ValueError` if the PEM is not of a key of that algorithm.
    """
    before, length, after = _LAYOUTS[algo]
    der = a2b_base64("".join(pem.split("-----")[2:3]))
    found = der[len(before) // 2 :][:length]
    if len(found) != length or der != bytes.fromhex(before) + found + bytes.fromhex(after):
        raise ValueError("the PEM is not of a key of its algorithm")
    return found


@lru_cache(maxsize=256)
def check_of(pem: str, algo: Algorithm) -> Check:
    """The check of signatures by a key (cached, because it is made at the cost of some checks)."""
    raw = key_bytes(pem, algo)
    if algo == "rs256":
        return _rs256(rsa.RSAPublicNumbers(EXPONENT, int.from_bytes(raw)).public_key())
    if algo == "es256":
        point = b"\x04" + raw
        return _es256(ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point))
    return ed25519.Ed25519PublicKey.from_public_bytes(raw).verify


def _rs256(key: rsa.RSAPublicKey) -> Check:
    padded, hashed = padding.PKCS1v15(), SHA256()
    return lambda signature, signed: key.verify(signature, signed, padded, hashed)


def _es256(key: ec.EllipticCurvePublicKey) -> Check:
    hashed = ec.ECDSA(SHA256())

    def check(signature: bytes, signed: bytes) -> None:
        # RFC 7518, 3.4: r and s, of 32 bytes each.
        if len(signature) != 64:
            raise InvalidSignature
        r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
        key.verify(encode_dss_signature(r, s), signed, hashed)

    return check
