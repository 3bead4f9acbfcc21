"""The resources of a function in memory: no AWS, no socket."""

from sojourn.crypto.passwords import Hasher
from sojourn.runtime.clock_skew import Skew
from sojourn.runtime.settings import EnvironmentSettings
from sojourn.store.realm_cache import RealmCache
from tests.support.clock import MovedClock
from tests.support.memory.store import MemoryStore


class PlainCipher:
    """A key service that hides nothing, and notes the keys that it encrypted."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    def encrypt(self, plaintext: bytes, *, realm_id: str, key_id: str) -> bytes:
        self.keys.append(key_id)
        return plaintext

    def decrypt(self, ciphertext: bytes, *, realm_id: str, key_id: str) -> bytes:
        return ciphertext


class MemoryResources:
    """`bootstrap.Resources` over the store in memory, with a clock for the test to move."""

    def __init__(self) -> None:
        self.settings = EnvironmentSettings.of({"DIRECTORY_TABLE": "d", "SESSIONS_TABLE": "s"})
        self.clock, self.skew = MovedClock(), Skew()
        self.store = store = MemoryStore(self.clock)
        self.feed = store.feed
        self.users = self.seen_users = store.users
        self.realms = store.realms
        self.user_directory = self.seen_directory = store.directory
        self.access_keys, self.attempts = store.keys, store.attempts
        self.due, self.removal = store.due, store.removal
        self.realm_cache = RealmCache(store.realms, self.clock)
        self.cipher = PlainCipher()
        self.hasher = Hasher(memory_kib=64, iterations=1)
