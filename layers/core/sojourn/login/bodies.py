"""The bodies of the routes that begin a session or change a password, as Structs."""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from sojourn.api.complaints import CHECK
from sojourn.api.request import Request, client_name
from sojourn.api.structs import InRealm, RealmId, SessionId, UserId
from sojourn.crypto import passwords
from sojourn.domain import addresses, names
from sojourn.domain.errors import CredentialsAmbiguous, Invalid
from sojourn.domain.session import AuthMethod, Login, Origin


def _password(_: str, sent: str) -> list[str]:
    complaint = passwords.complaint(sent)
    return [] if complaint is None else [complaint]


Name = Annotated[str, Meta(min_length=1, max_length=names.SENT)]
Password = Annotated[str, Meta(max_length=passwords.SENT)]
NewPassword = Annotated[str, Meta(max_length=passwords.SENT, extra={CHECK: _password})]
Secret = Annotated[str, Meta(max_length=200)]


UNKNOWN: Final = "unknown"
"""A proxy's value for an unknown address (RFC 7239, 6.2)."""


class ReportedRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """The address and User-Agent of a user, reported by a server."""

    ip: str | None = None
    client: str | None = None


class LoginBody(Struct, forbid_unknown_fields=True, frozen=True):
    """`{realm_id, username or email, password}` or `{realm_id, api_key}`."""

    realm_id: RealmId
    username: Name | None = None
    email: Name | None = None
    password: Password | None = None
    api_key: Secret | None = None
    replace: SessionId | None = None

    def __post_init__(self) -> None:
        names = [name for name in (self.username, self.email) if name is not None]
        if self.api_key is not None and self.password is not None:
            raise CredentialsAmbiguous("Send either password or api_key, and not both.")
        if self.api_key is not None:
            if names or self.replace is not None:
                raise ValueError("Send api_key with realm_id, without username, email or replace")
        elif self.password is None or len(names) != 1:
            raise ValueError("Send password with either username or email, or send api_key")


class ServerSessionBody(InRealm, forbid_unknown_fields=True, frozen=True):
    """`{user_id}`, and the reported `request`."""

    user_id: UserId
    request: ReportedRequest | None = None
    replace: SessionId | None = None


class AuthenticateBody(InRealm, forbid_unknown_fields=True, frozen=True):
    """`{password}`, and the reported `request`."""

    password: Password
    request: ReportedRequest | None = None
    replace: SessionId | None = None


class ApiKeyBody(InRealm, forbid_unknown_fields=True, frozen=True):
    """`{api_key}`, and the reported `request`."""

    api_key: Secret
    request: ReportedRequest | None = None


class PasswordBody(Struct, forbid_unknown_fields=True, frozen=True):
    """A user's change of their own password."""

    current_password: Password
    password: NewPassword
    keep_sessions: Literal["none", "current", "all"] = "current"


def login_of(request: Request, auth_method: AuthMethod, replace: str | None) -> Login:
    """A direct login, with the address of the connection."""
    return Login(
        auth_method=auth_method,
        origin=Origin(ip=request.ip, client=request.client),
        replace=replace,
    )


def login_by_server(
    request: Request,
    auth_method: AuthMethod,
    *,
    reported: ReportedRequest | None,
    replace: str | None = None,
) -> Login:
    """A login by a server, with the address that it reports for its user, if any (rule 10).

    Raises `Invalid` if the reported address is malformed.
    """
    if reported is None:
        return login_of(request, auth_method, replace)
    origin = Origin(
        ip=_reported_ip(reported.ip or UNKNOWN),
        client=client_name(reported.client or ""),
        reported=True,
    )
    return Login(auth_method=auth_method, origin=origin, replace=replace)


def _reported_ip(text: str) -> str | None:
    if text.lower() == UNKNOWN:
        return None
    ip = addresses.normal(text)
    if ip is None:
        raise Invalid(
            errors=[
                "request.ip must be one IPv4 or IPv6 address, such as 203.0.113.9 or 2001:db8::7 "
                "(a port or zone is ignored); leave it out if it is unknown."
            ]
        )
    return ip
