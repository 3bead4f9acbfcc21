"""Every route that begins a session; so the one function that may decrypt signing keys."""

from sojourn.api.fields import taken
from sojourn.api.request import Request, Response, Routes, query
from sojourn.api.respond import api
from sojourn.bootstrap import Services
from sojourn.domain.access_key import Server
from sojourn.login.bodies import (
    ApiKeyBody,
    AuthenticateBody,
    LoginBody,
    ServerSessionBody,
    login_by_server,
    login_of,
)
from sojourn.runtime import audit
from sojourn.sessions.answers import BegunSession


def routes(services: Services) -> Routes:
    """The function's routes."""

    def caller(request: Request) -> Server:
        server = services.callers.server(request).may("write")
        return server.narrow(query(request, "realm_id").get("realm_id"))

    def begun(server: Server, session: BegunSession, *, status: int = 200) -> Response:
        about = session.id, session.user_id, session.realm_id
        audit.record("session.begun", *about, by=server.key.id)
        return Response(status=status, body=session)

    def login(request: Request) -> Response:
        query(request)
        body = request.parse(LoginBody)
        began = login_of(request, "password" if body.api_key is None else "api_key", body.replace)
        if body.api_key is not None:
            session = services.logins.with_api_key(
                body.realm_id, body.api_key, began, ip=request.ip
            )
        else:
            session = services.password_logins.by_name(
                body.realm_id,
                body.password or "",
                began,
                username=body.username,
                email=body.email,
            )
        return Response(body=session)

    def server_session(request: Request) -> Response:
        server, body = taken(caller(request), request, ServerSessionBody)
        found = services.lookup.find_in_realm(server, body.user_id)
        began = login_by_server(request, "server", reported=body.request, replace=body.replace)
        return begun(server, services.logins.of_server(found.realm, found.user, began), status=201)

    def authenticate(request: Request) -> Response:
        server, body = taken(caller(request), request, AuthenticateBody)
        began = login_by_server(request, "password", reported=body.request, replace=body.replace)
        view = services.password_logins.on_behalf(server, request.path["id"], body.password, began)
        return begun(server, view)

    def authenticate_key(request: Request) -> Response:
        server, body = taken(caller(request), request, ApiKeyBody)
        realm_id = server.in_realm()
        began = login_by_server(request, "api_key", reported=body.request)
        view = services.logins.by_api_key(realm_id, body.api_key, began)
        return begun(server, view)

    return {
        "POST /v1/login": login,
        "POST /v1/sessions": server_session,
        "POST /v1/users/{id}/authenticate": authenticate,
        "POST /v1/users/authenticate_key": authenticate_key,
    }


def let_go(services: Services) -> None:
    """Keep no decrypted signing key for longer than an hour, whatever the request."""
    services.logins.keys.purge()


handler = api(routes, first=let_go)
