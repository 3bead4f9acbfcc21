"""The cache of realms in an instance: settings, public keys and the realm's last end."""

from collections.abc import Callable, Iterable
from typing import Final

from sojourn.domain.ports import Realms
from sojourn.domain.realm import REMEMBERED_SECONDS, Realm
from sojourn.runtime.cache import Cache
from sojourn.runtime.clock import Clock

SECONDS: Final = REMEMBERED_SECONDS
KEY_SECONDS: Final = 0.25
SIZE: Final = 1_024


EXPIRY_MARGIN: Final = 0.1
"""Added to the cache's age, because clocks run at slightly different speeds."""


def wait_for_expiry(clock: Clock, *, since: float | None = None) -> None:
    """Wait until no instance has a cached realm that was read before now, or before `since`.

    `since` is a time of `clock.monotonic()`.
    """
    waited = 0.0 if since is None else clock.monotonic() - since
    left = SECONDS + EXPIRY_MARGIN - waited
    if left > 0:
        clock.sleep(left)


class RealmCache:
    """`ports.RealmCache`: realms no older than 5 seconds.

    An unknown realm is cached as absent, so tokens with a made-up realm cost at most one read in 5
    seconds. If the directory cannot be read, the caller gets the error; no stale realm is returned.
    """

    def __init__(self, realms: Realms, clock: Clock) -> None:
        self._realms = realms
        self._clock = clock
        self._cache: Cache[Realm | None] = Cache(clock, seconds=SECONDS, size=SIZE)

    def get(self, realm_id: str, load: Callable[[], Realm | None] | None = None) -> Realm | None:
        """The realm, at most 5 seconds old; `load` can read it together with something else."""
        return self._cache.get(realm_id, load or (lambda: self._realms.get(realm_id)))

    def last_with_key(self, realm_id: str, key_id: str, issuer: str) -> Realm | None:
        """The realm of whatever age that is at hand, if it has key and issuer; nothing is read.

        A public key never changes, so it is good enough to verify a signature. It does not tell
        whether the key or the session is still valid.
        """
        realm = self._cache.peek(realm_id)
        known = realm is not None and key_id in realm.keys and issuer in realm.issuers
        return realm if known else None

    def with_key(self, realm_id: str, key_id: str, issuer: str) -> Realm | None:
        """The realm; read again if it is over a quarter second old and lacks the key or the issuer.

        After a key was stopped another key signs at once, and a new issuer is used at once. Tokens
        of these must be accepted before every instance's cache has expired. Tokens with a made-up
        key cost at most four reads a second.
        """
        realm = self.get(realm_id)
        if _knows(realm, key_id, issuer):
            return realm
        return self._cache.get(realm_id, lambda: self._realms.get(realm_id), seconds=KEY_SECONDS)

    def with_keys(self, wanted: Iterable[tuple[str, str, str]]) -> dict[str, Realm | None]:
        """Realms by id, as `with_key` gives them for each realm, key and issuer; in two reads."""
        wanted = list(wanted)
        found = self._cache.get_many((r for r, _, _ in wanted), self._realms.get_many)
        lacking = {r for r, key, issuer in wanted if not _knows(found[r], key, issuer)}
        if lacking:
            found |= self._cache.get_many(lacking, self._realms.get_many, seconds=KEY_SECONDS)
        return found

    def wait_for_expiry(self, *, since: float | None = None) -> None:
        wait_for_expiry(self._clock, since=since)


def _knows(realm: Realm | None, key_id: str, issuer: str) -> bool:
    """Whether no later state of the realm could add them: a removed key never comes back."""
    if realm is None or key_id in realm.stopped:
        return True
    return key_id in realm.keys and issuer in realm.issuers
