"""Counts of a realm's sessions on the in-memory store: complete or limited."""

from collections.abc import Callable, Sequence

import pytest

from sojourn.domain.errors import Unavailable
from sojourn.domain.session import Session
from sojourn.domain.user import User
from sojourn.sessions.counts import PAGE, SECONDS, USERS, Census, Count
from tests.unit.directory.people import People


@pytest.fixture
def people() -> People:
    """A realm without users in its list."""
    return People()


def census(people: People) -> Census:
    """The counts of the realm."""
    return people.realm_ends.census


def everybody(_: Session) -> bool:
    """Whether a session is wanted: each is."""
    return True


def users(people: People, number: int) -> list[str]:
    """Users with a session each, who are in the realm's list."""
    every = [people.create(f"user{n}").id for n in range(number)]
    for user_id in every:
        people.login(user_id)
    return every


def before_each_read(
    monkeypatch: pytest.MonkeyPatch, people: People, act: Callable[[int], None]
) -> None:
    """What happens before each batch of users is read, by its number from 1."""
    read, batches = people.store.users.get_many, [0]

    def reading(user_ids: Sequence[str]) -> Sequence[User | None]:
        batches[0] += 1
        act(batches[0])
        return read(user_ids)

    monkeypatch.setattr(people.store.users, "get_many", reading)


def test_count_is_of_wanted_sessions_that_live(people: People) -> None:
    """Unwanted and expired sessions, and those of other realms' users, are not counted."""
    users(people, PAGE + 2)
    count = census(people).count
    assert count(people.realm_id, everybody) == Count(sessions=PAGE + 2, complete=True)
    assert count(people.realm_id, lambda _: False) == Count(sessions=0, complete=True)
    assert count(people.new_realm().id, everybody) == Count(sessions=0, complete=True)
    people.clock.advance(365 * 86_400)
    assert count(people.realm_id, everybody) == Count(sessions=0, complete=True)


def test_user_who_is_gone_meanwhile_has_none(people: People) -> None:
    """A user who was listed and is no more counts for nothing."""
    every = users(people, 2)
    people.store.users.remove(every[0])
    assert census(people).count(people.realm_id, everybody) == Count(sessions=1, complete=True)


@pytest.mark.parametrize("seconds", [SECONDS, SECONDS * 10])
def test_slow_store_is_counted_as_far_as_it_came(
    people: People, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    """However slow the store is, the users that it gave are counted, and the rest is said."""
    users(people, PAGE + 2)
    before_each_read(monkeypatch, people, lambda _: people.clock.advance(seconds))
    found = census(people).count(people.realm_id, everybody)
    assert found == Count(sessions=PAGE, complete=False)


@pytest.mark.parametrize("batch", [1, 2])
def test_store_that_goes_away_leaves_what_was_counted(
    people: People, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    """A store that stops answering ends the count with what it gave before."""
    users(people, PAGE + 2)

    def away(number: int) -> None:
        if number >= batch:
            raise Unavailable

    before_each_read(monkeypatch, people, away)
    found = census(people).count(people.realm_id, everybody)
    assert found == Count(sessions=PAGE * (batch - 1), complete=False)


def test_large_realm_is_counted_to_a_bound(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two thousand users are looked at, and that there are more is said."""
    batches: list[int] = []
    page = [f"usr_{number:022}" for number in range(PAGE)]
    monkeypatch.setattr(people.store.directory, "users_of_realm", lambda *_, **__: (page, True))
    before_each_read(monkeypatch, people, batches.append)
    found = census(people).count(people.realm_id, everybody)
    assert (found, len(batches)) == (Count(sessions=0, complete=False), USERS // PAGE)
