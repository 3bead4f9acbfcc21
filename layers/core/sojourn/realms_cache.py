"""Realm settings, public keys and the realm's last end, as an instance may remember them."""

from collections.abc import Iterable
from typing import Final

from sojourn.cache import Cache
from sojourn.clock import Clock
from sojourn.ports import Realms
from sojourn.realm import Realm

SECONDS: Final = 5.0
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
    """Realms no older than 5 seconds; one that does not exist is remembered as absent.

    So a token that names a made-up realm costs at most one read in 5 seconds. When the
    directory cannot be read, the error goes to the caller: nothing stale is served.
    """

    def __init__(self, realms: Realms, clock: Clock) -> None:
        self._realms = realms
        self._cache: Cache[Realm | None] = Cache(clock, seconds=SECONDS, size=SIZE)

    def get(self, realm_id: str) -> Realm | None:
        """The realm, at most 5 seconds old."""
        return self._cache.get(realm_id, lambda: self._realms.get(realm_id))

    def get_many(self, realm_ids: Iterable[str]) -> dict[str, Realm | None]:
        """Realms by id, each at most 5 seconds old; those that are not cached in one read."""
        return self._cache.get_many(realm_ids, self._realms.get_many)
