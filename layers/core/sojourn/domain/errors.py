"""Every outcome that is not success, in one tree; `api/problems` words each for the caller."""

from collections.abc import Mapping, Sequence
from typing import Any

from sojourn.domain.session import Session


class SojournError(Exception):
    """An expected outcome with a stable `code`, an HTTP `status` and sentences for a person.

    `members` are further members of the problem document (RFC 9457, 3.2).
    """

    status = 500
    code = "internal"
    title = "Something went wrong"
    retry_after: int | None = None
    """Seconds after which it may be tried again, where that is known."""

    def __init__(
        self,
        detail: str = "",
        *,
        errors: Sequence[str] = (),
        members: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or (errors[0] if errors else self.title)
        self.errors = tuple(errors) or (self.detail,)
        self.members = dict(members or {})


class Superseded(Exception):
    """A write's value was no longer current; `current` is (None: it is no more).

    It is the optimistic loop's, which decides anew, and no caller's.
    """

    def __init__(self, current: Any) -> None:
        super().__init__("the value has changed")
        self.current = current


class BadRequest(SojournError):
    """The request cannot be read at all."""

    status, code, title = 400, "bad_request", "The request cannot be read"


class BodyInvalid(BadRequest):
    """The body is not one JSON object."""

    code, title = "body_invalid", "The body must be one JSON object"


class CursorInvalid(BadRequest):
    """`after` is not an id of this list."""

    code, title = "cursor_invalid", "`after` is not an id of this list"


class CredentialsAmbiguous(BadRequest):
    """More than one credential came with the request."""

    code, title = "credentials_ambiguous", "Send exactly one credential"


class Unauthenticated(SojournError):
    """401: always answered with `WWW-Authenticate: Bearer`."""

    status = 401
    presented = True
    """Whether a token came and is not good; then the header says `invalid_token` and why."""


class TokenMissing(Unauthenticated):
    """No login token came with the request."""

    code, title = "token_missing", "A login token is needed"
    presented = False


class TokenInvalid(Unauthenticated):
    """The token was not signed here, or not for this."""

    code, title = "token_invalid", "The token is not valid"


class SessionExpired(Unauthenticated):
    """The session lived out its time."""

    code, title = "session_expired", "The session has expired"


class SessionEnded(Unauthenticated):
    """The session was ended before its time; `reason` and `ended_at` say why and when."""

    code, title = "session_ended", "The session was ended"


class LoginFailed(Unauthenticated):
    """Unknown realm, unknown user, wrong credential or inactive user: one answer for all."""

    code, title = "login_failed", "The login failed"
    presented = False

    def __init__(self, *, inactive: bool = False) -> None:
        """`inactive` is for servers that try no credential, and is in no answer of this."""
        super().__init__()
        self.inactive = inactive


class Forbidden(SojournError):
    """The caller is not allowed to do this."""

    status, code, title = 403, "forbidden", "Not allowed"


class AccessKeyInvalid(Forbidden):
    """No such access key."""

    code, title = "access_key_invalid", "The access key is not valid"


class EdgeRequired(Forbidden):
    """The stack has a trusted edge, and the request did not come by it."""

    code, title = "edge_required", "This API is reached at its public URL alone"


class PermissionMissing(Forbidden):
    """The access key does not carry the permission that this needs."""

    code, title = "permission_missing", "The access key lacks a permission"


class WrongCaller(Forbidden):
    """A user's token on a server's route, or the other way about."""

    code, title = "wrong_caller", "This route is for another kind of caller"


class RealmForbidden(Forbidden):
    """A realm-bound key named another realm."""

    code, title = "realm_forbidden", "The access key belongs to another realm"


class NotFound(SojournError):
    """Not there, or not yours: the same answer."""

    status, code, title = 404, "not_found", "There is no such thing here"


class Conflict(SojournError):
    """The state of things does not allow it."""

    status, code, title = 409, "conflict", "The state of things does not allow it"


class SessionLimit(Conflict):
    """The realm denies a login at its limit; `sessions` lists the active ones."""

    code, title = "session_limit", "The user is at the limit of active sessions"

    def __init__(self, *, active: Sequence[Session], most: int) -> None:
        super().__init__()
        self.active = tuple(active)
        self.most = most


class UserInactive(Conflict):
    """A server begins a session, without a credential, for a user who is not active."""

    code, title = "user_inactive", "The user is inactive"


class SessionUnmanaged(Conflict):
    """An unmanaged session is its token alone and cannot be ended."""

    code, title = "session_unmanaged", "An unmanaged session cannot be ended"


class NameTaken(Conflict):
    """A username or email that another user of the realm has."""

    code, title = "name_taken", "The name is taken"

    def __init__(self, *kinds: str) -> None:
        super().__init__(errors=[f"Another user of the realm has this {kind}." for kind in kinds])


class KeyInUse(Conflict):
    """The signing key signs now, or a token that it signed may be alive until `retire_after`."""

    code, title = "key_in_use", "The signing key is in use"

    def __init__(
        self, *, signs: bool = False, open_ended: bool, retires_ms: int | None = None
    ) -> None:
        """`open_ended`: such a token may have no end. `retires_ms` None: it goes not by itself."""
        super().__init__()
        self.signs = signs
        self.open_ended = open_ended
        self.retires_ms = retires_ms


class AlreadyInitialised(Conflict):
    """The stack has its first key already."""

    code, title = "already_initialised", "The stack has an access key already"


class TooLarge(SojournError):
    """The body is over the limit."""

    status, code, title = 413, "body_too_large", "The body is too large"


class UnsupportedMediaType(SojournError):
    """The body is not JSON."""

    status, code, title = 415, "unsupported_media_type", "Send the body as application/json"


class Invalid(SojournError):
    """422: a field is wrong; each sentence of `errors` says which and what to do."""

    status, code, title = 422, "invalid", "A field is not valid"


class RealmNotNamed(Invalid):
    """A request with a stack-wide access key names no realm, and is about one."""


class TwoRealmsNamed(Invalid):
    """A request names two realms."""


class RealmIdInvalid(Invalid):
    """What a request names a realm by is no realm's id."""


class CredentialWrong(Invalid):
    """A wrong password or API key where it is input, and the caller is somebody else."""

    code, title = "credential_wrong", "The credential is not right"


class TooManyAttempts(SojournError):
    """429: too many failed tries, for an account or from an address; which, it does not say."""

    status, code, title = 429, "too_many_attempts", "Too many failed attempts"

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too many attempts have failed. Try again in {seconds} s.")
        self.retry_after = seconds


class Unavailable(SojournError):
    """503: the store or the key service did not answer in time."""

    status, code, title = 503, "unavailable", "The service is briefly unavailable"
    retry_after = 2
