"""Ids sort by time, secrets are 256 bits, and garbage is never an id."""

import hypothesis.strategies as st
from hypothesis import given

from sojourn import ids

TIMES = st.integers(0, 2**48 - 1)


@given(first=TIMES, second=TIMES)
def test_ids_sort_by_creation(first: int, second: int) -> None:
    """Sorting by id sorts by the millisecond of creation."""
    low, high = sorted((first, second))
    if low < high:
        assert ids.new_id("usr", low) < ids.new_id("usr", high)
    assert ids.created_ms(ids.new_id("usr", low)) == low


@given(now=TIMES, user=st.integers(0, ids.MAX_GENERATION), realm=st.integers(0, 10**6))
def test_session_ids_carry_the_way_to_their_user(now: int, user: int, realm: int) -> None:
    """A session id gives back its user and the generations in which it began."""
    user_id = ids.new_id("usr", now)
    text = ids.new_session_id(
        created_ms=now, user_id=user_id, user_generation=user, realm_generation=realm
    )
    parsed = ids.parse_session_id(text)
    assert parsed == ids.SessionId(text, user_id, user, realm)
    assert ids.created_ms(text) == now


@given(st.text(max_size=80))
def test_garbage_is_no_id(text: str) -> None:
    """Whatever is not shaped as an id is None, and never an exception."""
    assert ids.parse_session_id(text) is None
    assert ids.credential_owner(text) is None
    assert ids.secret_owner("ks", "key", text) is None
    assert not ids.is_id("rl", text)


def test_no_id_twice() -> None:
    """80 random bits: ids of one millisecond differ."""
    assert len({ids.new_id("usr", 1) for _ in range(10_000)}) == 10_000


def test_secrets_name_their_owner() -> None:
    """A secret names what it opens, and holds 256 random bits behind that."""
    key_id = ids.new_id("key", 1)
    secret = ids.new_secret("ks", key_id)
    assert ids.secret_owner("ks", "key", secret) == key_id
    assert ids.secret_owner("ak", "usr", secret) is None
    assert len(secret) == 3 + ids.BODY + ids.SECRET
    assert 62**ids.SECRET > 2**256


def test_trailing_newline_is_no_id() -> None:
    """A shape is matched whole: not even a line's end may follow."""
    assert not ids.is_id("rl", ids.new_id("rl", 1) + "\n")
    assert ids.parse_session_id("kss_" + "0" * 54 + "\n") is None
