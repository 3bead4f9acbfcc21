"""The login token of a request, whatever the framework."""

from sojourn_client.decisions.headers import values
from sojourn_client.errors import InvalidToken, TokenMissing


def bearer_token(request: object) -> str:
    """The token of `Authorization: Bearer …`. Raises `TokenMissing`, `InvalidToken`.

    `request` has `headers`, as attribute (Starlette, FastAPI, Django, Flask, werkzeug, aiohttp, …)
    or as member (an event of AWS Lambda). Names of headers count in any case. Two credentials are
    refused, also if a gateway joined them by a comma.
    """
    found = values(request, "authorization")
    if not found:
        raise TokenMissing
    if len(found) > 1 or "," in found[0]:
        raise InvalidToken("Two Authorization headers came; send one.")
    scheme, _, token = found[0].partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenMissing
    return token.strip()
