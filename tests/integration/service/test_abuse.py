"""Attacks, each named after its advisory or rule: refused, and nothing is written.

Sources: RFC 8725 (JWT Best Current Practices), RFC 7515 4.1, CVE-2015-9235 (`none`, key confusion),
CVE-2018-0114 (embedded `jwk`), CVE-2018-1000531 and the like (`jku`, `x5u`), OWASP API3:2023 (mass
assignment), OWASP API1:2023 (object level authorisation).
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from sojourn.crypto import signing_keys
from sojourn.domain import ids
from tests.integration.conftest import empty, resources_of
from tests.integration.service.test_budgets import calls
from tests.support.clock import MovedClock
from tests.support.http_world import PASSWORD, Answer, World

DER, PEM = signing_keys.generate("rs256")
"""An attacker's own key pair."""
PUBLIC: Any = serialization.load_pem_public_key(PEM.encode())


def b64(value: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A token's header and claims."""
    head, body, _ = token.split(".")
    header, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in (head, body))
    return header, claims


def joined(header: object, claims: object, sign: Callable[[bytes], bytes]) -> str:
    """A token of these parts."""
    signed = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(claims).encode())}"
    return f"{signed}.{b64(sign(signed.encode()))}"


def forged(header: object, claims: object) -> str:
    """A token that the attacker's own key signed."""
    key: Any = serialization.load_der_private_key(DER, password=None)
    return joined(header, claims, lambda text: key.sign(text, padding.PKCS1v15(), hashes.SHA256()))


@pytest.fixture(scope="module")
def world(environment: dict[str, str]) -> World:
    """One realm for all the tests here: what is refused changes nothing."""
    empty(environment)
    clock = MovedClock()
    made = World(resources_of(environment, clock), environment, clock)
    made.user("ada")
    return made


@pytest.fixture
def token(world: World) -> str:
    """A session of ada's, with its realm in the cache."""
    token = str(world.login("ada").body["token"])
    assert world.call("GET", "/v1/session", bearer=token).status == 200
    return token


def public_pem(world: World) -> str:
    """The realm's public key."""
    found = world.admin("GET", f"/v1/jwt_keys?realm_id={world.realm_id}")
    return str(found.body["collection"][0]["public_key"])


FORGERIES: dict[str, Callable[[World, dict[str, Any], dict[str, Any]], str]] = {
    "RFC 8725 3.1: alg none": lambda _w, h, c: joined({**h, "alg": "none"}, c, lambda _: b""),
    "RFC 8725 3.1: alg NONE": lambda _w, h, c: joined({**h, "alg": "nOnE"}, c, lambda _: b""),
    "CVE-2015-9235: the public key as an HMAC secret": lambda w, h, c: joined(
        {**h, "alg": "HS256"},
        c,
        lambda text: hmac.digest(public_pem(w).encode(), text, hashlib.sha256),
    ),
    "RFC 8725 2.1: another algorithm of the family": lambda _w, h, c: forged(
        {**h, "alg": "PS256"}, c
    ),
    "RFC 7515 4.1.2: jku": lambda _w, h, c: forged({**h, "jku": "https://e.example/k"}, c),
    "RFC 7515 4.1.5: x5u": lambda _w, h, c: forged({**h, "x5u": "https://e.example/c"}, c),
    "RFC 7515 4.1.6: x5c": lambda _w, h, c: forged({**h, "x5c": [b64(DER)]}, c),
    "CVE-2018-0114: jwk": lambda _w, h, c: forged(
        {**h, "jwk": json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(PUBLIC))},
        c,
    ),
    "RFC 7515 4.1.11: crit": lambda _w, h, c: forged({**h, "crit": ["exp"]}, c),
    "RFC 7797: b64": lambda _w, h, c: forged({**h, "b64": False}, c),
    "a kid that is a path": lambda _w, h, c: forged({**h, "kid": "../../../dev/null"}, c),
    "a kid that is SQL": lambda _w, h, c: forged({**h, "kid": "' OR 1=1 --"}, c),
    "a kid of 10 kB": lambda _w, h, c: forged({**h, "kid": "k" * 10_000}, c),
    "a kid of 2 kB": lambda _w, h, c: forged({**h, "kid": "jky_" + "0" * 2_000}, c),
    "a kid that is no text": lambda _w, h, c: forged({**h, "kid": 7}, c),
    "an unknown kid": lambda _w, h, c: forged({**h, "kid": ids.new_id("jky", 1)}, c),
    "a kid of the realm, signed by another key": lambda _w, h, c: forged(h, c),
    "no kid": lambda _w, h, c: forged({k: h[k] for k in h if k != "kid"}, c),
    "typ of another kind": lambda _w, h, c: forged({**h, "typ": "at+jwt"}, c),
    "an id of another kind as the realm": lambda _w, h, c: forged(h, {**c, "rid": c["sub"]}),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_forged_token(world: World, token: str, name: str) -> None:
    """Each forged token is 401 token_invalid, with no write, and no read of what it names."""
    header, claims = parts(token)
    made = FORGERIES[name](world, header, claims)
    assert world.call("GET", "/v1/session", bearer=token).status == 200
    with calls() as seen:
        refused = world.call("GET", "/v1/session", bearer=made)
    assert (refused.status, refused.body["code"]) == (401, "token_invalid")
    assert "reason" not in refused.body
    assert seen == []


def test_signature_of_another_token(world: World, token: str) -> None:
    """Claims that were changed are not valid by the signature of those that were signed."""
    header, claims = parts(token)
    other = joined(header, {**claims, "exp": claims["exp"] + 10**6}, lambda _: b"")
    made = other + token.split(".")[2]
    assert world.call("GET", "/v1/session", bearer=made).body["code"] == "token_invalid"


def test_token_of_another_stack(world: World, token: str) -> None:
    """A token of a realm that this stack does not have costs one bounded look, and is no token."""
    header, claims = parts(token)
    realm_id = ids.new_id("rl", 1)
    foreign = forged(header, {**claims, "rid": realm_id, "aud": realm_id})
    seen = []
    for _ in range(5):
        with calls() as made:
            refused = world.call("GET", "/v1/session", bearer=foreign)
        assert (refused.status, refused.body["code"]) == (401, "token_invalid")
        seen += made
    assert seen == ["GetItem"]


def test_another_realms_key_of_the_same_kid(world: World, token: str, dynamodb: Any) -> None:
    """A key that another realm has under the same kid signs nothing for this one."""
    header, claims = parts(token)
    other = world.admin("POST", "/v1/realms", {"name": "Other"}).body["id"]
    table = world.environment["DIRECTORY_TABLE"]
    realm = dynamodb.get_item(TableName=table, Key={"pk": {"S": other}, "sk": {"S": "realm"}})[
        "Item"
    ]
    key = next(iter(realm["keys"]["M"].values()))
    key["M"]["pem"] = {"S": PEM}
    realm["keys"]["M"] = {header["kid"]: key}
    dynamodb.put_item(TableName=table, Item=realm)
    for changes in ({}, {"aud": other}, {"rid": other}, {"rid": other, "aud": other}):
        refused = world.call("GET", "/v1/session", bearer=forged(header, {**claims, **changes}))
        assert (refused.status, refused.body["code"]) == (401, "token_invalid")


def test_users_token_at_a_servers_route(world: World, token: str) -> None:
    """A login token opens no route of a server's: 403, whatever its user's rights are elsewhere."""
    user_id = parts(token)[1]["sub"]
    attempts: list[tuple[str, str, object]] = [
        ("POST", "/v1/sessions", {"user_id": user_id}),
        ("POST", "/v1/sessions/validate", {"tokens": [token]}),
        ("GET", "/v1/users", None),
        ("PATCH", f"/v1/users/{user_id}", {"state": "active"}),
        ("POST", "/v1/access_keys", {"name": "x", "permission": "admin"}),
        ("POST", f"/v1/users/{user_id}/end_sessions", None),
        ("GET", "/v1/realms", None),
    ]
    for method, path, body in attempts:
        refused = world.call(method, path, body, bearer=token)
        assert (refused.status, refused.body["code"]) == (403, "wrong_caller"), path


@pytest.fixture(scope="module")
def bound(world: World) -> tuple[str, str]:
    """An admin key that is bound to the realm, and another realm with a user."""
    other = world.admin("POST", "/v1/realms", {"name": "Other"}).body["id"]
    key = {"name": "bound", "permission": "admin", "realm_id": world.realm_id}
    return world.admin("POST", "/v1/access_keys", key).body["secret"], other


def test_realm_bound_key_names_another_realm(world: World, bound: tuple[str, str]) -> None:
    """By header, body and query it is 403 realm_forbidden; by path, the 404 of what is not."""
    secret, other = bound
    named: list[Answer] = [
        world.call("GET", "/v1/users", bearer=secret, realm=other),
        world.call("GET", f"/v1/users?realm_id={other}", bearer=secret),
        world.call("POST", "/v1/users", {"realm_id": other, "username": "x"}, bearer=secret),
        world.call(
            "POST",
            "/v1/access_keys",
            {"name": "x", "permission": "read", "realm_id": other},
            bearer=secret,
        ),
        world.call("POST", "/v1/jwt_keys", {"realm_id": other}, bearer=secret),
        world.call(
            "POST",
            "/v1/users/authenticate_key",
            {"realm_id": other, "api_key": "ak_x"},
            bearer=secret,
        ),
    ]
    assert [(a.status, a.body["code"]) for a in named] == [(403, "realm_forbidden")] * 6
    by_path = [
        world.call("GET", f"/v1/realms/{other}", bearer=secret),
        world.call("PATCH", f"/v1/realms/{other}", {"max_sessions": 1}, bearer=secret),
        world.call("DELETE", f"/v1/realms/{other}?name=Other", bearer=secret),
        world.call("POST", f"/v1/realms/{other}/end_sessions", bearer=secret),
    ]
    absent = world.call("GET", f"/v1/realms/{ids.new_id('rl', 1)}", bearer=secret)
    for answer in by_path:
        assert {**answer.body, "request_id": ""} == {**absent.body, "request_id": ""}


def test_what_is_anothers_is_what_is_not(world: World, bound: tuple[str, str]) -> None:
    """Another realm's user, session, credential and keys answer as ones that do not exist do."""
    secret, other = bound
    body = {"realm_id": other, "username": "eve", "password": PASSWORD}
    user = world.admin("POST", "/v1/users", body).body["id"]
    session = world.call("POST", "/v1/login", body).body["id"]
    credential = world.admin("GET", f"/v1/credentials?user_id={user}").body["collection"][0]["id"]
    key = {"name": "k", "permission": "read", "realm_id": other}
    access_key = world.admin("POST", "/v1/access_keys", key).body["id"]
    signing = world.admin("GET", f"/v1/jwt_keys?realm_id={other}").body["collection"][0]["id"]
    there = {
        f"/v1/users/{user}": "/v1/users/" + ids.new_id("usr", 1),
        f"/v1/sessions/{session}": "/v1/sessions/" + session[:4] + "0" * 54,
        f"/v1/credentials/{credential}": "/v1/credentials/crd_" + "0" * 44,
        f"/v1/access_keys/{access_key}": "/v1/access_keys/" + ids.new_id("key", 1),
        f"/v1/jwt_keys/{signing}": "/v1/jwt_keys/" + ids.new_id("jky", 1),
    }
    for path, absent in there.items():
        for method in ("GET", "DELETE"):
            answers = [world.call(method, p, bearer=secret) for p in (path, absent)]
            assert [a.status for a in answers] == [404, 404], (method, path)
            told = [{**a.body, "request_id": ""} for a in answers]
            assert told[0] == told[1]
    assert len(world.active(user)) == 1


KINDS = ("rl", "usr", "crd", "kss", "key", "jky")
PATHS = {"realms": "rl", "users": "usr", "credentials": "crd", "access_keys": "key"}


@pytest.mark.parametrize("kind", KINDS)
def test_an_id_of_the_wrong_kind(world: World, kind: str) -> None:
    """An id of another kind is 404 in a path, and 422 in a body."""
    realm = f"realm_id={world.realm_id}"
    wrong = f"{kind}_" + "0" * ids.BODY
    for what, own in {**PATHS, "jwt_keys": "jky", "sessions": "kss"}.items():
        if own != kind:
            answer = world.admin("GET", f"/v1/{what}/{wrong}?{realm}")
            assert answer.status == 404, (what, answer)
    if kind != "usr":
        assert world.admin("POST", "/v1/sessions", {"user_id": wrong}).status == 422
    if kind != "rl":
        body = {"realm_id": wrong, "username": "x", "password": PASSWORD}
        assert world.call("POST", "/v1/login", body).status == 422
        assert world.admin("POST", "/v1/users", body).status == 422


def test_made_up_cursors_and_those_of_another_list(world: World, token: str) -> None:
    """A cursor that is no id of the list is 400 cursor_invalid, in each of the lists."""
    user_id = parts(token)[1]["sub"]
    other = world.user("turner")
    foreign = world.login("turner").body["id"]
    realm = f"realm_id={world.realm_id}"
    lists = {
        "/v1/realms?": "usr_" + "0" * 22,
        f"/v1/users?{realm}&": world.realm_id,
        f"/v1/credentials?user_id={user_id}&": "crd_" + "0" * 22 + other[4:],
        f"/v1/access_keys?{realm}&": "jky_" + "0" * 22,
        f"/v1/jwt_keys?{realm}&": "key_" + "0" * 22,
        f"/v1/sessions?user_id={user_id}&": foreign,
        f"/v1/sessions?user_id={user_id}&state=ended&": foreign,
    }
    for path, other_list in lists.items():
        for cursor in (other_list, "x", "../..", "0", "%00", "A" * 3_000):
            answer = world.admin("GET", f"{path}after={cursor}")
            assert (answer.status, answer.body["code"]) == (400, "cursor_invalid"), (path, cursor)


ASSIGNED: dict[str, dict[str, object]] = {
    "/v1/users": {"id": "usr_x", "state": "active", "generation": 9, "sessions": [], "proofs": 9},
    "/v1/realms": {"id": "rl_x", "issuer": "https://e.example", "keys": {}, "generation": 0},
    "/v1/access_keys": {"id": "key_x", "secret": "ks_x", "secret_hash": "x", "created_at": 0},
    "/v1/credentials": {"id": "crd_x", "secret": "x", "api_key": "ak_x", "realm": "rl_x"},
    "/v1/jwt_keys": {"id": "jky_x", "kid": "x", "public_key": PEM, "signs_from": 0, "state": "x"},
    "/v1/sessions": {
        "id": "kss_x",
        "created_at": 0,
        "expires_at": 2**40,
        "auth_method": "password",
    },
}


@pytest.mark.parametrize(
    ("path", "field"), [(path, field) for path, fields in ASSIGNED.items() for field in fields]
)
def test_mass_assignment_on_creation(world: World, path: str, field: str) -> None:
    """OWASP API3:2023: what the service decides cannot be sent."""
    good: dict[str, dict[str, object]] = {
        "/v1/users": {"realm_id": world.realm_id, "username": "mallory"},
        "/v1/realms": {"name": "x"},
        "/v1/access_keys": {"name": "x", "permission": "read"},
        "/v1/credentials": {"user_id": "usr_" + "0" * 22, "credential_type": "api_key"},
        "/v1/jwt_keys": {"realm_id": world.realm_id},
        "/v1/sessions": {"user_id": "usr_" + "0" * 22},
    }
    refused = world.admin("POST", path, {**good[path], field: ASSIGNED[path][field]})
    assert refused.status == 422
    assert field in refused.body["errors"][0]


@pytest.mark.parametrize("field", ["id", "realm_id", "permission", "user_type", "created_at"])
@pytest.mark.parametrize("what", ["users", "realms", "access_keys"])
def test_mass_assignment_on_change(world: World, token: str, what: str, field: str) -> None:
    """OWASP API3:2023: identity, realm, kind and permission are for life."""
    user = parts(token)[1]["sub"]
    key = world.admin("POST", "/v1/access_keys", {"name": "k", "permission": "read"}).body["id"]
    one = {"users": user, "realms": world.realm_id, "access_keys": key}[what]
    path = f"/v1/{what}/{one}"
    before = world.admin("GET", path).body
    value = {"user_type": "api", "permission": "admin", "created_at": 0}.get(field, "rl_x")
    for method in ("PUT", "PATCH"):
        assert world.admin(method, path, {field: value}).status == 422
    assert world.admin("GET", path).body == before
