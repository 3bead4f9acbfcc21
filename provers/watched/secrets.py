"""Search for secrets in every encoding at once.

A secret is looked for by pieces of it that tell it from all else: 12 bytes and more, so that a
part that was cut off is found too, and chance finds none.
"""

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, quote_plus

from ahocorasick_rs import BytesAhoCorasick
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

PIECE: Final = 12
"""Bytes of a private key that are looked for together; their base64 has 16 signs."""
TELLING: Final = 32
"""Signs of a token or key that are looked for together."""
LEAST: Final = 12
"""Signs that a password must have to be told from chance, of which 8 must differ."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret: text, or a private key's PKCS#8 DER in base64 where `kind` is `private key`."""

    kind: str
    value: str

    @property
    def telling(self) -> str:
        """What tells it from others: a token's signature, what is random in a key."""
        if self.kind == "login token":
            return self.value.rpartition(".")[2][:TELLING]
        return self.value[-TELLING:] if self.kind in ("access key", "API key") else self.value

    @property
    def plain(self) -> bool:
        """Whether it is too short or too simple to be told from chance."""
        return len(self.telling) < LEAST or len(set(self.telling)) < 8

    def needles(self) -> set[bytes]:
        """Every form in which it, or what tells it from others, is looked for."""
        if self.kind == "private key":
            return {needle for part in private_parts(self.value) for needle in _of_bytes(part)}
        return {form for form in _of_text(self.telling) if len(form) >= LEAST}


def private_parts(der: str) -> list[bytes]:
    """What a private key has that its public half has not."""
    key = load_der_private_key(
        base64.b64decode(der), password=None, unsafe_skip_rsa_key_validation=True
    )
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.private_numbers()
        return [_big(numbers.d), _big(numbers.p), _big(numbers.q)]
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return [key.private_numbers().private_value.to_bytes(32, "big")]
    assert isinstance(key, ed25519.Ed25519PrivateKey)
    return [key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())]


def _big(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _of_bytes(value: bytes) -> Iterator[bytes]:
    """Pieces in base64, however it lies in what was encoded and where a PEM's line ends; in hex."""
    yield value[:PIECE]
    yield str(int.from_bytes(value, "big"))[: 2 * PIECE].encode()
    for start in range(len(value[:32]) - PIECE + 1):
        piece = value[start : start + PIECE]
        yield base64.b64encode(piece)
        yield base64.urlsafe_b64encode(piece)
    for piece in (value[:PIECE], value[-PIECE:]):
        yield piece.hex().encode()
        yield piece.hex().upper().encode()


def _of_text(text: str) -> Iterator[bytes]:
    raw = text.encode("utf-8", "surrogatepass")
    escaped = json.dumps(text)[1:-1]
    forms = (
        escaped,
        json.dumps(escaped)[1:-1],
        json.dumps(text, ensure_ascii=False)[1:-1],
        quote(raw, safe=""),
        quote(raw, safe="").lower(),
        quote_plus(raw),
        repr(text)[1:-1],
        raw.hex(),
        raw.hex().upper(),
    )
    yield raw
    yield from (form.encode("utf-8", "surrogatepass") for form in forms)
    for start in range(3):
        whole = (len(raw) - start) // 3 * 3
        yield base64.b64encode(raw[start : start + whole])
        yield base64.urlsafe_b64encode(raw[start : start + whole])


@dataclass(frozen=True, slots=True)
class Finding:
    """A secret that was seen where it does not belong, and what was around it."""

    secret: Secret
    place: str
    around: str


class Search:
    """Looks for all of these secrets at once."""

    def __init__(self, secrets: Iterable[Secret]) -> None:
        self._of: dict[bytes, Secret] = {}
        for secret in secrets:
            for needle in secret.needles():
                self._of.setdefault(needle, secret)
        self._needles = list(self._of)
        self._automaton = BytesAhoCorasick(self._needles)

    def __call__(self, place: str, text: bytes) -> Iterator[Finding]:
        """What is found in a text."""
        for number, start, end in self._automaton.find_matches_as_indexes(text):
            around = text[max(0, start - 80) : end + 20].decode("utf-8", "replace")
            yield Finding(self._of[self._needles[number]], place, around)
