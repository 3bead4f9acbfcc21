"""`GET /v1/session`: does the caller's session stand?"""

from sojourn.bootstrap import Services
from sojourn.entry import api
from sojourn.http import Request, Response, Routes, query


def routes(services: Services) -> Routes:
    """The function's routes."""

    def validate(request: Request) -> Response:
        query(request)
        return Response(body=services.validator.validate(services.callers.user(request)))

    return {"GET /v1/session": validate}


handler = api(routes)
