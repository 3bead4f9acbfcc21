"""Users on the in-memory store: names, ended sessions, simultaneous changes."""

from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from sojourn.api.json_body import convert
from sojourn.api.paging import Page
from sojourn.directory.answers import Users
from sojourn.directory.bodies import UserBody
from sojourn.domain import ids
from sojourn.domain.errors import CursorInvalid, Invalid, NameTaken, NotFound, Unavailable
from sojourn.domain.realm import Deletion
from tests.support.world import meanwhile
from tests.unit.directory.people import LARGE, PASSWORD, WIDE, People


@pytest.fixture
def people() -> People:
    """A realm without users of a name."""
    return People()


def over_the_limit(error: Invalid) -> bool:
    """Whether what is refused is the length of a token."""
    return "over the limit" in error.errors[0]


# Making users.


def test_user_who_is_made_is_found_by_each_name(people: People) -> None:
    """A user is found by id, username and email, in whatever case, and tells no secret."""
    made = people.create("Ada", email="Ada@Example.com", custom={"plan": "pro"}, password=PASSWORD)
    for text in (made.id, "ada", "ADA@example.COM"):
        assert people.lookup.find(people.server, text).id == made.id
    assert (made.username, made.email) == ("Ada", "Ada@Example.com")
    assert made.custom == {"plan": "pro"}
    assert "secret" not in str(made)
    assert people.listed() == [made.id]


def test_password_of_a_new_user_is_kept_as_its_hash(people: People) -> None:
    """The password is one credential, of which the hash alone is stored."""
    user = people.stored(people.create(password=PASSWORD).id)
    (credential,) = user.credentials.values()
    assert credential == user.password
    assert people.users.hasher.verify(PASSWORD, credential.secret)
    assert PASSWORD not in str(user)


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"user_type": "api", "password": PASSWORD},
        {"username": "ada lovelace"},
        {"username": "ada", "email": "ada"},
        {"username": "ada-lovelace", "password": "Ada-Lovelace"},
        {"username": "ada", "custom": {"a": "x" * 8_200}},
    ],
    ids=["no name", "api with a password", "username", "email", "password", "custom"],
)
def test_user_who_cannot_be_is_not_made(people: People, sent: dict[str, Any]) -> None:
    """An invalid new user gets a message, and is not created."""
    with pytest.raises(Invalid) as refused:
        people.users.create(people.server, convert(sent, UserBody))
    assert refused.value.errors
    assert people.listed() == []


def test_taken_name_makes_nobody(people: People) -> None:
    """A username that another has, in whatever case, is refused by name."""
    ada = people.create("ada", email="ada@example.com")
    with pytest.raises(NameTaken) as refused:
        people.create("ADA", email="eve@example.com")
    assert list(refused.value.errors) == ["Another user of the realm has this username."]
    assert people.listed() == [ada.id]
    assert people.create("eve", email="eve@example.com").username == "eve"


@pytest.mark.parametrize("going", [False, True], ids=["gone", "going"])
def test_nobody_is_made_where_no_realm_is(people: People, going: bool) -> None:
    """In a realm that is none, or is being deleted, nobody is made."""
    if going:
        people.store.realms.add(replace(people.realm, deletion=Deletion(started_ms=1, by="key_1")))
    realm_id = people.realm_id if going else ids.new_id("rl", 1)
    with pytest.raises(NotFound):
        people.users.create(replace(people.server, realm_id=realm_id), UserBody(username="ada"))
    assert people.listed() == []


def test_realm_that_goes_meanwhile_takes_nobody(people: People) -> None:
    """A realm whose deletion begins between the look at it and the write takes no user."""
    leaving = replace(people.realm, deletion=Deletion(started_ms=1, by="key_1"))
    meanwhile(people.store.directory, "create_user", lambda: people.store.realms.add(leaving))
    with pytest.raises(NotFound, match="no such realm"):
        people.create()
    assert people.holder("ada") is None


def test_user_whose_token_would_be_too_long_is_not_made(people: People) -> None:
    """A token that carries more than fits is refused before there is one."""
    people.newer(jwt_fields=WIDE)
    with pytest.raises(Invalid, check=over_the_limit):
        people.create(custom=LARGE)
    assert people.listed() == []


def test_user_is_held_to_the_realm_that_takes_them(people: People) -> None:
    """A realm whose tokens come to carry more meanwhile refuses whom it would have taken."""
    meanwhile(people.store.directory, "create_user", lambda: people.newer(jwt_fields=WIDE))
    with pytest.raises(Invalid, check=over_the_limit):
        people.create(custom=LARGE)
    assert people.listed() == []


def test_user_is_made_in_a_realm_that_changed_otherwise(people: People) -> None:
    """A realm that changed meanwhile, and still takes the user, has them."""
    meanwhile(people.store.directory, "create_user", lambda: people.newer(max_sessions=1))
    assert people.holder("ada") is None
    assert people.create(custom=LARGE).id == people.holder("ada")


def test_making_gives_up_with_its_deadline(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the realm keeps changing, the answer is 503, and no user is created."""
    create = people.store.directory.create_user

    def too_late(*given: Any, **named: Any) -> None:
        people.newer(max_sessions=people.realm.version)
        create(*given, **named)

    monkeypatch.setattr(people.store.directory, "create_user", too_late)
    began = people.clock.stopwatch()
    with pytest.raises(Unavailable):
        people.create(custom=LARGE)
    assert 8 < people.clock.stopwatch() - began <= 10
    assert people.listed() == []


# Looking users up.


def test_name_gives_a_list_of_one_or_none(people: People) -> None:
    """A username finds its user; an unknown one, or a deleted user's, finds an empty list."""
    made = people.create()
    named = people.users.named
    assert named(people.server, "username", "ADA") == Users(collection=[made], more_results=False)
    for name in ("eve", "a" * 2_000):
        assert named(people.server, "username", name).collection == []
    people.users.delete(people.server, "ada")
    assert named(people.server, "username", "ada").collection == []
    with pytest.raises(NotFound):
        named(replace(people.server, realm_id=ids.new_id("rl", 1)), "username", "ada")


def test_page_holds_who_is_there(people: People) -> None:
    """Users are paged by id, and who was deleted takes no place."""
    every = sorted(people.create(f"user{n}").id for n in range(4))
    people.users.delete(people.server, every[1])
    page = people.users.page(people.server, Page(limit=2, ascending=True))
    assert [user.id for user in page.collection] == [every[0], every[2]]
    assert page.more_results is True
    page = people.users.page(people.server, Page(after=every[2], limit=2, ascending=True))
    assert [user.id for user in page.collection] == every[3:]
    assert page.more_results is False


def test_page_needs_its_realm_and_its_cursor(people: People) -> None:
    """A cursor that is no user's id is refused, and so is a realm that is none."""
    with pytest.raises(CursorInvalid):
        people.users.page(people.server, Page(after="ada"))
    with pytest.raises(NotFound):
        people.users.page(replace(people.server, realm_id=ids.new_id("rl", 1)), Page())


# Changing users.


def test_rename_frees_the_old_name(people: People) -> None:
    """A new name is the user's from then on, and the old one may be another's."""
    made = people.create()
    assert people.update("ada", username="countess") == structs.replace(made, username="countess")
    assert [people.holder(name) for name in ("ada", "countess")] == [None, made.id]
    assert people.create("ada").id != made.id


def test_name_in_another_form_is_no_other_name(people: People) -> None:
    """Another form of one's own name is a change of what is shown."""
    made = people.create("José")
    assert people.update(made.id, username="JOSE\u0301").username == "JOSÉ"
    with pytest.raises(NameTaken):
        people.create("jose\u0301")


def test_rename_to_a_taken_name_changes_nothing(people: People) -> None:
    """If another user has the name, nothing changes, whatever else the change contains."""
    people.create("eve")
    made = people.create("ada", password=PASSWORD)
    claims = people.login(made.id)
    before = people.stored(made.id)
    with pytest.raises(NameTaken):
        people.update("ada", username="Eve", password="another horse entirely")
    assert people.stored(made.id) == before
    assert people.reason(claims) is None


def test_null_clears_what_may_be_absent(people: People) -> None:
    """A null clears email, name and custom, and frees the email; what is not named stays."""
    made = people.create(email="ada@example.com", name="Ada", custom={"a": 1})
    cleared = people.update(made.id, email=None, name=None)
    assert (cleared.email, cleared.name, cleared.custom) == (None, None, {"a": 1})
    assert people.create("eve", email="ada@example.com").email == "ada@example.com"


def test_what_a_user_cannot_be_is_refused(people: People) -> None:
    """A human keeps a username, an api user has no password, and a password is no name."""
    human, robot = people.create(), people.create(None, user_type="api")
    for user, changes in (
        (human, {"username": None}),
        (robot, {"password": PASSWORD}),
        (human, {"password": "password"}),
        (human, {"username": "ada-lovelace", "password": "Ada-Lovelace"}),
    ):
        with pytest.raises(Invalid):
            people.update(user.id, **changes)
    assert people.stored(human.id).version == people.stored(robot.id).version == 0


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"state": "inactive"}, "user_disabled"), ({"password": PASSWORD}, "password_changed")],
    ids=["disabled", "password"],
)
def test_administrators_change_ends_all_sessions(
    people: People, changes: dict[str, str], reason: str
) -> None:
    """Rule 8: a disabling, and a password that is set, end every session in the same commit."""
    made = people.create(password=PASSWORD)
    begun = [people.login(made.id) for _ in range(2)]
    people.update("ada", **changes)
    assert people.active(made.id) == []
    assert [people.reason(claims) for claims in begun] == [reason] * 2


def test_password_that_is_set_is_the_same_credential(people: People) -> None:
    """A password keeps its credential's id, is verified by, and clears the delays of failures."""
    made = people.create(password=PASSWORD)
    before = people.stored(made.id)
    people.update("ada", password="another horse entirely")
    after = people.stored(made.id)
    assert list(after.credentials) == list(before.credentials)
    assert after.password is not None
    assert people.users.hasher.verify("another horse entirely", after.password.secret)
    assert after.unlocks == before.unlocks + 1


def test_first_password_is_a_new_credential(people: People) -> None:
    """A user who had no password has one by a change."""
    made = people.create()
    people.update("ada", password=PASSWORD)
    user = people.stored(made.id)
    assert user.password is not None
    assert ids.credential_owner(user.password.id) == user.id


@pytest.mark.parametrize("changes", [{"name": "Ada"}, {"username": "eve"}, {"state": "active"}])
def test_other_changes_end_nothing(people: People, changes: dict[str, str]) -> None:
    """A change that is neither a password nor a disabling leaves every session."""
    made = people.create()
    claims = people.login(made.id)
    people.update("ada", **changes)
    assert people.reason(claims) is None


def test_disabling_again_is_no_change_of_what_stands(people: People) -> None:
    """Disabling a disabled user changes nothing: the generation stays."""
    made = people.create()
    for _ in range(2):
        people.update(made.id, state="inactive")
    assert people.stored(made.id).generation == 1


def test_enabling_revives_no_session(people: People) -> None:
    """A user who is enabled again has no session of before."""
    made = people.create()
    claims = people.login(made.id)
    for state in ("inactive", "active"):
        people.update(made.id, state=state)
    assert people.reason(claims) == "user_disabled"
    assert people.reason(people.login(made.id)) is None


def test_change_is_decided_on_the_user_of_now(people: People) -> None:
    """A session that begins between the read and the write of a disabling is ended by it too."""
    made = people.create(name="Ada")
    began: list[Any] = []
    meanwhile(people.store.directory, "commit", lambda: began.append(people.login(made.id)))
    shown = people.update(made.id, state="inactive", email="ada@example.com")
    assert [people.reason(claims) for claims in began] == ["user_disabled"]
    assert (shown.state, shown.name) == ("inactive", "Ada")
    assert people.lookup.find(people.server, "ada@example.com").id == made.id


def test_change_of_a_user_who_is_deleted_meanwhile(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No change that was under way revives a deleted user, or has them take a name."""
    made = people.create()
    monkeypatch.setattr(people.store.removal, "finish_user", lambda *_: False)
    meanwhile(
        people.store.directory,
        "commit",
        lambda: people.users.delete(people.server, made.id),
    )
    with pytest.raises(NotFound):
        people.update(made.id, username="countess")
    assert people.stored(made.id).state == "deleted"
    assert [people.holder(name) for name in ("ada", "countess")] == [None, None]


def test_change_is_held_to_the_realm_that_takes_it(people: People) -> None:
    """A change that a realm's new settings forbid is refused, though they came after the look."""
    made = people.create()
    meanwhile(people.store.directory, "commit", lambda: people.newer(jwt_fields=WIDE))
    with pytest.raises(Invalid, check=over_the_limit):
        people.update(made.id, custom=LARGE)
    assert people.stored(made.id).custom is None
    people.newer(jwt_fields=("username",))
    meanwhile(people.store.directory, "commit", lambda: people.newer(max_sessions=1))
    assert people.update(made.id, custom=LARGE).custom == LARGE


def test_unlock_is_counted_and_changes_nothing_else(people: People) -> None:
    """Delays are cleared by one more in the user's count; a deleted user has none to clear."""
    made = people.create()
    before = people.stored(made.id)
    people.users.unlock(people.server, "ada")
    after = people.stored(made.id)
    assert after == replace(before, unlocks=1, version=before.version + 1)
    people.users.delete(people.server, "ada")
    with pytest.raises(NotFound):
        people.users.unlock(people.server, made.id)


def test_user_who_is_deleted_meanwhile_is_not_unlocked(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written to a user who was deleted between the look and the write."""
    made = people.create()
    monkeypatch.setattr(people.store.removal, "finish_user", lambda *_: False)
    meanwhile(people.store.users, "commit", lambda: people.users.delete(people.server, "ada"))
    with pytest.raises(NotFound):
        people.users.unlock(people.server, made.id)
    assert people.stored(made.id).unlocks == 0


# Deleting users.


def test_deletion_ends_and_frees_everything(people: People) -> None:
    """Sessions end without where they began, the names are free, and the user is nowhere."""
    made = people.create(email="ada@example.com", password=PASSWORD)
    claims = people.login(made.id)
    people.users.delete(people.server, "ada")
    assert people.store.users.get(made.id) is None
    ended = people.store.users.ended(made.id, claims.session.text)
    assert ended is not None
    assert (ended.reason, ended.strip, ended.session.origin.ip) == ("user_deleted", True, None)
    assert people.listed() == []
    assert people.create("ada", email="ada@example.com").id != made.id
    with pytest.raises(NotFound):
        people.users.delete(people.server, made.id)


@pytest.mark.parametrize("failure", [Unavailable, None], ids=["store away", "no time"])
def test_deletion_under_way_has_nothing_of_the_user(
    people: People, monkeypatch: pytest.MonkeyPatch, failure: type[Exception] | None
) -> None:
    """A user whose rest is left to cleanup is deleted: no name, credential or session."""
    made = people.create(email="ada@example.com", name="Ada", custom={"a": 1}, password=PASSWORD)
    people.login(made.id)

    def left(*_: object) -> bool:
        if failure is not None:
            raise failure
        return False

    monkeypatch.setattr(people.store.removal, "finish_user", left)
    people.users.delete(people.server, "ada")
    user = people.stored(made.id)
    assert (user.state, user.sessions, user.known) == ("deleted", (), ())
    assert (user.username, user.email, user.name, user.custom) == (None, None, None, None)
    assert user.credentials == {}
    assert (people.holder("ada"), people.listed()) == (None, [])
    with pytest.raises(NotFound):
        people.lookup.find(people.server, made.id)


def test_two_deletions_at_once_are_both_done(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the user was deleted in the meantime there is nothing to do, and no error."""
    made = people.create()
    monkeypatch.setattr(people.store.removal, "finish_user", lambda *_: False)
    meanwhile(people.store.directory, "commit", lambda: people.users.delete(people.server, "ada"))
    people.users.delete(people.server, made.id)
    user = people.stored(made.id)
    assert (user.state, user.version, user.generation) == ("deleted", 1, 1)
