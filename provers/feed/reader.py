"""A reader of the feed: it polls, and keeps every cursor that it is given."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from provers.feed.process import Part, running
from provers.feed.records import Played, Poll
from tests.support.http_world import World

CHAINS: Final = 0.15
"""How much of a race a reader follows one chain of cursors, before it begins anew."""
PAUSE: Final = 0.1
"""Seconds between the polls of a reader who has read everything."""


def path(realm_id: str, *, after: str | None, limit: int) -> str:
    """Where a page is asked for."""
    since = "" if after is None else f"&after={after}"
    return f"/v1/revocations?realm_id={realm_id}&max_results={limit}{since}"


@dataclass(frozen=True, slots=True)
class Reader:
    """Polls with pages of `limit` results, which instances with different clocks answer."""

    name: str
    limit: int
    ahead: Sequence[float]

    def run(self, part: Part, worlds: Sequence[World], random: Random, played: Played) -> None:
        whole = part.until_ns - part.start.ns
        began, chain = time.monotonic_ns(), 0
        cursor: str | None = None
        while running(part):
            if time.monotonic_ns() - began > CHAINS * whole:
                began, chain, cursor = time.monotonic_ns(), chain + 1, None
            world = random.choice(worlds)
            sent = time.monotonic_ns()
            at = path(world.realm_id, after=cursor, limit=self.limit)
            answer = world.call("GET", at, bearer=world.key)
            received = time.monotonic_ns()
            world.answered.clear()
            if answer.status != 200:
                played.counts[f"polls {answer.status}"] += 1
                assert answer.status == 503, answer
                continue
            cursor = str(answer.body["cursor"])
            ids = tuple(entry["id"] for entry in answer.body["collection"])
            more = bool(answer.body["more_results"])
            name = f"{self.name}/{chain}"
            played.polls.append(Poll(name, sent, received, cursor, ids, more))
            if not more:
                time.sleep(PAUSE)
