"""A realm's signing key: its public key, and the record of a stopped key."""

from typing import Final, Literal

from sojourn.domain.values import dataclass, replace

Algorithm = Literal["rs256", "es256", "eddsa"]
KeyKind = Literal["expiring", "open_ended"]
"""What a key signs: tokens with an `exp` (`expiring`), or tokens without (`open_ended`)."""
SIGNING_DELAY_MS: Final = 150 * 60_000
"""A new key is published at once and signs this much later: API Gateway caches a key set for
two hours."""
SIGNING_GRACE_MS: Final = 30_000
"""How long a key may still sign after the next key began: the timeout of a login that had chosen
it, plus the difference of two instances' clocks."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The public key of a signing key. Its algorithm never changes.

    `number` counts the realm's keys from 1; each managed session records the number of its key.
    Two fields tell when its last token expires: `longest_seconds` is the longest lifetime allowed
    while the key could sign, and `open_ended` says whether it may have signed a token without
    `exp`. Each realm has keys of both kinds. A realm of an earlier version has keys that do both,
    until the schedule has created the other kind.
    """

    id: str
    algo: Algorithm
    pem: str
    signs_from_ms: int
    created_ms: int
    number: int = 1
    longest_seconds: int = 0
    open_ended: bool = False
    kind: KeyKind = "expiring"


@dataclass(frozen=True, slots=True)
class StoppedKey:
    """The record of a stopped key: when it was stopped, and by whom.

    Its sessions have ended because the realm no longer has the key, not because of this record.
    """

    key: PublicKey
    ended_ms: int
    by: str
    compromised: bool

    def unlisted(self) -> "StoppedKey":
        """The record of a key that is no longer listed."""
        return replace(self, key=replace(self.key, pem=""), compromised=False)

    @property
    def forget_ms(self) -> int:
        """When the last managed session that it signed would have expired."""
        return self.ended_ms + SIGNING_GRACE_MS + 1000 * self.key.longest_seconds
