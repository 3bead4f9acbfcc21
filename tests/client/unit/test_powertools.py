"""`SojournVerifier` in the place of Powertools' `JWTVerifier`."""

import inspect
import json
from typing import Any

import pytest
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.utilities.auth_alpha import AuthErrorContext, JWTVerifier
from aws_lambda_powertools.utilities.auth_alpha.jwt.exceptions import (
    AuthError,
    InvalidTokenError,
    JWKSFetchError,
    TokenExpiredError,
)
from aws_lambda_powertools.utilities.auth_alpha.jwt.testing import mock_claims

from sojourn_client.powertools import SessionEndedError, SojournVerifier
from sojourn_client.service.transport import NoReply
from tests.client.unit.script import (
    AWAY,
    ENDED,
    REALM,
    SESSION,
    USER,
    Answer,
    answering,
    problem,
    reply,
    token,
    valid,
)

ARN = "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/GET/me"
METHODS = ["verify", "verify_authorization_header", "prefetch", "require", "authorize"]


def verifier(answer: Answer) -> SojournVerifier:
    """A verifier over a service that answers this."""
    return SojournVerifier(answering(answer)[0])


@pytest.mark.parametrize("name", METHODS)
def test_methods_are_those_of_powertools(name: str) -> None:
    """Each public method has the name and the arguments of Powertools' own."""
    ours, theirs = (inspect.signature(getattr(c, name)) for c in (SojournVerifier, JWTVerifier))
    assert [(p.name, p.kind, p.default) for p in ours.parameters.values()] == [
        (p.name, p.kind, p.default) for p in theirs.parameters.values()
    ]
    public = {name for name in dir(JWTVerifier) if not name.startswith("_")}
    assert public - {"any_of", "cognito"} == set(METHODS)


def test_prefetch_asks_the_service() -> None:
    """`prefetch` succeeds when the realm's keys can be fetched."""
    verifier(reply(200, {"keys": []})).prefetch()


@pytest.mark.parametrize(
    ("answer", "said", "retryable"),
    [
        (NoReply("The service cannot be reached.", sent=False), "cannot be reached", True),
        (problem(404, "not_found"), "404 not_found", False),
    ],
)
def test_prefetch_says_what_is_wrong(answer: Answer, said: str, retryable: bool) -> None:
    """It raises Powertools' own error, whose text says what the service or the network said."""
    with pytest.raises(JWKSFetchError, match=said) as caught:
        verifier(answer).prefetch()
    assert caught.value.retryable is retryable
    assert (caught.value.__context__, caught.value.__cause__) == (None, None)


def test_claims() -> None:
    """A session that stands gives the claims of its token."""
    accepting = verifier(reply(200, valid()))
    for claims in (
        accepting.verify(token()),
        accepting.verify_authorization_header(f"bearer {token()}"),
    ):
        assert claims == {"rid": REALM, "sid": SESSION, "sub": USER}


@pytest.mark.parametrize(
    ("answer", "kind", "retryable"),
    [
        (problem(401, "session_expired"), TokenExpiredError, False),
        (problem(401, "token_invalid"), InvalidTokenError, False),
        (ENDED, SessionEndedError, False),
        (AWAY, JWKSFetchError, True),
        (problem(403, "edge_required"), JWKSFetchError, False),
    ],
)
def test_errors(answer: Answer, kind: type[AuthError], retryable: bool) -> None:
    """Errors are Powertools' own, and carry no other error with them."""
    with pytest.raises(kind) as caught:
        verifier(answer).verify(token())
    assert caught.value.retryable is retryable
    assert (caught.value.__context__, caught.value.__cause__) == (None, None)


def test_ended_session_says_why() -> None:
    """Who was logged out may know why and when."""
    with pytest.raises(SessionEndedError) as caught:
        verifier(ENDED).verify(token())
    assert (caught.value.ended_reason, caught.value.ended_at) == ("evicted", 5.0)


@pytest.mark.parametrize("value", [None, "", "Bearer", "Basic x", "Bearer a, Bearer b", "x"])
def test_header_without_a_token(value: str | None) -> None:
    """A header that has no token is an invalid token, as in Powertools."""
    with pytest.raises(InvalidTokenError) as caught:
        verifier(reply(200, valid())).verify_authorization_header(value)
    assert caught.value.__context__ is None


def get(answer: Answer, headers: dict[str, str], **required: Any) -> tuple[int, Any]:
    """One request to a route behind `require`; status and body."""
    app = APIGatewayHttpResolver()

    @app.get("/me", middlewares=[verifier(answer).require(**required)])
    def me() -> dict[str, Any]:
        return {"sub": app.context["claims"]["sub"]}

    event = {
        "version": "2.0",
        "rawPath": "/me",
        "headers": headers,
        "requestContext": {"http": {"method": "GET", "path": "/me"}, "stage": "$default"},
    }
    told = app.resolve(event, None)  # type: ignore[arg-type]
    assert "claims" not in app.context
    return told["statusCode"], json.loads(told["body"])


def test_require() -> None:
    """Event Handler's middleware lets in who has a session, and answers all others."""
    bearer = {"authorization": f"Bearer {token()}"}
    accepted = reply(200, valid())
    assert get(accepted, bearer) == (200, {"sub": USER})
    assert get(accepted, {})[0] == 401
    assert get(ENDED, bearer)[0] == 401
    assert get(AWAY, bearer)[0] == 503
    assert get(accepted, bearer, scopes=["orders:read"])[0] == 403
    assert get(accepted, bearer, authorize=lambda claims: claims["sub"] != USER)[0] == 403
    found: list[AuthErrorContext] = []

    def on_error(context: AuthErrorContext) -> Response[str]:
        found.append(context)
        return Response(418, "application/json", '"tea"')

    assert get(ENDED, bearer, on_error=on_error) == (418, "tea")
    assert found[0].status_code == 401


def test_authorizer() -> None:
    """An authorizer's answer is a policy, or simple, and an ended session is refused."""
    event = {
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": ARN,
        "headers": {"authorization": f"Bearer {token()}"},
    }
    told = verifier(reply(200, valid())).authorize(event, context_claims=["sid"])
    assert told["principalId"] == USER
    assert told["policyDocument"]["Statement"][0]["Effect"] == "Allow"
    assert told["context"] == {"sid": SESSION}
    ended = verifier(ENDED)
    assert ended.authorize(event)["policyDocument"]["Statement"][0]["Effect"] == "Deny"
    assert ended.authorize(event, response_format="simple")["isAuthorized"] is False
    with pytest.raises(JWKSFetchError):
        verifier(AWAY).authorize(event)


def test_claims_are_mocked() -> None:
    """Powertools' helper for tests of applications works."""
    mocked = verifier(AWAY)
    with mock_claims(mocked, {"sub": "test"}):  # type: ignore[arg-type]
        assert mocked.verify("anything") == {"sub": "test"}
