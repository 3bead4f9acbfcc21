"""Fetch credentials from the container endpoint, where SnapStart has them."""

import json
from collections.abc import Mapping
from typing import Final

from sojourn.aws.connection import Connection, Timeouts, tls_context
from sojourn.aws.credentials import Keys
from sojourn.aws.endpoints import Endpoint, is_host
from sojourn.aws.errors import CredentialsInvalid, NoAnswer

RELATIVE: Final = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
FULL: Final = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
TOKEN: Final = "AWS_CONTAINER_AUTHORIZATION_TOKEN"  # noqa: S105 - a name
TOKEN_FILE: Final = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"  # noqa: S105 - a name
_OF_CONTAINERS: Final = "http://169.254.170.2"
_KNOWN: Final = ("169.254.170.2", "169.254.170.23", "fd00:ec2::23", "localhost", "::1")
"""The hosts that may be asked without TLS: ECS, EKS and, with 127.0.0.0/8, this machine."""
_UNUSABLE: Final = (ValueError, TypeError, LookupError, AttributeError, RecursionError)
_TIMEOUTS: Final = Timeouts(connect=1.0, read=2.0)


def fetch(environ: Mapping[str, str]) -> Keys:
    """Ask the endpoint that the environment names.

    Raises `CredentialsInvalid` if it names none, or one that may not be asked, and `NoAnswer`.
    """
    endpoint, path = _address(environ)
    lines = [f"GET {path} HTTP/1.1", f"host: {endpoint.authority}", "accept: application/json"]
    if (token := _token(environ)) is not None:
        lines.append(f"authorization: {token}")
    tls = tls_context(environ.get("AWS_CA_BUNDLE")) if endpoint.secure else None
    connection = Connection(endpoint, _TIMEOUTS, tls)
    try:
        reply = connection.exchange("\r\n".join([*lines, "", ""]).encode("ascii"))
    except NoAnswer as error:
        # Nothing was asked of the service whose call needs the credentials.
        raise NoAnswer(f"Of the credentials' endpoint: {error}", sent=False) from error
    finally:
        connection.close()
    if reply.status != 200:
        raise NoAnswer(f"The credentials' endpoint answered {reply.status}.", sent=False)
    return _keys(reply.body)


def _address(environ: Mapping[str, str]) -> tuple[Endpoint, str]:
    from urllib.parse import urlsplit

    relative, url = environ.get(RELATIVE), environ.get(FULL)
    if relative:
        url = _OF_CONTAINERS + relative
    if not url:
        raise CredentialsInvalid(
            "No AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (in Lambda they "
            f"are set), or {FULL}. Profiles are not read."
        )
    name = RELATIVE if relative else FULL
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise CredentialsInvalid(f"{name} is not an address.") from error
    path = f"{parts.path or '/'}{'?' * bool(parts.query)}{parts.query}"
    if not is_host(host) or not url.isascii() or not url.isprintable() or " " in url:
        raise CredentialsInvalid(f"{name} is not an address.")
    secure = parts.scheme == "https"
    if not secure and (parts.scheme != "http" or not _may_be_asked(host)):
        raise CredentialsInvalid(
            f"{name} must be https, or an address of this machine, of ECS or of EKS."
        )
    return Endpoint(host, port or (443 if secure else 80), secure=secure, region=""), path


def _may_be_asked(host: str) -> bool:
    return host in _KNOWN or all(
        [host.startswith("127."), host.count(".") == 3, host.replace(".", "").isdecimal()]
    )


def _token(environ: Mapping[str, str]) -> str | None:
    """The value of the `Authorization` header. A file is read each time: its token is renewed."""
    if file := environ.get(TOKEN_FILE):
        try:
            with open(file, encoding="ascii") as opened:
                token: str | None = opened.read()
        except (OSError, ValueError) as error:
            raise CredentialsInvalid(f"The file that {TOKEN_FILE} names cannot be read.") from error
    else:
        token = environ.get(TOKEN)
    if token is not None and not (token.isascii() and token.isprintable()):
        raise CredentialsInvalid("The token of the credentials' endpoint is not a header's value.")
    return token


def _keys(body: bytes) -> Keys:
    from datetime import datetime

    try:
        members = json.loads(body)
        expires = datetime.fromisoformat(members["Expiration"])
        if expires.tzinfo is None:
            raise ValueError("an expiration without a time zone")
        return Keys(
            access_key=members["AccessKeyId"],
            secret=members["SecretAccessKey"],
            token=members["Token"],
            expires_ms=int(expires.timestamp() * 1000),
        )
    except (*_UNUSABLE, CredentialsInvalid) as error:
        # Not from `error`, whose message may have what came.
        kind = type(error).__name__
        what = f"The credentials' endpoint answered without usable credentials ({kind})."
        raise NoAnswer(what, sent=False) from None
