"""The versions of a realm in a history, and which of them a call may use.

A change of a realm is one commit. Logins read the realm, other calls know it from a cache of their
instance; so each call meets the change at a moment of its own. The promise is about the answer: who
begins after a change was answered acts on it, and who ended before it began does not. A call that
meets it may do either, also when another call at the same time did otherwise.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True, slots=True)
class Realm:
    """One version. `ends`: for each end of everything, oldest first, the reason that it gave."""

    cap: int = 10
    at_limit: str = "evict_oldest"
    ends: tuple[str, ...] = ()
    stopped: frozenset[str] = frozenset()
    """Keys that were stopped: no token of theirs is believed."""
    deleted: bool = False

    def set(self, changes: Mapping[str, object]) -> "Realm":
        """With other settings."""
        cap, at_limit = changes.get("max_sessions", self.cap), changes.get("at_limit")
        assert isinstance(cap, int)
        return replace(self, cap=cap, at_limit=str(at_limit or self.at_limit))

    def end_all(self) -> "Realm":
        """All that began before has ended."""
        return replace(self, ends=(*self.ends, "realm_ended"))

    def stop(self, key: str) -> "Realm":
        """The key that signs is stopped; whoever had a session by it has none."""
        ends = (*self.ends, "terminated_by_admin")
        return replace(self, ends=ends, stopped=self.stopped | {key})

    def delete(self) -> "Realm":
        """It is there for nobody."""
        return replace(self, deleted=True)

    def waits_after(self, before: "Realm") -> bool:
        """Whether the change from that version is answered when all instances know of it."""
        return self.ends != before.ends or self.deleted != before.deleted


@dataclass(frozen=True, slots=True)
class Version:
    """A version, and when the change that came after it was answered."""

    realm: Realm
    until: float = math.inf


Versions = tuple[Version, ...]
"""Oldest first; the last one is the realm as it is."""


def changed(versions: Versions, after: Realm, *, answered: float) -> Versions:
    """With a change, which was answered at that time."""
    *old, now = versions
    return (*old, replace(now, until=answered), Version(after))


def usable(versions: Versions, start: float) -> Sequence[Realm]:
    """What a call that began then may act on, oldest first."""
    return [version.realm for version in versions if start <= version.until]


def closed(versions: Versions, start: float) -> Versions:
    """What is left for others once a call has committed that began then.

    "what began after [an end] must not give way to a session that began before it": what finds a
    session from after an end was answered acts on a realm from after that end.
    """
    now = versions[-1].realm
    return tuple(v for v in versions if start <= v.until or not now.waits_after(v.realm))


FIRST: Final = (Version(Realm()),)
