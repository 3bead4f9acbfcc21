"""`SojournVerifier` in cookie mode: the cookie, CSRF, log-in and log-out, in each kind of event."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from aws_lambda_powertools.event_handler import (
    APIGatewayHttpResolver,
    ApiGatewayResolver,
    APIGatewayRestResolver,
    Response,
)
from aws_lambda_powertools.event_handler.exceptions import ForbiddenError, ServiceUnavailableError
from aws_lambda_powertools.utilities.auth_alpha import AuthErrorContext
from aws_lambda_powertools.utilities.auth_alpha.jwt.exceptions import (
    AuthError,
    InvalidTokenError,
    JWKSFetchError,
)
from aws_lambda_powertools.utilities.auth_alpha.jwt.testing import mock_claims
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from sojourn_client import Refused, SessionCookie, Sojourn
from sojourn_client.powertools import CrossSiteError, SojournVerifier
from tests.client.unit.script import (
    AWAY,
    ENDED,
    REALM,
    SESSION,
    USER,
    Answer,
    Script,
    answering,
    problem,
    reply,
    token,
    valid,
)

NAME = "__Host-session"
COOKIE = f"{NAME}={token()}"
OWN = {"host": "app.example", "sec-fetch-site": "same-origin", "user-agent": "Firefox/1.0"}
OTHER = {**OWN, "sec-fetch-site": "cross-site"}
ACCEPTED = reply(200, valid())
Event = dict[str, Any]


def site(*answers: Answer) -> tuple[SojournVerifier, Script]:
    """A verifier in cookie mode over a script of the service's answers."""
    sojourn, script = answering(*answers, access_key="ks_1")
    return SojournVerifier(sojourn, cookie=SessionCookie()), script


def http(
    method: str = "GET",
    headers: dict[str, str] = OWN,
    cookies: Sequence[str] = (COOKIE,),
    path: str = "/me",
) -> Event:
    """A request as an HTTP API, or a function URL, has it."""
    about = {"method": method, "path": path, "sourceIp": "203.0.113.9"}
    return {
        "version": "2.0",
        "rawPath": path,
        "headers": headers,
        "cookies": list(cookies),
        "requestContext": {"http": about, "stage": "$default"},
    }


def rest(
    method: str = "GET",
    headers: dict[str, str] = OWN,
    cookies: Sequence[str] = (COOKIE,),
    path: str = "/me",
) -> Event:
    """The same request as a REST API has it: of a name that comes twice, `headers` has the last."""
    every = {name: [value] for name, value in headers.items()}
    if cookies:
        every["Cookie"] = list(cookies)
    return {
        "path": path,
        "httpMethod": method,
        "headers": {name: values[-1] for name, values in every.items()},
        "multiValueHeaders": every,
        "requestContext": {"identity": {"sourceIp": "203.0.113.9"}, "path": path},
    }


KINDS = pytest.mark.parametrize(
    ("request_of", "resolver"), [(http, APIGatewayHttpResolver), (rest, APIGatewayRestResolver)]
)


def ask(resolver: type[ApiGatewayResolver], event: Event, answer: Answer, **required: Any) -> Event:
    """The answer of a route behind `require`, for reading and for changing."""
    app = resolver()
    verifier, _ = site(answer)

    @app.route("/me", ["GET", "POST"], middlewares=[verifier.require(**required)])
    def me() -> Event:
        return {"sub": app.context["claims"]["sub"]}

    told = app.resolve(event, None)  # type: ignore[arg-type]
    assert "claims" not in app.context
    return told


@KINDS
def test_cookie_is_verified(request_of: Any, resolver: Any) -> None:
    """The cookie's session lets a request in; without a cookie, or after its end, nobody is."""
    told = ask(resolver, request_of(), ACCEPTED)
    assert (told["statusCode"], json.loads(told["body"])) == (200, {"sub": USER})
    for event, answer in ((request_of(cookies=()), ACCEPTED), (request_of(), ENDED)):
        refused = ask(resolver, event, answer)
        assert refused["statusCode"] == 401
        assert f'Cookie cookie-name="{NAME}"' in str(refused)
    assert ask(resolver, request_of(), AWAY)["statusCode"] == 503


def test_claims_go_with_their_request() -> None:
    """Claims are gone when the route has answered, or failed."""
    verifier, _ = site(ACCEPTED)
    app = APIGatewayHttpResolver()
    after: list[bool] = []

    def outer(_: ApiGatewayResolver, following: Any) -> Any:
        try:
            return following(app)
        finally:
            after.append("claims" in app.context)

    @app.get("/me", middlewares=[outer, verifier.require()])
    def me() -> Event:
        raise LookupError

    with pytest.raises(LookupError):
        app.resolve(http(), None)  # type: ignore[arg-type]
    assert after == [False]


@KINDS
def test_bearer_token_is_nobody_in_cookie_mode(request_of: Any, resolver: Any) -> None:
    """An `Authorization` header is not looked at."""
    bearer = {**OWN, "authorization": f"Bearer {token()}"}
    assert ask(resolver, request_of(headers=bearer, cookies=()), ACCEPTED)["statusCode"] == 401


@KINDS
def test_two_cookies_are_refused(request_of: Any, resolver: Any) -> None:
    """A second cookie of the name, in whichever header, makes the request nobody's."""
    twice = request_of(cookies=(f"{NAME}=other", COOKIE))
    assert ask(resolver, twice, ACCEPTED)["statusCode"] == 401


@KINDS
def test_other_sites_read_only(request_of: Any, resolver: Any) -> None:
    """Another site's page may link here, and may not change anything; nobody is asked then."""
    assert ask(resolver, request_of("GET", OTHER), ACCEPTED)["statusCode"] == 200
    assert ask(resolver, request_of("POST", OWN), ACCEPTED)["statusCode"] == 200
    for headers in (OTHER, {"host": "app.example"}, {**OTHER, "origin": "https://app.example"}):
        assert ask(resolver, request_of("POST", headers), AWAY)["statusCode"] == 403


def test_old_browser_tells_its_origin() -> None:
    """Without Fetch metadata, the `Origin` must be the API's own."""
    for origin, status in (("https://app.example", 200), ("https://evil.example", 403)):
        headers = {"host": "app.example", "origin": origin}
        assert ask(APIGatewayHttpResolver, http("POST", headers), ACCEPTED)["statusCode"] == status


def test_policy_of_the_application_is_asked() -> None:
    """`authorize` and `scopes` refuse with 403, as without a cookie."""
    told = ask(APIGatewayHttpResolver, http(), ACCEPTED, authorize=lambda claims: False)
    assert told["statusCode"] == 403
    told = ask(APIGatewayHttpResolver, http(), ACCEPTED, scopes=["orders:read"])
    assert told["statusCode"] == 403


@pytest.mark.parametrize(
    ("event", "answer", "status", "said"),
    [
        (http(), ENDED, 401, "The session was ended: evicted."),
        (http(), problem(401, "session_expired"), 401, "The session has expired."),
        (http(), problem(401, "token_invalid"), 401, "The token is not valid."),
        (http(cookies=()), AWAY, 401, "Log in first."),
        (http("POST", OTHER), AWAY, 403, "not made by a page of this application"),
        (http(), AWAY, 503, "cannot be checked now"),
    ],
)
def test_page_says_why(event: Event, answer: Answer, status: int, said: str) -> None:
    """`on_error` is told a sentence for the person at the browser, and may show the login form."""

    def login_form(context: AuthErrorContext) -> Response[str]:
        return Response(context.status_code, "text/html", context.detail)  # type: ignore[attr-defined]

    told = ask(APIGatewayHttpResolver, event, answer, on_error=login_form)
    assert told["statusCode"] == status
    assert said in told["body"]


@KINDS
def test_log_in_sets_the_cookie_and_tells_the_address(request_of: Any, resolver: Any) -> None:
    """The answer has the cookie; the service is told what API Gateway saw of the browser."""
    verifier, script = site(reply(200, valid(token=token())))
    app = resolver()

    @app.post("/login")  # type: ignore[untyped-decorator]
    def log_in() -> Response[str]:
        return verifier.log_in(app.current_event, Response(303), "ada", "secret")

    told = app.resolve(request_of("POST", cookies=(), path="/login"), None)
    assert told["statusCode"] == 303
    (cookie,) = told.get("cookies") or told["multiValueHeaders"]["Set-Cookie"]
    assert cookie.startswith(f"{COOKIE}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=")
    assert script.asked[0].body == (
        b'{"password": "secret", "request": {"ip": "203.0.113.9", "client": "Firefox/1.0"}}'
    )


def test_application_may_tell_the_address() -> None:
    """Behind a CDN the application knows the address, and an event may have none at all."""
    verifier, script = site(reply(200, valid(token=token())))
    verifier.log_in(http("POST"), Response(303), "ada", "secret", ip="2001:db8::1")
    verifier.log_in({"httpMethod": "POST", "headers": OWN}, Response(303), "ada", "secret")
    assert b'"ip": "2001:db8::1"' in (script.asked[0].body or b"")
    assert b'"ip"' not in (script.asked[1].body or b"")


def test_log_out_ends_the_session_and_clears_the_cookie() -> None:
    """The session is ended at the service, and the browser forgets it."""
    verifier, script = site(reply(204))
    event = APIGatewayProxyEventV2(http("POST"))
    response = verifier.log_out(event, Response(303, "text/plain", ""))
    assert [str(cookie) for cookie in response.cookies] == [
        f"{NAME}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"
    ]
    assert (script.asked[0].method, script.asked[0].path) == ("DELETE", "/v1/session")


def test_log_in_and_out_refuse_as_event_handler_does() -> None:
    """Another site's request is 403, an absent service 503, a wrong password `Refused`."""
    response: Response[str] = Response(303)
    for answer, headers, kind in (
        (AWAY, OTHER, ForbiddenError),
        (AWAY, OWN, ServiceUnavailableError),
        (problem(422, "credential_wrong"), OWN, Refused),
    ):
        verifier, _ = site(answer)
        with pytest.raises(kind):
            verifier.log_in(http("POST", headers), response, "ada", "secret")
    for headers, kind in ((OTHER, ForbiddenError), (OWN, ServiceUnavailableError)):
        verifier, _ = site(AWAY)
        with pytest.raises(kind):
            verifier.log_out(http("POST", headers), response)
    assert response.cookies == []


def test_log_in_needs_the_cookie() -> None:
    """Without cookie mode there is nothing to set, and the message says what to do."""
    verifier = SojournVerifier(Sojourn("https://s.example", REALM, "ks_1"))
    with pytest.raises(ValueError, match="SessionCookie"):
        verifier.log_in(http("POST"), Response(303), "ada", "secret")


def test_token_for_calls_of_the_user() -> None:
    """`token` gives the cookie's token, and none to another site's request that changes."""
    verifier, _ = site(AWAY)
    assert verifier.token(http()) == token()
    with pytest.raises(InvalidTokenError):
        verifier.token(http(cookies=()))
    with pytest.raises(CrossSiteError) as caught:
        verifier.token(http("POST", OTHER))
    assert caught.value.__context__ is None


def asked(event: Event) -> Event:
    """The same request as the authorizer of its API is asked about it."""
    arn = "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234/prod/GET/me"
    return {**event, "type": "REQUEST", "routeArn": arn, "methodArn": arn}


@pytest.mark.parametrize("request_of", [http, rest])
def test_authorizer(request_of: Any) -> None:
    """An authorizer reads the cookie, and admits neither an ended session nor another site."""
    verifier, _ = site(ACCEPTED)
    told = verifier.authorize(asked(request_of()), context_claims=["sid"])
    assert (told["principalId"], told["context"]) == (USER, {"sid": SESSION})
    found: list[AuthError] = []
    ended, _ = site(ENDED)
    for event in (request_of(), request_of(cookies=()), request_of("POST", OTHER)):
        refused = ended.authorize(asked(event), on_error=found.append)
        assert refused["policyDocument"]["Statement"][0]["Effect"] == "Deny"
    assert [type(error).__name__ for error in found] == [
        "SessionEndedError",
        "MissingTokenError",
        "CrossSiteError",
    ]
    bearer = {"host": "app.example", "authorization": f"Bearer {token()}"}
    refused = verifier.authorize(asked(request_of(headers=bearer, cookies=())))
    assert refused["policyDocument"]["Statement"][0]["Effect"] == "Deny"
    away, _ = site(AWAY)
    with pytest.raises(JWKSFetchError):
        away.authorize(asked(request_of()))


def test_authorizer_of_a_token_alone_is_a_mistake() -> None:
    """An event of type TOKEN has no cookie: the message says which type is needed."""
    verifier, _ = site(ACCEPTED)
    event = {"type": "TOKEN", "authorizationToken": f"Bearer {token()}", "methodArn": "arn"}
    with pytest.raises(ValueError, match="REQUEST"):
        verifier.authorize(event)


def test_claims_are_mocked() -> None:
    """Powertools' helper for tests of applications works for routes that were made before."""
    verifier, script = site(AWAY)
    app = APIGatewayHttpResolver()

    @app.get("/me", middlewares=[verifier.require()])
    def me() -> Event:
        return {"sub": app.context["claims"]["sub"]}

    with mock_claims(verifier, {"sub": "test"}):  # type: ignore[arg-type]
        assert json.loads(app.resolve(http(), None)["body"]) == {"sub": "test"}  # type: ignore[arg-type]
    assert script.asked == []
