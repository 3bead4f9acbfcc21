"""The errors of the client.

    SojournError
    ├── Rejected            the token is not accepted; the answer to a request is 401
    │   ├── TokenMissing    the request has no login token
    │   ├── InvalidToken    not a token of this realm
    │   ├── Expired         the session has expired
    │   └── Terminated      the session was ended: `reason`, `ended_at`
    ├── Unavailable         nothing is known: `retry_after`; the answer to a request is 503
    └── Refused             the API refused a call: `status`, `code`, `detail`, `errors`

An error of the network is always `Unavailable`, and never an accepted token. No error has a token,
a password or an access key in its text.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

_NOT_IN_DESCRIPTION: Final = re.compile(r"[^ !#-\[\]-~]")
"""Characters that an `error_description` must not contain (RFC 6750, 3)."""


class SojournError(Exception):
    """Every error of the client."""


class Rejected(SojournError):
    """The token is not accepted. `code` is the API's code for it."""

    code: ClassVar[str] = "token_invalid"
    _detail: ClassVar[str] = "The token is not valid."

    def __init__(self, detail: str = "") -> None:
        self.detail = detail or self._detail
        super().__init__(self.detail)

    @property
    def challenge(self) -> str:
        """The value of `WWW-Authenticate` for the 401 (RFC 6750)."""
        why = _NOT_IN_DESCRIPTION.sub("", self.detail)
        return f'Bearer error="invalid_token", error_description="{why}"'


class TokenMissing(Rejected):
    """The request has no login token."""

    code = "token_missing"
    _detail = "Send a login token as `Authorization: Bearer <token>`."

    @property
    def challenge(self) -> str:
        return "Bearer"


class InvalidToken(Rejected):
    """Not a token of this realm: malformed, forged, or of another realm or stack."""


class Expired(Rejected):
    """The session has expired."""

    code = "session_expired"
    _detail = "The session has expired."


class Terminated(Rejected):
    """The session was ended before it expired.

    `reason` is one of `logout`, `terminated_by_user`, `terminated_by_admin`, `evicted`, `replaced`,
    `password_changed`, `user_disabled`, `user_deleted`, `realm_ended`; `ended_at` is in epoch
    seconds. Both are None if the service no longer knows.
    """

    code = "session_ended"

    def __init__(self, reason: str | None = None, ended_at: float | None = None) -> None:
        self.reason = reason
        self.ended_at = ended_at
        super().__init__(
            f"The session was ended: {reason}." if reason else "The session was ended."
        )

    def __reduce__(self) -> tuple[type["Terminated"], tuple[str | None, float | None]]:
        return Terminated, (self.reason, self.ended_at)


class Unavailable(SojournError):
    """The service did not answer, or not in time, or with an error of its own.

    `retry_after` is the number of seconds that it asks to wait, or None. A call that changes
    something may have been done all the same.
    """

    def __init__(self, detail: str, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[type["Unavailable"], tuple[str, float | None]]:
        return Unavailable, (self.detail, self.retry_after)


class Refused(SojournError):
    """The API refused a call, for instance a login with a wrong password.

    `status` and `code` are of the table of errors in docs/http-api.md. `errors` are sentences for
    people. `problem` is the whole problem document (RFC 9457), with further members such as
    `sessions` of a `session_limit`. `retry_after` is in seconds; `too_many_attempts` has it.
    """

    def __init__(
        self, problem: Mapping[str, Any], status: int, retry_after: float | None = None
    ) -> None:
        self.problem = problem
        self.status = status
        self.code = str(problem.get("code"))
        self.detail = str(problem.get("detail") or problem.get("title") or self.code)
        told = problem.get("errors")
        self.errors: Sequence[str] = tuple(map(str, told)) if isinstance(told, list) else ()
        self.retry_after = retry_after
        super().__init__(f"{self.detail} ({status} {self.code})")

    def __reduce__(self) -> tuple[type["Refused"], tuple[Mapping[str, Any], int, float | None]]:
        return Refused, (self.problem, self.status, self.retry_after)
