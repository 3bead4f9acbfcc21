"""AWS credentials: the environment's, or the container endpoint's, renewed before they expire.

A Lambda function has them in its environment; under SnapStart it has a container endpoint.
Profiles, SSO and instance roles are not read: the service runs in Lambda or on the local stack.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from sojourn.aws.errors import CredentialsInvalid, NoAnswer

RENEWED_MS: Final = 300_000
"""How long before they expire credentials are renewed."""
AGAIN_MS: Final = 10_000
"""How long after a failure to renew them the old ones are used, as long as they are good."""


@dataclass(frozen=True, slots=True)
class Keys:
    """An access key. A temporary one has a token and a time at which it expires."""

    access_key: str
    secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    expires_ms: int | None = None

    def __post_init__(self) -> None:
        """Raises `CredentialsInvalid` for what could change the headers that it is written into."""
        for value in (self.access_key, self.secret, self.token or "x"):
            if not (value and value.isascii() and value.isprintable() and " " not in value):
                raise CredentialsInvalid(
                    "The AWS credentials have an empty value, a space or a control character."
                )


class Credentials:
    """The keys to sign with. Threads may share it."""

    def __init__(
        self, environ: Mapping[str, str], *, fetch: Callable[[], Keys], now_ms: Callable[[], int]
    ) -> None:
        """`fetch` asks the container endpoint, if `environ` names one."""
        self._environ = environ
        self._fetch = fetch
        self._now_ms = now_ms
        self._keys: Keys | None = None
        self._renew_ms: float = 0
        self._lock = threading.Lock()

    def current(self) -> Keys:
        """Keys that have not expired.

        Raises `CredentialsInvalid` if there are none, and `NoAnswer` if the container endpoint
        does not answer.
        """
        keys = self._keys
        if keys is not None and (keys.expires_ms is None or self._now_ms() < self._renew_ms):
            return keys
        if keys is None and (keys := self._of_environment()) is not None:
            self._keys = keys
            return keys
        return self._renewed()

    def _of_environment(self) -> Keys | None:
        access_key = self._environ.get("AWS_ACCESS_KEY_ID")
        secret = self._environ.get("AWS_SECRET_ACCESS_KEY")
        if access_key and secret:
            return Keys(access_key, secret, self._environ.get("AWS_SESSION_TOKEN") or None)
        if access_key:
            raise CredentialsInvalid("AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not.")
        return None

    def _renewed(self) -> Keys:
        """One thread asks. The others use the old keys meanwhile, or wait if those are no good."""
        old, good = self._keys, self._is_good()
        if not self._lock.acquire(blocking=not good) and old is not None:
            return old
        try:
            if self._keys is not None and self._now_ms() < self._renew_ms:
                return self._keys
            try:
                made = self._fetch()
            except (NoAnswer, CredentialsInvalid):
                if old is None or not good:
                    raise
                self._renew_ms = self._now_ms() + AGAIN_MS
                return old
            if made.expires_ms is not None:
                self._renew_ms = made.expires_ms - RENEWED_MS
            self._keys = made
            return made
        finally:
            self._lock.release()

    def _is_good(self) -> bool:
        keys = self._keys
        return keys is not None and (keys.expires_ms or 0) > self._now_ms()
