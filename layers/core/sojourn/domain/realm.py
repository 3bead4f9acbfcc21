"""A realm: its session policy and the public half of its signing keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from sojourn.domain.errors import Conflict, Invalid

SessionType = Literal["managed", "unmanaged"]
AtLimit = Literal["evict_oldest", "deny"]
Algorithm = Literal["rs256", "es256", "eddsa"]
KeyKind = Literal["expiring", "open_ended"]
"""What a key signs: tokens with an `exp`, or tokens without."""

MANAGED_MINUTES: Final = (1, 525_600)
UNMANAGED_MINUTES: Final = (1, 1_051_200)
MAX_SESSIONS: Final = (1, 100)
MAX_STALENESS: Final = (1, 3_600)
ROTATE_DAYS: Final = (1, 365)
DAY_SECONDS: Final = 86_400
JWT_FIELDS: Final = ("username", "name", "email", "custom")
SIGNING_DELAY_MS: Final = 150 * 60_000
"""A new key is published at once and signs this much later: API Gateway caches a key set for
two hours."""
SIGNING_GRACE_MS: Final = 30_000
"""How long a key may still sign after its successor began: the time-out of a login that had chosen
it, and instances whose clocks differ."""
ENDS_KEPT: Final = 20
"""Ends of everything that a realm remembers one by one; what is older counts as the oldest."""
SIGNING_KEYS: Final = 20
"""Signing keys of one realm: they are read with it. Those that were stopped are not among them."""
NOT_RETIRING: Final = 3
"""Of the keys that rotation keeps, those that verify no old token: the one that signs, the one that
is published to sign next, and the one of tokens without `exp`."""
FORMER_ISSUERS: Final = 10
"""Former issuers whose tokens a realm takes."""
STOPS_KEPT: Final = 16
"""Stopped keys that a realm remembers one by one; what is older is told as the oldest."""


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

    @property
    def longest_seconds(self) -> int:
        """The longest lifetime of a token with an `exp` that these settings let begin."""
        return 60 * max(self.session_minutes, self.api_key_minutes)

    @property
    def rotation(self) -> tuple[int, int]:
        """What decides how many keys the schedule keeps: days and seconds."""
        return self.rotate_days, self.longest_seconds

    @property
    def rotating_keys(self) -> int:
        """How many keys the schedule keeps at most: those of living tokens, and three more."""
        if not self.rotate_days:
            return 0
        return _ceil(self.longest_seconds, self.rotate_days * DAY_SECONDS) + NOT_RETIRING

    def check(self, *, before: "Settings | None" = None) -> None:
        """Raise `Invalid` with one sentence for each setting that is out of its range.

        `before` are the settings that these follow: a rotation that they had is not refused.

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
class RealmEnd:
    """An end of everything that had begun: when, and by which access key."""

    generation: int
    ended_ms: int
    by: str


@dataclass(frozen=True, slots=True)
class FormerIssuer:
    """What the realm's tokens named before, until `left_ms`; `longest_seconds` was theirs."""

    issuer: str
    left_ms: int
    longest_seconds: int

    @property
    def forget_ms(self) -> int:
        """When no token of it that has an `exp` can be alive."""
        return self.left_ms + SIGNING_GRACE_MS + 1000 * self.longest_seconds


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


@dataclass(frozen=True, slots=True)
class Deletion:
    """A realm's deletion under way: since when, by whom, and how many users are gone."""

    started_ms: int
    by: str
    users: int = 0


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
    key_count: int = 1
    """How many keys there ever were: the newest one's number."""
    ends: tuple[RealmEnd, ...] = ()
    stopped: Mapping[str, StoppedKey] = field(default_factory=dict)
    deletion: Deletion | None = None
    former: tuple[FormerIssuer, ...] = ()
    """Its former issuers, the one that was left last at the end."""
    commits: tuple[bytes, ...] = field(default=(), compare=False)
    """The marks of its last commits, by which `store/idempotency.py` tells them apart."""

    @property
    def issuers(self) -> tuple[str, ...]:
        """What its tokens may name: the issuer of new ones, and the former ones."""
        return (self.issuer, *(former.issuer for former in self.former))

    def naming(self, issuer: str, *, now_ms: int) -> "Realm":
        """Itself with another issuer; tokens of the former ones stay good until they expire.

        Raises `Conflict` where it would have more former ones than it remembers.
        """
        if issuer == self.issuer:
            return self
        longest = max(key.longest_seconds for key in self.keys.values())
        left = FormerIssuer(issuer=self.issuer, left_ms=now_ms, longest_seconds=longest)
        known = [f for f in self.former if f.issuer != issuer and self._may_live(f, now_ms)]
        if len(known) >= FORMER_ISSUERS:
            raise Conflict(
                f"The realm has {FORMER_ISSUERS} former issuers whose tokens may be alive. Wait "
                "until these expire, or take one of them again."
            )
        return replace(self, issuer=issuer, former=(*known, left))

    def _may_live(self, former: FormerIssuer, now_ms: int) -> bool:
        """Whether a token of a former issuer may be alive: one without `exp` as long as its key."""
        endless = any(k.open_ended and k.created_ms <= former.left_ms for k in self.keys.values())
        return endless or now_ms < former.forget_ms

    def of_kind(self, kind: KeyKind) -> list[PublicKey]:
        """The keys of a kind, in the order in which they sign."""
        return sorted((key for key in self.keys.values() if key.kind == kind), key=_order)

    def signing_key(
        self, now_ms: int, *, kind: KeyKind = "expiring", seconds: int = 0
    ) -> PublicKey:
        """The key of its kind that signs now a token that lives so long (0: for ever).

        It is the newest whose time has come. Where no key's has, the clock is slow, and the first
        to come signs. One that does not remember such a lifetime has stopped, and the clock
        that chose it is slow: then the newest of all signs. As long as the first key for tokens
        without `exp` is only published, the other kind signs them.
        """
        keys = self.of_kind(kind)
        ready = [key for key in keys if key.signs_from_ms <= now_ms]
        if kind == "open_ended" and (not keys or now_ms < keys[0].signs_from_ms - SIGNING_GRACE_MS):
            return self.signing_key(now_ms)
        chosen = ready[-1] if ready else keys[0]
        return keys[-1] if chosen.longest_seconds < seconds else chosen

    def signs(self, key: PublicKey, now_ms: int) -> bool:
        """Whether a key of the realm is the one that signs what its kind is for."""
        return self.signing_key(now_ms, kind=key.kind).id == key.id

    def stops_ms(self, key: PublicKey) -> int | None:
        """When a key's successor begins to sign; None when it has none."""
        newer = [k.signs_from_ms for k in self.of_kind(key.kind) if _order(k) > _order(key)]
        return min(newer, default=None)

    def retires_ms(self, key: PublicKey) -> int | None:
        """When no token that the key signed can be alive; None while it signs, or by itself never.

        "keeps the old public key until no token it signed can be alive": one for tokens without
        `exp` that has signed none goes when the next began.
        """
        stops_ms = self.stops_ms(key)
        if stops_ms is None or key.open_ended:
            return None
        return stops_ms + SIGNING_GRACE_MS + 1000 * key.longest_seconds

    def remembering(self, now_ms: int) -> "Realm":
        """Itself with each key that may sign from now on remembering the settings' lifetimes."""
        longest = self.settings.longest_seconds
        keys = {}
        for key in self.keys.values():
            stops_ms = self.stops_ms(key)
            signs = stops_ms is None or now_ms < stops_ms + SIGNING_GRACE_MS
            remembers = signs and key.kind == "expiring"
            more = max(key.longest_seconds, longest) if remembers else key.longest_seconds
            keys[key.id] = replace(key, longest_seconds=more)
        return replace(self, keys=keys)

    def ending_all(self, *, by: str, now_ms: int) -> "Realm":
        """Itself in a new generation: everything that began in an earlier one has ended."""
        end = RealmEnd(generation=self.generation + 1, ended_ms=now_ms, by=by)
        return replace(self, generation=end.generation, ends=(*self.ends, end)[-ENDS_KEPT:])

    def end_of(self, *, generation: int, key_number: int) -> "RealmEnd | StoppedKey | None":
        """What first ended a session that began in that generation, with that key; or None."""
        found: list[RealmEnd | StoppedKey] = []
        if generation < self.generation:
            found.append(next(end for end in self.ends if end.generation > generation))
        if (stop := self._stop_of(key_number)) is not None:
            found.append(stop)
        # Told to people, and nothing is decided by it: whether there is an end is.
        return min(found, key=lambda end: end.ended_ms, default=None)

    def _stop_of(self, number: int) -> StoppedKey | None:
        """The stop of the key of that number; None where there is the key, or none was stopped.

        A key that is none of the realm's was stopped, or all that it signed has expired. A number
        above the count is of a key that a later state of the realm has.
        """
        if not 0 < number <= self.key_count or any(k.number == number for k in self.keys.values()):
            return None
        stops = sorted(self.stopped.values(), key=_stop_order)
        return next((s for s in stops if s.key.number == number), stops[0] if stops else None)

    def remembering_stops(self, now_ms: int, *, room: int = STOPS_KEPT) -> "Realm":
        """Itself with the newest stops, of which a session may be alive.

        The oldest of them stands for those before it, and is kept for as long as they would be.
        """
        stops = sorted(self.stopped.values(), key=_stop_order)
        # The last is always kept: a clock that was behind may have told its time too early.
        alive = [stop for stop in stops if now_ms < stop.forget_ms]
        stops = alive or [stop.untold() for stop in stops[-1:]]
        older, kept = stops[:-room], stops[-room:]
        if older:
            seconds = max(stop.key.longest_seconds for stop in (*older, kept[0]))
            oldest = replace(kept[0], key=replace(kept[0].key, longest_seconds=seconds))
            kept = [oldest, *kept[1:]]
        return replace(self, stopped={stop.key.id: stop for stop in kept})

    def without_key(self, key: PublicKey, *, by: str, now_ms: int, compromised: bool) -> "Realm":
        """Itself with a key stopped: every session whose token it signed has ended."""
        # Of one that is shown no more, nobody asks for the key itself.
        shown = key if compromised else replace(key, pem="")
        stop = StoppedKey(key=shown, ended_ms=now_ms, by=by, compromised=compromised)
        # Room is made before: by a clock that is behind, the newest stop may seem the oldest.
        after = self.remembering_stops(now_ms, room=STOPS_KEPT - 1)
        keys = {k: self.keys[k] for k in self.keys if k != key.id}
        return replace(after, keys=keys, stopped={**after.stopped, key.id: stop})


def _ceil(number: int, by: int) -> int:
    return -(-number // by)


def _order(key: PublicKey) -> tuple[int, str]:
    return key.signs_from_ms, key.id


def _stop_order(stop: StoppedKey) -> tuple[int, int]:
    return stop.ended_ms, stop.key.number
