"""A realm's signing key: its public key, and the record of a stopped key."""

from dataclasses import dataclass, replace
from typing import Final, Literal

Algorithm = Literal["rs256", "es256", "eddsa"]
KeyKind = Literal["expiring", "open_ended"]
"""What a key signs: tokens with an `exp`, or tokens without."""
SIGNING_DELAY_MS: Final = 150 * 60_000
"""A new key is published at once and signs this much later: API Gateway caches a key set for
two hours."""
SIGNING_GRACE_MS: Final = 30_000
"""How long a key may still sign after its successor began: the time-out of a login that had chosen
it, and instances whose clocks differ."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The public half of a signing key: a key has one algorithm, for life.

    `number` counts the realm's keys from 1; each managed session records whose it is.
    `longest_seconds` is the longest lifetime in force while the key could sign, `open_ended`
    whether it may have signed a token without `exp`: until when its signatures may be alive.
    Each realm has keys of both kinds; one from before there were kinds has one that does both,
    until the schedule has made the other.
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
    """What is told of a key that verifies nothing any more: since when, and by whom.

    That its sessions have ended is told by its absence from the realm's keys.
    """

    key: PublicKey
    ended_ms: int
    by: str
    compromised: bool

    def untold(self) -> "StoppedKey":
        """Itself as a key that is listed no more."""
        return replace(self, key=replace(self.key, pem=""), compromised=False)

    @property
    def forget_ms(self) -> int:
        """When no managed session that it signed for can be alive."""
        return self.ended_ms + SIGNING_GRACE_MS + 1000 * self.key.longest_seconds
