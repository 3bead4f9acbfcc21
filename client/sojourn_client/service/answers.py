"""What an answer of the API means: a body, or an error."""

import json
from collections.abc import Mapping
from typing import Any, Final

from sojourn_client.errors import (
    Expired,
    InvalidToken,
    Refused,
    Rejected,
    Terminated,
    TokenMissing,
    Unavailable,
)
from sojourn_client.service.transport import Reply

Body = dict[str, Any]
_LONGEST_WAIT: Final = 3_600.0


def understood(reply: Reply, *, by_token: bool = True) -> Body:
    """The body of a successful answer; empty if there is none.

    Raises `Rejected` if the caller's token is not accepted, `Refused` if the API refused the call,
    and `Unavailable` if the answer is an error of the service, or not from Sojourn: a proxy's 401
    says nothing about a token. A 401 to a call that was not made `by_token` is `Refused`: it is
    about the access key, and no user's token.
    """
    if reply.status == 204:
        return {}
    body = body_of(reply)
    if body is not None and 200 <= reply.status < 300:
        return body
    if reply.status == 429 or reply.status >= 500:
        if body is not None and reply.status == 429 and "code" in body:
            raise Refused(body, status=reply.status, retry_after=retry_after(reply))
        raise Unavailable(f"The service answered {reply.status}.", retry_after(reply))
    if body is not None and reply.status >= 400 and isinstance(body.get("code"), str):
        rejected = rejection(body) if by_token and reply.status == 401 else None
        if rejected is not None:
            raise rejected
        raise Refused(body, status=reply.status)
    raise Unavailable(
        f"{reply.status} was answered, but not by Sojourn: check base_url, and proxies before it."
    )


def rejection(told: Mapping[str, Any]) -> Rejected | None:
    """Why a token is not accepted, by the `code` of a problem or of a validation; or None."""
    match told.get("code"):
        case "token_missing":
            return TokenMissing()
        case "token_invalid":
            return InvalidToken()
        case "session_expired":
            return Expired()
        case "session_ended":
            reason, ended_at = told.get("reason"), told.get("ended_at")
            return Terminated(
                reason if isinstance(reason, str) else None,
                float(ended_at) if isinstance(ended_at, int | float) else None,
            )
    return None


def body_of(reply: Reply) -> Body | None:
    """The JSON object of an answer; None if it is something else."""
    try:
        found = json.loads(reply.body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def code_of(reply: Reply) -> str | None:
    """The code of a problem, or None."""
    code = (body_of(reply) or {}).get("code") if reply.status >= 400 else None
    return code if isinstance(code, str) else None


def retry_after(reply: Reply) -> float | None:
    """The seconds of `Retry-After`, at most an hour; None if it has another form."""
    told = reply.headers.get("retry-after", "").strip()
    if not (told.isascii() and told.isdigit()):
        return None
    return min(float(told), _LONGEST_WAIT)
