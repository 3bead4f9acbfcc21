"""Contract tests of every store: names of users, and the list of a realm's users."""

from dataclasses import replace

import pytest

from sojourn.domain import ids
from sojourn.domain.errors import NameTaken, NotFound, Superseded
from sojourn.domain.realm import Deletion, Realm
from sojourn.domain.user import Change, ChangeInRealm, NewUser, User, UserInRealm
from tests.integration.store.test_store_contract import (
    NOW,
    OWNER,
    a_user,
    at_once,
    end_all,
    login,
    must_get,
    realm,
)
from tests.support.lost_answers import lose_answers
from tests.support.memory.users import recorded
from tests.support.stores import DynamoStore, Store

LEAVING = Deletion(started_ms=NOW, by="key_tests")


def owner(store: Store, **changes: object) -> Realm:
    """A realm that is in the store."""
    made = realm(**changes)
    store.add_realm(made)
    return made


def create(store: Store, home: Realm, username: str | None, email: str | None = None) -> User:
    """A user whom the store made."""
    made = a_user(realm_id=home.id, username=username, email=email)
    store.directory.create_user(NewUser(made, home, bound=False))
    return made


def named(found: User, home: Realm, *, bound: bool = False, **changes: object) -> ChangeInRealm:
    """A change of a user's names, or of whatever else."""
    after = replace(found, **changes)  # type: ignore[arg-type]
    return ChangeInRealm(Change(before=found, after=after), home, bound=bound)


def changed_since(store: Store, home: Realm) -> Realm:
    """A newer state of the realm, which the store has by now."""
    newer = replace(home, name="Newer", version=home.version + 1)
    store.add_realm(newer)
    return newer


def holder(store: Store, home: Realm, username: str) -> str | None:
    """Who has a username."""
    return store.directory.user_of_name(home.id, "username", username)


def listed(store: Store, home: Realm) -> list[str]:
    """The ids of the realm's users, up to nine."""
    found, _ = store.directory.users_of_realm(home.id, after=None, limit=9, ascending=True)
    return list(found)


# Making users.


def test_user_who_is_made_is_found(store: Store) -> None:
    """A user who is made is read as they were written, has their names, and is in the list."""
    home = owner(store)
    user = create(store, home, "Ada", "Ada@Example.com")
    assert store.users.get(user.id) == user
    assert store.directory.user_of_name(home.id, "username", "aDA") == user.id
    assert store.directory.user_of_name(home.id, "email", "ada@example.COM") == user.id
    assert store.directory.user_of_name(home.id, "email", "ada") is None
    assert store.directory.user_of_name(home.id, "email", "eve@münchen.de") is None
    assert listed(store, home) == [user.id]


def test_realm_and_user_are_read_together(store: Store) -> None:
    """One read gives both; each is None where it is not there, and a realm that is deleted too."""
    home = owner(store)
    user = create(store, home, "ada")
    assert store.together.read(home.id, user.id) == (home, user)
    nowhere, nobody = ids.new_id("rl", NOW), ids.new_id("usr", NOW)
    assert store.together.read(home.id, nobody) == (home, None)
    assert store.together.read(nowhere, user.id) == (None, user)
    assert store.together.read(owner(store, deletion=LEAVING).id, nobody) == (None, None)


def test_user_without_names_is_made(store: Store) -> None:
    """A user of no name is in the list; nobody has a name by them."""
    home = owner(store)
    user = create(store, home, None)
    assert (store.users.get(user.id), listed(store, home)) == (user, [user.id])


def test_name_is_one_realms(store: Store) -> None:
    """Two realms may each have a user of the same name."""
    first, second = owner(store), owner(store)
    users = [create(store, home, "ada") for home in (first, second)]
    assert [holder(store, home, "ada") for home in (first, second)] == [u.id for u in users]
    assert [listed(store, home) for home in (first, second)] == [[u.id] for u in users]


@pytest.mark.parametrize("taken", [("username",), ("email",), ("username", "email")])
def test_user_of_a_taken_name_is_not_made(store: Store, taken: tuple[str, ...]) -> None:
    """If another user has a name, the error says which, and nothing is written."""
    home = owner(store)
    ada = create(store, home, "ada", "ada@example.com")
    wanted = {"username": "eve", "email": "eve@example.com"}
    wanted |= {kind: {"username": "ADA", "email": "Ada@example.com"}[kind] for kind in taken}
    eve = a_user(realm_id=home.id, **wanted)
    with pytest.raises(NameTaken) as refused:
        store.directory.create_user(NewUser(eve, home, bound=False))
    assert list(refused.value.errors) == [
        f"Another user of the realm has this {kind}." for kind in taken
    ]
    assert store.users.get(eve.id) is None
    assert holder(store, home, "eve") is None
    assert store.directory.user_of_name(home.id, "email", "eve@example.com") is None
    assert holder(store, home, "ada") == ada.id
    assert listed(store, home) == [ada.id]


@pytest.mark.parametrize("bound", [False, True])
@pytest.mark.parametrize("deletion", [None, LEAVING], ids=["gone", "going"])
def test_no_user_is_made_where_no_realm_is(
    store: Store, bound: bool, deletion: Deletion | None
) -> None:
    """In a realm that is no more, or is being deleted, nobody is made: it is superseded by None."""
    home = realm(deletion=deletion)
    if deletion:
        store.add_realm(home)
    user = a_user(realm_id=home.id, username="ada")
    with pytest.raises(Superseded) as lost:
        store.directory.create_user(NewUser(user, home, bound=bound))
    assert lost.value.current is None
    assert store.users.get(user.id) is None
    assert (holder(store, home, "ada"), listed(store, home)) == (None, [])


def test_user_who_is_bound_to_a_realm_is_made_in_no_other_state_of_it(store: Store) -> None:
    """A user bound to a changed realm is not created; the error has the current realm."""
    home = owner(store)
    newer = changed_since(store, home)
    user = a_user(realm_id=home.id, username="ada")
    with pytest.raises(Superseded) as lost:
        store.directory.create_user(NewUser(user, home, bound=True))
    assert lost.value.current == newer
    assert store.users.get(user.id) is None
    assert (holder(store, home, "ada"), listed(store, home)) == (None, [])
    store.directory.create_user(NewUser(user, newer, bound=True))
    assert holder(store, home, "ada") == user.id


def test_user_who_is_not_bound_is_made_in_a_newer_state(store: Store) -> None:
    """A user who fits every state of the realm is created even if the realm changes."""
    home = owner(store)
    changed_since(store, home)
    user = create(store, home, "ada")
    assert holder(store, home, "ada") == user.id


def test_one_of_many_gets_a_name(store: Store) -> None:
    """Of simultaneous new users of one name one is created; the others get `NameTaken`."""
    home = owner(store)
    users = [a_user(realm_id=home.id, username="ada") for _ in range(4)]

    def make(user: User) -> str | None:
        try:
            store.directory.create_user(NewUser(user, home, bound=False))
        except NameTaken:
            return None
        return user.id

    made = at_once([lambda u=u: make(u) for u in users])  # type: ignore[misc]
    (winner,) = [user_id for user_id in made if user_id is not None]
    assert holder(store, home, "ada") == winner
    assert listed(store, home) == [winner]
    assert [u.id for u in users if store.users.get(u.id) is not None] == [winner]


@pytest.mark.parametrize("username", ["ada", None])
def test_user_whose_making_was_not_answered_is_made_once(
    dynamo_store: DynamoStore, monkeypatch: pytest.MonkeyPatch, username: str | None
) -> None:
    """After a lost answer, the repeated call finds its own change, and is not a conflict."""
    store = dynamo_store
    home = owner(store)
    sent = lose_answers(monkeypatch, store.client)
    user = create(store, home, username)
    assert len(sent) == 2
    assert (store.users.get(user.id), listed(store, home)) == (user, [user.id])


def test_making_that_comes_again_undoes_nothing(store: Store) -> None:
    """A user who was made, and changed since, is not made once more: no name and no field of it."""
    home = owner(store)
    user = create(store, home, "ada")
    done = store.directory.commit(named(user, home, username="countess"))
    store.directory.create_user(NewUser(user, home))
    assert store.users.get(user.id) == done.change.after
    assert [holder(store, home, name) for name in ("ada", "countess")] == [None, user.id]


# Changing names.


def test_new_name_is_claimed_and_the_old_one_freed(store: Store) -> None:
    """A rename is one commit: the user, the new name, and the old one, which another may take."""
    home = owner(store)
    user = create(store, home, "ada", "ada@example.com")
    done = store.directory.commit(named(user, home, username="countess"))
    assert done.change.after == store.users.get(user.id)
    assert (done.change.after.username, done.change.after.version) == ("countess", 1)
    assert [holder(store, home, name) for name in ("ada", "countess")] == [None, user.id]
    assert store.directory.user_of_name(home.id, "email", "ada@example.com") == user.id
    assert listed(store, home) == [user.id]
    assert create(store, home, "ada").id == holder(store, home, "ada")


def test_name_that_is_cleared_is_freed(store: Store) -> None:
    """A freed email can be taken by another user."""
    home = owner(store)
    user = create(store, home, "ada", "ada@example.com")
    store.directory.commit(named(user, home, email=None))
    assert store.directory.user_of_name(home.id, "email", "ada@example.com") is None
    assert holder(store, home, "ada") == user.id


def test_own_name_in_another_form_stays_ones_own(store: Store) -> None:
    """Another form of one's own name is shown, and nobody else may have either form."""
    home = owner(store)
    user = create(store, home, "ada")
    store.directory.commit(named(user, home, username="ADA"))
    assert must_get(store, user.id).username == "ADA"
    assert holder(store, home, "ada") == user.id
    with pytest.raises(NameTaken):
        create(store, home, "Ada")


@pytest.mark.parametrize("taken", ["username", "email"])
def test_rename_says_which_name_is_taken(store: Store, taken: str) -> None:
    """Of two new names the error names the one that another user has, whatever else is written."""
    home = owner(store)
    create(store, home, "ada", "ada@example.com")
    eve = create(store, home, "eve", "eve@example.com")
    username = "ada" if taken == "username" else "evelyn"
    email = "ada@example.com" if taken == "email" else "evelyn@example.com"
    with pytest.raises(NameTaken) as refused:
        store.directory.commit(named(eve, home, username=username, email=email))
    assert list(refused.value.errors) == [f"Another user of the realm has this {taken}."]


def test_rename_to_a_taken_name_changes_nothing(store: Store) -> None:
    """If another user has the name, user, sessions and both names stay unchanged."""
    store.add_realm(home := OWNER)
    ada, eve = create(store, home, "ada", "ada@example.com"), create(store, home, "eve")
    begun = login(eve)[0]
    store.users.commit(begun)
    eve = must_get(store, eve.id)
    ends = end_all(eve)
    after = replace(ends.after, username="Ada", email="ADA@example.com")
    with pytest.raises(NameTaken) as refused:
        store.directory.commit(ChangeInRealm(replace(ends, after=after), home))
    assert len(refused.value.errors) == 2
    assert store.users.get(eve.id) == eve
    assert store.users.ended(eve.id, eve.sessions[0].id) is None
    assert [holder(store, home, name) for name in ("ada", "eve")] == [ada.id, eve.id]


def test_name_that_is_anothers_by_now_is_not_freed(store: Store) -> None:
    """A name that the store gives to another, as after a restore, is not taken from them."""
    home = owner(store)
    user = create(store, home, "ada")
    store.add_name(home.id, "username", "ada", "usr_other")
    with pytest.raises(NameTaken):
        store.directory.commit(named(user, home, username="eve"))
    assert [holder(store, home, name) for name in ("ada", "eve")] == ["usr_other", None]
    assert store.users.get(user.id) == user


def test_change_of_a_user_who_changed_is_superseded(store: Store) -> None:
    """A change of an older user writes no name, and carries the user of now beside the realm."""
    home = owner(store)
    user = create(store, home, "ada")
    newer = store.directory.commit(named(user, home, username="countess")).change.after
    with pytest.raises(Superseded) as lost:
        store.directory.commit(named(user, home, username="eve"))
    assert lost.value.current == UserInRealm(newer, home)
    assert [holder(store, home, name) for name in ("eve", "countess")] == [None, user.id]


def test_change_of_a_user_who_is_gone_is_superseded_by_none(store: Store) -> None:
    """A change of a user who is no more makes neither user nor name."""
    home = owner(store)
    user = a_user(realm_id=home.id, username="ada")
    with pytest.raises(Superseded) as lost:
        store.directory.commit(named(user, home, username="eve"))
    assert lost.value.current is None
    assert (store.users.get(user.id), holder(store, home, "eve")) == (None, None)


@pytest.mark.parametrize("changes", [{"username": "eve"}, {"custom": "{}"}], ids=["name", "custom"])
def test_change_that_is_bound_to_a_realm_holds_for_it_alone(
    store: Store, changes: dict[str, str]
) -> None:
    """A change that is bound to a realm which has changed carries the same user, and that realm."""
    home = owner(store)
    user = create(store, home, "ada")
    newer = changed_since(store, home)
    with pytest.raises(Superseded) as lost:
        store.directory.commit(named(user, home, bound=True, **changes))
    assert lost.value.current == UserInRealm(user, newer)
    assert store.users.get(user.id) == user
    assert holder(store, home, "eve") is None
    done = store.directory.commit(named(user, newer, bound=True, **changes))
    assert store.users.get(user.id) == done.change.after != user


def test_taken_name_is_told_where_the_realm_is_the_same(store: Store) -> None:
    """If the realm has not changed, a bound user is refused only for a taken name."""
    home = owner(store)
    create(store, home, "ada")
    user = create(store, home, "eve")
    with pytest.raises(NameTaken):
        store.directory.commit(named(user, home, bound=True, username="ada"))
    with pytest.raises(NameTaken):
        store.directory.create_user(
            NewUser(a_user(realm_id=home.id, username="ada"), home, bound=True)
        )
    assert store.users.get(user.id) == user


def test_change_that_is_bound_to_a_realm_needs_it(store: Store) -> None:
    """A change that is bound to a realm which is being deleted is not done; an unbound one is."""
    home = owner(store)
    user = create(store, home, "ada")
    store.add_realm(replace(home, deletion=LEAVING))
    with pytest.raises(NotFound):
        store.directory.commit(named(user, home, bound=True, username="eve"))
    assert store.users.get(user.id) == user
    store.directory.commit(named(user, home, username="eve"))
    assert holder(store, home, "eve") == user.id


def test_users_own_condition_is_told_before_the_realms(store: Store) -> None:
    """If user and realm have both changed, the user is reported first, then the realm."""
    home = owner(store)
    user = create(store, home, "ada")
    newer = store.directory.commit(named(user, home, name="Ada")).change.after
    changed_since(store, home)
    with pytest.raises(Superseded) as lost:
        store.directory.commit(named(user, home, bound=True, username="eve"))
    assert lost.value.current == UserInRealm(newer, home)


def test_one_of_two_renames_to_one_name_is_done(store: Store) -> None:
    """Of two users who take one name at once, one gets it, the other keeps the old one."""
    home = owner(store)
    users = [create(store, home, name) for name in ("ada", "eve")]

    def take(user: User) -> str | None:
        try:
            store.directory.commit(named(user, home, username="countess"))
        except NameTaken:
            return None
        return user.id

    done = at_once([lambda u=u: take(u) for u in users])  # type: ignore[misc]
    (winner,) = [user_id for user_id in done if user_id is not None]
    assert holder(store, home, "countess") == winner
    kept = [holder(store, home, name) for name in ("ada", "eve")]
    assert kept == [None if user.id == winner else user.id for user in users]


def test_rename_that_was_not_answered_is_done_once(
    dynamo_store: DynamoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a lost answer, a repeated rename finds its own commit."""
    store = dynamo_store
    home = owner(store)
    user = create(store, home, "ada")
    sent = lose_answers(monkeypatch, store.client)
    done = store.directory.commit(named(user, home, username="eve"))
    assert len(sent) == 2
    assert done.change.after == store.users.get(user.id)
    assert done.change.after.version == 1
    assert [holder(store, home, name) for name in ("ada", "eve")] == [None, user.id]


# Deleting.


def test_deletion_frees_the_names_and_leaves_the_list(store: Store) -> None:
    """One commit ends the sessions, frees both names and takes the user out of the list."""
    store.add_realm(home := OWNER)
    user = create(store, home, "ada", "ada@example.com")
    store.users.commit(login(user)[0])
    user = must_get(store, user.id)
    ends = end_all(user)
    after = replace(ends.after, state="deleted", username=None, email=None)
    done = store.directory.commit(ChangeInRealm(replace(ends, after=after), home))
    assert store.users.get(user.id) == done.change.after
    assert done.change.after.state == "deleted"
    assert store.users.ended(user.id, user.sessions[0].id) == recorded(ends.ended[0])
    assert (holder(store, home, "ada"), listed(store, home)) == (None, [])
    assert store.directory.user_of_name(home.id, "email", "ada@example.com") is None
    again = create(store, home, "ada", "ada@example.com")
    assert listed(store, home) == [again.id]


def test_endings_that_do_not_fit_beside_the_names_are_pending(store: Store) -> None:
    """Writes of names and of the list reduce the number of ended records in one commit."""
    store.add_realm(home := OWNER)
    user = a_user(username="ada", email="ada@example.com")
    for number in range(99):
        user = replace(login(user, NOW + number)[0].after, version=0)
    store.directory.create_user(NewUser(user, home))
    ends = end_all(user)
    after = replace(ends.after, state="deleted", username=None, email=None)
    store.directory.commit(ChangeInRealm(replace(ends, after=after), home, bound=True))
    late = [e.session.id for e in ends.ended[94:]]
    assert [e.session.id for e in must_get(store, user.id).pending] == late
    assert store.users.ended(user.id, late[0]) is None
    assert store.users.archive(user.id) == 5


# The list.


@pytest.mark.parametrize("ascending", [True, False])
def test_users_are_listed_by_id(store: Store, ascending: bool) -> None:
    """The list goes on behind its cursor, in both directions, and says whether there is more."""
    home = owner(store)
    create(store, owner(store), "stranger")
    ordered = sorted((create(store, home, f"u{n}").id for n in range(3)), reverse=not ascending)

    def page(limit: int, after: str | None = None) -> tuple[list[str], bool]:
        found, more = store.directory.users_of_realm(
            home.id, after=after, limit=limit, ascending=ascending
        )
        return list(found), more

    assert page(4) == page(3) == (ordered, False)
    assert page(2) == (ordered[:2], True)
    assert page(2, ordered[1]) == (ordered[2:], False)
    assert page(1, ordered[0]) == (ordered[1:2], True)
    assert page(1, ordered[2]) == ([], False)
    before_all = "usr_" + ("0" if ascending else "z") * 22
    assert page(3, before_all) == (ordered, False)


def test_realm_of_nobody_has_an_empty_list(store: Store) -> None:
    """A realm without users, or that is none, lists nobody."""
    for realm_id in (owner(store).id, ids.new_id("rl", NOW)):
        found, more = store.directory.users_of_realm(realm_id, after=None, limit=1, ascending=True)
        assert (list(found), more) == ([], False)
