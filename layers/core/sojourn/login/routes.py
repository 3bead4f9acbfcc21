"""The routes that begin a session."""

from typing import Final

from sojourn.api.callers import Callers
from sojourn.api.route import Call, Route
from sojourn.domain.access_key import Server
from sojourn.domain.errors import (
    CredentialsAmbiguous,
    CredentialWrong,
    LoginFailed,
    NotFound,
    SessionLimit,
    TooManyAttempts,
    UserInactive,
)
from sojourn.domain.values import dataclass
from sojourn.login.bodies import (
    ApiKeyBody,
    AuthenticateBody,
    LoginBody,
    ServerSessionBody,
    login_by_server,
    login_of,
)
from sojourn.login.login import Logins
from sojourn.login.password_login import PasswordLogins
from sojourn.runtime import audit
from sojourn.sessions.answers import BegunSession
from sojourn.sessions.lookup import UserLookup


@dataclass(frozen=True, slots=True)
class Services:
    """The services that the routes which begin a session call."""

    callers: Callers
    logins: Logins
    password_logins: PasswordLogins
    lookup: UserLookup


@Route(
    "POST /v1/login",
    public=True,
    body=LoginBody,
    answers={200: (BegunSession,)},
    errors=(CredentialsAmbiguous, LoginFailed, NotFound, SessionLimit, TooManyAttempts),
)
def login(services: Services, call: Call[None, LoginBody]) -> BegunSession:
    """Log in by password or API key."""
    body = call.body
    if body.api_key is not None:
        began = login_of(call.request, "api_key", body.replace)
        return services.logins.with_api_key(body.realm_id, body.api_key, began, ip=began.origin.ip)
    return services.password_logins.by_name(
        body.realm_id,
        body.password or "",
        login_of(call.request, "password", body.replace),
        username=body.username,
        email=body.email,
    )


@Route(
    "POST /v1/sessions",
    server="write",
    body=ServerSessionBody,
    answers={201: (BegunSession,)},
    errors=(NotFound, SessionLimit, UserInactive),
)
def begin_session(services: Services, call: Call[Server, ServerSessionBody]) -> BegunSession:
    """Begin a session for a user, without the user's credential."""
    body = call.body
    found = services.lookup.find_in_realm(call.caller, body.user_id)
    began = login_by_server(call.request, "server", reported=body.request, replace=body.replace)
    return _audited(call.caller, services.logins.of_server(found.realm, found.user, began))


@Route(
    "POST /v1/users/{id}/authenticate",
    server="write",
    body=AuthenticateBody,
    answers={200: (BegunSession,)},
    errors=(CredentialWrong, SessionLimit, TooManyAttempts),
)
def authenticate(services: Services, call: Call[Server, AuthenticateBody]) -> BegunSession:
    """Log a user in by password, for a server."""
    body = call.body
    began = login_by_server(call.request, "password", reported=body.request, replace=body.replace)
    logins = services.password_logins
    return _audited(call.caller, logins.on_behalf(call.caller, call.id, body.password, began))


@Route(
    "POST /v1/users/authenticate_key",
    server="write",
    body=ApiKeyBody,
    answers={200: (BegunSession,)},
    errors=(CredentialWrong, TooManyAttempts),
)
def authenticate_key(services: Services, call: Call[Server, ApiKeyBody]) -> BegunSession:
    """Log an api user in by API key, for a server."""
    realm_id = call.caller.in_realm()
    began = login_by_server(call.request, "api_key", reported=call.body.request)
    return _audited(call.caller, services.logins.by_api_key(realm_id, call.body.api_key, began))


def _audited(server: Server, session: BegunSession) -> BegunSession:
    """Write the audit line of a session that a server began; returns the session."""
    about = session.id, session.user_id, session.realm_id
    audit.record("session.begun", *about, by=server.key.id)
    return session


def drop_old_keys(services: Services) -> None:
    """Drop decrypted signing keys that are older than one hour, at each request."""
    services.logins.keys.purge()


ROUTES: Final[tuple[Route, ...]] = (login, begin_session, authenticate, authenticate_key)
