"""Mode "feed", S = 20 seconds: accepted by what is known, while the feed is fresh."""

from collections.abc import Iterator

from tools.client_vectors import feed_freshness
from tools.client_vectors.course import (
    FEED,
    JWKS,
    VALIDATE,
    Course,
    entry,
    inactive,
    page,
    problem,
    validated,
)
from tools.client_vectors.feed_course import S, case_of, polled
from tools.client_vectors.keys import kid
from tools.client_vectors.tokens import SESSIONS, START, bad

_OTHERS = ("ada", "unmanaged", "next key")
"""Sessions of three users, none of them bob."""
ADA = SESSIONS["ada"]
BOB = SESSIONS["bob"]


def cases() -> Iterator[Course]:
    """Every case."""
    yield from _coverage()
    yield from _entries()
    yield from _settling()
    yield from _room()
    yield from feed_freshness.cases()
    yield from _tokens()


def _coverage() -> Iterator[Course]:
    case = Course("feed", "before the feed was read, a session is asked for in S seconds once")
    case.answers(VALIDATE, validated("ada"))
    case.accepts("ada", [JWKS, VALIDATE])
    case.passes(S - 1)
    case.accepts("ada")
    case.passes(1)
    case.accepts("ada", [VALIDATE])
    yield case

    case = case_of(
        "validated since coverage began: accepted for as long as the feed is fresh", "ada"
    )
    for number in range(1, 5):
        case.passes(5)
        polled(case, f"c{number}", staleness=0)
        case.accepts("ada", session={"email": "ada@example.com"})
    yield case

    case = Course("feed", "validated before coverage began: asked for again")
    case.answers(VALIDATE, validated("ada"))
    case.accepts("ada", [JWKS, VALIDATE])
    case.passes(1)
    case.answers(FEED, page("c1"))
    case.polls(fresh=True)
    case.passes(15)
    polled(case, "c1")
    case.passes(5)
    case.accepts("ada", [VALIDATE])
    yield case

    case = case_of("began after coverage, with a key that was confirmed: accepted unseen", "bob")
    case.passes(31)
    polled(case, "c1")
    told = {"id": SESSIONS["new"].id, "username": "bob", "email": None, "created_at": START + 30.5}
    case.accepts("new", session=told)
    yield case

    case = case_of("began after coverage by its id alone: asked for", "bob")
    case.passes(31)
    polled(case, "c1")
    case.answers(VALIDATE, validated("new"))
    case.accepts("dated forward", [VALIDATE])
    yield case

    case = case_of("another token of a session that was validated: asked for", "bob")
    case.accepts("bob")
    case.accepts("bob's second token", [VALIDATE])
    yield case

    case = case_of("began after coverage, with a key that was not: asked for", "ada")
    case.passes(31)
    polled(case, "c1")
    case.answers(VALIDATE, validated("new"))
    case.accepts("new", [VALIDATE])
    yield case

    case = Course("feed", "began before the feed is complete: asked for")
    case.answers(FEED, page("c1", since=40))
    case.polls(fresh=True)
    case.answers(VALIDATE, validated("bob"))
    case.accepts("bob", [JWKS, VALIDATE])
    case.answers(VALIDATE, validated("new"))
    case.accepts("new", [VALIDATE])
    yield case

    for code in ("cursor_expired", "cursor_invalid"):
        case = case_of(f"coverage begins anew after {code}", "ada")
        case.answers(f"{FEED}?after=c1", problem(410, code))
        case.answers(FEED, page("d1"))
        case.polls(asks=[f"{FEED}?after=c1", FEED], fresh=True, staleness=0)
        case.passes(S - 1)
        case.answers(f"{FEED}?after=d1", page("d2"))
        case.polls("d1", fresh=True)
        case.accepts("ada", [VALIDATE])
        case.accepts("ada")
        yield case


def _entries() -> Iterator[Course]:
    case = case_of("the end of a session: accepted until it is read, then refused", "ada", "bob")
    case.passes(9)
    case.accepts("ada")
    polled(case, "c1", entry(1, 2, session_ids=[ADA.id], user_id=ADA.user_id))
    told = {"reason": "logout", "ended_at": START + 2.0}
    case.verify("ada", "session_ended", ending=told)
    case.accepts("bob")
    yield case

    case = case_of("a session that is refused without ever having been seen", "bob")
    polled(case, "c1", entry(1, 2, session_ids=[ADA.id], user_id=ADA.user_id))
    case.verify("ada", "session_ended")
    yield case

    case = case_of("one entry with many sessions", "ada")
    polled(case, "c1", entry(1, 2, session_ids=[BOB.id, ADA.id], user_id=None))
    for name in ("ada", "bob"):
        case.verify(name, "session_ended")
    yield case

    case = case_of("the end of a user: the user's sessions are asked for", "ada", "bob")
    polled(case, "c1", entry(1, 2, scope="user", user_id=ADA.user_id))
    case.accepts("bob")
    case.passes(1)
    case.answers(VALIDATE, validated("ada"))
    case.accepts("ada", [VALIDATE])
    case.accepts("ada")
    polled(case, "c2", entry(1, 2, scope="user", user_id=ADA.user_id))  # repeated
    case.accepts("ada")
    yield case

    case = case_of("a session that began a minute after its user's end", "bob")
    polled(case, "c1", entry(1, 0, scope="user", user_id=BOB.user_id))
    case.passes(31)
    polled(case, "c2")
    case.answers(VALIDATE, validated("new"))
    case.accepts("new", [VALIDATE])
    case.passes(120)
    polled(case, "c3")
    case.accepts("newer")
    yield case

    unknown = entry(1, 2, scope="tenant", user_id=None)
    for why, ends in {"the realm": entry(1, 2, scope="realm"), "a kind unknown": unknown}.items():
        case = case_of(f"the end of {why}: every session is asked for", "ada", "bob")
        polled(case, "c1", ends)
        for name in ("ada", "bob"):
            case.answers(VALIDATE, inactive("session_ended", reason="realm_ended", ended_at=START))
            case.verify(name, "session_ended", [VALIDATE])
            case.verify(name, "session_ended")
        yield case

    case = case_of("the stop of a key: what it signed is asked for, for ever", "ada", "bob")
    polled(case, "c1", entry(1, 2, scope="key", key_id=kid("ed")))
    case.accepts("ada")
    case.answers(VALIDATE, inactive("token_invalid"))
    case.verify("bob", "token_invalid", [VALIDATE])
    case.verify("bob", "token_invalid", [VALIDATE])
    case.passes(160)
    polled(case, "c2")
    case.verify("newer", "token_invalid", [VALIDATE])
    yield case

    case = case_of("an end of this process' own is seen before the feed tells", "ada")
    case.ends("ada")
    case.answers(VALIDATE, inactive("session_ended", reason="logout", ended_at=START + 1.0))
    case.verify("ada", "session_ended", [VALIDATE])
    yield case


def _settling() -> Iterator[Course]:
    for scope, told in {"realm": {}, "key": {"key_id": kid("rs")}}.items():
        case = case_of(
            f"five seconds after a {scope}'s entry, an answer counts for one request", "ada"
        )
        polled(case, "c1", entry(1, 1, scope=scope, **told))
        case.passes(3)
        case.accepts("ada", [VALIDATE])
        case.accepts("ada", [VALIDATE])
        case.passes(2.5)
        case.accepts("ada", [VALIDATE])
        case.accepts("ada")
        yield case


def _room() -> Iterator[Course]:
    for scope in ("sessions", "users"):
        case = case_of(f"ends of {scope} that have no room are asked for", "bob", cache_size=2)
        case.accepts("bob")
        ends = [entry(n, 2, session_ids=[SESSIONS[name].id]) for n, name in enumerate(_OTHERS)]
        if scope == "users":
            ids = [f"usr_{n:022}" for n in range(3)]
            ends = [entry(n, 2, scope="user", user_id=each) for n, each in enumerate(ids)]
        polled(case, "c1", *ends)
        case.passes(1)
        case.accepts("bob", [VALIDATE])
        case.accepts("bob")
        yield case

    case = case_of("own ends that have no room begin coverage anew", "bob", cache_size=2)
    for name in _OTHERS:
        case.ends(name)
    case.passes(1)
    case.accepts("bob", [VALIDATE])
    case.answers(FEED, page("d1"))
    case.polls(fresh=True)
    yield case


def _tokens() -> Iterator[Course]:
    for name in ("unmanaged", "open-ended"):
        case = case_of(f"validated once: {name}", name)
        case.passes(10)
        polled(case, "c1")
        case.passes(10)
        case.accepts(name, session={"session_type": "unmanaged"})
        polled(case, "c2", entry(1, 2, scope="user", user_id=SESSIONS[name].user_id))
        case.answers(VALIDATE, inactive("session_ended"))
        case.verify(name, "session_ended", [VALIDATE])
        yield case
    for why in bad():
        case = case_of(f"refused by itself: {why}", "bob")
        case.verify(why, "token_invalid")
        yield case
    case = case_of("an answer about another session is never taken")
    case.answers(VALIDATE, validated("bob"))
    case.verify("ada", "unavailable", [JWKS, VALIDATE])
    yield case
