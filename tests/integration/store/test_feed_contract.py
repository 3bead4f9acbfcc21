"""Contract tests of every store: the feed of what ended."""

from dataclasses import replace

import pytest

from sojourn.domain import ids
from sojourn.domain import session_rules as rules
from sojourn.domain.due import Due
from sojourn.domain.errors import Superseded
from sojourn.domain.realm import Realm, RealmChange
from sojourn.domain.revocation import SLICE_MS, Entry, Revocation, first_id, slice_of
from sojourn.domain.session import Login, Reason
from sojourn.domain.user import Change, User
from tests.integration.store.test_due_contract import due
from tests.integration.store.test_store_contract import (
    BY,
    ORIGIN,
    OWNER,
    a_user,
    at_once,
    end_all,
    login,
    with_sessions,
)
from tests.support.clock import MovedClock
from tests.support.stores import Store

KEPT = 25 * 3_600
"""Seconds for which an entry is kept: a day, and an hour more."""


@pytest.fixture
def owner(store: Store) -> Realm:
    """The realm of the users, which the store has."""
    store.add_realm(OWNER)
    return OWNER


def end(store: Store, user: User, realm: Realm = OWNER) -> tuple[Change, User]:
    """End the oldest session of a user: the change as it was asked for, and the user after it."""
    reasons: dict[str, Reason] = {user.sessions[0].id: "logout"}
    change = rules.end(user, realm, reasons, by=BY, now_ms=user.sessions[0].created_ms)
    return change, store.users.commit(change).after


def entries(store: Store, *, after: str = "rev_", limit: int = 100, number: int) -> list[Entry]:
    """The entries of a slice's first shard."""
    return list(store.feed.read(OWNER.id, number, 0, after=after, limit=limit)[0])


def now(store: Store) -> int:
    """The slice of now."""
    return slice_of(store.feed.now_ms())


def test_entry_comes_with_the_ending(store: Store, clock: MovedClock) -> None:
    """What a commit ended is in the slice and shard of its time, as it was told."""
    change, _ = end(store, with_sessions(store, 2))
    told = change.revocation
    assert told is not None
    (entry,) = entries(store, number=now(store))
    assert entry.revocation == told
    assert ids.created_ms(entry.id) == clock.wall_ms()
    assert entry.id.startswith("rev_")


def test_everything_that_an_entry_tells_is_stored(store: Store) -> None:
    """An entry of many sessions, of a user, of a realm and of a key come back as they were."""
    user = with_sessions(store, 3)
    evicting = replace(OWNER, settings=replace(OWNER.settings, max_sessions=1))
    logged_in = rules.begin(
        user, evicting, Login("password", ORIGIN), key_number=1, now_ms=user.last_ms
    )[0]
    everything = end_all(store.users.commit(logged_in).after)
    store.users.commit(everything)
    store.add_realm(OWNER)
    ended = store.realms.commit(RealmChange(OWNER, OWNER.ending_all(by="key_1", now_ms=7))).after
    (key,) = ended.keys.values()
    stopped = ended.without_key(key, by="key_1", now_ms=8, compromised=True)
    store.realms.commit(RealmChange(ended, stopped))
    told = [entry.revocation for entry in entries(store, number=now(store))]
    expected = [
        logged_in.revocation,
        everything.revocation,
        Revocation(OWNER.id, "realm_ended", 7, 1, scope="realm"),
        Revocation(OWNER.id, "terminated_by_admin", 8, 1, scope="key", key_id=key.id),
    ]
    assert len(logged_in.ended) == 3
    assert sorted(map(repr, told)) == sorted(map(repr, expected))


def test_login_that_ends_nothing_and_names_add_no_entry(store: Store) -> None:
    """A commit without a revocation is in no slice."""
    user = with_sessions(store, 1)
    store.users.commit(login(user, user.last_ms + 1)[0])
    assert entries(store, number=now(store)) == []


def test_ending_that_came_second_leaves_no_entry(store: Store, owner: Realm) -> None:
    """A commit whose condition does not hold adds no entry: it is one with its ending."""
    user = with_sessions(store, 2)
    change, _ = end(store, user)
    with pytest.raises(Superseded):
        store.users.commit(change)
    ended = RealmChange(owner, owner.ending_all(by="key_1", now_ms=7))
    store.realms.commit(ended)
    with pytest.raises(Superseded):
        store.realms.commit(ended)
    with pytest.raises(Superseded):
        store.users.commit(end_all(a_user(sessions=user.sessions)))
    assert len(entries(store, number=now(store))) == 2


def test_of_simultaneous_endings_one_is_told(store: Store) -> None:
    """Of four commits that end the same session, one is done, and one entry is there."""
    user = with_sessions(store, 1)
    done = at_once([lambda: end(store, user)] * 4)
    assert sum(isinstance(one, Superseded) for one in done) == 3
    assert len(entries(store, number=now(store))) == 1


def test_entries_come_in_the_order_of_their_times(store: Store, clock: MovedClock) -> None:
    """Entries are read by id from the next one on, as many as asked, and whether more follow."""
    made = []
    for _ in range(5):
        clock.advance(0.001)
        made.append(end(store, with_sessions(store, 1))[0].revocation)
    number = now(store)
    found = entries(store, number=number)
    assert [entry.revocation for entry in found] == made
    assert [entry.id for entry in found] == sorted(entry.id for entry in found)
    for n, entry in enumerate(found):
        rest = store.feed.read(OWNER.id, number, 0, after=entry.id, limit=100)
        assert rest == (found[n + 1 :], False)
        this = first_id(ids.created_ms(entry.id))
        page, more = store.feed.read(OWNER.id, number, 0, after=this, limit=2)
        assert page == found[n : n + 2]
        left = len(found) - n
        # A page with the last entries may say that more follow.
        assert more is (left > 2) or left == 2
    assert store.feed.read(OWNER.id, number, 0, after="rev_~", limit=2) == ([], False)


def test_slices_shards_and_realms_are_apart(store: Store, clock: MovedClock) -> None:
    """An entry is in the hour of its time, in the shard of its user, and in its own realm."""
    shards = 4
    realm = replace(OWNER, settings=replace(OWNER.settings, revocation_shards=shards))
    users = [with_sessions(store, 2) for _ in range(6)]
    first = [end(store, user, realm) for user in users]
    number = now(store)
    clock.advance(SLICE_MS / 1000)
    for _, user in first:
        end(store, user, realm)
    other = replace(realm, id=ids.new_id("rl", clock.wall_ms()))
    for at in (number, number + 1):
        found = {
            entry.revocation.user_id
            for shard in range(shards)
            for entry in store.feed.read(realm.id, at, shard, after="rev_", limit=100)[0]
        }
        assert found == {user.id for user in users}
        for shard in range(shards):
            kept = store.feed.read(realm.id, at, shard, after="rev_", limit=100)[0]
            told = {replace(e.revocation, shards=shards).shard for e in kept}
            assert told <= {shard}
            assert store.feed.read(other.id, at, shard, after="rev_", limit=1) == ([], False)
    assert entries(store, number=number - 1) == []
    assert entries(store, number=number + 2) == []


def test_entry_goes_when_it_is_kept_no_longer(store: Store, clock: MovedClock) -> None:
    """Cleanup finds an entry when it is due, and removes it then and not before."""
    end(store, with_sessions(store, 2))
    number = now(store)
    (entry,) = entries(store, number=number)
    until = clock.wall_ms() // 1000 + KEPT
    found = [one for one in due(store, until) if one.kind == "revocation"]
    owner = f"{OWNER.id}#feed#{number}#0"
    assert found == [Due("revocation", owner, until, entry.id)]
    assert not [one for one in due(store, until - 1) if one.kind == "revocation"]
    assert not store.due.remove_entry(owner, entry.id, now=until - 1)
    assert entries(store, number=number) == [entry]
    assert store.due.remove_entry(owner, entry.id, now=until)
    assert entries(store, number=number) == []
    assert not store.due.remove_entry(owner, entry.id, now=until)
