"""AWS credentials: the environment's, or the container endpoint's, renewed before they expire.

A Lambda function has them in its environment; under SnapStart it has a container endpoint.
Profiles, SSO and instance roles are not read: the service runs in Lambda or on the local stack.
"""

import threading
from collections.abc import Callable, Mapping
from math import inf
from typing import Final, NamedTuple

from sojourn.aws.errors import CredentialsInvalid, NoAnswer
from sojourn.domain.values import dataclass, field

RENEWED_MS: Final = 300_000
"""How long before they expire credentials are renewed."""
AGAIN_MS: Final = 10_000
"""How long keys that are about to expire are used before others are asked for again, as long as
they are good."""


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
        self._held: _Held | None = None
        self._lock = threading.Lock()

    def current(self) -> Keys:
        """Keys that have not expired.

        Raises `CredentialsInvalid` if there are none, and `NoAnswer` if the container endpoint
        does not answer.
        """
        held = self._held
        if held is not None and self._do(held):
            return held.keys
        if held is None and (keys := self._of_environment()) is not None:
            self._held = _Held(keys, inf)
            return keys
        return self._renewed(held)

    def forget(self) -> None:
        """Ask the environment or the endpoint again, whenever keys are needed next."""
        self._held = None

    def _of_environment(self) -> Keys | None:
        access_key = self._environ.get("AWS_ACCESS_KEY_ID")
        secret = self._environ.get("AWS_SECRET_ACCESS_KEY")
        if access_key and secret:
            return Keys(access_key, secret, self._environ.get("AWS_SESSION_TOKEN") or None)
        if access_key:
            raise CredentialsInvalid("AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not.")
        return None

    def _renewed(self, old: "_Held | None") -> Keys:
        """One thread asks. The others use the old keys meanwhile, or wait if those are no good."""
        good = old is not None and _expires_ms(old.keys) > self._now_ms()
        if not self._lock.acquire(blocking=not good) and old is not None:
            return old.keys
        try:
            held = self._held
            if held is None or not self._do(held):
                held = self._asked(old if good else None)
                self._held = held
            return held.keys
        finally:
            self._lock.release()

    def _asked(self, old: "_Held | None") -> "_Held":
        """The endpoint's keys, or good old ones if it fails; it is left alone for a while then."""
        try:
            keys = self._fetch()
            renew_ms = _expires_ms(keys) - RENEWED_MS
        except (NoAnswer, CredentialsInvalid):
            if old is None:
                raise
            keys, renew_ms = old.keys, 0
        again_ms = min(self._now_ms() + AGAIN_MS, _expires_ms(keys))
        return _Held(keys, max(renew_ms, again_ms))

    def _do(self, held: "_Held") -> bool:
        return held.until_ms == inf or self._now_ms() < held.until_ms


class _Held(NamedTuple):
    """Keys, and until when they are used without asking for others. Threads see both or none."""

    keys: Keys
    until_ms: float


def _expires_ms(keys: Keys) -> float:
    return inf if keys.expires_ms is None else keys.expires_ms
