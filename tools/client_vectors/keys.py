"""Keys of a realm that does not exist: always the same ones, so that the vectors are, too."""

import base64
import hashlib
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

P: Final = int(
    "f9cf1b973505a7e670bd2b7a28ab841716689395288cd6867eef01ae2f9ac57494b3f4bd3d3e83d86c100635b6fb069b"
    "f8142de962b8e367ebbfd35d4ec7e9bf9699de56a28d448b5ec8ae96452c18234ffafb03fbb6daa0fec627ec1cf97b62"
    "0916c8384dd54c5af546fbd31fb1e74076df48633afb604c8bb10a0f9601c995",
    16,
)
Q: Final = int(
    "c73429ed8e478397d74023276c6da21a460f4e29ad269adb31c3cd906486a976466a7a13caf0f2b21c8ff60b1f1deb8a"
    "bb45b80ee33c9aa32cbb99e4f630eec242c5b7f0a751e031d85a2f9cfc3a75ba23c44e307b7e0830a52b7f626656e514"
    "1fcb6dcccb98e234a1bc36c8b3efa2d8358c50266342006957ccaca5c54293ef",
    16,
)
E: Final = 65_537
Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def kid(label: str) -> str:
    """The id of a key."""
    return f"jky_{label:0>22}"


def _rsa() -> rsa.RSAPrivateKey:
    d = rsa.rsa_recover_private_exponent(E, P, Q)
    public = rsa.RSAPublicNumbers(E, P * Q)
    numbers = rsa.RSAPrivateNumbers(P, Q, d, d % (P - 1), d % (Q - 1), pow(Q, -1, P), public)
    return numbers.private_key()


def _seed(label: str) -> bytes:
    return hashlib.sha256(f"Sojourn test vectors: {label}".encode()).digest()


def _ed(label: str) -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.from_private_bytes(_seed(label))


KEYS: Final[dict[str, Private]] = {
    "rs": _rsa(),
    "es": ec.derive_private_key(int.from_bytes(_seed("es"), "big") >> 8, ec.SECP256R1()),
    "ed": _ed("ed"),
    "ed2": _ed("ed2"),
    "stranger": _ed("stranger"),
}
"""By label. The stranger's key is in no key set."""
PUBLISHED: Final = ("rs", "es", "ed")


def algorithm(label: str) -> str:
    """The algorithm of a key."""
    key = KEYS[label]
    if isinstance(key, rsa.RSAPrivateKey):
        return "RS256"
    return "ES256" if isinstance(key, ec.EllipticCurvePrivateKey) else "EdDSA"


def sign(label: str, message: bytes) -> bytes:
    """The signature of a message, which is always the same."""
    key = KEYS[label]
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(message)
    signature = key.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    return jwt.utils.der_to_raw_signature(signature, ec.SECP256R1())


def key_set(*labels: str) -> dict[str, Any]:
    """The key set (RFC 7517) of some keys."""
    return {"keys": [_jwk(label) for label in labels]}


def _jwk(label: str) -> dict[str, Any]:
    key = KEYS[label]
    told: dict[str, Any]
    if isinstance(key, rsa.RSAPrivateKey):
        told = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
        told.pop("key_ops")
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        told = jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    else:
        told = jwt.algorithms.OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**told, "kid": kid(label), "alg": algorithm(label), "use": "sig"}


def base64url(raw: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
