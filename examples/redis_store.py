"""A store in Redis (or Valkey), by which the processes of an application validate a session once.

    sojourn = Sojourn(BASE_URL, REALM_ID, mode="cached", store=RedisStore(redis.Redis()))

Give the connection short time-outs: a store that is slow holds up every session that this process
does not know yet. Needs the package `redis`.
"""

from dataclasses import dataclass

import redis


@dataclass(frozen=True)
class RedisStore:
    """Implements `sojourn_client.store.Store`. Redis' clock says how old a value is."""

    connection: redis.Redis

    def get(self, key: str) -> tuple[bytes, float] | None:
        both = self.connection.pipeline(transaction=True).get(key).pttl(key)
        value, left = both.execute()
        return None if value is None or left < 0 else (value, left / 1_000)

    def set(self, key: str, value: bytes, seconds: float) -> None:
        self.connection.set(key, value, px=max(1, int(seconds * 1_000)))
