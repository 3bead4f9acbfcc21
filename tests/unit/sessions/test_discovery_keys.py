"""The key set: our keys as PyJWT would write them, and nothing private."""

from typing import Any

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives import serialization

from sojourn.crypto.signing_keys import generate
from sojourn.domain.signing_key import Algorithm, PublicKey
from sojourn.sessions.discovery import jwk

WRITERS: dict[Algorithm, Any] = {
    "rs256": jwt.algorithms.RSAAlgorithm,
    "es256": jwt.algorithms.ECAlgorithm,
    "eddsa": jwt.algorithms.OKPAlgorithm,
}


@pytest.mark.parametrize("algo", list(WRITERS))
def test_jwk_is_as_pyjwt_writes_it(algo: Algorithm) -> None:
    """RFC 7518, 6: the members of each key are PyJWT's, with `use`, `alg` and `kid` of ours."""
    for _ in range(1 if algo == "rs256" else 50):
        _, pem = generate(algo)
        key = PublicKey(id="jky_1", algo=algo, pem=pem, signs_from_ms=0, created_ms=0)
        public = serialization.load_pem_public_key(pem.encode())
        theirs = WRITERS[algo].to_jwk(public, as_dict=True)
        theirs.pop("key_ops", None)
        ours = msgspec.to_builtins(jwk(key))
        named = {"rs256": "RS256", "es256": "ES256", "eddsa": "EdDSA"}[algo]
        assert ours == theirs | {"use": "sig", "alg": named, "kid": "jky_1"}
        assert jwt.PyJWK(ours).key == public
