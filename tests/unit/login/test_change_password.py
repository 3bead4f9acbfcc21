"""A user's change of their own password, on the in-memory store."""

from dataclasses import replace
from typing import Literal

import pytest

from sojourn.crypto.tokens import Claims
from sojourn.domain.errors import CredentialWrong, Invalid, SessionEnded, TooManyAttempts
from sojourn.domain.session_rules import delete
from sojourn.domain.user import Change
from sojourn.login.bodies import PasswordBody
from tests.support.world import BY, meanwhile
from tests.unit.directory.people import PASSWORD, People

NEW = "another horse entirely"
HOME = "198.51.100.7"
Kept = Literal["none", "current", "all"]


@pytest.fixture
def people() -> People:
    """A realm with a human who has a password."""
    people = People()
    people.ada = people.create(password=PASSWORD).id
    return people


def change(
    people: People,
    claims: Claims,
    current: str = PASSWORD,
    new: str = NEW,
    keep: Kept = "current",
) -> None:
    """Change the password of whoever has that token."""
    people.password_change.change(
        people.again(claims),
        PasswordBody(current_password=current, password=new, keep_sessions=keep),
        ip=HOME,
    )


def is_password(people: People, password: str) -> bool:
    """Whether it is Ada's password."""
    known = people.stored(people.ada).password
    assert known is not None
    return people.users.hasher.verify(password, known.secret)


@pytest.mark.parametrize(
    ("keep", "reasons"),
    [
        ("none", ["password_changed", "password_changed"]),
        ("current", [None, "password_changed"]),
        ("all", [None, None]),
    ],
)
def test_change_ends_the_sessions_that_are_not_kept(
    people: People, keep: Kept, reasons: list[str | None]
) -> None:
    """Rule 8: all but the session that did it end, unless asked otherwise; it is the same one."""
    mine, other = people.login(people.ada), people.login(people.ada)
    before = people.stored(people.ada)
    change(people, mine, keep=keep)
    assert [people.reason(claims) for claims in (mine, other)] == reasons
    assert is_password(people, NEW)
    after = people.stored(people.ada)
    assert list(after.credentials) == list(before.credentials)
    for session in before.sessions:
        ended = people.store.users.ended(people.ada, session.id)
        assert ended is None or ended.by.id == mine.session.text


def test_wrong_password_changes_nothing_and_is_counted(people: People) -> None:
    """A wrong current password is input that is wrong; five in a row make the next try wait."""
    claims = people.login(people.ada)
    before = people.stored(people.ada)
    for _ in range(5):
        with pytest.raises(CredentialWrong):
            change(people, claims, current=NEW)
    with pytest.raises(TooManyAttempts):
        change(people, claims)
    assert people.stored(people.ada) == before
    people.clock.advance(30)
    change(people, claims)
    assert is_password(people, NEW)


def test_password_that_cannot_be_is_refused_before_it_is_tried(people: People) -> None:
    """A new password that is none, or is the user's name, costs no try."""
    claims = people.login(people.ada)
    people.update(people.ada, username="ada-lovelace")
    for _ in range(6):
        for new in ("short", "Ada-Lovelace"):
            with pytest.raises(Invalid):
                change(people, claims, current=NEW, new=new)
    change(people, claims)


def test_user_without_a_password_has_none_to_change(people: People) -> None:
    """A user without a password cannot change it."""
    people.ada = people.create("eve").id
    with pytest.raises(CredentialWrong):
        change(people, people.login(people.ada))
    assert people.stored(people.ada).credentials == {}


def test_session_that_ends_meanwhile_changes_no_password(people: People) -> None:
    """The session must be active in the very commit; one that ended before changes nothing."""
    claims = people.login(people.ada)
    meanwhile(
        people.store.users,
        "commit",
        lambda: people.terminator.logout(people.again(claims)),
    )
    with pytest.raises(SessionEnded):
        change(people, claims)
    assert is_password(people, PASSWORD)


def test_password_that_was_set_meanwhile_stays(people: People) -> None:
    """A password that an administrator sets between the check and the write is not overwritten."""
    theirs = "an administrator's choice"
    claims = people.login(people.ada)

    def set_by_another() -> None:
        found = people.stored(people.ada)
        assert found.password is not None
        fresh = replace(found.password, secret=people.users.hasher.hash(theirs))
        after = replace(found, credentials={fresh.id: fresh})
        people.store.users.commit(Change(before=found, after=after))

    meanwhile(people.store.users, "commit", set_by_another)
    with pytest.raises(CredentialWrong):
        change(people, claims, keep="all")
    assert is_password(people, theirs)


def test_session_that_begins_meanwhile_ends_too(people: People) -> None:
    """A session that began between the check and the write is one of those that end."""
    claims = people.login(people.ada)
    began: list[Claims] = []
    meanwhile(people.store.users, "commit", lambda: began.append(people.login(people.ada)))
    change(people, claims)
    assert [people.reason(found) for found in (claims, *began)] == [None, "password_changed"]


def test_user_who_is_deleted_meanwhile_has_no_session(people: People) -> None:
    """A user who is deleted between check and write gets `session_ended`."""
    claims = people.login(people.ada)

    def deleted() -> None:
        found = people.stored(people.ada)
        people.store.users.commit(delete(found, people.realm, by=BY, now_ms=people.clock.wall_ms()))

    meanwhile(people.store.users, "commit", deleted)
    with pytest.raises(SessionEnded):
        change(people, claims)
    assert people.stored(people.ada).credentials == {}
