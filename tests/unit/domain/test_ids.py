"""Ids sort by time, secrets are 256 bits, and garbage is never an id."""

import secrets

import hypothesis.strategies as st
import pytest
from hypothesis import given

from sojourn.domain import ids

TIMES = st.integers(0, 2**48 - 1)


@given(first=TIMES, second=TIMES)
def test_ids_sort_by_creation(first: int, second: int) -> None:
    """Sorting by id sorts by the millisecond of creation."""
    low, high = sorted((first, second))
    if low < high:
        assert ids.new_id("usr", low) < ids.new_id("usr", high)
    assert ids.created_ms(ids.new_id("usr", low)) == low


@given(now=TIMES, user=st.integers(0, ids.MAX_GENERATION), realm=st.integers(0, ids.MAX_GENERATION))
def test_session_ids_carry_the_way_to_their_user(now: int, user: int, realm: int) -> None:
    """A session id gives back its user and the generations in which it began."""
    user_id = ids.new_id("usr", now)
    text = ids.new_session_id(
        created_ms=now, user_id=user_id, user_generation=user, realm_generation=realm
    )
    parsed = ids.parse_session_id(text)
    assert parsed is not None
    assert (parsed.text, parsed.user_id) == (text, user_id)
    assert (parsed.user_generation, parsed.realm_generation) == (user, realm)
    assert ids.created_ms(text) == now


@given(st.text(max_size=80))
def test_garbage_is_no_id(text: str) -> None:
    """A malformed id is None, never an exception."""
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


def test_base62_is_of_a_fixed_width() -> None:
    """A number is padded to its width, and one that does not fit is an error."""
    assert ids.encode(0, 3) == "000"
    assert ids.encode(61, 2) == "0z"
    assert ids.encode(62, 2) == "10"
    assert ids.encode(62**2 - 1, 2) == "zz"
    for number in (62**2, 62**3):
        with pytest.raises(ValueError, match="does not fit"):
            ids.encode(number, 2)
    assert (ids.decode("0z"), ids.decode("10"), ids.decode("")) == (61, 62, 0)
    assert len(ids.ALPHABET) == 62
    assert list(ids.ALPHABET) == sorted(set(ids.ALPHABET))


def test_shapes_are_of_one_length() -> None:
    """Every id and secret has the length that the documents give, and begins with its prefix."""
    assert (ids.BODY, ids.GENERATION, ids.SECRET) == (22, 5, 43)
    assert ids.MAX_GENERATION == 916_132_831
    user_id = ids.new_id("usr", 1)
    assert len(user_id) == 4 + 22
    session = ids.new_session_id(
        created_ms=1,
        user_id=user_id,
        user_generation=ids.MAX_GENERATION,
        realm_generation=ids.MAX_GENERATION,
    )
    assert len(session) == 4 + 22 + 22 + 5 + 5
    credential = ids.new_credential_id(user_id, 1)
    assert (len(credential), credential[:4]) == (4 + 22 + 22, "crd_")
    assert ids.credential_owner(credential) == user_id
    assert ids.created_ms(credential) == 1


@pytest.mark.parametrize("bits", [80, 256])
def test_random_bits_are_all_there(bits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids end in 80 random bits and secrets in 256, all of them the generator's."""
    asked: list[int] = []

    def most(count: int) -> int:
        asked.append(count)
        return (1 << count) - 1

    monkeypatch.setattr(secrets, "randbits", most)
    if bits == 80:
        assert ids.decode(ids.new_body(5)) == (5 << 80) + 2**80 - 1
    else:
        assert ids.decode(ids.new_secret("ak", "usr_1")[4:]) == 2**256 - 1
    assert asked == [bits]


def test_what_is_too_long_or_too_short_is_no_id() -> None:
    """A shape is met to the digit, by text alone, with its own prefix."""
    made = ids.new_id("rl", 1)
    assert ids.is_id("rl", made)
    for text in (made[:-1], made + "0", "x" + made, made.replace("rl", "xy"), None, 7, made[3:]):
        assert not ids.is_id("rl", text)
    session = ids.new_session_id(
        created_ms=1, user_id=ids.new_id("usr", 1), user_generation=0, realm_generation=0
    )
    credential = ids.new_credential_id(ids.new_id("usr", 1), 1)
    secret = ids.new_secret("ks", ids.new_id("key", 1))
    for text in (session[:-1], session + "0", credential, None, 7):
        assert ids.parse_session_id(text) is None
    for text in (credential[:-1], credential + "0", session, None, 7):
        assert ids.credential_owner(text) is None
    for text in (secret[:-1], secret + "0", session, None, 7, "ak" + secret[2:], "rl" + secret[2:]):
        assert ids.secret_owner("ks", "key", text) is None


def test_username_that_looks_like_an_id() -> None:
    """Every text that begins like an id, in any case, looks like an id."""
    for text in ("usr_", "RL_x", "kss_\n", "Key_1", "jky_a", "crd_"):
        assert ids.looks_like_id(text)
    for text in ("usr", "user_1", "ada", "xrl_1"):
        assert not ids.looks_like_id(text)


def test_digest_is_sha256() -> None:
    """Only the SHA-256 of a secret is stored."""
    assert ids.digest("abc").hex() == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
