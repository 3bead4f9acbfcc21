"""Decisions about a token: "given now and what is known, accept, refuse or ask".

A policy is pure: it does no input or output and reads no clock. `Sojourn` carries it out, so that
threads and asyncio share one logic.
"""

from dataclasses import dataclass
from typing import Protocol

from sojourn_client.clock import Instant
from sojourn_client.errors import Rejected
from sojourn_client.session import Session


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the service said of a token, and when it was asked.

    `revalidate_after` is the number of seconds for which the service lets a verifier rely on it.
    """

    outcome: Session | Rejected
    sent: Instant
    revalidate_after: float = 0.0


@dataclass(frozen=True, slots=True)
class Accept:
    """The session stands, by what is known."""

    session: Session


@dataclass(frozen=True, slots=True)
class Refuse:
    """The token is refused, by what is known."""

    error: Rejected


@dataclass(frozen=True, slots=True)
class Ask:
    """Only the service knows."""


Decision = Accept | Refuse | Ask


class Policy(Protocol):
    """One mode of verification."""

    def judge(self, verdict: Verdict, now: Instant) -> Decision:
        """Decide by an answer of the service, which may be late."""


@dataclass(frozen=True, slots=True)
class Always:
    """Mode "always": every verification asks, and an answer counts for that one alone.

    An answer older than `timeout` seconds is not taken: the process was suspended meanwhile, or the
    network held it back.
    """

    timeout: float

    def judge(self, verdict: Verdict, now: Instant) -> Decision:
        if now.since(verdict.sent) >= self.timeout:
            return Ask()
        return decided(verdict)


def decided(verdict: Verdict) -> Accept | Refuse:
    """The decision that an answer is, while it counts."""
    if isinstance(verdict.outcome, Session):
        return Accept(verdict.outcome)
    return Refuse(verdict.outcome)
