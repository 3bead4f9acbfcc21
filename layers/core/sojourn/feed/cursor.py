"""The cursor of the feed: from where its reader goes on.

A reader reads in sweeps, each of one page or more. A sweep begins at the cursor's `floor` and ends
at the reader's clock (and a little later, for clocks that are fast). The next one begins `OVERLAP`
before the time at which this one began, so it reads again what may have been committed late. While
a sweep is not finished, the cursor also says how far it is.
"""

import re
from typing import Final

from sojourn.domain import ids
from sojourn.domain.errors import CursorExpired, CursorInvalid
from sojourn.domain.revocation import OVERLAP_MS, first_id
from sojourn.domain.session_rules import CLOCKS_APART_MS
from sojourn.domain.values import dataclass, replace

_MS: Final = 9
"""Digits of a time in ms, enough for 48 bits."""
_HOURS: Final = 2
_DIGITS: Final = "[0-9A-Za-z]"
_TEXT: Final = re.compile(
    rf"rvc_({_DIGITS}{{{_MS}}})({_DIGITS}{{{_MS}}})({_DIGITS}{{{_HOURS}}})"
    rf"(?:({_DIGITS}{{{_MS}}})({_DIGITS}{{{_MS}}})({_DIGITS}{{{ids.BODY}}}))?"
)
_LATEST_MS: Final = (1 << 48) - 1


@dataclass(frozen=True, slots=True)
class Sweep:
    """A sweep that is not finished: it reads up to `until_ms`, and has read up to the id `after`.

    The next sweep begins at `next_ms`.
    """

    until_ms: int
    next_ms: int
    after: str


@dataclass(frozen=True, slots=True)
class Cursor:
    """A position in the feed. Times are epoch milliseconds.

    `since_ms` is when the first cursor of its chain was handed out: from then on, its holder has
    seen everything. `hours` is how long entries were kept then.
    """

    floor_ms: int
    since_ms: int
    hours: int
    sweep: Sweep | None = None

    @classmethod
    def first(cls, *, now_ms: int, hours: int) -> "Cursor":
        """The cursor of a new reader."""
        return cls(floor_ms=now_ms - OVERLAP_MS, since_ms=now_ms, hours=hours)

    @classmethod
    def of(cls, text: str) -> "Cursor":
        """The cursor of its text. Raises `CursorInvalid`."""
        found = _TEXT.fullmatch(text)
        if found is None:
            raise CursorInvalid("`after` is not a cursor of this feed.")
        floor, since, hours, until, following, after = found.groups()
        sweep = None
        if after is not None:
            sweep = Sweep(ids.decode(until), ids.decode(following), f"rev_{after}")
        return cls(ids.decode(floor), ids.decode(since), ids.decode(hours), sweep)

    def __str__(self) -> str:
        text = f"rvc_{_ms(self.floor_ms)}{_ms(self.since_ms)}{ids.encode(self.hours, _HOURS)}"
        if self.sweep is None:
            return text
        sweep = self.sweep
        return f"{text}{_ms(sweep.until_ms)}{_ms(sweep.next_ms)}{sweep.after.removeprefix('rev_')}"

    def check(self, *, now_ms: int, hours: int) -> None:
        """Raises `CursorInvalid` for a time to come, and `CursorExpired`."""
        latest = now_ms + CLOCKS_APART_MS
        known = max(self.floor_ms, self.since_ms) <= latest
        if self.sweep is not None:
            known = known and self.floor_ms <= self.sweep.next_ms <= latest
            known = known and self.sweep.next_ms <= self.sweep.until_ms <= latest + CLOCKS_APART_MS
            known = known and first_id(self.floor_ms) <= self.sweep.after
        if not known:
            raise CursorInvalid("`after` is not a cursor of this feed.")
        kept = min(hours, self.hours)
        if now_ms - self.floor_ms > kept * 3_600_000:
            raise CursorExpired(
                f"The feed keeps what ended in the last {kept} hours, and this cursor is older. "
                "Begin without `after`, and validate once each session that began before."
            )

    def begun(self, *, now_ms: int) -> Sweep:
        """The sweep to go on with, or a new one."""
        if self.sweep is not None:
            return self.sweep
        return Sweep(
            until_ms=now_ms + CLOCKS_APART_MS,
            next_ms=max(self.floor_ms, now_ms - OVERLAP_MS),
            after=first_id(self.floor_ms),
        )

    def at(self, sweep: Sweep, *, finished: bool, hours: int) -> "Cursor":
        """The cursor after a page of a sweep, by an instance that keeps entries for these hours."""
        hours = min(hours, self.hours)
        if finished:
            return replace(self, floor_ms=sweep.next_ms, hours=hours, sweep=None)
        return replace(self, hours=hours, sweep=sweep)


def _ms(time_ms: int) -> str:
    return ids.encode(min(max(time_ms, 0), _LATEST_MS), _MS)
