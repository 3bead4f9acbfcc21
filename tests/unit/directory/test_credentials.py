"""Credentials on the in-memory store: what is shown, and which sessions end."""

from dataclasses import replace

import pytest
from msgspec import UNSET

from sojourn.api.paging import Page
from sojourn.directory.answers import credential
from sojourn.directory.bodies import CredentialBody, CredentialChanges
from sojourn.directory.credentials import API_KEYS
from sojourn.domain import ids
from sojourn.domain.access_key import Server
from sojourn.domain.errors import Conflict, CursorInvalid, Invalid, NotFound
from tests.support.world import access_key, meanwhile
from tests.unit.directory.people import PASSWORD, People

NEW = "another horse entirely"


@pytest.fixture
def people() -> People:
    """A realm without users of a name."""
    return People()


@pytest.fixture
def robot(people: People) -> str:
    """An api user's id."""
    return people.create(None, user_type="api").id


def password(people: People, user: str) -> str:
    """The id of a user's password."""
    found = people.stored(user).password
    assert found is not None
    return found.id


def test_api_key_is_shown_once_and_kept_as_its_digest(people: People, robot: str) -> None:
    """An API key is in the answer that makes it; the store has its digest, and no view has it."""
    made = people.key(robot, name="main")
    secret = made.api_key
    assert isinstance(secret, str)
    (kept,) = people.stored(robot).credentials.values()
    assert kept.secret == ids.digest(secret).hex()
    assert people.credentials.get(people.server, made.id) == credential(kept, people.stored(robot))
    assert kept.secret not in str(made)
    assert ids.credential_owner(made.id) == robot


@pytest.mark.parametrize("kind", ["password", "api_key"])
@pytest.mark.parametrize("human", [True, False], ids=["human", "api"])
def test_each_kind_of_user_has_its_kind_of_credential(
    people: People, robot: str, human: bool, kind: str
) -> None:
    """A human has no API key, an api user no password; and either is sent as it is made."""
    user = people.create().id if human else robot
    wrong = PASSWORD if kind == "api_key" or not human else None
    body = CredentialBody(user_id=user, credential_type=kind, password=wrong)  # type: ignore[arg-type]
    with pytest.raises(Invalid):
        people.credentials.create(people.server, body)
    assert people.stored(user).credentials == {}


def test_first_password_ends_what_began_without_it(people: People) -> None:
    """Rule 8: a password that is set ends all sessions, also where there was none before."""
    user = people.create().id
    claims = people.login(user)
    body = CredentialBody(user_id=user, credential_type="password", password=PASSWORD, name="main")
    made = people.credentials.create(people.server, body)
    assert (made.id, made.name) == (password(people, user), "main")
    assert made.api_key is UNSET
    assert people.reason(claims) == "password_changed"
    assert people.stored(user).unlocks == 1


def test_second_password_is_a_conflict(people: People) -> None:
    """A human has one password, and a second ends nothing."""
    user = people.create(password=PASSWORD).id
    claims = people.login(user)
    body = CredentialBody(user_id=user, credential_type="password", password=NEW)
    with pytest.raises(Conflict):
        people.credentials.create(people.server, body)
    assert people.reason(claims) is None


def test_api_keys_are_bounded(people: People, robot: str) -> None:
    """An api user has at most 20 keys; where one is deleted there is room for another."""
    assert API_KEYS == 20
    every = [people.key(robot).id for _ in range(API_KEYS)]
    with pytest.raises(Conflict):
        people.key(robot)
    people.credentials.delete(people.server, every[0])
    people.key(robot)
    assert len(people.stored(robot).credentials) == API_KEYS


def test_bound_holds_for_keys_that_are_made_at_once(people: People, robot: str) -> None:
    """A key that is made between the look and the write of another takes the last place."""
    for _ in range(API_KEYS - 1):
        people.key(robot)
    meanwhile(people.store.users, "commit", lambda: people.key(robot))
    with pytest.raises(Conflict):
        people.key(robot)
    assert len(people.stored(robot).credentials) == API_KEYS


def test_new_api_key_ends_nothing(people: People, robot: str) -> None:
    """A key that is added leaves what the others began."""
    before = people.stored(robot)
    people.key(robot)
    assert people.stored(robot).generation == before.generation


def test_credentials_are_listed_by_id(people: People, robot: str) -> None:
    """A user's credentials are paged as every list is; a cursor of another's is refused."""
    every = sorted(people.key(robot).id for _ in range(3))
    page = people.credentials.of_user(
        people.server, robot, Page(after=every[0], limit=1, ascending=True)
    )
    assert [c.id for c in page.collection] == every[1:2]
    assert page.more_results is True
    other = ids.new_credential_id(ids.new_id("usr", 1), 1)
    with pytest.raises(CursorInvalid):
        people.credentials.of_user(people.server, robot, Page(after=other))
    for nobody in ("ada", ids.new_id("usr", 1)):
        with pytest.raises(NotFound):
            people.credentials.of_user(people.server, nobody, Page())


def test_rename_of_a_credential_ends_nothing(people: People) -> None:
    """A credential's name is what is shown of it, and no more."""
    user = people.create(password=PASSWORD).id
    claims = people.login(user)
    before = people.stored(user)
    shown = people.credentials.update(
        people.server, password(people, user), CredentialChanges(name="main")
    )
    assert shown.name == "main"
    assert people.reason(claims) is None
    after = people.stored(user)
    assert after.password is not None
    assert after.password == replace(before.password, name="main")  # type: ignore[type-var]
    assert after.unlocks == before.unlocks


def test_password_that_is_set_ends_all_sessions(people: People) -> None:
    """Rule 8: it keeps the credential's id, ends every session, and clears the delays."""
    user = people.create(password=PASSWORD).id
    begun = [people.login(user) for _ in range(2)]
    known = password(people, user)
    people.credentials.update(people.server, known, CredentialChanges(password=NEW))
    after = people.stored(user)
    assert after.password is not None
    assert (after.password.id, after.unlocks) == (known, 1)
    assert people.users.hasher.verify(NEW, after.password.secret)
    assert [people.reason(claims) for claims in begun] == ["password_changed"] * 2


def test_api_key_takes_no_password(people: People, robot: str) -> None:
    """An API key cannot be set to what somebody chose."""
    made = people.key(robot)
    with pytest.raises(Invalid):
        people.credentials.update(people.server, made.id, CredentialChanges(password=NEW))


def test_deleted_credential_ends_all_sessions(people: People) -> None:
    """Every session of the user from before ends with a credential, which is gone."""
    user = people.create(password=PASSWORD).id
    claims, known = people.login(user), password(people, user)
    people.credentials.delete(people.server, known)
    assert people.stored(user).credentials == {}
    assert people.reason(claims) == "password_changed"
    for again in (people.credentials.delete, people.credentials.get):
        with pytest.raises(NotFound):
            again(people.server, known)


def test_second_deletion_ends_nothing(people: People) -> None:
    """Of two simultaneous deletions one finds nothing, and ends no later session."""
    user = people.create(password=PASSWORD).id
    known = password(people, user)
    began = []

    def first() -> None:
        people.credentials.delete(people.server, known)
        began.append(people.login(user))

    meanwhile(people.store.users, "commit", first)
    with pytest.raises(NotFound):
        people.credentials.delete(people.server, known)
    assert people.reason(began[0]) is None


def test_credential_of_a_user_who_is_deleted_meanwhile(
    people: People, robot: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key that was being made when its user was deleted is not made."""
    monkeypatch.setattr(people.store.removal, "finish_user", lambda *_: False)
    meanwhile(people.store.users, "commit", lambda: people.users.delete(people.server, robot))
    with pytest.raises(NotFound):
        people.key(robot)
    assert people.stored(robot).credentials == {}


def test_credential_of_another_realm_does_not_exist(people: People, robot: str) -> None:
    """A server of another realm finds no credential here, by id or by user, nor makes one."""
    made = people.key(robot)
    realm_id = people.new_realm().id
    people.server = Server(key=access_key(realm_id), realm_id=realm_id)
    for look in (
        lambda: people.credentials.get(people.server, made.id),
        lambda: people.credentials.delete(people.server, made.id),
        lambda: people.credentials.of_user(people.server, robot, Page()),
        lambda: people.key(robot),
    ):
        with pytest.raises(NotFound):
            look()
    assert list(people.stored(robot).credentials) == [made.id]
