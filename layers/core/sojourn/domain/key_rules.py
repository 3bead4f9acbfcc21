"""Rules of signing keys: when one can be removed, what stopping one ends, when to rotate.

A managed session records the number of the key that signed its token. A key is removed from the
realm when it is stopped, or when its last token has expired. So a session whose key the realm does
not have has ended, and is neither listed nor counted.
"""

from collections.abc import Mapping
from typing import Final

from sojourn.domain.due import Due
from sojourn.domain.errors import Conflict, KeyInUse, NotFound
from sojourn.domain.policy import DAY_SECONDS, SIGNING_KEYS
from sojourn.domain.realm import Realm, RealmChange
from sojourn.domain.signing_key import SIGNING_GRACE_MS, KeyKind, PublicKey
from sojourn.domain.values import replace

KINDS: Final[tuple[KeyKind, ...]] = ("expiring", "open_ended")


def check_room(realm: Realm, *, wanted: int) -> None:
    """Raise `Conflict` if the realm would have more than 20 keys after a server's request.

    Scheduled rotation is not checked: it limits the number of keys that it creates itself.
    """
    over = len(realm.keys) + wanted - SIGNING_KEYS
    if over > 0:
        raise Conflict(
            f"The realm has {len(realm.keys)} of at most {SIGNING_KEYS} signing keys, and this "
            f"makes {wanted} more. Delete {over} first."
        )


def change(
    before: Realm,
    after: Realm,
    *,
    now_ms: int,
    private: Mapping[str, bytes] | None = None,
    due: tuple[Due, ...] = (),
) -> RealmChange:
    """A change of a realm's settings or keys. Each key that may sign records the lifetimes.

    No other change lets a key sign longer tokens; changes that only end sessions write no keys.
    """
    if (after.settings, after.keys) != (before.settings, before.keys):
        after = after.remembering(now_ms)
    if after.settings.revocation_shards != before.settings.revocation_shards:
        after = replace(after, former_shards=before.leaving_shards(now_ms))
    return RealmChange(before, after, private=private or {}, due=due)


def in_use(realm: Realm, key: PublicKey, *, now_ms: int) -> bool:
    """Whether a token that the key signed may not have expired."""
    if now_ms < key.signs_from_ms - SIGNING_GRACE_MS:
        return False
    retires_ms = realm.retires_ms(key)
    return retires_ms is None or now_ms < retires_ms


def retired(realm: Realm, *, now_ms: int) -> list[PublicKey]:
    """The keys whose tokens have all expired, oldest first."""
    found = []
    for key in realm.keys.values():
        retires_ms = realm.retires_ms(key)
        if retires_ms is not None and retires_ms <= now_ms:
            found.append(key)
    # The oldest first, because the next key tells when a key stopped signing.
    return sorted(found, key=lambda key: (key.signs_from_ms, key.id))


def check_signs_no_more(realm: Realm, key: PublicKey, *, now_ms: int) -> None:
    """Raise `KeyInUse` if the key signs now."""
    if realm.signs(key, now_ms):
        raise KeyInUse(signs=True, open_ended=key.open_ended)


def without(realm: Realm, key_id: str, *, now_ms: int) -> Realm:
    """The realm without a retired key. Raises `KeyInUse`, `NotFound`."""
    if (stopped := realm.stopped.get(key_id)) is not None and stopped.compromised:
        # It has ended all that it could; since when and by whom is told as long as before.
        return replace(realm, stopped={**realm.stopped, key_id: stopped.unlisted()})
    key = realm.keys.get(key_id)
    if key is None:
        raise NotFound
    check_signs_no_more(realm, key, now_ms=now_ms)
    if in_use(realm, key, now_ms=now_ms):
        raise KeyInUse(open_ended=key.open_ended, retires_ms=realm.retires_ms(key))
    return replace(realm, keys={k: realm.keys[k] for k in realm.keys if k != key_id})


def stop(realm: Realm, key: PublicKey, *, by: str, now_ms: int, compromised: bool) -> Realm:
    """The realm with a key stopped: its sessions have ended, and another key signs at once.

    The other key is the previous one, else the pending one. If the realm has no other key of
    its kind, it needs a new one.
    """
    after = realm.without_key(key, by=by, now_ms=now_ms, compromised=compromised)
    left = after.of_kind(key.kind)
    if not left or left[0].signs_from_ms <= now_ms:
        return after
    first = replace(left[0], signs_from_ms=now_ms)
    return replace(after, keys={**after.keys, first.id: first})


def due_kinds(realm: Realm, *, now_ms: int) -> list[KeyKind]:
    """The kinds of key that the schedule must create now.

    A realm of an earlier version gets its key for tokens without `exp`. The schedule never rotates
    that key, because it can never retire.
    """
    kinds: list[KeyKind] = [] if realm.of_kind("open_ended") else ["open_ended"]
    if next_is_due(realm, now_ms=now_ms) and not full(realm):
        kinds.append("expiring")
    return kinds


def next_is_due(realm: Realm, *, now_ms: int) -> bool:
    """Whether the realm's newest expiring key is `rotate_days` old."""
    days = realm.settings.rotate_days
    made_ms = max(key.created_ms for key in realm.of_kind("expiring"))
    return days > 0 and now_ms >= made_ms + 1000 * DAY_SECONDS * days


def full(realm: Realm) -> bool:
    """Whether the realm has no room for another key until one of its keys retires.

    Settings that need more keys are refused. But after a change of settings, old keys can fill the
    realm until the oldest one retires. Keys that never retire are not counted, because they would
    stop rotation for ever.
    """
    retiring = [key for key in realm.of_kind("expiring") if not key.open_ended]
    return len(retiring) >= SIGNING_KEYS - 1
