"""No valid name changes its meaning in a path: API Gateway decodes a path before it routes it."""

from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from local.events import decoded, match
from sojourn.domain import ids
from sojourn.domain.names import email_complaints, fold, username_complaints

ROUTES = [
    "GET /v1/users",
    "GET /v1/users/{id}",
    "DELETE /v1/users/{id}",
    "POST /v1/users/{id}/authenticate",
    "POST /v1/users/{id}/end_sessions",
    "POST /v1/users/authenticate_key",
    "DELETE /v1/sessions",
]
PIECES = st.text("ab@._-%/?#\\+ ;=&é2fF3.\u3002\uff0e\uff0f\uff20\u2024\u2025", max_size=12)
NAMES = st.one_of(
    PIECES,
    st.text(max_size=12),
    st.builds(lambda a, b: f"{a}@{b}", PIECES, PIECES),
    st.builds(lambda a, b: f"ada{a}@{b}.example", PIECES, PIECES),
)


# Most of what is drawn cannot be a name, and the tables of IDNA are read once.
MANY = settings(suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])


def can_be_made(name: str) -> bool:
    """Whether a user may have the name."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return not (email_complaints(name) if "@" in name else username_complaints(name))


def reached(method: str, name: str, after: str = "") -> str | None:
    """What a call of a user's path finds: the form of the name, or None for no user's route."""
    path = f"/v1/users/{quote(name, safe='')}{after}"
    found = match(ROUTES, method, path)
    return fold(found[1]["id"]) if found and found[1] else None


@MANY
@given(NAMES)
@example("ada?x@evil.example")
@example("a/b@x.com")
@example("a%2fb@x.com")
@example("ada#x@evil.example")
@example("..")
@example(".")
@example("authenticate_key")
def test_path_of_a_name_is_its_own(name: str) -> None:
    """Every valid name finds its user, and no other, by path on every user route."""
    assume(can_be_made(name))
    for method, after in (
        ("GET", ""),
        ("DELETE", ""),
        ("POST", "/authenticate"),
        ("POST", "/end_sessions"),
    ):
        assert reached(method, name, after) == fold(name)


@pytest.mark.parametrize(
    ("name", "other"),
    [("ada?x@evil.example", "ada"), ("ada#x@evil.example", "ada"), ("ada/../bob@x.example", None)],
)
def test_names_that_would_reach_another(name: str, other: str | None) -> None:
    """The paths of these end at another user, or at none; so they cannot be made."""
    assert reached("DELETE", name) in (other, "bob@x.example")
    assert not can_be_made(name)


@MANY
@given(NAMES)
def test_no_name_is_an_id(name: str) -> None:
    """A valid username is never looked up as an id."""
    assume(can_be_made(name))
    assert not ids.looks_like_id(fold(name))
    assert not ids.is_id("usr", name.strip())


@pytest.mark.parametrize(
    ("path", "as_routed"),
    [
        ("/v1/users/a%2Fb", "/v1/users/a/b"),
        ("/v1/users/ada%3Fx", "/v1/users/ada"),
        ("/v1/users/ada%23x", "/v1/users/ada"),
        ("/v1/users/ada%253Fx", "/v1/users/ada%3Fx"),
        ("/v1/users/a+b", "/v1/users/a+b"),
        ("/v1/users/%2e%2e/realms", "/v1/realms"),
        ("/v1/users/.", "/v1/users"),
        ("/../../v1", "/v1"),
        ("/v1/users/m%C3%BCn", "/v1/users/mün"),
    ],
)
def test_paths_are_decoded_once_and_before_routing(path: str, as_routed: str) -> None:
    """The local gateway reads paths as API Gateway does."""
    assert decoded(path) == as_routed
