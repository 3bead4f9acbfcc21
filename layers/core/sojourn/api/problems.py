"""Turn errors into RFC 9457 problems: status, title, detail and further members."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, NamedTuple

from msgspec import UNSET, Meta, UnsetType

from sojourn.api.response import Response
from sojourn.api.structs import Answer, SessionId, Time, WholeTime
from sojourn.domain import errors
from sojourn.domain.errors import SojournError
from sojourn.domain.session import Reason

_NOT_IN_DESCRIPTION: Final = r"[^ !#-\[\]-~]"
"""Characters that an `error_description` must not contain (RFC 6750, 3)."""


class Problem(Answer, frozen=True, kw_only=True):
    """A problem document (RFC 9457); `errors` are messages for people."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: Annotated[list[str], Meta(min_length=1)]


class SessionEndedProblem(Problem, frozen=True, kw_only=True):
    """Why and when the session ended, while its record is kept."""

    reason: Reason | UnsetType = UNSET
    ended_at: Time | UnsetType = UNSET


class TooManyAttemptsProblem(Problem, frozen=True, kw_only=True):
    """Seconds until the next attempt is accepted, as in `Retry-After`."""

    retry_after: Annotated[int, Meta(ge=1)]


class LimitSession(Answer, frozen=True, kw_only=True):
    """An active session that a login can replace."""

    id: SessionId
    created_at: Time
    client: str | None


class SessionLimitProblem(Problem, frozen=True, kw_only=True):
    """The active sessions, of which one can be replaced."""

    sessions: list[LimitSession]


class KeyInUseProblem(Problem, frozen=True, kw_only=True):
    """When the signing key retires."""

    retire_after: WholeTime | None
    open_ended: bool


class ProblemType(NamedTuple):
    """The HTTP form of a kind of error: status, title and the type of its problem document."""

    status: int
    title: str
    form: type[Problem] = Problem


PROBLEM_TYPES: Final[Mapping[type[SojournError], ProblemType]] = {
    SojournError: ProblemType(500, "Something went wrong"),
    errors.BadRequest: ProblemType(400, "The request cannot be read"),
    errors.BodyInvalid: ProblemType(400, "The body must be one JSON object"),
    errors.CursorInvalid: ProblemType(400, "`after` is not an id of this list"),
    errors.CredentialsAmbiguous: ProblemType(400, "Send exactly one credential"),
    errors.TokenMissing: ProblemType(401, "A login token is needed"),
    errors.TokenInvalid: ProblemType(401, "The token is not valid"),
    errors.SessionExpired: ProblemType(401, "The session has expired"),
    errors.SessionEnded: ProblemType(401, "The session was ended", SessionEndedProblem),
    errors.LoginFailed: ProblemType(401, "The login failed"),
    errors.Forbidden: ProblemType(403, "Not allowed"),
    errors.AccessKeyInvalid: ProblemType(403, "The access key is not valid"),
    errors.EdgeRequired: ProblemType(403, "Call this API at its public URL"),
    errors.PermissionMissing: ProblemType(403, "The access key lacks a permission"),
    errors.WrongCaller: ProblemType(403, "This route is for another kind of caller"),
    errors.RealmForbidden: ProblemType(403, "The access key belongs to another realm"),
    errors.NotFound: ProblemType(404, "Nothing with this id or name was found"),
    errors.Conflict: ProblemType(409, "The current state does not allow the change"),
    errors.CursorExpired: ProblemType(410, "The feed no longer has what came after this cursor"),
    errors.SessionLimit: ProblemType(
        409, "The user is at the limit of active sessions", SessionLimitProblem
    ),
    errors.UserInactive: ProblemType(409, "The user is inactive"),
    errors.SessionUnmanaged: ProblemType(409, "An unmanaged session cannot be ended"),
    errors.NameTaken: ProblemType(409, "The name is taken"),
    errors.KeyInUse: ProblemType(409, "The signing key is in use", KeyInUseProblem),
    errors.AlreadyInitialised: ProblemType(409, "The stack already has an access key"),
    errors.TooLarge: ProblemType(413, "The body is too large"),
    errors.UnsupportedMediaType: ProblemType(415, "Send the body as application/json"),
    errors.Invalid: ProblemType(422, "A field is not valid"),
    errors.CredentialWrong: ProblemType(422, "The credential is wrong"),
    errors.TooManyAttempts: ProblemType(429, "Too many failed attempts", TooManyAttemptsProblem),
    errors.Unavailable: ProblemType(503, "The service is briefly unavailable"),
}


def problem_type(kind: type[SojournError]) -> ProblemType:
    """The HTTP form of a kind of error, or of its base class."""
    return next(PROBLEM_TYPES[one] for one in kind.__mro__ if one in PROBLEM_TYPES)


def problem(error: SojournError, *, request_id: str) -> Response:
    """An error as `application/problem+json` (RFC 9457)."""
    status, title, form = problem_type(type(error))
    sentences = _sentences(error) or [title]
    detail = detail_of(error)
    headers = {"content-type": "application/problem+json"}
    if isinstance(error, errors.Unauthenticated):
        # `error` only where a token came (RFC 6750, 3).
        why = description(detail)
        invalid = f' error="invalid_token", error_description="{why}"' if error.presented else ""
        headers["www-authenticate"] = f"Bearer{invalid}"
    if error.retry_after is not None:
        headers["retry-after"] = str(error.retry_after)
    body = form(
        type=f"urn:sojourn:problem:{error.code}",
        title=title,
        status=status,
        detail=detail,
        code=error.code,
        request_id=request_id,
        errors=list(sentences),
        **members(error),
    )
    return Response(status=status, body=body, headers=headers)


def detail_of(error: SojournError) -> str:
    """What is wrong, in one sentence."""
    return error.detail or (*_sentences(error), problem_type(type(error)).title)[0]


def description(text: str) -> str:
    """A text as an `error_description` (RFC 6749, 5.2; RFC 6750, 3)."""
    return re.sub(_NOT_IN_DESCRIPTION, "", text)


def members(error: SojournError) -> dict[str, Any]:
    """The extension members of a problem (RFC 9457, 3.2)."""
    match error:
        case errors.SessionEnded(reason=reason, ended_ms=ended_ms):
            return {
                "reason": UNSET if reason is None else reason,
                "ended_at": UNSET if ended_ms is None else ended_ms / 1000,
            }
        case errors.SessionLimit(active=active):
            sessions = [
                LimitSession(id=s.id, created_at=s.created_ms / 1000, client=s.origin.client)
                for s in active
            ]
            return {"sessions": sessions}
        case errors.KeyInUse(retires_ms=retires_ms, open_ended=open_ended):
            retire_after = None if retires_ms is None else -(-retires_ms // 1000)
            return {"retire_after": retire_after, "open_ended": open_ended}
        case errors.TooManyAttempts(retry_after=seconds):
            return {"retry_after": seconds}
    return {}


def _sentences(error: SojournError) -> Sequence[str]:
    """The messages of an error. Those about headers, parameters and routes are written here."""
    match error:
        case errors.RealmNotNamed():
            sentence = (
                "A stack-wide key must name a realm: send realm_id, in the query or the body, "
                "or the header Authrocket-Realm."
            )
        case errors.RealmIdInvalid():
            sentence = "realm_id must be an id, rl_ followed by 22 letters or digits."
        case errors.TwoRealmsNamed():
            sentence = "Two realms are named, in the header, the query or the body; name one."
        case errors.SessionEnded(reason=str(reason)):
            sentence = f"The session was ended: {reason}."
        case errors.SessionLimit(active=active, most=most):
            sentence = (
                f"The user has {len(active)} active sessions of {most}. "
                "Name one in `replace`, or end one first."
            )
        case errors.KeyInUse(signs=True):
            sentence = (
                "This key signs now. Make another by POST /v1/jwt_keys and wait until it signs; "
                'or stop this one with {"compromised": true}.'
            )
        case errors.KeyInUse(open_ended=open_ended):
            sentence = (
                "A token that this key signed may not have expired"
                + (", and may have no `exp`" if open_ended else "")
                + ". Wait until `retire_after`, or end such tokens with ?force=true."
            )
        case _:
            return error.errors
    return [sentence]
