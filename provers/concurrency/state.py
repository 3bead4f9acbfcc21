"""The calls and the state of the model of one user."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from provers.concurrency.realm import FIRST, Realm, Version, Versions

_READS: Final = (
    "validate",
    "validate_many",
    "look",
    "look_any",
    "list",
    "list_own",
    "records",
    "left",
    "clean_up",
)


@dataclass(frozen=True, slots=True)
class Call:
    """What was asked, and what was answered: the status, what of the body counts, and when."""

    name: str
    given: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    answer: Mapping[str, Any] = field(default_factory=dict)
    start: float = 0.0
    end: float = math.inf

    @property
    def reads(self) -> bool:
        """Whether it changes nothing, in any state: it only looks, or was refused."""
        return self.name in _READS or self.status >= 400


@dataclass(frozen=True, slots=True)
class State:
    """A user. `live` is oldest first, `ended` pairs of id and reason; `last`: the newest begin."""

    live: tuple[str, ...] = ()
    ended: frozenset[tuple[str, str]] = frozenset()
    last: float = 0.0
    active: bool = True
    deleted: bool = False
    password: str = ""
    versions: Versions = FIRST
    """Of the realm, as far as some call may still act on them."""
    born: frozenset[tuple[str, int]] = frozenset()
    """Of live sessions, how many ends of everything there had been before; 0 where it is none."""

    def why(self, session: str) -> str | None:
        """The reason that a session's ended record has."""
        return next((reason for found, reason in self.ended if found == session), None)

    def end(self, reasons: Mapping[str, str]) -> "State":
        """Without these live sessions, whose reasons are recorded."""
        live = tuple(s for s in self.live if s not in reasons)
        gone = {(s, reasons[s]) for s in self.live if s in reasons}
        born = frozenset(pair for pair in self.born if pair[0] not in reasons)
        return replace(self, live=live, ended=self.ended | gone, born=born)

    def end_all(self, reason: str, *, keep: str | None = None) -> "State":
        """Without any live session but one."""
        return self.end({s: reason for s in self.live if s != keep})

    @property
    def realm(self) -> Realm:
        """The realm as it is."""
        return self.versions[-1].realm

    def seen_in(self, realm: Realm) -> "State":
        """The user as that version of the realm shows them."""
        seen = self
        if realm.ends:
            born = dict(self.born)
            ended = {s: realm.ends[born.get(s, 0) :][:1] for s in self.live}
            seen = self.end({s: reasons[0] for s, reasons in ended.items() if reasons})
        return replace(seen, deleted=True) if realm.deleted else seen

    def settled(self) -> "State":
        """Itself when all calls know the realm as it is, whose ends are then a matter of record."""
        now = replace(self.seen_in(self.realm), deleted=self.deleted, born=frozenset())
        return replace(now, versions=(Version(replace(self.realm, ends=())),))

    def gone(self) -> "State":
        """A user who is no more, nor any record of them."""
        return replace(self, live=(), ended=frozenset(), deleted=True)
