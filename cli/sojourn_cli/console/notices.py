"""What was done, to be said once by the page that follows."""

import secrets
import threading
from dataclasses import dataclass
from typing import Final

MOST: Final = 32


@dataclass(frozen=True, slots=True)
class Notice:
    """What a page says once. A secret is never shown again."""

    text: str
    secret: str | None = None


class Notices:
    """Notices that no page has said yet, the last few. Safe to use from several threads."""

    def __init__(self) -> None:
        self._kept: dict[str, Notice] = {}
        self._lock = threading.Lock()

    def keep(self, notice: Notice) -> str:
        """Keep a notice, under a name that is hard to guess."""
        name = secrets.token_urlsafe(8)
        with self._lock:
            while len(self._kept) >= MOST:
                del self._kept[next(iter(self._kept))]
            self._kept[name] = notice
        return name

    def take(self, name: str | None) -> Notice | None:
        """The notice of this name, once."""
        with self._lock:
            return None if name is None else self._kept.pop(name, None)
