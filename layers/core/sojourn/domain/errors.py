"""The exception tree: every error of the service. `api/problems` turns them into HTTP."""

from collections.abc import Sequence
from typing import Any, TypeVar

from sojourn.domain.session import Reason, Session

T = TypeVar("T")


class SojournError(Exception):
    """An expected error with a stable `code`, and messages for people if it has its own."""

    code = "internal"
    retry_after: int | None = None
    """Seconds until a retry may succeed, if known."""

    def __init_subclass__(cls, *, code: str | None = None) -> None:
        if code is not None:
            cls.code = code

    def __init__(self, detail: str = "", *, errors: Sequence[str] = ()) -> None:
        self.errors = tuple(errors or filter(None, [detail]))
        self.detail = detail or "".join(self.errors[:1])
        super().__init__(self.detail or self.code)


class Superseded(Exception):
    """A write lost its optimistic lock: another came first. `current` is the new value, or None.

    The optimistic loop catches it and decides again; it never reaches a caller of the API.
    """

    def __init__(self, current: Any) -> None:
        super().__init__("the value has changed")
        self.current = current


class BadRequest(SojournError, code="bad_request"):
    """The request cannot be read at all."""


class BodyInvalid(BadRequest, code="body_invalid"):
    """The body is not one JSON object."""


class CursorInvalid(BadRequest, code="cursor_invalid"):
    """`after` is not an id of this list."""


class CursorExpired(SojournError, code="cursor_expired"):
    """`after` is older than what the feed keeps."""


class CredentialsAmbiguous(BadRequest, code="credentials_ambiguous"):
    """More than one credential came with the request."""


class Unauthenticated(SojournError):
    """The caller is not authenticated."""

    presented = True
    """Whether the request has a token, which is not valid."""


class TokenMissing(Unauthenticated, code="token_missing"):
    """No login token came with the request."""

    presented = False


class TokenInvalid(Unauthenticated, code="token_invalid"):
    """The token was not signed by this stack, or is for another realm or purpose."""


class SessionExpired(Unauthenticated, code="session_expired"):
    """The session has expired."""


class SessionEnded(Unauthenticated, code="session_ended"):
    """The session was ended before it expired; `reason` and `ended_at` say why and when."""

    def __init__(
        self, detail: str = "", *, reason: Reason | None = None, ended_ms: int | None = None
    ) -> None:
        """`reason` and `ended_ms` are None if unknown."""
        super().__init__(detail)
        self.reason = reason
        self.ended_ms = ended_ms


class LoginFailed(Unauthenticated, code="login_failed"):
    """Unknown realm, unknown user, wrong credential or inactive user: the same answer for all."""

    presented = False

    def __init__(self, *, inactive: bool = False) -> None:
        """`inactive` is for servers that check no credential; no answer contains it."""
        super().__init__()
        self.inactive = inactive


class Forbidden(SojournError, code="forbidden"):
    """The caller is not allowed to do this."""


class AccessKeyInvalid(Forbidden, code="access_key_invalid"):
    """The access key does not exist or has expired."""


class EdgeRequired(Forbidden, code="edge_required"):
    """The stack has a trusted edge, and the request did not come through it."""


class PermissionMissing(Forbidden, code="permission_missing"):
    """The access key's permission is too low for this route."""


class WrongCaller(Forbidden, code="wrong_caller"):
    """A user's token on a server's route, or an access key on a user's route."""


class RealmForbidden(Forbidden, code="realm_forbidden"):
    """A realm-bound access key names another realm."""


class NotFound(SojournError, code="not_found"):
    """It does not exist, or it is not yours; the same answer for both."""


def existing(found: T | None, detail: str = "") -> T:
    """What was looked for. Raises `NotFound` where there is no such thing."""
    if found is None:
        raise NotFound(detail)
    return found


class Conflict(SojournError, code="conflict"):
    """The current state does not allow the change."""


class SessionLimit(Conflict, code="session_limit"):
    """The user has `max_sessions` active sessions, and `at_limit` is `deny`."""

    def __init__(self, *, active: Sequence[Session], most: int) -> None:
        super().__init__()
        self.active = tuple(active)
        self.most = most


class UserInactive(Conflict, code="user_inactive"):
    """A server begins a session for an inactive user."""


class SessionUnmanaged(Conflict, code="session_unmanaged"):
    """An unmanaged session exists only as its token and cannot be ended."""


class NameTaken(Conflict, code="name_taken"):
    """Another user of the realm has the username or email."""

    def __init__(self, *kinds: str) -> None:
        super().__init__(errors=[f"Another user of the realm has this {kind}." for kind in kinds])


class KeyInUse(Conflict, code="key_in_use"):
    """The signing key signs now, or one of its tokens may not have expired (`retire_after`)."""

    def __init__(
        self, *, signs: bool = False, open_ended: bool, retires_ms: int | None = None
    ) -> None:
        """`open_ended`: a token of it may have no `exp`. `retires_ms` None: it never retires."""
        super().__init__()
        self.signs = signs
        self.open_ended = open_ended
        self.retires_ms = retires_ms


class AlreadyInitialised(Conflict, code="already_initialised"):
    """The stack already has its first access key."""


class TooLarge(SojournError, code="body_too_large"):
    """The body is over the limit."""


class UnsupportedMediaType(SojournError, code="unsupported_media_type"):
    """The body is not JSON."""


class Invalid(SojournError, code="invalid"):
    """A field or parameter is wrong; each message in `errors` names one and its allowed values."""


class RealmNotNamed(Invalid):
    """The route needs a realm, and the request with a stack-wide access key names none."""


class TwoRealmsNamed(Invalid):
    """The request names two different realms."""


class RealmIdInvalid(Invalid):
    """The request names a realm by a malformed id."""


class CredentialWrong(Invalid, code="credential_wrong"):
    """A password or API key in the body is wrong."""


class TooManyAttempts(SojournError, code="too_many_attempts"):
    """Too many failed logins for the account or from the address; the answer is the same."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too many attempts have failed. Try again in {seconds} s.")
        self.retry_after = seconds


class Unavailable(SojournError, code="unavailable"):
    """DynamoDB or KMS did not answer in time."""

    retry_after = 2
