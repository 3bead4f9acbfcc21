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


OUTWAIT: Final = 0.1
"""Beyond the age itself: clocks that run at slightly different speeds."""


def outwait(clock: Clock, *, since: float | None = None) -> None:
    """Wait until no instance has a realm in its cache that it read before now, or before `since`.

    `since` is of `clock.monotonic()`.
    """
    waited = 0.0 if since is None else clock.monotonic() - since
    left = SECONDS + OUTWAIT - waited
    if left > 0:
        clock.sleep(left)


class RealmCache:
    """`ports.RealmCache`: realms no older than 5 seconds.

    One that does not exist is remembered as absent, so a token that names a made-up realm costs at
    most one read in 5 seconds. When the directory cannot be read, the error goes to the caller:
    nothing stale is served.
    """

    def __init__(self, realms: Realms, clock: Clock) -> None:
        self._realms = realms
        self._clock = clock
        self._cache: Cache[Realm | None] = Cache(clock, seconds=SECONDS, size=SIZE)

    def get(self, realm_id: str, load: Callable[[], Realm | None] | None = None) -> Realm | None:
        """The realm, at most 5 seconds old; `load` reads it together with something else."""
        return self._cache.get(realm_id, load or (lambda: self._realms.get(realm_id)))

    def last_with_key(self, realm_id: str, key_id: str, issuer: str) -> Realm | None:
        """The realm of whatever age that is at hand, if it has key and issuer; nothing is read.

        A key is the same for life, so whether it signed a token can be told by it. Whether the key
        and the session still stand cannot.
        """
        realm = self._cache.peek(realm_id)
        known = realm is not None and key_id in realm.keys and issuer in realm.issuers
        return realm if known else None

    def with_key(self, realm_id: str, key_id: str, issuer: str) -> Realm | None:
        """The realm, read once more when it is over a quarter second old and lacks key or issuer.

        After a key was stopped, another signs at once, and a new issuer is named at once: such a
        token is good before every instance has the realm that knows it. Made-up ones cost at
        most four reads a second.
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

    def outwait(self, *, since: float | None = None) -> None:
        outwait(self._clock, since=since)


def _knows(realm: Realm | None, key_id: str, issuer: str) -> bool:
    """Whether a later state of the realm would say no more of them: no key ever comes back."""
    if realm is None or key_id in realm.stopped:
        return True
    return key_id in realm.keys and issuer in realm.issuers
