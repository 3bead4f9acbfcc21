"""A realm: its session policy and the public half of its signing keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from sojourn.domain.due import Due
from sojourn.domain.errors import Conflict
from sojourn.domain.policy import Settings
from sojourn.domain.signing_key import SIGNING_GRACE_MS, KeyKind, PublicKey, StoppedKey

ENDS_KEPT: Final = 20
"""Ends of everything that a realm remembers one by one; what is older counts as the oldest."""
FORMER_ISSUERS: Final = 10
"""Former issuers whose tokens a realm takes."""
STOPS_KEPT: Final = 16
"""Stopped keys that a realm remembers one by one; what is older is told as the oldest."""

REMEMBERED_SECONDS: Final = 5.0
"""How long an instance may go by a realm that it has read."""


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
    """The marks of its last commits, by which `runtime/optimistic.py` tells them apart."""

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


@dataclass(frozen=True, slots=True)
class RealmChange:
    """One commit: from the realm that was read to the one that must replace it.

    `private` are the ciphertexts of the private halves of new keys, by key id; that of a key which
    leaves the realm's keys goes in the same commit. `due` is what the commit leaves to cleanup.
    """

    before: Realm
    after: Realm
    private: Mapping[str, bytes] = field(default_factory=dict)
    due: tuple[Due, ...] = ()

    @property
    def new_keys(self) -> list[PublicKey]:
        """The keys that it makes, in the order of their numbers."""
        new = [key for key in self.after.keys.values() if key.id not in self.before.keys]
        return sorted(new, key=lambda key: key.number)

    @property
    def gone_keys(self) -> list[str]:
        """The ids of the keys that it removes."""
        return [key_id for key_id in self.before.keys if key_id not in self.after.keys]


def _order(key: PublicKey) -> tuple[int, str]:
    return key.signs_from_ms, key.id


def _stop_order(stop: StoppedKey) -> tuple[int, int]:
    return stop.ended_ms, stop.key.number
