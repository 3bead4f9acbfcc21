"""Mode "cached": an answer counts for 80 to 100 % of S = 20 seconds."""

from collections.abc import Iterator

from tools.client_vectors.course import (
    AWAY,
    JWKS,
    LOST,
    SESSION,
    Course,
    answer,
    ended,
    problem,
    stands,
)
from tools.client_vectors.keys import key_set
from tools.client_vectors.tokens import SESSIONS, START, bad, unasked

FIRST = [JWKS, SESSION]
S = 20
ENDED = {"reason": "evicted", "ended_at": START + 1.0}


def cases() -> Iterator[Course]:
    """Every case."""
    yield from _tokens()
    yield from _keys()
    yield from _bound()
    yield from _clocks()
    yield from _away()


def case_of(name: str, session: str = "ada") -> Course:
    """A case whose session stands, and has just been accepted."""
    case = Course("cached", name)
    case.answers(SESSION, stands(session))
    case.accepts(session, FIRST)
    return case


def _tokens() -> Iterator[Course]:
    for name in ("ada", "ada es", "bob", "unmanaged", "open-ended"):
        case = case_of(f"remembered: {name}", name)
        case.passes(10)
        told = {"id": SESSIONS[name].id, "email": f"{SESSIONS[name].user}@example.com"}
        case.accepts(name, session=told)
        yield case
    case = Course("cached", "a token of a former issuer")
    case.answers(SESSION, stands("bob"))
    case.accepts("former issuer", FIRST)
    yield case
    for why in bad():
        case = Course("cached", f"refused by itself: {why}")
        case.answers(SESSION, stands("bob"))
        case.accepts("bob", FIRST)
        case.verify(why, "token_invalid")
        yield case
    for why in unasked():
        case = Course("cached", f"refused without a question: {why}")
        case.verify(why, "token_invalid")
        yield case
    case = case_of("expired, by its own clock", "short")
    case.passes(99)
    case.accepts("short", [SESSION])
    case.passes(0.999)
    case.accepts("short")
    case.passes(0.001)
    case.verify("short", "session_expired")
    yield case


def _keys() -> Iterator[Course]:
    case = case_of("made-up keys ask for one key set in five seconds", "bob")
    for _ in range(3):
        case.verify("unknown key", "token_invalid")
    case.passes(5)
    case.verify("unknown key", "token_invalid", [JWKS])
    case.verify("unknown key", "token_invalid")
    yield case

    case = case_of("a new key is fetched, and one that went is not kept", "bob")
    case.answers(JWKS, answer(200, key_set("ed2")))
    case.answers(SESSION, stands("next key"))
    case.passes(5)
    case.accepts("next key", FIRST)
    case.verify("ada", "token_invalid")
    yield case

    case = Course("cached", "without keys nothing is known of any token")
    case.answers(JWKS, AWAY)
    case.verify("bob", "unavailable", [JWKS] * 3)
    case.verify("bob", "unavailable")
    case.answers(JWKS, answer(200, key_set("ed")))
    case.answers(SESSION, stands("bob"))
    case.passes(5)
    case.accepts("bob", FIRST)
    yield case

    weak = {"keys": [{**key_set("ed")["keys"][0], "alg": "RS256"}]}
    for told in ({"keys": "none"}, {"message": "Hello"}):
        case = Course("cached", f"no key set: {told}")
        case.answers(JWKS, answer(200, told))
        case.verify("bob", "unavailable", [JWKS])
        yield case
    case = Course("cached", "a key whose algorithm is another kind's is no key")
    case.answers(JWKS, answer(200, weak))
    case.verify("bob", "token_invalid", [JWKS])
    yield case

    case = Course("cached", "a key set with a private key in it is not taken")
    case.answers(JWKS, answer(200, {"keys": [{**key_set("ed")["keys"][0], "d": "AA"}]}))
    case.verify("bob", "token_invalid", [JWKS])
    yield case

    case = case_of("keys of 15 minutes are fetched in the background", "ada")
    case.passes(900)
    case.answers(SESSION, stands("bob"))
    case.accepts("bob", [JWKS, SESSION])
    yield case


def _bound() -> Iterator[Course]:
    case = case_of("ended within the bound is accepted, and refused at S for certain")
    case.answers(SESSION, ended(1.0))
    case.passes(11)
    case.accepts("ada")
    case.passes(9)
    case.verify("ada", "session_ended", [SESSION], ending=ENDED)
    case.verify("ada", "session_ended", ending=ENDED)
    yield case

    case = case_of("asked for again in the background, before it is too old")
    case.passes(15.5)
    case.accepts("ada", [SESSION])
    case.passes(10)
    case.accepts("ada")
    yield case

    case = case_of("asked for again in the background, every five seconds if nothing comes of it")
    case.answers(SESSION, answer(502))
    case.passes(15.5)
    case.accepts("ada", [SESSION] * 3)
    case.accepts("ada")
    yield case

    case = case_of("an end that the background learned of")
    case.answers(SESSION, ended(1.0))
    case.passes(15.5)
    case.accepts("ada", [SESSION])
    case.verify("ada", "session_ended", ending=ENDED)
    yield case

    case = Course("cached", "the realm's own bound counts if it is less")
    case.answers(SESSION, stands("ada", revalidate_after=5))
    case.accepts("ada", FIRST)
    case.passes(3)
    case.accepts("ada")
    case.passes(2)
    case.accepts("ada", [SESSION])
    yield case

    case = case_of("one request may want to know better")
    case.passes(2)
    case.accepts("ada", within=3)
    case.accepts("ada", [SESSION], within=2)
    case.accepts("ada", [SESSION], within=0)
    case.answers(SESSION, ended(1.0))
    case.verify("ada", "session_ended", [SESSION], within=0, ending=ENDED)
    yield case

    case = case_of("a refusal that is no end is asked about again")
    case.answers(SESSION, problem(401, "token_invalid"))
    case.verify("ada", "token_invalid", [SESSION], within=0)
    case.verify("ada", "token_invalid", [SESSION])
    case.answers(SESSION, stands("ada"))
    case.accepts("ada", [SESSION])
    yield case

    case = case_of("an end of this process' own is seen at once")
    case.answers(SESSION, ended(1.0))
    case.passes(1)
    case.ends("ada")
    case.verify("ada", "session_ended", [SESSION], ending=ENDED)
    yield case

    case = Course("cached", "an answer about another session is never taken")
    case.answers(SESSION, stands("bob"))
    case.verify("ada", "unavailable", FIRST)
    case.verify("ada", "unavailable", [SESSION])
    yield case


def _clocks() -> Iterator[Course]:
    case = case_of("an answer is as old as its question")
    case.answers(SESSION, stands("ada", takes=4))
    case.passes(S)
    case.accepts("ada", [SESSION])
    case.passes(S - 4)
    case.accepts("ada", [SESSION])
    yield case

    case = case_of("a wall clock that is set back makes nothing younger")
    case.set_back(1000)
    case.passes(S)
    case.answers(SESSION, ended(1.0))
    case.verify("ada", "session_ended", [SESSION], ending=ENDED)
    yield case

    case = case_of("a machine that slept asks")
    case.suspended(S)
    case.answers(SESSION, ended(1.0))
    case.verify("ada", "session_ended", [SESSION], ending=ENDED)
    yield case

    case = case_of("a wall clock that is set forward asks more, never less")
    case.suspended(1000)
    case.accepts("ada", [SESSION])
    case.accepts("ada")
    yield case


def _away() -> Iterator[Course]:
    case = case_of("the service is away: accepted within S, then never")
    case.answers(SESSION, AWAY)
    case.passes(11)
    case.accepts("ada")
    case.passes(9)
    case.verify("ada", "unavailable", [SESSION] * 3)
    case.answers(SESSION, stands("ada"))
    case.accepts("ada", [SESSION])
    case.accepts("ada")
    yield case

    case = Course("cached", "the service is silent, and nothing is known")
    case.answers(SESSION, LOST)
    case.verify("ada", "unavailable", [JWKS, *[SESSION] * 3])
    yield case

    case = case_of("an error of the service is not remembered")
    case.answers(SESSION, problem(403, "edge_required"))
    case.passes(S)
    case.verify("ada", "refused", [SESSION])
    case.answers(SESSION, stands("ada"))
    case.accepts("ada", [SESSION])
    yield case
