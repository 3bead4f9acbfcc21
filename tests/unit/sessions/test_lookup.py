"""Look-up of users by id, username or email, on the in-memory store."""

from dataclasses import replace

import pytest

from sojourn.domain import ids
from sojourn.domain.access_key import Server
from sojourn.domain.errors import NotFound, RealmNotNamed
from sojourn.domain.names import SENT
from sojourn.domain.realm import Deletion
from tests.support.world import access_key
from tests.unit.directory.people import People


@pytest.fixture
def people() -> People:
    """A realm without users of a name."""
    return People()


def server_of(realm_id: str) -> Server:
    """A server of another realm."""
    return Server(key=access_key(realm_id), realm_id=realm_id)


def test_user_comes_with_their_realm(people: People) -> None:
    """A user who is found by any name is found with the realm as it is now."""
    made = people.create(email="ada@example.com")
    newer = people.newer(max_sessions=1)
    for text in (made.id, "ADA", "Ada@Example.com"):
        found = people.lookup.find_in_realm(people.server, text)
        assert (found.user.id, found.realm) == (made.id, newer)


def test_user_of_a_realm_that_is_gone_is_not_found(people: People) -> None:
    """A user whose realm is being deleted is not found with it."""
    made = people.create()
    people.store.realms.add(replace(people.realm, deletion=Deletion(started_ms=1, by="key_1")))
    with pytest.raises(NotFound):
        people.lookup.find_in_realm(people.server, made.id)


def test_name_needs_a_realm_and_an_id_none(people: People) -> None:
    """A stack-wide server finds a user by id; for a name it must say in which realm."""
    made = people.create()
    stack_wide = Server(key=access_key(None), realm_id=None)
    assert people.lookup.find(stack_wide, made.id).id == made.id
    with pytest.raises(RealmNotNamed):
        people.lookup.find(stack_wide, "ada")


def test_nobody_is_found_by_what_is_no_name(people: People) -> None:
    """An unknown name or id, a name beyond any name, and a deleted user are all not found."""
    made = people.create()
    people.users.delete(people.server, "ada")
    for text in ("ada", made.id, "eve", "a@example.com", ids.new_id("usr", 1), "a" * 2_000):
        with pytest.raises(NotFound):
            people.lookup.find(people.server, text)


def test_name_beyond_any_name_is_not_looked_for(people: People) -> None:
    """A text that is longer than any name can be sent is nobody's, though it folds to a name."""
    made = people.create("ada")
    longest = "ada" + "\u00ad" * (SENT - 3)
    assert people.lookup.find(people.server, longest).id == made.id
    with pytest.raises(NotFound):
        people.lookup.find(people.server, longest + "\u00ad")


def test_name_that_still_leads_to_a_deleted_user_finds_nobody(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that was read before its user was deleted is nobody's by then."""
    made = people.create("ada")
    monkeypatch.setattr(people.store.removal, "finish_user", lambda *_: False)
    people.users.delete(people.server, "ada")
    people.store.realms.add_name(people.realm_id, "username", "ada", made.id)
    assert people.lookup.named(people.realm_id, "username", "ada") is None


def test_user_of_another_realm_does_not_exist(people: People) -> None:
    """A server of another realm finds nobody here, by id either."""
    made = people.create()
    for text in (made.id, "ada"):
        with pytest.raises(NotFound):
            people.lookup.find(server_of(people.new_realm().id), text)


def test_email_that_leads_to_another_finds_nobody(people: People) -> None:
    """An email that a former version gave the place of another's is not taken for theirs."""
    made = people.create(email="ada@strasse.de")
    people.store.realms.add_name(people.realm_id, "email", "ada@straße.de", made.id)
    with pytest.raises(NotFound):
        people.lookup.find(people.server, "ada@straße.de")
    found = people.lookup.find(people.server, "ada@strasse.de")
    assert found.id == made.id
