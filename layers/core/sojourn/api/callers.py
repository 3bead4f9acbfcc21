"""Authenticate the caller: a user by a login token, or a server by an access key."""

import hmac
from typing import Final

from sojourn.api import basic
from sojourn.api.request import Request
from sojourn.crypto import tokens
from sojourn.crypto.tokens import Claims
from sojourn.domain import ids
from sojourn.domain.access_key import AccessKey, Server
from sojourn.domain.errors import (
    AccessKeyInvalid,
    CredentialsAmbiguous,
    Invalid,
    RealmForbidden,
    TokenInvalid,
    TokenMissing,
    Unavailable,
    WrongCaller,
    existing,
)
from sojourn.domain.ports import AccessKeyStore, RealmCache, Realms
from sojourn.domain.realm import Realm
from sojourn.runtime import deadline, telemetry
from sojourn.runtime.clock import Clock

USE_MS: Final = 3_600_000
"""`last_used_at` of an access key is written at most once in this time."""
_AS_A_CLIENT: Final = (
    "Send an access key: its id and secret as `Authorization: Basic …`, or its secret as "
    "`Authorization: Bearer ks_…`."
)


def realm_of(server: Server, realms: Realms, realm_id: str) -> Realm:
    """The realm, if the server can see it. Raises `NotFound`."""
    server.must_see(realm_id)
    return existing(realms.get(realm_id) if ids.is_id("rl", realm_id) else None)


def credential(request: Request) -> tuple[str, str] | None:
    """The one credential of the request, as its scheme in small letters and its text, or None.

    Raises `CredentialsAmbiguous` on more than one.
    """
    authorization = request.headers.get("authorization")
    keys = [
        request.headers[name]
        for name in ("authrocket-api-key", "x-authrocket-api-key")
        if name in request.headers
    ]
    if authorization is not None and "," in authorization:
        raise CredentialsAmbiguous("Two Authorization headers came; send one.")
    if len(keys) + (authorization is not None) > 1 or any("," in key for key in keys):
        raise CredentialsAmbiguous(
            "Send either Authorization or Authrocket-Api-Key, and send it once."
        )
    if keys:
        key = keys[0].strip()
        if not key.startswith("ks_"):
            raise AccessKeyInvalid("Authrocket-Api-Key must be an access key, ks_….")
        return "bearer", key
    if authorization is None:
        return None
    scheme, _, text = authorization.strip().partition(" ")
    return scheme.lower(), text.strip()


def bearer(request: Request) -> str | None:
    """The bearer token of the request, or None.

    Raises as `credential` does, and `TokenInvalid` on a credential of another scheme.
    """
    found = credential(request)
    if found is None:
        return None
    scheme, token = found
    if scheme != "bearer" or not token:
        raise TokenInvalid("Send the header as `Authorization: Bearer <token>`.")
    return token


class Callers:
    """Authenticates the caller of a request."""

    def __init__(self, keys: AccessKeyStore, cache: RealmCache, clock: Clock) -> None:
        self._keys = keys
        self._cache = cache
        self._clock = clock

    def user(self, request: Request) -> Claims:
        """The login token's claims. Raises `TokenMissing`, `TokenInvalid`, `SessionExpired`."""
        token = bearer(request)
        if token is None:
            raise TokenMissing("Send a login token as `Authorization: Bearer <token>`.")
        if token.startswith("ks_"):
            raise WrongCaller("This route takes a user's login token, not an access key.")
        return tokens.verify(token, self._cache, self._clock)

    def server(self, request: Request, *, recorded: bool = True) -> Server:
        """The server of an access key. Raises `TokenMissing`, `AccessKeyInvalid`, `WrongCaller`.

        Writes the key's last use once an hour, if `recorded`.
        """
        caller = self.either(request, recorded=recorded)
        if not isinstance(caller, Server):
            raise WrongCaller("This route takes an access key, ks_…, not a user's login token.")
        return caller

    def either(self, request: Request, *, recorded: bool = True) -> Claims | Server:
        """A user or a server."""
        token = bearer(request)
        if token is None:
            raise TokenMissing(
                "Send a login token or an access key as `Authorization: Bearer <token>`."
            )
        if token.startswith("ks_"):
            return self._server(token, request, recorded=recorded)
        return tokens.verify(token, self._cache, self._clock)

    def client(self, request: Request, *, recorded: bool, optional: bool) -> Server | None:
        """The server that calls an OAuth endpoint, by Basic or Bearer; if `optional`, None too.

        Raises `TokenMissing`, `TokenInvalid`, `AccessKeyInvalid`, `WrongCaller`.
        """
        found = credential(request)
        if found is None:
            if optional:
                return None
            raise TokenMissing(_AS_A_CLIENT)
        scheme, text = found
        if scheme == "basic":
            secret = basic.access_key(text)
        elif scheme == "bearer" and text:
            secret = text
        else:
            raise TokenInvalid(_AS_A_CLIENT)
        if not secret.startswith("ks_"):
            raise WrongCaller("This route takes an access key, ks_…, not a user's login token.")
        return self._server(secret, request, recorded=recorded)

    def _server(self, secret: str, request: Request, *, recorded: bool) -> Server:
        key_id = ids.secret_owner("ks", "key", secret)
        key = None if key_id is None else self._keys.access_key(key_id)
        digest = ids.digest(secret).hex()
        if key is None or not hmac.compare_digest(key.secret_hash, digest):
            raise AccessKeyInvalid("The access key is not known; it may have been deleted.")
        if key.expired(self._clock.wall_ms()):
            raise AccessKeyInvalid(f"The access key expired at {key.expires_at}.")
        named = _realm_header(request)
        if named is not None and key.realm_id not in (None, named):
            raise RealmForbidden
        if recorded:
            self._record_use(key)
        return Server(key=key, realm_id=named or key.realm_id)

    def _record_use(self, key: AccessKey) -> None:
        """Write a key's last use, once an hour, in one attempt; a failure is ignored."""
        now_ms = self._clock.wall_ms()
        if key.last_used_ms is not None and key.last_used_ms >= now_ms - USE_MS:
            return
        try:
            with deadline.deadline(self._clock, seconds=0):
                self._keys.record_use(key.id, now_ms=now_ms, unless_since_ms=now_ms - USE_MS)
        except Unavailable:
            telemetry.warning("The use of an access key was not recorded")


def _realm_header(request: Request) -> str | None:
    named = {
        request.headers[name].strip()
        for name in ("authrocket-realm", "x-authrocket-realm")
        if name in request.headers
    }
    if not named:
        return None
    realm_id = named.pop()
    if named or not ids.is_id("rl", realm_id):
        raise Invalid(errors=["Authrocket-Realm must be one realm's id, rl_…."])
    return realm_id
