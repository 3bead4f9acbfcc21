"""A realm's public documents: content, caching, and the cost of unknown realms."""

import json
from typing import Any

import jwt
import pytest
from jwt import PyJWK

from sojourn.domain import ids
from sojourn.sessions import discovery
from sojourn.store.client import DynamoDB
from tests.support.http_world import Answer, World

PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
MEMBERS = {
    "rs256": {"kty": "RSA", "alg": "RS256", "own": {"n", "e"}},
    "es256": {"kty": "EC", "alg": "ES256", "crv": "P-256", "own": {"crv", "x", "y"}},
    "eddsa": {"kty": "OKP", "alg": "EdDSA", "crv": "Ed25519", "own": {"crv", "x"}},
}


def get(world: World, name: str, *, realm_id: str | None = None, known: str = "") -> Answer:
    """One of the realm's documents, as nobody."""
    path = f"/v1/realms/{realm_id or world.realm_id}/.well-known/{name}"
    return world.call("GET", path, headers=[("if-none-match", known)] if known else [])


def configuration(world: World) -> Answer:
    """The realm's configuration."""
    return get(world, "openid-configuration")


def keys(world: World) -> list[dict[str, Any]]:
    """The realm's key set, once caches have forgotten the one before."""
    world.clock.advance(5)
    answer = get(world, "jwks.json")
    assert answer.status == 200
    return list(answer.body["keys"])


def test_configuration(world: World) -> None:
    """It says the realm's issuer, where its keys are, and what the standard demands."""
    realm = world.admin("GET", f"/v1/realms/{world.realm_id}").body
    assert configuration(world).body == {
        "issuer": realm["issuer"],
        "jwks_uri": realm["issuer"] + "/.well-known/jwks.json",
        "authorization_endpoint": "https://sessions.example.com/v1/login",
        "response_types_supported": ["id_token"],
        "grant_types_supported": ["implicit"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "claims_supported": [
            *("iss", "sub", "aud", "iat", "exp", "rid", "sid", "session_type", "auth_method"),
            "preferred_username",
        ],
        "introspection_endpoint": realm["issuer"] + "/introspect",
        "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "Bearer"],
        "revocation_endpoint": realm["issuer"] + "/revoke",
        "revocation_endpoint_auth_methods_supported": ["none", "client_secret_basic"],
    }


def test_oauth_metadata_is_the_same_document(world: World) -> None:
    """RFC 8414's document is where the standard derives it from the issuer, and below the issuer.

    Host and path of the issuer have the well-known part between them (RFC 8414, 3.1).
    """
    known = configuration(world).body
    path = known["issuer"].removeprefix("https://sessions.example.com")
    derived = world.call("GET", f"/.well-known/oauth-authorization-server{path}")
    assert derived.body == get(world, "oauth-authorization-server").body == known
    assert "max-age" in derived.headers["cache-control"]


def test_algorithms_are_the_keys_and_the_standards(world: World) -> None:
    """Each algorithm that a key has is listed, and RS256 because the standard says so."""
    world.admin("PATCH", f"/v1/realms/{world.realm_id}", {"jwt_algo": "eddsa"})
    world.clock.advance(5)
    listed = configuration(world).body["id_token_signing_alg_values_supported"]
    assert listed == ["EdDSA", "RS256"]
    alone = world.admin("POST", "/v1/realms", {"name": "Alone", "jwt_algo": "es256"}).body["id"]
    listed = get(world, "openid-configuration", realm_id=alone).body
    assert listed["id_token_signing_alg_values_supported"] == ["ES256", "RS256"]


def test_claims_are_those_of_tokens(world: World) -> None:
    """No token has a claim that the configuration does not list, with every jwt_field named."""
    fields = ["username", "name", "email", "custom"]
    world.admin("PATCH", f"/v1/realms/{world.realm_id}", {"jwt_fields": fields})
    human = {"username": "ada", "name": "Ada", "email": "ada@example.com", "custom": {"a": 1}}
    body = {"realm_id": world.realm_id, "password": "correct horse", **human}
    assert world.admin("POST", "/v1/users", body).status == 201
    managed = world.login("ada").body["token"]
    world.admin("PATCH", f"/v1/realms/{world.realm_id}", {"session_type": "unmanaged"})
    unmanaged = world.login("ada").body["token"]
    world.clock.advance(5)
    listed = configuration(world).body["claims_supported"]
    for token in (managed, unmanaged):
        claims = jwt.decode(token, options={"verify_signature": False})
        assert set(claims) - set(listed) == set()
    assert set(listed) == {*claims}


@pytest.mark.parametrize("algo", MEMBERS)
def test_key_set(world: World, algo: str) -> None:
    """A key is a JWK with its one algorithm and its kid; it verifies what the realm signs."""
    made = world.admin("POST", "/v1/realms", {"name": "Keys", "jwt_algo": algo}).body["id"]
    found = get(world, "jwks.json", realm_id=made).body["keys"]
    listed = world.admin("GET", f"/v1/jwt_keys?realm_id={made}").body["collection"]
    assert [key["kid"] for key in found] == [key["kid"] for key in listed]
    (key,) = (k for k, known in zip(found, listed, strict=True) if known["kind"] == "expiring")
    expected = dict(MEMBERS[algo])
    own = set(expected.pop("own"))
    assert key.keys() == {"kty", "use", "alg", "kid"} | own
    assert {name: key[name] for name in expected} == expected
    assert key["use"] == "sig"
    user = {"realm_id": made, "username": "ada", "password": "correct horse"}
    world.admin("POST", "/v1/users", user)
    token = world.call("POST", "/v1/login", user).body["token"]
    header = jwt.get_unverified_header(token)
    assert (header["kid"], header["alg"]) == (key["kid"], key["alg"])
    options = {"verify_exp": False, "verify_iat": False}
    jwt.decode(token, PyJWK(key), audience=made, options=options)  # type: ignore[arg-type]


def test_key_set_has_every_key_by_age(world: World) -> None:
    """A key is published before its time to sign, and stays when it is over; none is private."""
    for algo in ("es256", "eddsa", "rs256"):
        world.clock.advance(1)
        answer = world.admin("PATCH", f"/v1/realms/{world.realm_id}", {"jwt_algo": algo})
        assert answer.status == 200
    found = keys(world)
    assert [key["alg"] for key in found] == ["RS256"] * 2 + ["ES256"] * 2 + ["EdDSA"] * 2 + [
        "RS256"
    ] * 2
    listed = world.admin("GET", f"/v1/jwt_keys?realm_id={world.realm_id}").body["collection"]
    assert [key["kid"] for key in found] == [key["kid"] for key in listed]
    assert not [key for key in found if PRIVATE & key.keys()]


@pytest.mark.parametrize("name", ["openid-configuration", "jwks.json"])
def test_documents_are_cacheable(world: World, name: str) -> None:
    """A document may be kept for 15 minutes, and has a strong ETag that is its content's."""
    first = get(world, name)
    assert first.headers["cache-control"] == "public, max-age=900"
    assert first.headers["etag"].startswith('"')
    assert get(world, name).headers["etag"] == first.headers["etag"]
    change = {"jwt_algo": "es256", "jwt_fields": []}
    world.admin("PATCH", f"/v1/realms/{world.realm_id}", change)
    world.clock.advance(5)
    assert get(world, name).headers["etag"] != first.headers["etag"]


@pytest.mark.parametrize(
    ("known", "status"),
    [
        ("{tag}", 304),
        ("W/{tag}", 304),
        ('"a", W/"b",{tag} , "c"', 304),
        ("*", 304),
        (" * ", 304),
        ('"another"', 200),
        ('W/"another"', 200),
        ("{bare}", 200),
        ('"{bare}', 200),
        ('"x{bare}"', 200),
        ("garbage, *", 200),
    ],
)
def test_if_none_match(world: World, known: str, status: int) -> None:
    """RFC 9110, 13.1.2: lists, weak comparison and `*`; what is malformed matches nothing."""
    tag = get(world, "jwks.json").headers["etag"]
    sent = known.format(tag=tag, bare=tag.strip('"'))
    answer = get(world, "jwks.json", known=sent)
    assert answer.status == status
    assert (answer.body is None) == (status == 304)
    assert answer.headers["etag"] == tag
    assert answer.headers["cache-control"] == "public, max-age=900"


@pytest.mark.parametrize("name", ["openid-configuration", "jwks.json"])
def test_unknown_realms(world: World, name: str) -> None:
    """A realm that is not there, and what is no realm's id, are 404 and nothing to keep."""
    for realm_id in (ids.new_id("rl", 1), "rl_short", "usr_" + "0" * 22, "x" * 3_000):
        answer = get(world, name, realm_id=realm_id, known="*")
        assert (answer.status, answer.body["code"]) == (404, "not_found")
        assert answer.headers["cache-control"] == "no-store"


def test_garbage_is_no_load(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests for one realm, known or not, cost one read in 5 seconds; a malformed id none."""
    reads: list[str] = []
    original = DynamoDB._call

    def counted(self: DynamoDB, operation: str, **parameters: Any) -> Any:
        reads.append(operation)
        return original(self, operation, **parameters)

    monkeypatch.setattr(DynamoDB, "_call", counted)
    absent = ids.new_id("rl", 1)
    for _ in range(3):
        for name in ("openid-configuration", "jwks.json"):
            get(world, name, realm_id="garbage")
            get(world, name, realm_id=absent)
            get(world, name)
    assert reads == ["GetItem", "GetItem"]
    world.clock.advance(5)
    get(world, "jwks.json")
    assert len(reads) == 3


def test_query_and_credentials_are_ignored(world: World) -> None:
    """Public documents ignore queries and credentials."""
    path = f"/v1/realms/{world.realm_id}/.well-known/jwks.json?v=2"
    for bearer in (None, "garbage", world.key):
        assert world.call("GET", path, bearer=bearer).status == 200


def test_api_document(world: World) -> None:
    """`GET /v1/openapi.json` is the packaged document, cacheable as the others are."""
    answer = world.call("GET", "/v1/openapi.json")
    assert answer.body == discovery.api_document()
    assert json.dumps(answer.body).count("rl_") > 1
    tag = answer.headers["etag"]
    again = world.call("GET", "/v1/openapi.json", headers=[("if-none-match", tag)])
    assert (again.status, again.body) == (304, None)


def test_head_is_get_without_the_body(world: World) -> None:
    """`HEAD` of a public document has the status and headers of `GET`, and no body, also a 404."""
    realm = f"/v1/realms/{world.realm_id}/.well-known"
    absent = f"/v1/realms/{ids.new_id('rl', 1)}/.well-known"
    paths = [
        f"{at}/{name}" for at in (realm, absent) for name in ("openid-configuration", "jwks.json")
    ]
    statuses = []
    for path in ("/v1/openapi.json", *paths):
        got = world.call("GET", path)
        known = [("if-none-match", str(got.headers.get("etag", "")))]
        for headers in ([], known):
            got, head = (world.call(m, path, headers=headers) for m in ("GET", "HEAD"))
            assert (head.status, head.headers, head.body) == (got.status, got.headers, None)
            statuses.append(head.status)
    assert statuses == [200, 304] * 3 + [404, 404] * 2
