"""A realm's settings with their defaults and ranges."""

from typing import Final, Literal

from sojourn.domain.errors import Invalid
from sojourn.domain.revocation import SHARDS
from sojourn.domain.signing_key import Algorithm
from sojourn.domain.values import dataclass

SessionType = Literal["managed", "unmanaged"]
AtLimit = Literal["evict_oldest", "deny"]
MANAGED_MINUTES: Final = (1, 525_600)
UNMANAGED_MINUTES: Final = (1, 1_051_200)
MAX_SESSIONS: Final = (1, 100)
MAX_STALENESS: Final = (1, 3_600)
ROTATE_DAYS: Final = (1, 365)
DAY_SECONDS: Final = 86_400
JWT_FIELDS: Final = ("username", "name", "email", "custom")
SIGNING_KEYS: Final = 20
"""Signing keys of one realm, without stopped ones. They are read together with the realm."""
NOT_RETIRING: Final = 3
"""The keys that rotation needs besides those of old tokens: the one that signs, the next one, and
the one for tokens without `exp`."""


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
    rotate_days: int = 0
    revocation_shards: int = 1

    @property
    def longest_seconds(self) -> int:
        """The longest lifetime of a token with an `exp` under these settings."""
        return 60 * max(self.session_minutes, self.api_key_minutes)

    @property
    def rotation(self) -> tuple[int, int]:
        """The settings that decide how many keys rotation needs: days and seconds."""
        return self.rotate_days, self.longest_seconds

    @property
    def rotating_keys(self) -> int:
        """The most keys that rotation needs: those of unexpired tokens, and three more."""
        if not self.rotate_days:
            return 0
        return _ceil(self.longest_seconds, self.rotate_days * DAY_SECONDS) + NOT_RETIRING

    def check(self, *, before: "Settings | None" = None) -> None:
        """Raise `Invalid` with one message for each setting that is out of its range.

        `before` are the former settings. An unchanged rotation is not refused.

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
        low, high = ROTATE_DAYS
        if self.rotate_days != 0 and not low <= self.rotate_days <= high:
            errors.append(
                f"rotate_days must be {low} to {high}, or 0 for never, and is {self.rotate_days}."
            )
        low, high = SHARDS
        if not low <= self.revocation_shards <= high:
            errors.append(
                f"revocation_shards must be {low} to {high}, and is {self.revocation_shards}."
            )
        if len(set(self.jwt_fields)) != len(self.jwt_fields):
            errors.append("jwt_fields must name each field once.")
        if not errors and (before is None or before.rotation != self.rotation):
            errors += self._too_many_keys()
        if errors:
            raise Invalid("The session settings are not valid.", errors=errors)

    def _too_many_keys(self) -> list[str]:
        keys = self.rotating_keys
        if keys <= SIGNING_KEYS:
            return []
        days = _ceil(self.longest_seconds, DAY_SECONDS)
        least = _ceil(self.longest_seconds, (SIGNING_KEYS - NOT_RETIRING) * DAY_SECONDS)
        return [
            f"rotate_days must be at least {least} where tokens live for {days} days, or 0 for "
            f"never, and is {self.rotate_days}: keys whose tokens are alive would be "
            f"{days} / {self.rotate_days} = {keys - NOT_RETIRING}, with {NOT_RETIRING} that sign "
            f"or will {keys}, and a realm has {SIGNING_KEYS} at most. "
            "Raise rotate_days, or lower session_minutes or api_key_minutes."
        ]


def _ceil(number: int, by: int) -> int:
    return -(-number // by)
