"""Decisions about a token: "given now and what is known, accept, refuse or ask".

A policy is pure: it does no input or output and reads no clock. A verifier carries it out, so that
threads and asyncio share one logic.
"""

from dataclasses import dataclass
from typing import Protocol

from sojourn_client.clock import Instant
from sojourn_client.decisions.signature import Verified
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
    """The session stands, by what is known. `refresh`: ask again soon, without anybody waiting."""

    session: Session
    refresh: bool = False


@dataclass(frozen=True, slots=True)
class Refuse:
    """The token is refused, by what is known."""

    error: Rejected


@dataclass(frozen=True, slots=True)
class Ask:
    """Only the service knows."""


Decision = Accept | Refuse | Ask


class Policy(Protocol):
    """What a mode remembers and decides. Its caller serialises the calls."""

    def decide(self, token: Verified, now: Instant, max_staleness: float) -> Decision:
        """Decide about a request that comes now, by what is known."""

    def learn(self, token: Verified, verdict: Verdict) -> None:
        """Remember an answer of the service, which may be late."""

    def forget_user(self, user_id: str, now: Instant) -> None:
        """Ask again for each session of a user: some of them were ended by this process."""

    def clear(self) -> None:
        """Forget everything."""


def judged(verdict: Verdict, now: Instant, *, within: float) -> Decision:
    """The decision for the request that the service was asked for.

    An answer that is `within` seconds old is not taken: the process was suspended meanwhile, or the
    network held it back.
    """
    if now.since(verdict.sent) >= within:
        return Ask()
    if isinstance(verdict.outcome, Session):
        return Accept(verdict.outcome)
    return Refuse(verdict.outcome)
