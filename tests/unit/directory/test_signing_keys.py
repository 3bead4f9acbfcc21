"""Signing keys on the in-memory store: create, stop, remove; at most twenty."""

from dataclasses import replace

import pytest

from sojourn.api.paging import Page
from sojourn.domain import ids
from sojourn.domain.access_key import Server
from sojourn.domain.due import SETTLED_AFTER, Due
from sojourn.domain.errors import (
    Conflict,
    CursorInvalid,
    KeyInUse,
    NotFound,
    RealmNotNamed,
    Unavailable,
)
from sojourn.domain.policy import SIGNING_KEYS
from sojourn.domain.signing_key import SIGNING_DELAY_MS, SIGNING_GRACE_MS
from sojourn.store.realm_cache import EXPIRY_MARGIN, SECONDS
from tests.support.world import access_key, meanwhile
from tests.unit.directory.world import World

DELAY, GRACE, LIFETIME = SIGNING_DELAY_MS // 1000, SIGNING_GRACE_MS // 1000, 21_600


@pytest.fixture
def world() -> World:
    """A world of its own for each test."""
    return World()


def test_new_key_is_published_at_once_and_signs_later(world: World) -> None:
    """A key that is made signs 150 minutes later in place of the one before."""
    old = world.signing()
    made = world.make_key()
    assert world.states() == {old: "signing", made.id: "pending"}
    world.clock.advance(DELAY - 1)
    assert world.signing() == old
    world.clock.advance(1)
    assert world.states() == {old: "verifying", made.id: "signing"}
    assert world.private() == set(world.realm.keys)


def test_key_of_another_algorithm_comes_with_the_other_kind(world: World) -> None:
    """It makes the algorithm the realm's, and a key of each kind; the one asked for is answered."""
    made = world.make_key(algo="es256", kind="open_ended")
    assert (made.algo, made.kind) == ("es256", "open_ended")
    assert world.realm.settings.jwt_algo == "es256"
    for kind in ("expiring", "open_ended"):
        assert list(world.states(kind).values()) == ["signing", "pending"]


def test_realm_has_twenty_keys_at_most(world: World) -> None:
    """The twenty-first key is refused; one that is deleted makes room."""
    while len(world.realm.keys) < SIGNING_KEYS:
        last = world.make_key().id
    with pytest.raises(Conflict, match="20 of at most 20"):
        world.make_key()
    world.signing_keys.delete(world.server, last, force=False)
    assert world.make_key().state == "pending"
    assert world.private() == set(world.realm.keys)


def test_twenty_keys_under_a_change_that_comes_between(world: World) -> None:
    """Two who make the last key at once: one does, and no private half is left of the other."""
    while len(world.realm.keys) < SIGNING_KEYS - 1:
        world.make_key()
    meanwhile(world.store.realms, "commit", world.make_key)
    with pytest.raises(Conflict):
        world.make_key()
    assert len(world.realm.keys) == SIGNING_KEYS
    assert world.private() == set(world.realm.keys)


def test_key_goes_when_its_last_token_has_expired(world: World) -> None:
    """Removing a key is refused while it signs and while a token of it may be alive."""
    old = world.signing()
    with pytest.raises(KeyInUse):
        world.signing_keys.delete(world.server, old, force=False)
    world.make_key()
    world.clock.advance(DELAY + GRACE + LIFETIME - 1)
    with pytest.raises(KeyInUse) as refused:
        world.signing_keys.delete(world.server, old, force=False)
    assert refused.value.retires_ms == world.clock.wall_ms() // 1000 * 1000 + 1_000
    world.clock.advance(1)
    assert world.signing_keys.delete(world.server, old, force=False) is None
    assert old not in world.states()
    assert world.private() == set(world.realm.keys)
    assert world.store.due.jobs == []
    with pytest.raises(NotFound):
        world.signing_keys.delete(world.server, old, force=False)


def test_wrong_clock_removes_no_key(world: World) -> None:
    """With a fast clock the removal of a key is 503, and the key stays."""
    old = world.signing()
    world.make_key()
    world.clock.advance(DELAY + GRACE + LIFETIME)
    world.skew.note("Thu, 01 Jan 1970 00:00:00 GMT", sent_ms=10**9, received_ms=10**9)
    with pytest.raises(Unavailable):
        world.signing_keys.delete(world.server, old, force=False)
    with pytest.raises(NotFound):
        world.signing_keys.delete(world.server, ids.new_id("jky", 1), force=False)
    assert old in world.states()


def test_stop_ends_what_the_key_signed(world: World) -> None:
    """A stop of the signing key ends its sessions, counts them, and has a new key sign at once."""
    user, old = world.user(sessions=2), world.signing()
    told = world.signing_keys.stop(world.server, old)
    assert (told.ended.managed_sessions, told.ended.complete) == (2, True)
    assert (told.id, told.state) == (old, "compromised")
    assert world.active(user) == []
    new = world.signing()
    assert world.states() == {old: "compromised", new: "signing"}
    assert world.private() == set(world.realm.keys)


def test_stop_adds_its_settlement_and_waits_for_every_cache(world: World) -> None:
    """A stop adds the settlement of its users, and is answered when no cache is from before."""
    old, began = world.signing(), world.clock.wall_ms()
    world.signing_keys.stop(world.server, old)
    due = began // 1000 + SETTLED_AFTER
    assert world.store.due.jobs == [Due("settlement", world.realm_id, due, old)]
    assert world.clock.wall_ms() - began >= 1000 * (SECONDS + EXPIRY_MARGIN) - 1


def test_stop_of_an_old_key_leaves_the_others_as_they_are(world: World) -> None:
    """If another key already signs, no key is created, and its sessions stay active."""
    old = world.signing()
    new = world.make_key().id
    world.clock.advance(DELAY)
    user = world.user(sessions=1)
    assert world.signing_keys.stop(world.server, old).ended.managed_sessions == 0
    assert world.states() == {old: "compromised", new: "signing"}
    assert len(world.active(user)) == 1


def test_stopping_twice_is_the_same(world: World) -> None:
    """A key that was stopped stays so: the second answer tells the first stop, and commits none."""
    old = world.signing()
    first = world.signing_keys.stop(world.server, old)
    realm = world.realm
    world.clock.advance(60)
    assert world.signing_keys.stop(world.server, old) == first
    assert world.realm == realm


def test_stop_meets_a_stop(world: World) -> None:
    """Of two simultaneous stops of a key one does it, both report it, and one job is left."""
    old = world.signing()
    meanwhile(world.store.realms, "commit", lambda: world.signing_keys.stop(world.server, old))
    assert world.signing_keys.stop(world.server, old).state == "compromised"
    assert len(world.realm.stopped) == len(world.store.due.jobs) == 1
    assert len(world.states()) == 2


def test_compromised_key_is_hidden_when_it_is_deleted(world: World) -> None:
    """A compromised key leaves the list on request, and its sessions stay ended."""
    user, old = world.user(sessions=1), world.signing()
    world.signing_keys.stop(world.server, old)
    assert world.signing_keys.get(world.server, old).state == "compromised"
    assert world.signing_keys.delete(world.server, old, force=False) is None
    with pytest.raises(NotFound):
        world.signing_keys.get(world.server, old)
    with pytest.raises(NotFound):
        world.signing_keys.stop(world.server, old)
    assert world.active(user) == []


def test_key_is_removed_by_force_with_what_it_signed(world: World) -> None:
    """`force` removes a key that has stopped signing, and tells how many sessions that ended."""
    old, user = world.signing(), world.user(sessions=1)
    with pytest.raises(KeyInUse):
        world.signing_keys.delete(world.server, old, force=True)
    new = world.make_key().id
    world.clock.advance(DELAY)
    told = world.signing_keys.delete(world.server, old, force=True)
    assert told is not None
    assert told.ends.managed_sessions == 1
    assert told.ends.tokens_until == world.clock.wall_ms() // 1000 + GRACE + LIFETIME - 5
    assert world.states() == {new: "signing"}
    assert world.active(user) == []
    assert world.private() == set(world.realm.keys)


def test_force_asks_the_state_that_it_changes(world: World) -> None:
    """A key that signs again, since its successor was stopped meanwhile, is not removed."""
    old = world.signing()
    new = world.make_key().id
    world.clock.advance(DELAY)
    meanwhile(world.store.realms, "commit", lambda: world.signing_keys.stop(world.server, new))
    with pytest.raises(KeyInUse):
        world.signing_keys.delete(world.server, old, force=True)
    assert world.signing() == old


def test_keys_of_another_realm_do_not_exist(world: World) -> None:
    """A key is found in its own realm only; a stack-wide key must name the realm."""
    other = World()
    key_id = other.signing()
    for act in (world.signing_keys.get, world.signing_keys.stop):
        with pytest.raises(NotFound):
            act(world.server, key_id)
    with pytest.raises(NotFound):
        world.signing_keys.delete(world.server, key_id, force=True)
    with pytest.raises(NotFound):
        world.signing_keys.page(replace(world.server, realm_id=other.realm_id), Page())
    with pytest.raises(RealmNotNamed):
        world.signing_keys.page(Server(key=access_key(None), realm_id=None), Page())


def test_list_is_paged(world: World) -> None:
    """Keys are listed by id behind a cursor, which is the id of a key."""
    world.make_key()
    every = sorted([*world.states(), *world.states("open_ended")])
    page = world.signing_keys.page(world.server, Page(after=every[0], limit=1, ascending=True))
    assert ([k.id for k in page.collection], page.more_results) == (every[1:2], True)
    with pytest.raises(CursorInvalid):
        world.signing_keys.page(world.server, Page(after="x"))
