"""What the processes of a race record. Times are ns of the machine's monotonic clock."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["session", "user", "realm", "key"]


@dataclass(frozen=True, slots=True)
class End:
    """An ending that was acknowledged, and what it was asked to end."""

    way: str
    kind: Kind
    target: str
    """The id of the session, user, realm or signing key."""
    first_ns: int
    """When it was first asked for."""
    acked_ns: int
    tries: int = 1
    user_id: str | None = None
    """A session's user."""
    beside: bool = False
    """Whether it was not what the call was asked to do: a login that evicts."""


@dataclass(frozen=True, slots=True)
class Poll:
    """A page that a reader was given."""

    chain: str
    """The reader, and how often it began anew."""
    sent_ns: int
    received_ns: int
    cursor: str
    ids: tuple[str, ...]
    more: bool


@dataclass(slots=True)
class Played:
    """What one process did."""

    ends: list[End] = field(default_factory=list)
    polls: list[Poll] = field(default_factory=list)
    counts: "Counter[str]" = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)


def together(played: Sequence[Played]) -> Played:
    """What all processes did."""
    made = Played()
    for one in played:
        made.ends += one.ends
        made.polls += one.polls
        made.counts += one.counts
        made.errors += one.errors
    return made
