"""What the routes that begin a session take."""

from ipaddress import ip_address
from typing import Annotated

from msgspec import Meta, Struct

from sojourn import names, passwords
from sojourn.account import AuthMethod, Login, Origin
from sojourn.errors import Invalid
from sojourn.http import Request, printable

Name = Annotated[str, Meta(min_length=1, max_length=names.SENT)]
Password = Annotated[str, Meta(max_length=passwords.SENT)]
Secret = Annotated[str, Meta(max_length=200)]
# `$` would let a line's end follow.
RealmId = Annotated[str, Meta(pattern=r"^rl_[0-9A-Za-z]{22}\Z")]
SessionId = Annotated[str, Meta(pattern=r"^kss_[0-9A-Za-z]{54}\Z")]
UserId = Annotated[str, Meta(pattern=r"^usr_[0-9A-Za-z]{22}\Z")]


class ReportedRequest(Struct, forbid_unknown_fields=True, frozen=True):
    """Where a server's user is, as the server tells it."""

    ip: Annotated[str, Meta(max_length=45)] = ""
    client: Annotated[str, Meta(max_length=2_000)] = ""


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
        if self.api_key is not None:
            if names or self.password is not None or self.replace is not None:
                raise ValueError("api_key stands alone beside realm_id")
        elif self.password is None or len(names) != 1:
            raise ValueError("send password with either username or email, or send api_key")


class ServerSessionBody(Struct, forbid_unknown_fields=True, frozen=True):
    """`{user_id}`, and where the user is."""

    user_id: UserId
    request: ReportedRequest | None = None
    replace: SessionId | None = None


class AuthenticateBody(Struct, forbid_unknown_fields=True, frozen=True):
    """`{password}`, and where the user is."""

    password: Password
    request: ReportedRequest | None = None
    replace: SessionId | None = None


class ApiKeyBody(Struct, forbid_unknown_fields=True, frozen=True):
    """`{api_key}`, and where its holder is."""

    api_key: Secret
    realm_id: RealmId | None = None
    request: ReportedRequest | None = None


def login_of(request: Request, auth_method: AuthMethod, replace: str | None) -> Login:
    """A login from the connection itself."""
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
    """A login that a server makes: from where its user is, if it reports that (rule 10).

    Raises `Invalid` when the reported address is none.
    """
    if reported is None:
        return login_of(request, auth_method, replace)
    ip = ""
    if reported.ip:
        try:
            ip = str(ip_address(reported.ip))
        except ValueError as error:
            raise Invalid(errors=["request.ip must be an IPv4 or IPv6 address."]) from error
    origin = Origin(ip=ip, client=printable(reported.client), reported=True)
    return Login(auth_method=auth_method, origin=origin, replace=replace)
