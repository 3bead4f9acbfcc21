"""Access keys in memory."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from sojourn.domain.access_key import AccessKey
from sojourn.domain.errors import AlreadyInitialised, NotFound
from tests.support.memory.pages import page_of
from tests.support.memory.realms import MemoryRealms


class MemoryAccessKeys:
    """`AccessKeyStore`; a realm's keys need their realm."""

    def __init__(self, realms: MemoryRealms) -> None:
        self._lock = threading.RLock()
        self._realms = realms
        self._keys: dict[str, AccessKey] = {}
        self._first: str | None = None

    def add(self, key: AccessKey) -> None:
        """A key, whatever its realm."""
        with self._lock:
            self._keys[key.id] = key

    def access_key(self, key_id: str) -> AccessKey | None:
        with self._lock:
            return self._keys.get(key_id)

    def access_keys(
        self, realm_id: str | None, *, after: str | None, limit: int, ascending: bool
    ) -> tuple[Sequence[AccessKey], bool]:
        with self._lock:
            ids = [key.id for key in self._keys.values() if key.realm_id == realm_id]
            found, more = page_of(ids, after=after, limit=limit, ascending=ascending)
            return [self._keys[key_id] for key_id in found], more

    def each_access_key(self, realm_id: str | None) -> Iterator[AccessKey]:
        yield from self.access_keys(realm_id, after=None, limit=10_000, ascending=True)[0]

    def create_access_key(self, key: AccessKey) -> None:
        with self._lock:
            if key.realm_id is not None and self._realms.get(key.realm_id) is None:
                raise NotFound("There is no such realm.")
            self._keys[key.id] = key

    def first_key_id(self) -> str | None:
        with self._lock:
            return self._first

    def create_first_key(self, key: AccessKey, *, replaced: str | None) -> None:
        with self._lock:
            if self._first != replaced:
                raise AlreadyInitialised
            self._keys[key.id], self._first = key, key.id

    def change_access_key(self, key_id: str, changes: Mapping[str, str | int | None]) -> None:
        with self._lock:
            if key_id not in self._keys:
                raise NotFound("There is no such realm.")
            self._keys[key_id] = replace(self._keys[key_id], **changes)  # type: ignore[arg-type]

    def delete_access_key(self, key: AccessKey) -> None:
        with self._lock:
            self._keys.pop(key.id, None)

    def record_use(self, key_id: str, *, now_ms: int, unless_since_ms: int) -> None:
        with self._lock:
            key = self._keys.get(key_id)
            if key is None:
                return
            if key.last_used_ms is None or key.last_used_ms < unless_since_ms:
                self._keys[key_id] = replace(key, last_used_ms=now_ms)
