"""A store that several processes share, such as Redis, for mode "cached".

Each process has a cache of its own, which is asked first. The store has what other processes have
learned, so that a session is validated once for all of them. It must be as trusted as the
application: who can write to it can keep a terminated session alive until it expires. Nobody can
make a forged token pass by it, because signatures are checked before.
"""

import json
import logging
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from sojourn_client.clock import Clock, Instant
from sojourn_client.decisions.decision import Verdict
from sojourn_client.decisions.signature import Verified
from sojourn_client.errors import Terminated
from sojourn_client.session import Session, session_of

_FORM = 1
log = logging.getLogger("sojourn_client")


class Store(Protocol):
    """Keeps values for some seconds. It may lose them, and may raise any error.

    It is called from several threads, and never on an event loop.
    """

    def get(self, key: str) -> tuple[bytes, float] | None:
        """A value, and in how many seconds it will be dropped; None if there is none."""

    def set(self, key: str, value: bytes, seconds: float) -> None:
        """Keep a value for so many seconds, in place of an earlier one."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What processes share by a store. A store that fails holds nobody up: the service is asked."""

    store: Store
    seconds: float

    def get(self, token: Verified, clock: Clock) -> Verdict | None:
        """What any of them learned of a token."""
        try:
            found = self.store.get(key_of(token))
        except Exception:  # noqa: BLE001 - a store may raise anything
            log.warning("The store of validated sessions cannot be read")
            return None
        return None if found is None else unpacked(*found, token, clock.now())

    def set(self, token: Verified, verdict: Verdict, clock: Clock) -> None:
        """Tell the others."""
        value = packed(verdict, clock.now(), self.seconds)
        if value is None:
            return
        try:
            self.store.set(key_of(token), value, self.seconds)
        except Exception:  # noqa: BLE001 - a store may raise anything
            log.warning("The store of validated sessions cannot be written")


def key_of(token: Verified) -> str:
    """The key of a token: its SHA-256, and never itself."""
    return f"sojourn:{token.digest.hex()}"


def packed(verdict: Verdict, now: Instant, seconds: float) -> bytes | None:
    """An answer as a value that is kept for so many seconds; None if it is not worth keeping."""
    about: dict[str, Any] = {
        "form": _FORM,
        "age": now.since(verdict.sent),
        "seconds": seconds,
        "sent": verdict.sent.wall,
        "revalidate_after": verdict.revalidate_after,
    }
    if isinstance(verdict.outcome, Session):
        about["session"] = asdict(verdict.outcome)
    elif isinstance(verdict.outcome, Terminated):
        about["ended"] = [verdict.outcome.reason, verdict.outcome.ended_at]
    else:
        return None
    return json.dumps(about).encode()


def unpacked(value: bytes, left: float, token: Verified, now: Instant) -> Verdict | None:
    """The answer in a value; None if it is of another form, or of another session.

    Its age is what the store's clock says of it, or what the wall clocks of two machines say, if
    that is more.
    """
    try:
        about = json.loads(value)
        if about["form"] != _FORM:
            return None
        age = max(about["age"] + about["seconds"] - left, now.wall - about["sent"])
        sent = Instant(now.wall - age, now.monotonic - age)
        if "ended" in about:
            reason, ended_at = about["ended"]
            return Verdict(Terminated(reason, ended_at), sent)
        session = session_of(about["session"])
        if (session.id, session.user_id) != (token.session_id, token.user_id):
            return None
        return Verdict(session, sent, float(about["revalidate_after"]))
    except (ValueError, TypeError, LookupError, RecursionError):
        return None
