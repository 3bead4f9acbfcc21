"""Settings: a function's environment variables as one typed, checked object."""

import hashlib
import re
from collections.abc import Mapping
from typing import Final

from sojourn.domain.values import dataclass

_DIGEST: Final = re.compile(r"[0-9A-Fa-f]{64}")
MOST_HOURS: Final = 168
"""A week. `domain/realm` remembers a former number of shards for longer."""
LONGEST_TTL: Final = 3_600
"""The longest that API Gateway and AppSync cache an authorizer's answer, in seconds."""
_REALM: Final = re.compile(r"rl_[0-9A-Za-z]{22}")
_OF_NOTHING: Final = hashlib.sha256(b"").digest()


class SettingsError(Exception):
    """The environment lacks something; the message names it."""


@dataclass(frozen=True, slots=True)
class EnvironmentSettings:
    """The environment variables that `template.yaml` sets for a function.

    Only functions that use private keys have `kms_key_id`, and only functions that check passwords
    have `attempts_table`. `edge_digests` are the SHA-256 digests of the trusted edge's secrets;
    none if there is no edge. `revocation_seconds` is how long the feed's entries are kept.
    `authorizer_ttl_seconds` is how long gateways cache the authorizer's answers; it takes only the
    tokens of `authorizer_realm_id` if that is set, and answers HTTP APIs simply or by a policy.
    """

    directory_table: str
    sessions_table: str
    attempts_table: str | None
    kms_key_id: str | None
    public_url: str | None
    edge_digests: tuple[bytes, ...]
    revocation_seconds: int
    authorizer_ttl_seconds: int
    authorizer_realm_id: str | None
    authorizer_simple: bool

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "EnvironmentSettings":
        """The settings of an environment. Raises `SettingsError`."""
        missing = [name for name in ("DIRECTORY_TABLE", "SESSIONS_TABLE") if not environ.get(name)]
        if missing:
            raise SettingsError(f"The environment lacks {' and '.join(missing)}.")
        public_url = environ.get("PUBLIC_URL", "").rstrip("/")
        return cls(
            directory_table=environ["DIRECTORY_TABLE"],
            sessions_table=environ["SESSIONS_TABLE"],
            attempts_table=environ.get("ATTEMPTS_TABLE") or None,
            kms_key_id=environ.get("KMS_KEY_ID") or None,
            public_url=public_url or None,
            edge_digests=_digests(environ.get("EDGE_SECRET_SHA256", "")),
            revocation_seconds=3_600 * _hours(environ.get("REVOCATION_HOURS") or "24"),
            authorizer_ttl_seconds=_ttl(environ.get("AUTHORIZER_TTL_SECONDS") or "60"),
            authorizer_realm_id=_realm(environ.get("AUTHORIZER_REALM_ID", "")),
            authorizer_simple=_simple(environ.get("AUTHORIZER_HTTP_ANSWER") or "simple"),
        )


def _hours(text: str) -> int:
    """How long the feed's entries are kept. Raises `SettingsError` unless it is 1 to 168."""
    hours = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0
    if not 1 <= hours <= MOST_HOURS:
        raise SettingsError(f"REVOCATION_HOURS must be 1 to {MOST_HOURS}, and is {text[:20]!r}.")
    return hours


def _ttl(text: str) -> int:
    """The seconds of a gateway's cache. Raises `SettingsError` unless they are 0 to 3,600."""
    seconds = int(text) if text.isascii() and text.isdigit() and len(text) < 5 else -1
    if not 0 <= seconds <= LONGEST_TTL:
        raise SettingsError(
            f"AUTHORIZER_TTL_SECONDS must be 0 to {LONGEST_TTL}, and is {text[:20]!r}."
        )
    return seconds


def _realm(text: str) -> str | None:
    """A realm's id, or None. Raises `SettingsError` for anything else."""
    if text and not _REALM.fullmatch(text):
        raise SettingsError(f"AUTHORIZER_REALM_ID must be a realm's id, rl_…, not {text[:30]!r}.")
    return text or None


def _simple(text: str) -> bool:
    """Whether HTTP APIs get simple answers. Raises `SettingsError` for an unknown form."""
    if text not in ("simple", "iam"):
        raise SettingsError(f"AUTHORIZER_HTTP_ANSWER must be simple or iam, not {text[:20]!r}.")
    return text == "simple"


def _digests(text: str) -> tuple[bytes, ...]:
    """Digests separated by commas. Raises `SettingsError` for a malformed one."""
    found = [one.strip() for one in text.split(",")] if text.strip() else []
    if not all(_DIGEST.fullmatch(one) for one in found):
        raise SettingsError(
            "EDGE_SECRET_SHA256 must be SHA-256 digests, each of 64 hexadecimal digits, with "
            "commas between."
        )
    digests = tuple(bytes.fromhex(one) for one in found)
    if _OF_NOTHING in digests:
        raise SettingsError(
            "EDGE_SECRET_SHA256 has the digest of an empty text; the variable that was to hold the "
            "secret was not set when the digest was made."
        )
    return digests
