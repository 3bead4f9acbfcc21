"""Decide whether the bearer of a token may call an application's API.

The gateway caches the decision for `ttl_seconds`, and nothing tells it of an end meanwhile. So a
decision is given only if this time, and its own age when the gateway gets it, fit into what the
session's realm allows, `max_staleness_seconds`.
"""

import math
from typing import Final

from sojourn.crypto import tokens
from sojourn.domain.errors import TokenInvalid, Unavailable
from sojourn.domain.policy import SessionType
from sojourn.domain.ports import RealmCache
from sojourn.domain.realm import REMEMBERED_SECONDS, Realm
from sojourn.domain.values import dataclass
from sojourn.runtime import deadline
from sojourn.runtime.clock import Clock
from sojourn.sessions.validate import Validator

OWN_SECONDS: Final = math.ceil(REMEMBERED_SECONDS)
"""The greatest age of a decision when the gateway gets it: of its realm, and of its read."""


class TooStale(Exception):
    """A cached answer could be older than the realm allows; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Who may call: a session that is active. `seconds_left` and `expires_at` None: open-ended."""

    session_id: str
    user_id: str
    realm_id: str
    session_type: SessionType
    expires_at: int | None
    seconds_left: int | None


@dataclass(frozen=True, slots=True)
class Authorizer:
    """Decides by one validation. `realm_id` admits the tokens of one realm alone."""

    validator: Validator
    realms: RealmCache
    clock: Clock
    ttl_seconds: int
    realm_id: str | None = None

    def grant(self, token: str, *, realm_id: str | None = None) -> Grant:
        """Who the bearer of an active session is; `realm_id` as the API itself names one.

        Raises `TokenInvalid`, `SessionExpired`, `SessionEnded`, `TooStale`, and `Unavailable` if
        the answer would be too old.
        """
        if self.realm_id is not None and realm_id not in (None, self.realm_id):
            raise TokenInvalid
        wanted = self.realm_id if realm_id is None else realm_id
        claims = tokens.verify(token, self.realms, self.clock, realm_id=wanted)
        standing = self.validator.standing(claims)
        claims, session = standing.claims, standing.session
        self.check(claims.realm)
        if self.ttl_seconds and deadline.current(self.clock).age() > OWN_SECONDS:
            raise Unavailable("The decision took so long that it must not be cached.")
        expires_at = claims.expires_at if session is None else session.expires_at
        left = None if expires_at is None else (expires_at * 1000 - self.clock.wall_ms()) // 1000
        return Grant(
            session_id=claims.session.text,
            user_id=claims.user_id,
            realm_id=claims.realm.id,
            session_type=claims.session_type,
            expires_at=expires_at,
            seconds_left=left,
        )

    def check(self, realm: Realm) -> None:
        """Raise `TooStale` if the realm allows less than what the gateway's cache makes of it.

        Without that cache each request is validated, which every realm allows.
        """
        allowed, sum_ = realm.settings.max_staleness_seconds, self.ttl_seconds + OWN_SECONDS
        if self.ttl_seconds and sum_ > allowed:
            raise TooStale(
                f"The realm {realm.id} allows max_staleness_seconds {allowed}; a cached answer can "
                f"be {sum_} s old: AuthorizerTtlSeconds {self.ttl_seconds} + {OWN_SECONDS}. Lower "
                f"AuthorizerTtlSeconds, and the TTL of each API behind it, to "
                f"{max(0, allowed - OWN_SECONDS)}, or raise max_staleness_seconds of the realm."
            )

    def check_named(self) -> None:
        """`check` the one realm that this authorizer is for, if it is for one."""
        if self.realm_id is not None and (realm := self.realms.get(self.realm_id)) is not None:
            self.check(realm)
