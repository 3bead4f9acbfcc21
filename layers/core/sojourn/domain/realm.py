"""A realm: its session policy and the public half of its signing keys."""

from collections.abc import Mapping
from typing import Final

from sojourn.domain.due import Due
from sojourn.domain.errors import Conflict
from sojourn.domain.policy import Settings
from sojourn.domain.revocation import FormerShards, Revocation, slice_of
from sojourn.domain.signing_key import SIGNING_GRACE_MS, KeyKind, PublicKey, StoppedKey
from sojourn.domain.values import dataclass, field, replace

ENDS_KEPT: Final = 20
"""Ends of all sessions that a realm stores. An older end is reported as the oldest stored one."""
FORMER_ISSUERS: Final = 10
"""Former issuers whose tokens a realm accepts."""
STOPS_KEPT: Final = 16
"""Stopped keys that a realm stores. An older stop is reported as the oldest stored one."""

FEED_KEPT_MS: Final = 8 * 86_400_000
"""More than the feed's entries are kept: a week at most."""
SHARDS_LINGER_MS: Final = 60_000
"""How long a former number of shards may be used: by a request that read the realm before."""
REMEMBERED_SECONDS: Final = 5.0
"""How long an instance may use a cached realm."""


@dataclass(frozen=True, slots=True)
class RealmEnd:
    """An end of all sessions of the realm: when, and by which access key."""

    generation: int
    ended_ms: int
    by: str


@dataclass(frozen=True, slots=True)
class FormerIssuer:
    """An issuer that the realm had until `left_ms`; `longest_seconds` was the longest lifetime."""

    issuer: str
    left_ms: int
    longest_seconds: int

    @property
    def forget_ms(self) -> int:
        """When all of its tokens with an `exp` have expired."""
        return self.left_ms + SIGNING_GRACE_MS + 1000 * self.longest_seconds


@dataclass(frozen=True, slots=True)
class Deletion:
    """A realm's deletion in progress: since when, by whom, and how many users were removed."""

    started_ms: int
    by: str
    users: int = 0


@dataclass(frozen=True, slots=True)
class Realm:
    """One application's users, keys and settings. `version` is the optimistic lock."""

    id: str
    name: str
    issuer: str
    created_ms: int
    version: int
    generation: int = 0
    settings: Settings = field(default_factory=Settings)
    keys: Mapping[str, PublicKey] = field(default_factory=dict)
    key_count: int = 1
    """How many keys the realm ever had, which is the newest key's number."""
    ends: tuple[RealmEnd, ...] = ()
    stopped: Mapping[str, StoppedKey] = field(default_factory=dict)
    deletion: Deletion | None = None
    former: tuple[FormerIssuer, ...] = ()
    """Its former issuers, the most recent one last."""
    former_shards: FormerShards | None = None
    commits: tuple[bytes, ...] = field(default=(), compare=False)
    """The marks of its last commits, by which `runtime/optimistic.py` tells them apart."""

    @property
    def issuers(self) -> tuple[str, ...]:
        """The issuers that its tokens may have: the current one and the former ones."""
        return (self.issuer, *(former.issuer for former in self.former))

    def naming(self, issuer: str, *, now_ms: int) -> "Realm":
        """The realm with another issuer. Tokens of former issuers stay valid until they expire.

        Raises `Conflict` if it would have too many former issuers.
        """
        if issuer == self.issuer:
            return self
        longest = max(key.longest_seconds for key in self.keys.values())
        left = FormerIssuer(issuer=self.issuer, left_ms=now_ms, longest_seconds=longest)
        known = [f for f in self.former if f.issuer != issuer and self._may_live(f, now_ms)]
        if len(known) >= FORMER_ISSUERS:
            raise Conflict(
                f"The realm has {FORMER_ISSUERS} former issuers whose tokens may not have expired. "
                "Wait until they have, or use one of these issuers again."
            )
        return replace(self, issuer=issuer, former=(*known, left))

    def _may_live(self, former: FormerIssuer, now_ms: int) -> bool:
        """Whether a token of a former issuer may be valid; without `exp` as long as its key."""
        endless = any(k.open_ended and k.created_ms <= former.left_ms for k in self.keys.values())
        return endless or now_ms < former.forget_ms

    def leaving_shards(self, now_ms: int) -> FormerShards:
        """What the realm must remember when its feed gets another number of shards."""
        shards, former = self.settings.revocation_shards, self.former_shards
        known = 0 if former is None or now_ms > former.left_ms + FEED_KEPT_MS else former.count
        return FormerShards(count=max(shards, known), left_ms=now_ms)

    def shards_of(self, number: int) -> int:
        """The shards that may have entries in the slice of that number."""
        shards, former = self.settings.revocation_shards, self.former_shards
        # Writers use a cached realm, and clocks differ.
        if former is None or number > slice_of(former.left_ms + SHARDS_LINGER_MS):
            return shards
        return max(shards, former.count)

    def revocation_of(self, key_id: str) -> Revocation:
        """The feed's entry about a stopped key."""
        ended_ms, shards = self.stopped[key_id].ended_ms, self.settings.revocation_shards
        return Revocation(
            self.id, "terminated_by_admin", ended_ms, shards, scope="key", key_id=key_id
        )

    def of_kind(self, kind: KeyKind) -> list[PublicKey]:
        """The keys of a kind, in the order in which they sign."""
        return sorted((key for key in self.keys.values() if key.kind == kind), key=_order)

    def signing_key(
        self, now_ms: int, *, kind: KeyKind = "expiring", seconds: int = 0
    ) -> PublicKey:
        """The key that signs a token of this lifetime now (0: a token without `exp`).

        It is the newest key of the kind that may already sign. Two cases need care if this clock is
        slow: if no key may sign yet, the earliest one signs; if the chosen key does not allow such
        a lifetime, it has already stopped signing, and the newest key signs. Until the first key
        for tokens without `exp` may sign, a key of the other kind signs them.
        """
        keys = self.of_kind(kind)
        ready = [key for key in keys if key.signs_from_ms <= now_ms]
        if kind == "open_ended" and (not keys or now_ms < keys[0].signs_from_ms - SIGNING_GRACE_MS):
            return self.signing_key(now_ms)
        chosen = ready[-1] if ready else keys[0]
        return keys[-1] if chosen.longest_seconds < seconds else chosen

    def signs(self, key: PublicKey, now_ms: int) -> bool:
        """Whether a key is the one of its kind that signs now."""
        return self.signing_key(now_ms, kind=key.kind).id == key.id

    def stops_ms(self, key: PublicKey) -> int | None:
        """When the next key of its kind begins to sign; None if there is none."""
        newer = [k.signs_from_ms for k in self.of_kind(key.kind) if _order(k) > _order(key)]
        return min(newer, default=None)

    def retires_ms(self, key: PublicKey) -> int | None:
        """When the key's last token has expired; None while it signs, or if it never retires.

        A key for tokens without `exp` that has signed no token retires when the next one signs.
        """
        stops_ms = self.stops_ms(key)
        if stops_ms is None or key.open_ended:
            return None
        return stops_ms + SIGNING_GRACE_MS + 1000 * key.longest_seconds

    def remembering(self, now_ms: int) -> "Realm":
        """The realm, with its settings' lifetimes recorded in each key that may still sign."""
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
        """The realm in a new generation: all sessions of earlier generations have ended."""
        end = RealmEnd(generation=self.generation + 1, ended_ms=now_ms, by=by)
        return replace(self, generation=end.generation, ends=(*self.ends, end)[-ENDS_KEPT:])

    def end_of(self, *, generation: int, key_number: int) -> "RealmEnd | StoppedKey | None":
        """The first end of a session that began in that generation, with that key; or None."""
        found: list[RealmEnd | StoppedKey] = []
        if generation < self.generation:
            found.append(next(end for end in self.ends if end.generation > generation))
        if (stop := self._stop_of(key_number)) is not None:
            found.append(stop)
        # Only shown to people. Decisions use only whether there is an end.
        return min(found, key=lambda end: end.ended_ms, default=None)

    def _stop_of(self, number: int) -> StoppedKey | None:
        """The stop of the key with that number; None if the realm has the key, or no key stopped.

        A key that the realm does not have was stopped, or its last token has expired. A number
        above the count belongs to a key of a newer state of the realm.
        """
        if not 0 < number <= self.key_count or any(k.number == number for k in self.keys.values()):
            return None
        stops = sorted(self.stopped.values(), key=_stop_order)
        return next((s for s in stops if s.key.number == number), stops[0] if stops else None)

    def remembering_stops(self, now_ms: int, *, room: int = STOPS_KEPT) -> "Realm":
        """The realm with its newest stops, as long as a session of them may not have expired.

        The oldest of them also represents earlier stops, and is kept as long as they would be.
        """
        stops = sorted(self.stopped.values(), key=_stop_order)
        # The last one is always kept, because a slow clock may have recorded its time too early.
        alive = [stop for stop in stops if now_ms < stop.forget_ms]
        stops = alive or [stop.unlisted() for stop in stops[-1:]]
        older, kept = stops[:-room], stops[-room:]
        if older:
            seconds = max(stop.key.longest_seconds for stop in (*older, kept[0]))
            oldest = replace(kept[0], key=replace(kept[0].key, longest_seconds=seconds))
            kept = [oldest, *kept[1:]]
        return replace(self, stopped={stop.key.id: stop for stop in kept})

    def without_key(self, key: PublicKey, *, by: str, now_ms: int, compromised: bool) -> "Realm":
        """The realm with a key stopped: every session whose token it signed has ended."""
        # Nobody reads the public key of a stop that is no longer listed.
        shown = key if compromised else replace(key, pem="")
        stop = StoppedKey(key=shown, ended_ms=now_ms, by=by, compromised=compromised)
        # Make room first: by a slow clock, the newest stop may look like the oldest.
        after = self.remembering_stops(now_ms, room=STOPS_KEPT - 1)
        keys = {k: self.keys[k] for k in self.keys if k != key.id}
        return replace(after, keys=keys, stopped={**after.stopped, key.id: stop})


@dataclass(frozen=True, slots=True)
class RealmChange:
    """One commit: the realm that was read, and the realm that replaces it.

    `private` has the encrypted private keys of new signing keys, by key id. The private key of a
    removed signing key is removed in the same commit. `due` is work that the commit adds for
    cleanup.
    """

    before: Realm
    after: Realm
    private: Mapping[str, bytes] = field(default_factory=dict)
    due: tuple[Due, ...] = ()

    @property
    def revocation(self) -> Revocation | None:
        """The feed's entry about what it ends, None if it ends nothing."""
        realm, shards = self.after, self.before.settings.revocation_shards
        if realm.ends and realm.generation > self.before.generation:
            ended_ms = realm.ends[-1].ended_ms
            return Revocation(realm.id, "realm_ended", ended_ms, shards, scope="realm")
        for key_id in realm.stopped:
            if key_id not in self.before.stopped:
                return realm.revocation_of(key_id)
        return None

    @property
    def new_keys(self) -> list[PublicKey]:
        """The keys that it creates, in the order of their numbers."""
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
