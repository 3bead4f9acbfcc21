"""What a call of an AWS service raises: no answer, or a refusal."""

from collections.abc import Mapping
from typing import Any


class NoAnswer(Exception):
    """No whole answer came.

    `sent`: the request may have reached the service, and may have been done. `stale`: a connection
    that was kept from a call before had been closed by the service, so this says nothing of how the
    service is, and the call can be made again at once.
    """

    def __init__(self, what: str, *, sent: bool = True, stale: bool = False) -> None:
        super().__init__(what)
        self.sent = sent
        self.stale = stale


class Refused(Exception):
    """The service answered with an error: its HTTP status, its code and the answer's members.

    `date` is the answer's `Date` header.
    """

    def __init__(
        self, status: int, code: str, members: Mapping[str, Any], date: str | None = None
    ) -> None:
        message = members.get("message") or members.get("Message") or ""
        super().__init__(f"{code} (status {status}): {message}")
        self.status = status
        self.code = code
        self.members = members
        self.date = date


class CredentialsInvalid(Exception):
    """There are no credentials, or what there is cannot be used; the message says what is wrong."""


class EndpointInvalid(Exception):
    """The environment asks for an endpoint that there is not; the message says what is wrong."""
