"""Mode "feed": how long what is known stands, when polls fail and clocks are moved."""

from collections.abc import Iterator

from tools.client_vectors.course import (
    AWAY,
    FEED,
    JWKS,
    VALIDATE,
    Course,
    answer,
    entry,
    inactive,
    page,
    problem,
)
from tools.client_vectors.feed_course import S, case_of, polled
from tools.client_vectors.tokens import SESSIONS

BOB = SESSIONS["bob"]


def cases() -> Iterator[Course]:
    """Every case."""
    yield from _freshness()
    yield from _clocks()


def _freshness() -> Iterator[Course]:
    case = case_of("a feed that is late: accepted within S, then asked for", "ada")
    case.answers(FEED, AWAY)
    case.passes(10)
    asks = [f"{FEED}?after=c1"] * 3
    case.polls(asks=asks, fresh=True, failures=1)
    case.accepts("ada")
    case.passes(9)
    case.accepts("ada", [VALIDATE])
    case.polls(asks=asks, fresh=False, failures=2)
    case.accepts("ada")
    case.answers(VALIDATE, AWAY)
    case.passes(S)
    case.verify("ada", "unavailable", [VALIDATE] * 3)
    case.answers(FEED, page("c2"))
    case.polls("c1", fresh=True, staleness=0, failures=0)
    case.accepts("ada")
    yield case

    case = case_of("nothing new, by the ETag, for a minute", "ada")
    case.answers(FEED, page("c2", headers={"etag": 'W/"1"'}), answer(304))
    case.polls("c1", fresh=True)
    for _ in range(5):
        case.passes(10)
        case.polls("c2", etag='W/"1"', fresh=True, staleness=0)
        case.accepts("ada")
    case.passes(10)
    case.answers(FEED, page("c3"))
    case.polls("c2", fresh=True)
    yield case

    case = case_of("an entry without an id could not be told from another: no page", "ada")
    case.answers(FEED, page("c2", entry(1, 1, id=None, session_ids=[BOB.id])))
    case.polls("c1", fresh=True, staleness=1, failures=1)
    yield case

    case = case_of("a 304 that nobody asked for ends no sweep", "ada")
    case.passes(S - 2)
    case.answers(FEED, page("c2", more=True), answer(304))
    case.polls(asks=[f"{FEED}?after=c1", f"{FEED}?after=c2"], staleness=S - 1, failures=1)
    case.passes(1)
    case.accepts("ada", [VALIDATE])
    yield case

    case = case_of("a sweep of several pages is as old as its first question", "ada")
    first = page("c2", entry(1, 1, session_ids=[BOB.id]), more=True, takes=4)
    case.answers(FEED, first, page("c3", takes=4))
    case.polls(asks=[f"{FEED}?after=c1", f"{FEED}?after=c2"], fresh=True, staleness=8)
    case.passes(11)
    case.accepts("ada")
    case.passes(1)
    case.accepts("ada", [VALIDATE])
    case.verify("bob", "session_ended")
    yield case

    case = case_of("a sweep that is torn makes nothing fresh, and goes on where it was", "ada")
    first = page("c2", entry(1, 1, session_ids=[BOB.id]), more=True)
    case.answers(FEED, first, answer(500))
    case.passes(S - 2)
    asks = [f"{FEED}?after=c1", f"{FEED}?after=c2"]
    case.polls(asks=asks, fresh=True, staleness=S - 1, failures=1)
    case.verify("bob", "session_ended")
    case.passes(2)
    case.answers(FEED, page("c3"))
    case.polls("c2", fresh=True, staleness=2, failures=0)
    yield case

    case = case_of("a page that is none makes nothing fresh", "ada")
    case.answers(FEED, answer(200, {"collection": [{"id": "rev_1"}], "cursor": "c2"}))
    case.passes(S)
    case.polls("c1", fresh=False, failures=1)
    case.accepts("ada", [VALIDATE])
    yield case

    case = Course("feed", "no cursor was given, and yet it has expired")
    case.answers(FEED, problem(410, "cursor_expired"))
    case.polls(fresh=False, failures=1)
    yield case

    case = Course("feed", "the access key may not read the feed")
    case.answers(FEED, problem(403, "permission_denied"))
    case.polls(fresh=False, failures=1)
    case.answers(VALIDATE, problem(403, "permission_denied"))
    case.verify("ada", "refused", [JWKS, VALIDATE])
    yield case

    case = case_of("one request may want to know better", "ada")
    case.passes(4)
    case.accepts("ada", within=6)
    case.accepts("ada", [VALIDATE], within=5)
    case.accepts("ada", [VALIDATE], within=0)
    yield case


def _clocks() -> Iterator[Course]:
    case = case_of("a wall clock that is set back makes nothing younger", "ada")
    case.set_back(1000)
    case.passes(S - 1)
    case.accepts("ada", [VALIDATE])
    yield case

    case = case_of("a machine that slept asks", "ada")
    case.suspended(S - 1)
    case.accepts("ada", [VALIDATE])
    yield case

    case = case_of("a session that has expired, though the wall clock was set back", "short")
    case.set_back(50)
    case.passes(98)
    polled(case, "c1")
    case.accepts("short")
    case.passes(1)
    case.answers(VALIDATE, inactive("session_expired"))
    case.verify("short", "session_expired", [VALIDATE])
    yield case

    case = case_of("expired, by its own clock", "short")
    case.passes(99)
    case.verify("short", "session_expired")
    yield case
