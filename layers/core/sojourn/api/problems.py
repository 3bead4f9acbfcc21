"""Our errors as RFC 9457 problems, in HTTP's words: which header, parameter or route helps."""

import re
from collections.abc import Sequence
from typing import Final

from sojourn.api.response import Response
from sojourn.domain.errors import (
    KeyInUse,
    RealmIdInvalid,
    RealmNotNamed,
    SojournError,
    TwoRealmsNamed,
    Unauthenticated,
)

_NOT_IN_DESCRIPTION: Final = re.compile(r"[^ !#-\[\]-~]")
"""What an `error_description` must not hold (RFC 6750, 3)."""


def problem(error: SojournError, *, request_id: str) -> Response:
    """An error as `application/problem+json` (RFC 9457)."""
    headers = {"content-type": "application/problem+json"}
    if isinstance(error, Unauthenticated):
        headers["www-authenticate"] = _challenge(error)
    if error.retry_after is not None:
        headers["retry-after"] = str(error.retry_after)
    detail, errors = _words(error)
    body = {
        "type": f"urn:sojourn:problem:{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": detail,
        "code": error.code,
        "request_id": request_id,
        "errors": list(errors),
        **error.members,
    }
    return Response(status=error.status, body=body, headers=headers)


def _challenge(error: Unauthenticated) -> str:
    """What a 401 asks for (RFC 6750, 3): `error` only where a token came."""
    if not error.presented:
        return "Bearer"
    description = _NOT_IN_DESCRIPTION.sub("", error.detail)
    return f'Bearer error="invalid_token", error_description="{description}"'


def _words(error: SojournError) -> tuple[str, Sequence[str]]:
    """The detail of an error, and its sentences."""
    match error:
        case RealmNotNamed():
            sentence = (
                "A stack-wide key must name a realm: send realm_id, in the query or the body, "
                "or the header Authrocket-Realm."
            )
        case RealmIdInvalid():
            sentence = "realm_id must be an id, rl_ followed by 22 letters or digits."
        case TwoRealmsNamed():
            sentence = "Two realms are named, in the header, the query or the body; name one."
        case KeyInUse(signs=True):
            sentence = (
                "This key signs now. Make another by POST /v1/jwt_keys and wait until it signs; "
                'or stop this one with {"compromised": true}.'
            )
        case KeyInUse(open_ended=open_ended):
            sentence = (
                "A token that the key signed may be alive"
                + (" and has no end" if open_ended else "")
                + ". Wait until `retire_after`, or end them with ?force=true."
            )
        case _:
            return error.detail, error.errors
    return sentence, [sentence]
