"""The OAuth endpoints over HTTP: introspection (RFC 7662), revocation (RFC 7009), metadata."""

import base64
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.e2e.calls import Answer, Api, User


@pytest.fixture(scope="module")
def ada(api: Api) -> User:
    """A user of a realm of her own."""
    return api.user(api.realm())


@pytest.fixture(scope="module")
def metadata(api: Api, ada: User) -> dict[str, Any]:
    """The realm's OAuth metadata."""
    path = f"/v1/realms/{ada.realm_id}/.well-known/oauth-authorization-server"
    return dict(api.call("GET", path).body)


def endpoint(metadata: dict[str, Any], name: str) -> str:
    """The path of an endpoint that the metadata names."""
    return str(urlsplit(metadata[f"{name}_endpoint"]).path)


def key(api: Api, realm_id: str, permission: str) -> dict[str, str]:
    """A new access key of the realm, as a header of Basic."""
    body = {"name": "oauth", "permission": permission, "realm_id": realm_id}
    made = api.made("/v1/access_keys", body)
    text = base64.b64encode(f"{made['id']}:{made['secret']}".encode()).decode()
    return {"id": made["id"], "authorization": f"Basic {text}"}


def asked(api: Api, path: str, token: str, key: dict[str, str] | None = None) -> Answer:
    """The answer to a token, with the credentials of a key."""
    headers = [] if key is None else [("authorization", key["authorization"])]
    return api.call("POST", path, form={"token": token}, headers=headers)


def test_session_is_introspected_until_it_is_revoked(
    api: Api, ada: User, metadata: dict[str, Any]
) -> None:
    """A session is active until the revocation endpoint ends it, and inactive from then on."""
    server = key(api, ada.realm_id, "read")
    introspect = endpoint(metadata, "introspection")
    mine, other = ada.login(), ada.login()
    active = asked(api, introspect, mine["token"], server).body
    assert (active["active"], active["sid"], active["sub"]) == (True, mine["id"], ada.id)
    assert (active["iss"], active["aud"]) == (metadata["issuer"], ada.realm_id)
    assert asked(api, endpoint(metadata, "revocation"), mine["token"]).status == 200
    assert asked(api, introspect, mine["token"], server).body == {"active": False}
    assert asked(api, introspect, other["token"], server).body["active"] is True
    refused = api.validate(mine["token"])
    assert (refused.status, refused.body["reason"]) == (401, "logout")


def test_server_revokes_as_an_administrator(api: Api, ada: User, metadata: dict[str, Any]) -> None:
    """With a key's id and secret the reason is an administrator's; a key of `read` may not."""
    revoke, session = endpoint(metadata, "revocation"), ada.login()
    refused = asked(api, revoke, session["token"], key(api, ada.realm_id, "read"))
    assert (refused.status, refused.body["error"]) == (403, "unauthorized_client")
    assert api.validate(session["token"]).status == 200
    server = key(api, ada.realm_id, "write")
    assert asked(api, revoke, session["token"], server).status == 200
    assert api.validate(session["token"]).body["reason"] == "terminated_by_admin"
    path = f"/v1/sessions/{session['id']}?state=any"
    assert api.admin("GET", path).body["ended_by"] == {"type": "access_key", "id": server["id"]}


def test_unmanaged_token_outlives_its_revocation(api: Api) -> None:
    """An unmanaged token stays active; ending all of the user's sessions makes it inactive."""
    user = api.user(api.realm(session_type="unmanaged", session_minutes=0))
    base, token = f"/v1/realms/{user.realm_id}", user.login()["token"]
    server = key(api, user.realm_id, "write")
    assert asked(api, f"{base}/revoke", token, server).status == 200
    active = asked(api, f"{base}/introspect", token, server).body
    assert (active["active"], active["session_type"]) == (True, "unmanaged")
    assert "exp" not in active
    assert api.admin("POST", f"/v1/users/{user.id}/end_sessions").status == 200
    assert asked(api, f"{base}/introspect", token, server).body == {"active": False}


def test_realms_are_apart(api: Api, ada: User) -> None:
    """A key of another realm finds no realm, and another realm's endpoint knows no such token."""
    other, token = api.realm(), ada.login()["token"]
    stranger = key(api, other, "write")
    for name in ("introspect", "revoke"):
        refused = asked(api, f"/v1/realms/{ada.realm_id}/{name}", token, stranger)
        assert (refused.status, refused.body["code"]) == (404, "not_found")
    assert asked(api, f"/v1/realms/{other}/introspect", token, stranger).body == {"active": False}
    assert asked(api, f"/v1/realms/{other}/revoke", token).status == 200
    assert api.validate(token).status == 200


def test_unknown_client_is_challenged(api: Api, ada: User, metadata: dict[str, Any]) -> None:
    """Without a credential or with a wrong one, 401 names both schemes (RFC 6749, 5.2)."""
    introspect = endpoint(metadata, "introspection")
    wrong = base64.b64encode(f"key_{'0' * 22}:ks_{'0' * 65}".encode()).decode()
    for headers in ([], [("authorization", f"Basic {wrong}")]):
        refused = api.call("POST", introspect, form={"token": "x"}, headers=headers)
        assert (refused.status, refused.body["error"]) == (401, "invalid_client")
        assert refused.headers["www-authenticate"].startswith("Basic ")
        assert "Bearer " in refused.headers["www-authenticate"]


def test_metadata_is_where_the_standard_has_it(
    api: Api, ada: User, metadata: dict[str, Any]
) -> None:
    """RFC 8414's path, with the well-known part before the issuer's own, has the same document."""
    path = urlsplit(metadata["issuer"]).path
    derived = api.call("GET", f"/.well-known/oauth-authorization-server{path}")
    configuration = api.call("GET", f"{path}/.well-known/openid-configuration")
    assert derived.body == configuration.body == metadata
    head = api.call("HEAD", f"/.well-known/oauth-authorization-server{path}")
    assert (head.status, head.headers["etag"]) == (200, derived.headers["etag"])
