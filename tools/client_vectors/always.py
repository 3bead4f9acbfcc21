"""Mode "always": the service is asked each time."""

from collections.abc import Iterator

from tools.client_vectors.course import AWAY, LOST, SESSION, Course, answer, ended, problem, stands
from tools.client_vectors.tokens import OTHER_REALM, SESSIONS, START, bad, unasked


def cases() -> Iterator[Course]:
    """Every case."""
    yield from _answers()
    yield from _failures()
    for why in unasked():
        case = Course("always", f"refused without a question: {why}")
        case.verify(why, "token_invalid")
        yield case
    for why in bad():
        case = Course("always", f"the service refuses it: {why}")
        case.answers(SESSION, problem(401, "token_invalid"))
        # What names no session, or another user's, may be asked for, and is never accepted.
        case.verify(why, "token_invalid", [SESSION])
        yield case


def _answers() -> Iterator[Course]:
    case = Course("always", "valid, and asked for each time")
    case.answers(SESSION, stands("ada"))
    session = {
        "id": SESSIONS["ada"].id,
        "user_id": SESSIONS["ada"].user_id,
        "session_type": "managed",
        "created_at": SESSIONS["ada"].created_at,
        "expires_at": SESSIONS["ada"].expires_at,
        "username": "ada",
        "email": "ada@example.com",
        "ip": "203.0.113.9",
        "custom": {"plan": ["pro"]},
    }
    case.accepts("ada", [SESSION], session=session)
    case.accepts("ada", [SESSION])
    yield case

    case = Course("always", "unmanaged and open-ended")
    case.answers(SESSION, stands("open-ended"))
    told = {"session_type": "unmanaged", "expires_at": None, "ip": None}
    case.accepts("open-ended", [SESSION], session=told)
    yield case

    case = Course("always", "expired")
    case.answers(SESSION, problem(401, "session_expired"))
    case.verify("ada", "session_expired", [SESSION])
    yield case

    case = Course("always", "ended: refused at once, with the reason")
    case.answers(SESSION, stands("ada"), ended(3.5))
    case.accepts("ada", [SESSION])
    ending = {"reason": "evicted", "ended_at": START + 3.5}
    case.verify("ada", "session_ended", [SESSION], ending=ending)
    yield case

    case = Course("always", "ended, and the service knows no reason any more")
    case.answers(SESSION, problem(401, "session_ended"))
    nothing = {"reason": None, "ended_at": None}
    case.verify("ada", "session_ended", [SESSION], ending=nothing)
    yield case

    case = Course("always", "an answer about another session is never taken")
    case.answers(SESSION, stands("bob"))
    case.verify("ada", "unavailable", [SESSION])
    yield case

    case = Course("always", "an answer of another realm")
    case.answers(SESSION, stands("ada", realm_id=OTHER_REALM))
    case.verify("ada", "token_invalid", [SESSION])
    yield case


def _failures() -> Iterator[Course]:
    unclear = {
        "a proxy's 401": answer(401, {"message": "Unauthorized"}),
        "a page in place of an answer": answer(200, "<html>"),
        "an answer without members": answer(200, {"active": True}),
        "an answer that says nothing": answer(200, {}),
        "a redirect": answer(302, headers={"location": "https://elsewhere.example.com/"}),
        "a code that is unknown, and active": answer(200, {"active": "yes", "code": "odd"}),
    }
    for why, told in unclear.items():
        case = Course("always", f"nothing is known after {why}")
        case.answers(SESSION, told)
        case.verify("ada", "unavailable", [SESSION])
        yield case

    for why, told in {"away": AWAY, "silent": LOST}.items():
        case = Course("always", f"the service is {why}: tried three times, and never a yes")
        case.answers(SESSION, told)
        case.verify("ada", "unavailable", [SESSION] * 3)
        yield case

    case = Course("always", "an error of the service, and then an answer")
    case.answers(SESSION, answer(502), stands("ada"))
    case.accepts("ada", [SESSION] * 2)
    yield case

    case = Course("always", "Retry-After is respected if it ends in time")
    later = answer(503, {"code": "unavailable"}, headers={"retry-after": "2"})
    case.answers(SESSION, later, stands("ada"))
    case.accepts("ada", [SESSION] * 2)
    yield case

    case = Course("always", "Retry-After that is too long is told")
    case.answers(SESSION, answer(503, {}, headers={"retry-after": "60"}))
    case.verify("ada", "unavailable", [SESSION], retry_after=60)
    yield case

    case = Course("always", "the API refuses the call itself")
    case.answers(SESSION, problem(403, "edge_required"))
    case.verify("ada", "refused", [SESSION])
    yield case

    case = Course("always", "an answer that took too long")
    case.answers(SESSION, stands("ada", takes=6))
    case.verify("ada", "unavailable", [SESSION])
    yield case

    case = Course("always", "a machine that slept in the call")
    case.answers(SESSION, stands("ada", suspended=5))
    case.verify("ada", "unavailable", [SESSION])
    yield case
