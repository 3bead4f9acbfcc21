"""Mode "feed": cases that have polled, and what each next poll brings."""

from typing import Any

from tools.client_vectors.course import (
    FEED,
    JWKS,
    VALIDATE,
    Course,
    page,
    validated,
)

S = 20
"""Seconds: the staleness that is asked for."""


def case_of(name: str, *sessions: str, cache_size: int | None = None) -> Course:
    """A case that has polled, and validated some sessions since."""
    case = Course("feed", name, cache_size=cache_size)
    case.answers(FEED, page("c1"))
    case.polls(fresh=True, staleness=0, failures=0)
    for number, session in enumerate(sessions):
        case.answers(VALIDATE, validated(session))
        case.accepts(session, [VALIDATE] if number else [JWKS, VALIDATE])
    case.passes(1)
    return case


def polled(case: Course, cursor: str, *entries: dict[str, Any], **told: Any) -> None:
    """The next poll brings these entries."""
    number = int(cursor[1:])
    case.answers(FEED, page(f"c{number + 1}", *entries))
    case.polls(cursor, fresh=True, **told)
