"""The size of a token, computed before it is signed."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.crypto import unsigned_token
from sojourn.crypto.token_claims import claims_of
from sojourn.crypto.token_sizes import (
    SECONDS,
    USERS,
    TokenSizes,
    at_stake,
    check_user,
    grows,
    longest,
)
from sojourn.crypto.unverified_token import LONGEST
from sojourn.domain.errors import Invalid
from sojourn.domain.policy import JWT_FIELDS
from sojourn.domain.realm import Realm
from sojourn.domain.session import AuthMethod
from sojourn.domain.user import User, UserType
from tests.unit.crypto.test_tokens import NOW, PAIRS
from tests.unit.directory.people import LARGE, People
from tests.unit.domain.test_session_rules import a_user, realm

KEYS = {algo: replace(public, signs_from_ms=0) for algo, (public, _) in PAIRS.items()}
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
CUSTOM = st.dictionaries(
    TEXT,
    st.recursive(
        TEXT | st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
        max_leaves=5,
    ),
    max_size=4,
)
WIDE = replace(realm().settings, jwt_fields=JWT_FIELDS)


def of(algos: list[str], **settings: Any) -> Realm:
    """A realm with keys of these algorithms; the first is the one of its settings."""
    wanted = replace(WIDE, **{"jwt_algo": algos[0], **settings})
    return replace(realm(), settings=wanted, keys={KEYS[a].id: KEYS[a] for a in algos})


def token(user: User, owner: Realm, algo: str, method: AuthMethod) -> str:
    """A token as a login signs it."""
    by_key = user.user_type == "api"
    managed = owner.settings.session_type == "managed" and not by_key
    minutes = owner.settings.api_key_minutes if by_key else owner.settings.session_minutes
    claims = claims_of(
        user,
        owner,
        session_id="kss_" + "A" * 54,
        session_type="managed" if managed else "unmanaged",
        issued_at=NOW // 1000,
        expires_at=NOW // 1000 + 60 * minutes if minutes else None,
    )
    if not managed:
        claims["auth_method"] = method
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(unsigned_token, "LONGEST", 1_000_000)
        return unsigned_token.unsigned(claims, PAIRS[algo][1]).sign()


@given(
    custom=CUSTOM | st.none(),
    texts=st.tuples(*[TEXT | st.none()] * 3),
    fields=st.sets(st.sampled_from(JWT_FIELDS)),
    user_type=st.sampled_from(["human", "api"]),
    session_type=st.sampled_from(["managed", "unmanaged"]),
    minutes=st.sampled_from([0, 1, 525_600]),
    algos=st.lists(st.sampled_from(list(PAIRS)), min_size=1, max_size=3, unique=True),
)
def test_size_is_that_of_the_real_token(
    custom: dict[str, Any] | None,
    texts: tuple[str | None, ...],
    fields: set[str],
    user_type: UserType,
    session_type: str,
    minutes: int,
    algos: list[str],
) -> None:
    """The size is that of the largest real token, to the byte; a server's is a little less."""
    owner = of(
        algos,
        session_type=session_type,
        session_minutes=minutes or int(session_type == "managed"),
        api_key_minutes=minutes,
        jwt_fields=tuple(sorted(fields)),
    )
    username, name, email = texts
    user = replace(
        a_user(owner),
        user_type=user_type,
        username=username,
        name=name,
        email=email,
        custom=None if custom is None else json.dumps(custom, ensure_ascii=False),
    )
    size = longest(user, owner)
    own: AuthMethod = "api_key" if user_type == "api" else "password"
    assert size == max(len(token(user, owner, algo, own)) for algo in algos)
    by_server = max(len(token(user, owner, algo, "server")) for algo in algos)
    assert by_server <= size <= by_server + 4


def user(**fields: Any) -> User:
    """A user of the realm."""
    return replace(a_user(realm()), **fields)


def custom(size: int) -> str:
    """A custom of so many bytes."""
    return json.dumps({"a": "x" * (size - 8)})


def test_change_is_refused_when_it_makes_a_token_too_long() -> None:
    """A change is refused when the token grows over the limit, and says by how much."""
    owner = of(["rs256"])
    small, large, larger = (user(custom=custom(size)) for size in (100, 3_000, 3_003))
    over = longest(large, owner) - LONGEST
    assert over > 0
    with pytest.raises(Invalid) as refused:
        check_user(None, large, realm=owner)
    assert f"{over} over the limit of 4000" in refused.value.errors[0]
    with pytest.raises(Invalid):
        check_user(small, large, realm=owner)
    with pytest.raises(Invalid):
        check_user(large, larger, realm=owner)
    check_user(None, small, realm=owner)


def test_change_that_shortens_is_taken() -> None:
    """A token that is too long already may get shorter by a little, or stay."""
    owner = of(["rs256"])
    large, larger = user(custom=custom(3_000)), user(custom=custom(3_100))
    check_user(larger, large, realm=owner)
    check_user(large, replace(large, state="inactive"), realm=owner)


def test_limit_is_taken_to_the_byte() -> None:
    """A token of 4,000 bytes is one, and the next larger one is not."""
    owner = of(["eddsa"])
    fitting = max(
        size for size in range(2_000, 3_000) if longest(user(custom=custom(size)), owner) <= 4_000
    )
    check_user(None, user(custom=custom(fitting)), realm=owner)
    with pytest.raises(Invalid):
        check_user(None, user(custom=custom(fitting + 1)), realm=owner)
    assert longest(user(custom=custom(fitting)), owner) >= 3_999


NARROW: dict[str, Any] = {"jwt_fields": ("username",)}


@pytest.mark.parametrize(
    ("before", "after", "longer"),
    [
        (of(["rs256"]), of(["rs256"]), False),
        (of(["rs256"], **NARROW), of(["rs256"]), True),
        (of(["rs256"]), of(["rs256"], **NARROW), False),
        (of(["rs256"], jwt_fields=("custom",)), of(["rs256"], jwt_fields=("name",)), True),
        (of(["es256"]), of(["rs256", "es256"]), True),
        (of(["rs256"]), of(["es256", "rs256"]), False),
        (of(["rs256"]), of(["eddsa"]), False),
        (of(["rs256"]), of(["rs256"], session_type="unmanaged"), True),
        (of(["rs256"], session_type="unmanaged"), of(["rs256"]), False),
        (of(["rs256"], api_key_minutes=0), of(["rs256"], api_key_minutes=9), True),
        (of(["rs256"]), of(["rs256"], max_sessions=1, max_staleness_seconds=1), False),
    ],
)
def test_what_makes_tokens_longer(before: Realm, after: Realm, longer: bool) -> None:
    """A field more, a larger signature, an `exp` more, and unmanaged sessions; nothing else."""
    assert grows(before, after) is longer


def test_most_changes_are_no_matter_of_the_realms() -> None:
    """Only what some setting of the realm could make too long hangs on the realm's version."""
    owner = of(["eddsa"], **NARROW)
    small, large = user(custom=custom(500)), user(custom=custom(3_000))
    assert not at_stake(None, small, realm=owner)
    assert at_stake(None, large, realm=owner)
    assert at_stake(small, large, realm=owner)
    assert not at_stake(large, replace(large, state="inactive"), realm=owner)
    assert not at_stake(large, small, realm=owner)


# Changes of a realm.


@pytest.fixture
def people() -> People:
    """A realm whose tokens carry a username."""
    people = People()
    people.newer(jwt_fields=("username",))
    return people


def sizes(people: People) -> TokenSizes:
    """The look at the realm's users."""
    return people.realms.sizes


def carrying(people: People, *fields: str) -> Realm:
    """The realm as it would be if its tokens carried these."""
    return replace(people.realm, settings=replace(people.realm.settings, jwt_fields=fields))


def test_realms_change_names_the_user_whom_it_does_not_fit(people: People) -> None:
    """A realm's change is refused by the first user whose token would be too long by it."""
    people.create("eve", custom=LARGE)
    made = people.create("ada", custom={"a": 1})
    wide = carrying(people, "username", "custom")
    with pytest.raises(Invalid) as refused:
        sizes(people).check_realm(people.realm, wide)
    assert f"The token of user {people.holder('eve')}" in refused.value.errors[0]
    people.users.delete(people.server, "eve")
    sizes(people).check_realm(people.realm, wide)
    assert made.id == people.holder("ada")


def test_change_that_makes_no_token_longer_looks_at_nobody(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If no token gets longer, no user is read."""
    monkeypatch.setattr(people.store.directory, "users_of_realm", None)
    sizes(people).check_realm(people.realm, carrying(people))


def test_user_who_is_too_large_already_forbids_no_other_change(people: People) -> None:
    """A token that was too long before is no reason against a change that leaves its length."""
    people.create("ada", custom=LARGE)
    wide = carrying(people, "username", "custom")
    sizes(people).check_realm(wide, carrying(people, "username", "custom", "name", "email"))


@pytest.mark.parametrize("late", ["users", "seconds"])
def test_realms_users_are_looked_at_as_far_as_it_goes(
    people: People, monkeypatch: pytest.MonkeyPatch, late: str
) -> None:
    """A thousand users are looked at, or five seconds long; who is behind that is not."""
    batches: list[int] = []

    def read(asked: Sequence[str]) -> list[None]:
        batches.append(len(asked))
        people.clock.advance(SECONDS if late == "seconds" else 0)
        return [None] * len(asked)

    page = [f"usr_{number:022}" for number in range(100)]
    monkeypatch.setattr(people.store.directory, "users_of_realm", lambda *_, **__: (page, True))
    monkeypatch.setattr(people.store.users, "get_many", read)
    sizes(people).check_realm(people.realm, carrying(people, "username", "custom"))
    assert sum(batches) == (100 if late == "seconds" else USERS)
