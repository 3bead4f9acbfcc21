"""A realm: its session policy and the public half of its signing keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from sojourn.errors import Invalid

SessionType = Literal["managed", "unmanaged"]
AtLimit = Literal["evict_oldest", "deny"]
Algorithm = Literal["rs256", "es256", "eddsa"]

MANAGED_MINUTES: Final = (1, 525_600)
UNMANAGED_MINUTES: Final = (1, 1_051_200)
MAX_SESSIONS: Final = (1, 100)
MAX_STALENESS: Final = (1, 3_600)
JWT_FIELDS: Final = ("username", "name", "email", "custom")
SIGNING_DELAY_MS: Final = 150 * 60_000
"""A new key is published at once and signs this much later: API Gateway caches a key set for
two hours."""


@dataclass(frozen=True, slots=True)
class Settings:
    """A realm's session settings, with the contract's defaults."""

    session_type: SessionType = "managed"
    session_minutes: int = 360
    api_key_minutes: int = 0
    max_sessions: int = 10
    at_limit: AtLimit = "evict_oldest"
    jwt_algo: Algorithm = "rs256"
    jwt_fields: tuple[str, ...] = ("username",)
    max_staleness_seconds: int = 300

    def check(self) -> None:
        """Raise `Invalid` with one sentence for each setting that is out of its range.

        "For managed sessions, it may range from 1 minute to 1 year"; "For unmanaged sessions,
        […] from 1 minute to 2 years or may be disabled entirely"; the same for API keys.
        """
        errors = []
        if self.session_type == "managed":
            low, high = MANAGED_MINUTES
            if not low <= self.session_minutes <= high:
                errors.append(
                    f"session_minutes must be {low} to {high} in a managed realm, "
                    f"and is {self.session_minutes}."
                )
        else:
            low, high = UNMANAGED_MINUTES
            if self.session_minutes != 0 and not low <= self.session_minutes <= high:
                errors.append(
                    f"session_minutes must be {low} to {high}, or 0 for open-ended, in an "
                    f"unmanaged realm, and is {self.session_minutes}."
                )
        low, high = UNMANAGED_MINUTES
        if self.api_key_minutes != 0 and not low <= self.api_key_minutes <= high:
            errors.append(
                f"api_key_minutes must be {low} to {high}, or 0 for open-ended, "
                f"and is {self.api_key_minutes}."
            )
        low, high = MAX_SESSIONS
        if not low <= self.max_sessions <= high:
            errors.append(f"max_sessions must be {low} to {high}, and is {self.max_sessions}.")
        low, high = MAX_STALENESS
        if not low <= self.max_staleness_seconds <= high:
            errors.append(
                f"max_staleness_seconds must be {low} to {high}, "
                f"and is {self.max_staleness_seconds}."
            )
        if len(set(self.jwt_fields)) != len(self.jwt_fields):
            errors.append("jwt_fields must name each field once.")
        if errors:
            raise Invalid("The session settings are not valid.", errors=errors)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The public half of a signing key: a key has one algorithm, for life."""

    id: str
    algo: Algorithm
    pem: str
    signs_from_ms: int
    created_ms: int


@dataclass(frozen=True, slots=True)
class Realm:
    """One application's world. `version` grows with each write and is every write's condition."""

    id: str
    name: str
    issuer: str
    created_ms: int
    version: int
    generation: int = 0
    settings: Settings = field(default_factory=Settings)
    keys: Mapping[str, PublicKey] = field(default_factory=dict)

    def signing_key(self, now_ms: int) -> PublicKey:
        """The key that signs now: the newest of those whose time has come."""
        ready = [key for key in self.keys.values() if key.signs_from_ms <= now_ms]
        candidates = ready or list(self.keys.values())
        return max(candidates, key=lambda key: (key.signs_from_ms, key.id))
