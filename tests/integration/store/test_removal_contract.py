"""Contract tests of every store: removal of users and realms."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from sojourn.domain import ids
from sojourn.domain.due import Due
from sojourn.domain.errors import Superseded
from sojourn.domain.realm import Deletion, Realm
from sojourn.domain.session import Ended, Origin
from sojourn.domain.user import Change, User
from tests.integration.store.test_due_contract import DELETION, due
from tests.integration.store.test_store_contract import (
    NOW,
    OWNER,
    a_user,
    access_key,
    at_once,
    end_all,
    login,
    must_get,
    realm,
    with_ended,
    with_sessions,
)
from tests.support.stores import Store

NOWHERE = Origin(ip=None, client=None)


def always() -> float:
    """There is time."""
    return 1.0


def times(*left: float) -> Callable[[], float]:
    """So many seconds are left, at each look at the time."""
    found = iter(left)
    return lambda: next(found)


def stripped(record: Ended) -> Ended:
    """A record as it is when its user is deleted."""
    return replace(record, strip=True, session=replace(record.session, origin=NOWHERE))


def deleted(store: Store, count: int) -> tuple[User, list[Ended]]:
    """A user who was just deleted, with so many ended records from before."""
    user, records = with_ended(store, count)
    gone = replace(user, state="deleted", last_ms=NOW)
    store.users.commit(Change(before=user, after=gone))
    return must_get(store, user.id), records


def kept(store: Store, user: User, records: list[Ended]) -> list[Ended | None]:
    """A user's records, as they are now."""
    return [store.users.ended(user.id, r.session.id) for r in records]


def member(store: Store) -> User:
    """A user of the realm with two names, who is on its list."""
    user = a_user(username="Ada", email="ada@example.com")
    store.add_user(user)
    store.add_name(OWNER.id, "username", "Ada", user.id)
    store.add_name(OWNER.id, "email", "ada@example.com", user.id)
    store.add_member(OWNER.id, user.id)
    return user


def named(store: Store) -> set[str | None]:
    """Who has the names of `member`."""
    find = store.realms.get_with_login
    asked = [("ada", None), (None, "ada@example.com")]
    return {find(OWNER.id, username=name, email=email)[1] for name, email in asked}


def listed(store: Store, realm_id: str = OWNER.id) -> list[str]:
    """The ids of a realm's users."""
    found, more = store.directory.users_of_realm(realm_id, after=None, limit=10, ascending=True)
    assert not more
    return list(found)


# The rest of a user's deletion.


def test_deleted_user_goes_and_their_records_are_stripped(store: Store) -> None:
    """Rule 10: what remains of a deleted user are records without their requests."""
    user, records = deleted(store, 2)
    other, others = with_ended(store, 1)
    for _ in range(2):
        assert store.removal.finish_user(user.id, always)
        assert store.users.get(user.id) is None
        assert kept(store, user, records) == [stripped(record) for record in records]
    assert store.users.get(other.id) == other
    assert kept(store, other, others) == others


def test_what_is_pending_is_recorded_before_a_user_goes(store: Store) -> None:
    """A deleted user's pending endings are recorded without addresses before the removal."""
    user = with_sessions(store, 100)
    change = end_all(user)
    gone = replace(change.after, state="deleted", last_ms=NOW)
    ended = tuple(replace(e, strip=True) for e in change.ended)
    store.users.commit(replace(change, after=gone, ended=ended))
    assert store.removal.finish_user(user.id, always)
    assert store.users.get(user.id) is None
    last = store.users.ended(user.id, user.sessions[99].id)
    assert last is not None
    assert last.session.origin == NOWHERE


def test_deletion_takes_no_longer_than_it_may(store: Store) -> None:
    """Without enough time the rest and the user stay, and the next run continues."""
    user, records = deleted(store, 3)
    assert not store.removal.finish_user(user.id, times(1, 0))
    assert store.users.get(user.id) == user
    assert sorted(r.strip for r in kept(store, user, records) if r is not None) == [
        False,
        False,
        True,
    ]
    # One look at the time for each record that is left, and none for the user.
    assert store.removal.finish_user(user.id, times(1, 1))
    assert store.users.get(user.id) is None


@pytest.mark.parametrize("left", [0.0, -1.0])
def test_deletion_without_time_writes_nothing(store: Store, left: float) -> None:
    """When the time is up, neither a record nor the user is touched."""
    user, records = deleted(store, 1)
    assert not store.removal.finish_user(user.id, times(left))
    assert kept(store, user, records) == records
    assert store.users.get(user.id) == user


def test_user_who_is_not_deleted_is_not_removed(store: Store) -> None:
    """A user who is not deleted is never removed."""
    user = with_sessions(store, 1)
    assert not store.removal.finish_user(user.id, always)
    assert store.users.get(user.id) == user


def test_two_finish_a_deletion_at_once(store: Store) -> None:
    """Two simultaneous calls finish a deletion, and neither fails."""
    user, records = deleted(store, 3)
    assert at_once([lambda: store.removal.finish_user(user.id, always)] * 2) == [True, True]
    assert store.users.get(user.id) is None
    assert kept(store, user, records) == [stripped(record) for record in records]


# Users of a realm under deletion.


def test_records_of_one_user_are_removed(store: Store) -> None:
    """With a realm, all of a user's records go; the user, and everybody else's, stay."""
    user, records = with_ended(store, 3)
    other, others = with_ended(store, 1)
    for user_id in (user.id, user.id, ids.new_id("usr", NOW)):
        assert store.removal.remove_records(user_id, always)
    assert kept(store, user, records) == [None] * 3
    assert store.users.get(user.id) == user
    assert kept(store, other, others) == others


def test_removal_of_records_takes_no_longer_than_it_may(store: Store) -> None:
    """Records without enough time are left, and removed by the next run."""
    user, records = with_ended(store, 3)
    assert not store.removal.remove_records(user.id, times(1, 0))
    assert kept(store, user, records).count(None) == 1
    assert store.removal.remove_records(user.id, times(1, 1))
    assert kept(store, user, records) == [None] * 3


def test_user_goes_with_names_and_from_the_list(store: Store) -> None:
    """A user is removed with what says who has their names, and the realm lists them no more."""
    user, other = member(store), a_user(username="bob")
    store.add_user(other)
    store.add_name(OWNER.id, "username", "bob", other.id)
    store.add_member(OWNER.id, other.id)
    assert listed(store) == sorted([user.id, other.id])
    store.removal.remove_user(user)
    assert store.users.get(user.id) is None
    assert (named(store), listed(store)) == ({None}, [other.id])
    assert store.users.get(other.id) == other
    assert store.realms.get_with_login(OWNER.id, username="bob", email=None)[1] == other.id


def test_user_who_has_changed_is_not_removed(store: Store) -> None:
    """A removal of an older version removes nothing, and carries the user as they are."""
    user = member(store)
    store.users.commit(login(user)[0])
    with pytest.raises(Superseded) as lost:
        store.removal.remove_user(user)
    now = must_get(store, user.id)
    assert lost.value.current == now
    assert now.version == user.version + 1
    assert (named(store), listed(store)) == ({user.id}, [user.id])
    store.removal.remove_user(now)
    assert store.users.get(user.id) is None


def test_user_who_is_gone_is_told_to_be(store: Store) -> None:
    """A removal of a user who is no more carries None, and leaves the rest as it is."""
    user = member(store)
    store.remove_user(user.id)
    with pytest.raises(Superseded) as lost:
        store.removal.remove_user(user)
    assert lost.value.current is None
    assert (named(store), listed(store)) == ({user.id}, [user.id])


def test_name_that_is_anothers_is_not_freed(store: Store) -> None:
    """If another user now has one of the names, nothing is removed."""
    user = member(store)
    store.add_name(OWNER.id, "email", "ada@example.com", "usr_another")
    with pytest.raises(Superseded) as lost:
        store.removal.remove_user(user)
    assert lost.value.current == user == store.users.get(user.id)
    assert named(store) == {user.id, "usr_another"}
    assert listed(store) == [user.id]


def test_user_is_removed_once(store: Store) -> None:
    """Of four simultaneous removals of a user one succeeds; the others find the user gone."""
    user = member(store)
    outcomes = at_once([lambda: store.removal.remove_user(user)] * 4)
    lost = [outcome for outcome in outcomes if isinstance(outcome, Superseded)]
    assert [error.current for error in lost] == [None] * 3
    assert (store.users.get(user.id), named(store), listed(store)) == (None, {None}, [])


def test_user_is_taken_off_the_list(store: Store) -> None:
    """A user is taken off the realm's list, however often; their item is not looked at."""
    user, other = member(store), with_sessions(store, 0)
    store.add_member(OWNER.id, other.id)
    for _ in range(2):
        store.removal.forget_user(OWNER.id, user.id)
        assert listed(store) == [other.id]
    assert store.users.get(user.id) == user


# Access keys and the realm itself.


def test_access_keys_of_a_realm_are_removed(store: Store) -> None:
    """A realm's access keys go, in as many calls as it takes; no other key does."""
    own = [access_key(realm_id=OWNER.id) for _ in range(3)]
    others = [access_key(), access_key(realm_id=realm().id)]
    for key in (*own, *others):
        store.add_access_key(key)
    assert not store.removal.remove_access_keys(OWNER.id, times(1, 0))
    assert [store.keys.access_key(key.id) for key in own].count(None) == 1
    assert store.removal.remove_access_keys(OWNER.id, times(1, 1))
    assert store.removal.remove_access_keys(OWNER.id, times())
    assert [store.keys.access_key(key.id) for key in own] == [None] * 3
    assert [store.keys.access_key(key.id) for key in others] == others


def leaving(store: Store) -> Realm:
    """A realm that is being deleted."""
    made = realm(deletion=Deletion(started_ms=NOW, by="key_tests"))
    store.add_realm(made)
    return made


def test_removed_users_are_counted(store: Store) -> None:
    """A deletion counts users; nothing is counted for an active realm or one that is gone."""
    going, standing = leaving(store), realm()
    store.add_realm(standing)
    for count in (2, 3):
        store.removal.count_removed(going.id, count)
    found = store.find_realm(going.id)
    assert found is not None
    assert found.deletion == Deletion(started_ms=NOW, by="key_tests", users=5)
    nowhere = ids.new_id("rl", NOW)
    for realm_id in (standing.id, nowhere):
        store.removal.count_removed(realm_id, 1)
    assert store.find_realm(standing.id) == standing
    assert store.find_realm(nowhere) is None


def test_realm_goes_with_its_private_keys_and_its_job(store: Store) -> None:
    """A realm goes from the list, with its private keys and what was due; no other does."""
    going, other = realm(), realm()
    for made in (going, other):
        store.realms.create_realm(made, {})
    for owner in (going, other):
        store.leave(replace(DELETION, owner=owner.id))
        for key in ("jky_one", "jky_two"):
            store.add_private_key(owner.id, key, b"secret")
    for _ in range(2):
        store.removal.remove_realm(going.id)
        assert store.find_realm(going.id) is None
        assert list(store.realms.each_realm()) == [other]
        assert store.realms.private_key(going.id, "jky_one") is None
        assert store.realms.private_key(going.id, "jky_two") is None
    assert store.find_realm(other.id) == other
    assert store.realms.private_key(other.id, "jky_two") == b"secret"
    assert due(store, NOW) == [Due("realm_deletion", other.id, NOW // 1000)]
