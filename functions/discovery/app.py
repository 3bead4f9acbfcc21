"""What anyone may read and keep for a while: how to verify a realm's tokens, and this API."""

from sojourn.api.documents import document
from sojourn.api.request import Request, Response, Route, Routes
from sojourn.api.respond import api
from sojourn.bootstrap import Services
from sojourn.sessions.discovery import api_document


def routes(services: Services) -> Routes:
    """The function's routes. A query is ignored: whoever fetches these adds what they like."""

    def configuration(request: Request) -> Response:
        return document(request, services.discovery.configuration(request.path["id"]))

    def key_set(request: Request) -> Response:
        return document(request, services.discovery.key_set(request.path["id"]))

    def openapi(request: Request) -> Response:
        return document(request, api_document())

    table: dict[str, Route] = {
        "GET /v1/realms/{id}/.well-known/openid-configuration": configuration,
        "GET /v1/realms/{id}/.well-known/jwks.json": key_set,
        "GET /v1/openapi.json": openapi,
    }
    # Of the answer to a HEAD, the entry leaves the body out.
    return {**table, **{f"HEAD {route.removeprefix('GET ')}": table[route] for route in table}}


handler = api(routes)
