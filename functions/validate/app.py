"""Does a session stand? `GET /v1/session` asks for the caller's, a server for many."""

from sojourn.api.fields import taken
from sojourn.api.request import Request, Response, Routes, query
from sojourn.api.respond import api
from sojourn.bootstrap import Services
from sojourn.sessions.validate_many import BODY_LIMIT, TokensBody


def routes(services: Services) -> Routes:
    """The function's routes."""

    def validate(request: Request) -> Response:
        query(request)
        return Response(body=services.validator.validate(services.callers.user(request)))

    def validate_many(request: Request) -> Response:
        server = services.callers.server(request, recorded=False).may("read")
        wanted = query(request, "realm_id")
        server = server.narrow(wanted.get("realm_id"))
        server, body = taken(server, request, TokensBody, limit=BODY_LIMIT, any_text=True)
        return Response(body=services.many.validate(server, body.tokens))

    return {"GET /v1/session": validate, "POST /v1/sessions/validate": validate_many}


handler = api(routes)
