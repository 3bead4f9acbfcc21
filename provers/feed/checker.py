"""Look for endings that a reader of the feed was not told of.

Of each acknowledged ending, two things are checked. It is at or after every cursor that was handed
out before the acknowledgement. And a reader that began a sweep after the acknowledgement has it in
a page of this sweep or an earlier one.

A call that finds done what it is asked to end announces it again. But of what a login evicts, an
earlier try of it may have been the end, or that of its realm. Then a reader may have been told
before it was given the cursor, or may have begun when it was done: its `complete_since` says that
it asks the service.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from random import Random
from typing import Final

from provers.feed.clock import Start
from provers.feed.records import End, Poll
from sojourn.domain import ids
from sojourn.domain.revocation import Entry

OFF_MS: Final = 5_000
"""How far a writer's clock is off, at most."""
KNOWN_MS: Final = 30_000
"""How long before a reader began an entry must be, so that what it tells was done by then."""
NEAR_MS: Final = 60_000
"""Endings that were acknowledged so soon after a cursor was handed out are looked for after it."""

Follow = Callable[[str, Sequence[frozenset[str]]], set[str]]
"""The ids of the entries at and after a cursor; as many as it takes to have one of each set."""


@dataclass(frozen=True, slots=True)
class Known:
    """An ending, and the entries that tell of it. `own`: this very call wrote them."""

    end: End
    entries: frozenset[str]
    own: bool


@dataclass(slots=True)
class Findings:
    """What was missed, and how much was looked for."""

    endings: int = 0
    followed: int = 0
    pairs: int = 0
    """Cursors and endings that were compared."""
    in_time: int = 0
    """Endings and readers of which the first sweep afterwards was looked at."""
    latest_ms: int = 0
    """The longest time from an entry to its acknowledgement, by the true time."""
    violations: list[str] = field(default_factory=list)


@dataclass
class Checker:
    """A race: the endings, the polls by chain, and every entry that is stored."""

    start: Start
    ends: Sequence[End]
    polls: Sequence[Poll]
    entries: Sequence[Entry]

    @cached_property
    def chains(self) -> Mapping[str, Sequence[Poll]]:
        """The polls of each chain, in their order."""
        found: dict[str, list[Poll]] = defaultdict(list)
        for poll in sorted(self.polls, key=lambda poll: poll.sent_ns):
            found[poll.chain].append(poll)
        return found

    @cached_property
    def known(self) -> Sequence[Known]:
        """The endings, in the order of their acknowledgements, with their entries."""
        of: dict[str, list[Entry]] = defaultdict(list)
        for entry in self.entries:
            told = entry.revocation
            if told.scope == "user" and told.user_id:
                of[told.user_id].append(entry)
            elif told.scope:
                of[told.key_id or told.realm_id].append(entry)
                of["wide"].append(entry)
            for session_id in told.session_ids:
                of[session_id].append(entry)
        ends = sorted(self.ends, key=lambda end: end.acked_ns)
        return [self._known(end, of) for end in ends]

    def _known(self, end: End, of: Mapping[str, Sequence[Entry]]) -> Known:
        since = self.start.ms(end.first_ns) - OFF_MS
        until = self.start.ms(end.acked_ns) + OFF_MS
        times = [(entry, ids.created_ms(entry.id)) for entry in of.get(end.target, ())]
        own = frozenset(entry.id for entry, at in times if since <= at <= until)
        if not end.beside or (own and end.tries == 1):
            return Known(end, own, own=True)
        began = ids.created_ms(end.target) - OFF_MS
        wide = [*of.get(end.target, ()), *of.get("wide", ()), *of.get(end.user_id or "", ())]
        found = (entry.id for entry in wide if began <= ids.created_ms(entry.id) <= until)
        return Known(end, frozenset(found), own=False)

    def check(self, follow: Follow, *, most: int, random: Random) -> Findings:
        """Check every ending, after `most` cursors at most: the last ones before the endings."""
        found = Findings(endings=len(self.known))
        for one in self.known:
            if not one.entries:
                found.violations.append(f"{_of(one.end)}: no entry tells of it")
            elif one.own:
                acked = self.start.ms(one.end.acked_ns)
                late = acked - min(ids.created_ms(entry) for entry in one.entries)
                found.latest_ms = max(found.latest_ms, late)
        told = [one for one in self.known if one.entries]
        for poll in self._chosen(told, most, random):
            self._check_cursor(poll, told, follow, found)
        for chain in self.chains.values():
            self._check_chain(chain, told, found)
        return found

    def _chosen(self, told: Sequence[Known], most: int, random: Random) -> Sequence[Poll]:
        """Of each chain, the last cursor before each acknowledgement."""
        chosen: dict[str, Poll] = {}
        for chain in self.chains.values():
            received = [poll.received_ns for poll in chain]
            for one in told:
                at = bisect_left(received, one.end.acked_ns) - 1
                if at >= 0:
                    chosen[chain[at].cursor] = chain[at]
        polls = list(chosen.values())
        return polls if len(polls) <= most else random.sample(polls, most)

    def _check_cursor(
        self, poll: Poll, told: Sequence[Known], follow: Follow, found: Findings
    ) -> None:
        handed = self.start.ms(poll.received_ns)
        after = [
            one
            for one in told
            if one.end.acked_ns > poll.received_ns
            and self.start.ms(one.end.acked_ns) < handed + NEAR_MS
        ]
        after = [one for one in after if one.own or not self._told_before(poll, one)]
        entries = follow(poll.cursor, [one.entries for one in after])
        found.followed += 1
        found.pairs += len(after)
        for one in after:
            if not one.entries & entries:
                found.violations.append(
                    f"{_of(one.end)}: not after a cursor of {poll.chain}, which was handed out "
                    f"{(one.end.acked_ns - poll.received_ns) / 1e6:.0f} ms before"
                )

    def _told_before(self, poll: Poll, one: Known) -> bool:
        """Whether the cursor's holder had been told, or began when it was done."""
        chain = self.chains[poll.chain]
        began = self.start.ms(chain[0].sent_ns)
        if any(began - ids.created_ms(entry) > KNOWN_MS for entry in one.entries):
            return True
        earlier = (p for p in chain if p.received_ns <= poll.received_ns)
        return any(one.entries & {*p.ids} for p in earlier)

    def _check_chain(self, chain: Sequence[Poll], told: Sequence[Known], found: Findings) -> None:
        first: dict[str, int] = {}
        for number, poll in enumerate(chain):
            for entry in poll.ids:
                first.setdefault(entry, number)
        sweeps = list(_sweeps(chain))
        begun = [chain[sweep[0]].sent_ns for sweep in sweeps]
        for one in told:
            if not one.own or one.end.acked_ns < chain[0].received_ns:
                continue
            at = bisect_left(begun, one.end.acked_ns)
            if at == len(sweeps):
                continue
            found.in_time += 1
            if min(first.get(e, len(chain)) for e in one.entries) > sweeps[at][1]:
                sent = (begun[at] - one.end.acked_ns) / 1e6
                found.violations.append(
                    f"{_of(one.end)}: not told to {chain[0].chain} by the sweep that began "
                    f"{sent:.0f} ms after"
                )


def _sweeps(chain: Sequence[Poll]) -> Iterable[tuple[int, int]]:
    """The first and the last page of each sweep that was finished."""
    first = 0
    for number, poll in enumerate(chain):
        if not poll.more:
            yield first, number
            first = number + 1


def _of(end: End) -> str:
    tries = f" (tries: {end.tries})" if end.tries > 1 else ""
    return f"{end.way}{tries} of {end.target}"
