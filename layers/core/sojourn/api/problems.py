"""Our errors as RFC 9457 problems, in HTTP's words: which header, parameter or route helps."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import structs

from sojourn.api.problem_members import AttemptsMembers, KeyMembers, LimitMembers, LimitSession
from sojourn.api.response import Response
from sojourn.domain.errors import (
    KeyInUse,
    RealmIdInvalid,
    RealmNotNamed,
    SessionLimit,
    SojournError,
    TooManyAttempts,
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
        **_members(error),
    }
    return Response(status=error.status, body=body, headers=headers)


def _members(error: SojournError) -> Mapping[str, object]:
    """What a problem tells besides (RFC 9457, 3.2)."""
    match error:
        case SessionLimit(active=active):
            sessions = [
                LimitSession(id=s.id, created_at=s.created_ms / 1000, client=s.origin.client)
                for s in active
            ]
            return structs.asdict(LimitMembers(sessions=sessions))
        case KeyInUse(retires_ms=retires_ms, open_ended=open_ended):
            retire_after = None if retires_ms is None else -(-retires_ms // 1000)
            return structs.asdict(KeyMembers(retire_after=retire_after, open_ended=open_ended))
        case TooManyAttempts(retry_after=int(seconds)):
            return structs.asdict(AttemptsMembers(retry_after=seconds))
    return error.members


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
        case SessionLimit(active=active, most=most):
            sentence = (
                f"The user has {len(active)} active sessions of {most}. "
                "Name one in `replace`, or end one first."
            )
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
