"""Standard OpenID Connect verifiers accept Sojourn's tokens with only the issuer's URL."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt
import pytest
from cryptojwt.exception import IssuerNotFound, JWKESTException
from cryptojwt.jwt import JWT
from idpyoidc.client.oidc import RP
from idpyoidc.message.oidc import IdToken

from tests.e2e.calls import Answer, Api, claims

ALGORITHMS = {"rs256": "RS256", "es256": "ES256", "eddsa": "EdDSA"}
LEEWAY = 60


@dataclass(frozen=True, slots=True)
class Issued:
    """A realm of one algorithm, and a token of it."""

    issuer: str
    realm_id: str
    user_id: str
    alg: str
    token: str

    def document(self, name: str) -> Answer:
        """One of the realm's public documents, by the issuer's URL."""
        return Api(self.issuer, "").call("GET", f"/.well-known/{name}")


@pytest.fixture(scope="module", params=ALGORITHMS)
def issued(own_api: Api, request: pytest.FixtureRequest) -> Issued:
    """A realm of each algorithm on a stack whose clock is the machine's, as verifiers' are."""
    return issue(own_api, request.param)


def issue(api: Api, algo: str) -> Issued:
    """A token of a new realm."""
    realm = api.made("/v1/realms", {"name": "Verified", "jwt_algo": algo})
    user = api.user(realm["id"])
    token = user.login()["token"]
    return Issued(realm["issuer"], realm["id"], user.id, ALGORITHMS[algo], token)


def by_pyjwt(issued: Issued, token: str) -> dict[str, Any]:
    """What PyJWT says of a token, by the key set that the issuer's configuration names."""
    configuration = issued.document("openid-configuration").body
    assert configuration["issuer"] == issued.issuer
    key = jwt.PyJWKClient(configuration["jwks_uri"]).get_signing_key_from_jwt(token)
    return jwt.decode(
        token,
        key,
        algorithms=configuration["id_token_signing_alg_values_supported"],
        audience=issued.realm_id,
        issuer=issued.issuer,
        leeway=LEEWAY,
        options={"require": ["iss", "aud", "sub", "iat", "exp"]},
    )


def by_oidc_client(issued: Issued, token: str) -> dict[str, Any]:
    """What idpyoidc, an OpenID Connect client, says of a token, by its own discovery."""
    client = RP(
        config={
            "issuer": issued.issuer,
            "client_id": issued.realm_id,
            "redirect_uris": ["https://app.example.com/callback"],
            "response_types_supported": ["id_token"],
        }
    )
    client.get_context().issuer = issued.issuer
    configuration = client.do_request("provider_info")
    # All that the standard requires of it, but for HTTPS, which a laptop has not.
    configuration.verify(allow_http=True)
    verifier = JWT(
        key_jar=client.get_attribute("keyjar"),
        allowed_sign_algs=configuration["id_token_signing_alg_values_supported"],
        skew=LEEWAY,
    )
    found = IdToken().from_dict(verifier.unpack(token))
    found.verify(iss=issued.issuer, client_id=issued.realm_id, skew=LEEWAY)
    return dict(found.to_dict())


Verify = Callable[[Issued, str], dict[str, Any]]
VERIFIERS = [by_pyjwt, by_oidc_client]
REFUSALS = (jwt.PyJWTError, JWKESTException, IssuerNotFound)


@pytest.mark.parametrize("verify", VERIFIERS)
def test_verifier_accepts(issued: Issued, verify: Verify) -> None:
    """A login token of each algorithm is verified by the issuer's URL alone."""
    found = verify(issued, issued.token)
    assert found["iss"] == issued.issuer
    assert found["aud"] in (issued.realm_id, [issued.realm_id])
    assert found["sub"] == issued.user_id


@pytest.mark.parametrize("verify", VERIFIERS)
def test_verifier_refuses_what_is_not_so(own_api: Api, issued: Issued, verify: Verify) -> None:
    """The same verifiers refuse a tampered token, and one of another realm."""
    header, payload, signature = issued.token.split(".")
    _, other_payload, _ = issue(own_api, "es256").token.split(".")
    for token in (
        f"{header}.{other_payload}.{signature}",
        f"{header}.{payload}.{'A' * len(signature)}",
        issue(own_api, "rs256").token,
    ):
        with pytest.raises(REFUSALS):
            verify(issued, token)


def test_token_is_what_api_gateway_takes(own_api: Api) -> None:
    """What API Gateway's own JWT authorizer checks, as its documentation lists it, holds.

    "Control access to HTTP APIs with JWT authorizers in API Gateway": RSA algorithms alone; a `kid`
    of the key set; `iss` as configured; `aud` one of those configured; `exp` after now, `iat` (and
    `nbf`, if there) before. The issuer must be reached by HTTPS, which only a deployed stack is.
    """
    issued = issue(own_api, "rs256")
    configuration = issued.document("openid-configuration")
    assert (configuration.status, configuration.headers["content-type"]) == (
        200,
        "application/json",
    )
    assert configuration.body["issuer"] == issued.issuer
    assert configuration.body["jwks_uri"].startswith(issued.issuer + "/")
    keys = {key["kid"]: key for key in issued.document("jwks.json").body["keys"]}
    header, found = claims(issued.token)
    assert header["alg"] == keys[header["kid"]]["alg"] == "RS256"
    assert keys[header["kid"]]["kty"] == "RSA"
    assert keys[header["kid"]]["use"] == "sig"
    assert (found["iss"], found["aud"]) == (issued.issuer, issued.realm_id)
    assert found["iat"] <= time.time() + LEEWAY
    assert found["exp"] > time.time()
    assert "nbf" not in found


def test_documents_are_kept_and_asked_about(issued: Issued) -> None:
    """Over HTTP: the documents may be kept for 15 minutes, and their ETag gets a bare 304."""
    for name in ("openid-configuration", "jwks.json"):
        first = issued.document(name)
        assert first.headers["cache-control"] == "public, max-age=900"
        known = [("if-none-match", first.headers["etag"])]
        again = Api(issued.issuer, "").call("GET", f"/.well-known/{name}", headers=known)
        assert (again.status, again.text) == (304, "")
        assert again.headers["etag"] == first.headers["etag"]
        assert "content-type" not in again.headers


def test_api_document_is_served(own_api: Api) -> None:
    """`GET /v1/openapi.json` needs no credential, and its ETag gets a 304."""
    first = own_api.call("GET", "/v1/openapi.json")
    assert first.body["openapi"] == "3.1.0"
    known = [("if-none-match", first.headers["etag"])]
    assert own_api.call("GET", "/v1/openapi.json", headers=known).status == 304
