"""Sign a JWT by hand: what a floor does, and how the tokens of the bench's world are made."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

PKCS1: Final = padding.PKCS1v15()
SHA256: Final = hashes.SHA256()


def encoded(part: bytes) -> bytes:
    """Base64url without padding."""
    return urlsafe_b64encode(part).rstrip(b"=")


def signed(claims: Mapping[str, object], key_id: str, key: RSAPrivateKey) -> str:
    """The token of these claims, RS256."""
    header = {"alg": "RS256", "typ": "JWT", "kid": key_id}
    parts = (json.dumps(part, separators=(",", ":")).encode() for part in (header, claims))
    text = b".".join(map(encoded, parts))
    return (text + b"." + encoded(key.sign(text, PKCS1, SHA256))).decode()
