"""The Lambda example against the stack, and our verifier beside Powertools' own."""

import json
from typing import Any

import pytest
from aws_lambda_powertools.utilities.auth_alpha import JWTVerifier

from sojourn_client import Sojourn
from sojourn_client.powertools import SojournVerifier
from tests.e2e.calls import Api, User
from tests.e2e.client.browser import example

ISSUER = "https://sessions.example.com/v1/realms/"


@pytest.fixture
def user(api: Api) -> User:
    """A user whose realm has an https issuer, as Powertools wants it."""
    realm_id = api.realm()
    assert api.admin("PUT", f"/v1/realms/{realm_id}", {"issuer": ISSUER + realm_id}).status == 200
    return api.user(realm_id)


def event(token: str | None) -> dict[str, Any]:
    """A request as an HTTP API gives it to a function, and to an authorizer."""
    return {
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/$default/GET/me",
        "rawPath": "/me",
        "headers": {} if token is None else {"authorization": f"Bearer {token}"},
        "requestContext": {"http": {"method": "GET", "path": "/me"}, "stage": "$default"},
    }


def test_example(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """The function and the authorizer let in who has a session, until it ends."""
    told = {"BASE_URL": user.api.base_url, "REALM_ID": user.realm_id}
    functions = example("powertools/app.py", monkeypatch, **told)
    session = user.login()
    answer = functions.handler(event(session["token"]), None)
    assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"user_id": user.id})
    assert functions.authorizer(event(session["token"]), None) == {
        "isAuthorized": True,
        "context": {"sub": user.id, "sid": session["id"]},
    }
    user.api.call("DELETE", "/v1/session", bearer=session["token"])
    for token in (session["token"], None):
        assert functions.handler(event(token), None)["statusCode"] == 401
        assert functions.authorizer(event(token), None)["isAuthorized"] is False


def test_beside_powertools_own(user: User) -> None:
    """Both give the same claims and policies; after the session ended only ours refuses."""
    api, realm_id = user.api, user.realm_id
    keys = api.call("GET", f"/v1/realms/{realm_id}/.well-known/jwks.json").body
    theirs = JWTVerifier(
        issuer=ISSUER + realm_id,
        audience=realm_id,
        algorithms=["ES256"],
        jwks=keys,
        clock_skew_seconds=1e9,  # other tests move the stack's clock
    )
    ours = SojournVerifier(Sojourn(api.base_url, realm_id))
    token = user.login()["token"]
    assert ours.verify(token) == theirs.verify(token)
    asked = event(token)
    assert ours.authorize(asked, context_claims=["sid"]) == theirs.authorize(
        asked, context_claims=["sid"]
    )
    assert ours.authorize(event(None)) == theirs.authorize(event(None))
    api.call("DELETE", "/v1/session", bearer=token)
    effects = [
        each.authorize(asked)["policyDocument"]["Statement"][0]["Effect"] for each in (theirs, ours)
    ]
    assert effects == ["Allow", "Deny"]
