"""A realm's public documents: OpenID Connect Discovery 1.0, RFC 8414 and the key set."""

import json
from base64 import urlsafe_b64encode
from functools import cache
from typing import Any, Final, Literal

from msgspec import UNSET, UnsetType

from sojourn.api.structs import Answer, JwtKeyId
from sojourn.crypto.public_keys import EXPONENT, JOSE_NAMES, key_bytes
from sojourn.domain import ids
from sojourn.domain.errors import existing
from sojourn.domain.ports import RealmCache
from sojourn.domain.realm import Realm
from sojourn.domain.signing_key import PublicKey
from sojourn.domain.values import dataclass

_CLAIMS: Final = ("iss", "sub", "aud", "iat", "exp", "rid", "sid", "session_type", "auth_method")
_CLAIMS_OF: Final = {
    "username": ("preferred_username",),
    "name": ("name",),
    "email": ("email", "email_verified"),
    "custom": ("cs",),
}


class Jwk(Answer, frozen=True, kw_only=True):
    """A public key as a JWK (RFC 7517), without private members."""

    kty: Literal["RSA", "EC", "OKP"]
    n: str | UnsetType = UNSET
    e: str | UnsetType = UNSET
    crv: Literal["P-256", "Ed25519"] | UnsetType = UNSET
    x: str | UnsetType = UNSET
    y: str | UnsetType = UNSET
    use: Literal["sig"] = "sig"
    alg: Literal["RS256", "ES256", "EdDSA"]
    kid: JwtKeyId


class JwkSet(Answer, frozen=True, kw_only=True):
    """A realm's public keys."""

    keys: list[Jwk]


class Configuration(Answer, frozen=True, kw_only=True):
    """OpenID Provider Metadata, and OAuth's: how to verify and to end a realm's tokens."""

    issuer: str
    jwks_uri: str
    authorization_endpoint: str
    response_types_supported: list[str]
    grant_types_supported: list[str]
    subject_types_supported: list[str]
    id_token_signing_alg_values_supported: list[str]
    claims_supported: list[str]
    introspection_endpoint: str
    introspection_endpoint_auth_methods_supported: list[str]
    revocation_endpoint: str
    revocation_endpoint_auth_methods_supported: list[str]


class ApiDocument(Answer, frozen=True, kw_only=True):
    """This document."""

    openapi: str
    info: dict[str, Any]
    servers: list[dict[str, Any]]
    tags: list[dict[str, Any]]
    paths: dict[str, Any]
    components: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Discovery:
    """The public documents of realms, from the cache: at most 5 seconds old."""

    realms: RealmCache

    def configuration(self, realm_id: str) -> Configuration:
        """The realm's OpenID configuration, also its OAuth metadata. Raises `NotFound`."""
        return configuration(self._find(realm_id))

    def key_set(self, realm_id: str) -> JwkSet:
        """The realm's public keys. Raises `NotFound`."""
        return key_set(self._find(realm_id))

    def _find(self, realm_id: str) -> Realm:
        return existing(self.realms.get(realm_id) if ids.is_id("rl", realm_id) else None)


def configuration(realm: Realm) -> Configuration:
    """The OpenID configuration that verifiers need.

    Sojourn is not an OpenID provider: browsers are not redirected here, and no client registers.
    Two members are there only because the standard requires them, and libraries refuse a document
    without them. `authorization_endpoint` is the login route, `POST /v1/login`, which takes JSON.
    RS256 is listed even if the realm has no such key; a verifier uses the `alg` of the key that a
    token names.
    """
    algorithms = {JOSE_NAMES[key.algo] for key in realm.keys.values()}
    base = realm.issuer.removesuffix(f"/realms/{realm.id}")
    return Configuration(
        issuer=realm.issuer,
        jwks_uri=f"{realm.issuer}/.well-known/jwks.json",
        authorization_endpoint=f"{base}/login",
        response_types_supported=["id_token"],
        grant_types_supported=["implicit"],
        subject_types_supported=["public"],
        id_token_signing_alg_values_supported=sorted(algorithms | {"RS256"}),
        claims_supported=[*_CLAIMS, *_claims_of(realm)],
        introspection_endpoint=f"{realm.issuer}/introspect",
        introspection_endpoint_auth_methods_supported=["client_secret_basic", "Bearer"],
        revocation_endpoint=f"{realm.issuer}/revoke",
        revocation_endpoint_auth_methods_supported=["none", "client_secret_basic"],
    )


def key_set(realm: Realm) -> JwkSet:
    """The key set (RFC 7517): every key that signed valid tokens or will sign soon, by age."""
    return JwkSet(keys=[jwk(realm.keys[key_id]) for key_id in sorted(realm.keys)])


def jwk(key: PublicKey) -> Jwk:
    """A public key as a JWK; `alg` is its only algorithm."""
    raw = key_bytes(key.pem, key.algo)
    members: dict[str, Any]
    if key.algo == "rs256":
        members = {"kty": "RSA", "n": _base64url(raw), "e": _base64url(EXPONENT.to_bytes(3))}
    elif key.algo == "es256":
        x, y = _base64url(raw[:32]), _base64url(raw[32:])
        members = {"kty": "EC", "crv": "P-256", "x": x, "y": y}
    else:
        members = {"kty": "OKP", "crv": "Ed25519", "x": _base64url(raw)}
    return Jwk(**members, alg=JOSE_NAMES[key.algo], kid=key.id)


def _base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


@cache
def api_document() -> dict[str, Any]:
    """The OpenAPI document of this API, written by `python -m tools.openapi`."""
    from importlib.resources import files

    found: dict[str, Any] = json.loads(
        (files("sojourn") / "openapi.json").read_text(encoding="utf-8")
    )
    return found


def _claims_of(realm: Realm) -> list[str]:
    return [claim for name in realm.settings.jwt_fields for claim in _CLAIMS_OF[name]]
