"""The exception tree: every error of the service. `api/problems` turns them into HTTP."""

from collections.abc import Sequence
from typing import Any, TypeVar

from sojourn.domain.session import Reason, Session

T = TypeVar("T")


class SojournError(Exception):
    """An expected outcome with a stable `code`, and sentences for a person where it has its own."""

    code = "internal"
    retry_after: int | None = None
    """Seconds after which it may be tried again, where that is known."""

    def __init_subclass__(cls, *, code: str | None = None) -> None:
        if code is not None:
            cls.code = code

    def __init__(self, detail: str = "", *, errors: Sequence[str] = ()) -> None:
        self.errors = tuple(errors or filter(None, [detail]))
        self.detail = detail or "".join(self.errors[:1])
        super().__init__(self.detail or self.code)


class Superseded(Exception):
    """A write's value was no longer current; `current` is (None: it is no more).

    It is the optimistic loop's, which decides anew, and no caller's.
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


class CredentialsAmbiguous(BadRequest, code="credentials_ambiguous"):
    """More than one credential came with the request."""


class Unauthenticated(SojournError):
    """The caller does not prove who they are, or no longer."""

    presented = True
    """Whether a token came, and is not good."""


class TokenMissing(Unauthenticated, code="token_missing"):
    """No login token came with the request."""

    presented = False


class TokenInvalid(Unauthenticated, code="token_invalid"):
    """The token was not signed here, or not for this."""


class SessionExpired(Unauthenticated, code="session_expired"):
    """The session lived out its time."""


class SessionEnded(Unauthenticated, code="session_ended"):
    """The session was ended before its time; `reason` and `ended_at` say why and when."""

    def __init__(
        self, detail: str = "", *, reason: Reason | None = None, ended_ms: int | None = None
    ) -> None:
        """`reason` and `ended_ms` None: that is not known."""
        super().__init__(detail)
        self.reason = reason
        self.ended_ms = ended_ms


class LoginFailed(Unauthenticated, code="login_failed"):
    """Unknown realm, unknown user, wrong credential or inactive user: one answer for all."""

    presented = False

    def __init__(self, *, inactive: bool = False) -> None:
        """`inactive` is for servers that try no credential, and is in no answer of this."""
        super().__init__()
        self.inactive = inactive


class Forbidden(SojournError, code="forbidden"):
    """The caller is not allowed to do this."""


class AccessKeyInvalid(Forbidden, code="access_key_invalid"):
    """No such access key."""


class EdgeRequired(Forbidden, code="edge_required"):
    """The stack has a trusted edge, and the request did not come by it."""


class PermissionMissing(Forbidden, code="permission_missing"):
    """The access key does not carry the permission that this needs."""


class WrongCaller(Forbidden, code="wrong_caller"):
    """A user's token on a server's route, or the other way about."""


class RealmForbidden(Forbidden, code="realm_forbidden"):
    """A realm-bound key named another realm."""


class NotFound(SojournError, code="not_found"):
    """Not there, or not yours: the same answer."""


def existing(found: T | None, detail: str = "") -> T:
    """What was looked for. Raises `NotFound` where there is no such thing."""
    if found is None:
        raise NotFound(detail)
    return found


class Conflict(SojournError, code="conflict"):
    """The state of things does not allow it."""


class SessionLimit(Conflict, code="session_limit"):
    """The realm denies a login at its limit; `sessions` lists the active ones."""

    def __init__(self, *, active: Sequence[Session], most: int) -> None:
        super().__init__()
        self.active = tuple(active)
        self.most = most


class UserInactive(Conflict, code="user_inactive"):
    """A server begins a session, without a credential, for a user who is not active."""


class SessionUnmanaged(Conflict, code="session_unmanaged"):
    """An unmanaged session is its token alone and cannot be ended."""


class NameTaken(Conflict, code="name_taken"):
    """A username or email that another user of the realm has."""

    def __init__(self, *kinds: str) -> None:
        super().__init__(errors=[f"Another user of the realm has this {kind}." for kind in kinds])


class KeyInUse(Conflict, code="key_in_use"):
    """The signing key signs now, or a token that it signed may be alive until `retire_after`."""

    def __init__(
        self, *, signs: bool = False, open_ended: bool, retires_ms: int | None = None
    ) -> None:
        """`open_ended`: such a token may have no end. `retires_ms` None: it goes not by itself."""
        super().__init__()
        self.signs = signs
        self.open_ended = open_ended
        self.retires_ms = retires_ms


class AlreadyInitialised(Conflict, code="already_initialised"):
    """The stack has its first key already."""


class TooLarge(SojournError, code="body_too_large"):
    """The body is over the limit."""


class UnsupportedMediaType(SojournError, code="unsupported_media_type"):
    """The body is not JSON."""


class Invalid(SojournError, code="invalid"):
    """A field is wrong; each sentence of `errors` says which and what to do."""


class RealmNotNamed(Invalid):
    """A request with a stack-wide access key names no realm, and is about one."""


class TwoRealmsNamed(Invalid):
    """A request names two realms."""


class RealmIdInvalid(Invalid):
    """What a request names a realm by is no realm's id."""


class CredentialWrong(Invalid, code="credential_wrong"):
    """A wrong password or API key where it is input, and the caller is somebody else."""


class TooManyAttempts(SojournError, code="too_many_attempts"):
    """Too many failed tries, for an account or from an address; which, it does not say."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too many attempts have failed. Try again in {seconds} s.")
        self.retry_after = seconds


class Unavailable(SojournError, code="unavailable"):
    """The store or the key service did not answer in time."""

    retry_after = 2
