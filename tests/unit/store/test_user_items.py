"""Items of the sessions table: their attributes, and when cleanup has work for them."""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn.domain import ids
from sojourn.domain.session import Actor, Ended, Origin, Session
from sojourn.domain.user import Change, Credential, Known, User
from sojourn.store import user_items
from sojourn.store.expressions import encode
from tests.support import histories

NOW = histories.NOW
USER = User(id="usr_1", realm_id="rl_1", user_type="human", created_ms=NOW)
SESSION = Session(
    id="kss_1",
    created_ms=NOW,
    expires_at=NOW // 1000 + 60,
    auth_method="password",
    origin=Origin(ip="203.0.113.9", client="tests", reported=True),
    key_number=3,
)
ENDED = Ended(
    session=SESSION, ended_ms=NOW + 5, reason="logout", by=Actor(type="session", id="kss_2")
)


@given(change=histories.changes())
@settings(max_examples=25)
def test_users_come_back_as_they_were(change: Change) -> None:
    """Any user that the rules can make is the user of its item."""
    item = user_items.user_values(change.after) | {"pk": change.after.id}
    assert user_items.user_from(encode(item)) == change.after


@given(change=histories.changes())
@settings(max_examples=25)
def test_candidate_is_what_an_user_is_tried_by(change: Change) -> None:
    """A password is tried by the same values, whether or not the rest of the item was read."""
    user = change.after
    values = user_items.user_values(user)
    read = {name: value for name, value in values.items() if name in user_items.CANDIDATE}
    candidate = user_items.candidate_from(encode(read | {"pk": user.id}))
    for field in fields(candidate):
        assert getattr(candidate, field.name) == getattr(user, field.name)
    assert candidate.password == user.password
    for known in user.known:
        assert candidate.find_known(known.digest) == known
    assert candidate.find_known(b"?") is None


def test_user_item_of_a_user_who_has_done_nothing() -> None:
    """A user item has no attribute for what is absent, and none that cleanup would find it by."""
    assert user_items.user_values(USER) == {
        "realm_id": "rl_1",
        "user_type": "human",
        "created_ms": NOW,
        "v": 0,
        "state": "active",
        "generation": 0,
        "last_ms": 0,
        "credentials": {},
        "sessions": [],
        "pending": [],
    }


def test_user_item_of_a_user_with_everything() -> None:
    """A user item holds the user, the live sessions, and when the first of them is over."""
    credential = Credential("crd_1", "password", NOW, "secret", "name")
    user = replace(
        USER,
        version=7,
        username="ada",
        email="a@b.c",
        name="Ada",
        custom="{}",
        generation=2,
        spared="kss_0",
        last_ms=NOW,
        credentials={"crd_1": credential},
        sessions=(SESSION,),
        pending=(ENDED,),
        successes=4,
        unlocks=6,
        known=(Known(b"12345678", successes=5),),
    )
    values = user_items.user_values(user)
    assert values | {"sessions": [], "pending": []} == user_items.user_values(USER) | {
        "v": 7,
        "username": "ada",
        "email": "a@b.c",
        "name": "Ada",
        "custom": "{}",
        "generation": 2,
        "spared": "kss_0",
        "last_ms": NOW,
        "credentials": {
            "crd_1": {"type": "password", "created_ms": NOW, "secret": "secret", "name": "name"}
        },
        "proofs": 4,
        "unlocks": 6,
        "known": [[b"12345678", 5]],
        "due_shard": user_items.shard("usr_1"),
        "due_at": NOW // 1000,
    }
    assert values["sessions"] == [
        {
            "id": "kss_1",
            "created_ms": NOW,
            "expires_at": NOW // 1000 + 60,
            "auth_method": "password",
            "ip": "203.0.113.9",
            "client": "tests",
            "reported": True,
            "key": 3,
        }
    ]


def test_ended_record_says_when_it_may_go() -> None:
    """A record is kept until its time, by the TTL and by cleanup alike, and holds no key."""
    assert user_items.ended_item("usr_1", ENDED) == {
        "id": "kss_1",
        "created_ms": NOW,
        "expires_at": NOW // 1000 + 60,
        "auth_method": "password",
        "ip": "203.0.113.9",
        "client": "tests",
        "reported": True,
        "ended_ms": NOW + 5,
        "reason": "logout",
        "by_type": "session",
        "by_id": "kss_2",
        "ttl": NOW // 1000 + 60,
        "due_shard": user_items.shard("usr_1"),
        "due_at": NOW // 1000 + 60,
    }


def test_stripped_record_holds_nothing_of_where_it_began() -> None:
    """Rule 10: a deleted user's ended record has no address and no client, and says so."""
    values = user_items.ended_values(replace(ENDED, strip=True))
    assert values["strip"] is True
    assert not values.keys() & {"ip", "client", "reported"}
    found = user_items.ended_from(encode(values))
    assert found.strip
    assert found.session.origin == Origin(ip=None, client=None, reported=False)
    assert "strip" not in user_items.ended_values(ENDED)
    assert user_items.ended_from(encode(user_items.ended_values(ENDED))).strip is False


@given(st.integers(0, 2**48 - 1).map(lambda ms: ids.new_id("usr", ms)))
def test_shard_is_one_of_eight_and_always_the_same(user_id: str) -> None:
    """Users are spread over eight parts of the index; each stays in its own."""
    assert user_items.SHARDS == 8
    assert user_items.shard(user_id) == user_items.shard(user_id)
    assert user_items.shard(user_id) in range(8)


def test_users_are_spread_over_all_shards() -> None:
    """No part of the index holds everybody: all eight are used."""
    assert {user_items.shard(f"usr_{n}") for n in range(200)} == set(range(8))


def test_user_item_is_seen_without_what_logins_leave_in_it() -> None:
    """Others read all of a user item but its credentials and what is remembered of logins."""
    user = replace(
        USER,
        username="ada",
        email="a@b.c",
        name="Ada",
        custom="{}",
        spared="kss_9",
        sessions=(SESSION,),
        successes=3,
        known=(Known(digest=b"12345678", successes=2),),
        commits=(b"87654321",),
    )
    withheld = {"credentials", "proofs", "known"}
    of_index = {"due_at", "due_shard"}
    assert set(user_items.user_values(user)) == {*user_items.SEEN, *withheld, *of_index}
    assert not withheld & set(user_items.SEEN)


def test_record_is_read_for_all_that_an_ending_is() -> None:
    """An ended record is read for everything but what garbage collection goes by."""
    for ended in (ENDED, replace(ENDED, strip=True)):
        names = set(user_items.ended_item("usr_1", ended)) - {"ttl", "due_shard", "due_at"}
        assert names <= set(user_items.RECORD)
        item = encode(user_items.ended_item("usr_1", ended))
        assert user_items.ended_from({n: item[n] for n in names}) == user_items.ended_from(item)


CREDENTIAL = Credential("crd_1", "password", NOW, "secret", "name")
WHOLE = replace(
    USER, credentials={"crd_1": CREDENTIAL}, successes=2, known=(Known(b"12345678", 2),)
)


def seen(user: User) -> User:
    """The user as who reads it without credentials has it."""
    values = user_items.user_values(user) | {"pk": user.id}
    return user_items.user_from(
        encode({name: values[name] for name in values if name in ("pk", *user_items.SEEN)})
    )


@pytest.mark.parametrize(
    "look",
    [
        lambda user: user.password,
        lambda user: user.credentials["crd_1"],
        lambda user: "crd_1" in user.credentials,
        lambda user: len(user.credentials),
        lambda user: bool(user.credentials),
        lambda user: {**user.credentials},
    ],
)
def test_credentials_that_were_not_read_are_not_none_at_all(
    look: Callable[[User], object],
) -> None:
    """Looking up credentials that were not read is an error, not an empty set."""
    look(WHOLE)
    with pytest.raises(LookupError, match="Read the whole item"):
        look(seen(WHOLE))


@given(change=histories.changes())
@settings(max_examples=50)
def test_change_writes_exactly_what_differs(change: Change) -> None:
    """A commit sets the attributes that are new or other, and removes those that are gone."""
    old, new = user_items.user_values(change.before), user_items.user_values(change.after)
    changed, removed = user_items.difference(change.before, change.after)
    assert changed == {name: value for name, value in new.items() if old.get(name) != value}
    assert sorted(removed) == sorted(old.keys() - new.keys())


def test_change_of_a_user_without_credentials_leaves_them_as_they_are() -> None:
    """Attributes that were not read are not written; the others are as for a whole user."""
    for before in (WHOLE, seen(WHOLE)):
        after = replace(before, version=1, sessions=(SESSION,))
        changed, removed = user_items.difference(before, after)
        assert sorted(changed) == ["due_at", "due_shard", "sessions", "v"]
        assert removed == []
        assert user_items.difference(after, before)[1] == ["due_at", "due_shard"]


@pytest.mark.parametrize(
    "unread",
    [
        {"credentials": {}},
        {"credentials": {"crd_1": CREDENTIAL}},
        {"successes": 1},
        {"unlocks": 1},
        {"known": (Known(b"12345678", 1),)},
    ],
)
def test_change_of_what_was_not_read_is_an_error(unread: dict[str, Any]) -> None:
    """A commit that would overwrite credentials that it has not seen is never made."""
    before = seen(WHOLE)
    with pytest.raises(LookupError, match="were not read"):
        user_items.difference(before, replace(before, version=1, **unread))
    user_items.difference(WHOLE, replace(WHOLE, version=1, **unread))
