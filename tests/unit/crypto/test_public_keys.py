"""Public keys: cut out of the PEMs that the service made, and of no others."""

import base64
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from sojourn.crypto import public_keys
from sojourn.crypto.public_keys import check_of, key_bytes
from sojourn.crypto.signing_keys import generate
from sojourn.domain.signing_key import Algorithm
from tests.unit.crypto.test_tokens import PAIRS

ALGORITHMS: tuple[Algorithm, ...] = ("rs256", "es256", "eddsa")


def pem_of(key: Any) -> str:
    """A public key as the service stores it."""
    made = key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return str(made.decode())


@pytest.mark.parametrize("algo", ALGORITHMS)
def test_key_is_the_one_that_cryptography_reads(algo: Algorithm) -> None:
    """The bytes are those of the key that `cryptography` reads from the same PEM."""
    for _ in range(1 if algo == "rs256" else 50):
        _, pem = generate(algo)
        key: Any = serialization.load_pem_public_key(pem.encode())
        found = key_bytes(pem, algo)
        if algo == "rs256":
            assert key.public_numbers() == rsa.RSAPublicNumbers(65_537, int.from_bytes(found))
        elif algo == "es256":
            numbers = key.public_numbers()
            assert numbers.x.to_bytes(32) + numbers.y.to_bytes(32) == found
        else:
            assert key.public_bytes_raw() == found


FOREIGN: dict[str, Callable[[], Any]] = {
    "RSA of 1,024 bits": lambda: rsa.generate_private_key(65_537, 1_024),
    "RSA with another exponent": lambda: rsa.generate_private_key(3, 2_048),
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "secp256k1": lambda: ec.generate_private_key(ec.SECP256K1()),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_key_that_the_service_never_makes(name: str) -> None:
    """A key of another size, exponent or curve is read for no algorithm."""
    pem = pem_of(FOREIGN[name]().public_key())
    for algo in ALGORITHMS:
        with pytest.raises(ValueError, match="not of a key of its algorithm"):
            key_bytes(pem, algo)


@pytest.mark.parametrize("algo", ALGORITHMS)
def test_key_of_another_algorithm(algo: Algorithm) -> None:
    """A key is read for its own algorithm alone, whole and with nothing after it."""
    pem = PAIRS[algo][0].pem
    for other in ALGORITHMS:
        if other != algo:
            with pytest.raises(ValueError, match="algorithm"):
                key_bytes(pem, other)
    first, *lines, last = pem.splitlines()
    der = base64.b64decode("".join(lines))
    for odd in (der[:-1], der[1:], der + b"\0", b""):
        body = base64.b64encode(odd).decode()
        with pytest.raises(ValueError, match="algorithm"):
            key_bytes(f"{first}\n{body}\n{last}\n", algo)
    with pytest.raises(ValueError, match="algorithm"):
        key_bytes("", algo)


@pytest.mark.parametrize("algo", ALGORITHMS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", " \n"], ids=repr)
def test_line_ends_of_a_pem(algo: Algorithm, end: str) -> None:
    """RFC 7468, 3: a PEM whose lines end otherwise, as an editor left them, is of the same key."""
    pem = PAIRS[algo][0].pem
    assert key_bytes(pem.replace("\n", end), algo) == key_bytes(pem, algo)


@pytest.mark.parametrize("algo", ALGORITHMS)
def test_check_is_made_once(algo: Algorithm) -> None:
    """To make a check takes longer than to use it, so it is kept."""
    pem = PAIRS[algo][0].pem
    assert check_of(pem, algo) is check_of(pem, algo)
    assert public_keys.check_of.cache_parameters()["maxsize"] == 256
    with pytest.raises(InvalidSignature):
        check_of(pem, algo)(b"", b"")


def test_check_is_of_its_key() -> None:
    """A signature is checked by the key of the PEM."""
    private = ed25519.Ed25519PrivateKey.generate()
    check = check_of(pem_of(private.public_key()), "eddsa")
    check(private.sign(b"text"), b"text")
    with pytest.raises(InvalidSignature):
        check(private.sign(b"text"), b"Text")
