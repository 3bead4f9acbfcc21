"""Access keys on the in-memory store: shown once, never with more rights than their creator."""

from dataclasses import replace

import pytest

from sojourn.api.paging import Page
from sojourn.directory.bodies import AccessKeyBody, AccessKeyChanges
from sojourn.domain import ids
from sojourn.domain.access_key import Server
from sojourn.domain.errors import AlreadyInitialised, CursorInvalid, Invalid, NotFound
from tests.support.world import World

READ = AccessKeyBody(name="web", permission="read")


class Keys(World):
    """A stack with two realms, and its first key."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.other = self.realm_id, self.new_realm().id
        self.first, self.secret = self.access_keys.create_first(name="first")
        self.stack = Server(key=self.first, realm_id=None)

    def about(self, realm_id: str, *, bound: bool = False) -> Server:
        """The holder of the first key about a realm, or the one of a key of that realm."""
        about = Server(key=self.first, realm_id=realm_id)
        if not bound:
            return about
        made = self.access_keys.create(about, AccessKeyBody(name="own", permission="admin"))
        return Server(key=self.access_keys.find(about, made.id), realm_id=realm_id)

    def listed(self, server: Server, **page: object) -> list[str]:
        """The ids of a page."""
        view = self.access_keys.page(server, Page(ascending=True, **page))  # type: ignore[arg-type]
        return [key.id for key in view.collection]


@pytest.fixture
def world() -> Keys:
    """A world of its own for each test."""
    return Keys()


def test_secret_is_shown_once_and_stored_as_its_digest(world: Keys) -> None:
    """The answer that makes a key is the only one with its secret, and no store has it."""
    made = world.access_keys.create(world.stack, READ)
    stored = world.store.keys.access_key(made.id)
    assert stored is not None
    assert ids.secret_owner("ks", "key", made.secret) == made.id
    assert stored.secret_hash == ids.digest(made.secret).hex()
    assert not hasattr(world.access_keys.page(world.stack, Page()).collection[0], "secret")
    assert (made.realm_id, made.permission, made.last_used_at) == (None, "read", None)


def test_key_is_the_realms_that_the_request_is_about(world: Keys) -> None:
    """A key is made in the realm that is named, and listed with that realm's alone."""
    made = world.access_keys.create(world.about(world.one), READ)
    assert made.realm_id == world.one
    assert world.listed(world.about(world.one)) == [made.id]
    assert world.listed(world.about(world.other)) == []
    assert world.listed(world.stack) == [world.first.id]


def test_key_of_a_realm_that_is_not_there(world: Keys) -> None:
    """No key is made, nor list given, for a realm that is gone."""
    nowhere = world.about(ids.new_id("rl", 1))
    with pytest.raises(NotFound):
        world.access_keys.create(nowhere, READ)
    with pytest.raises(NotFound):
        world.access_keys.page(nowhere, Page())


def test_key_beyond_a_servers_reach_does_not_exist(world: Keys) -> None:
    """A realm's server sees its own realm's keys, and neither another's nor the stack's."""
    bound, made = world.about(world.one, bound=True), world.access_keys.create(world.stack, READ)
    other = world.access_keys.create(world.about(world.other), READ)
    for key_id in (made.id, other.id, ids.new_id("key", 1), "x"):
        with pytest.raises(NotFound):
            world.access_keys.find(bound, key_id)
        with pytest.raises(NotFound):
            world.access_keys.delete(bound, key_id)
    assert world.access_keys.find(bound, bound.key.id) == bound.key
    assert world.access_keys.find(world.stack, other.id).realm_id == world.other


def test_key_outlives_none_that_made_it(world: Keys) -> None:
    """A server whose key expires makes none that expires later, or never; and none in the past."""
    now = world.clock.wall_ms() // 1000
    key = replace(world.first, expires_at=now + 60)
    server = Server(key=key, realm_id=None)
    for expires_at in (None, now + 61, now):
        with pytest.raises(Invalid):
            world.access_keys.create(server, replace_expiry(expires_at))
    made = world.access_keys.create(server, replace_expiry(now + 60))
    assert made.expires_at == now + 60
    with pytest.raises(Invalid):
        world.access_keys.update(server, made.id, AccessKeyChanges(expires_at=None))


def replace_expiry(expires_at: int | None) -> AccessKeyBody:
    """A body with that end."""
    return AccessKeyBody(name="web", permission="read", expires_at=expires_at)


def test_change_keeps_what_it_does_not_name(world: Keys) -> None:
    """Name and end change by themselves; an empty change changes nothing, and none is revived."""
    end = world.clock.wall_ms() // 1000 + 60
    made = world.access_keys.create(world.stack, replace_expiry(end))
    renamed = world.access_keys.update(world.stack, made.id, AccessKeyChanges(name="Batch"))
    assert (renamed.name, renamed.expires_at) == ("Batch", end)
    endless = world.access_keys.update(world.stack, made.id, AccessKeyChanges(expires_at=None))
    assert (endless.name, endless.expires_at) == ("Batch", None)
    assert world.access_keys.update(world.stack, made.id, AccessKeyChanges()) == endless
    world.access_keys.delete(world.stack, made.id)
    with pytest.raises(NotFound):
        world.access_keys.update(world.stack, made.id, AccessKeyChanges(name="Late"))


def test_first_key_is_made_where_no_admin_of_the_stack_is_left(world: Keys) -> None:
    """While there is a valid stack-wide `admin` key, no first key is created without force."""
    world.access_keys.create(world.stack, READ)
    with pytest.raises(AlreadyInitialised, match=world.first.id):
        world.access_keys.create_first(name="second")
    world.access_keys.delete(world.stack, world.first.id)
    second, _ = world.access_keys.create_first(name="second")
    third, _ = world.access_keys.create_first(name="third", force=True)
    assert world.store.keys.first_key_id() == third.id
    assert {second.id, third.id} <= set(world.listed(world.stack))


def test_expired_admin_does_not_keep_a_stack_locked(world: Keys) -> None:
    """A stack whose only admin key has expired may have a first key again."""
    end = world.clock.wall_ms() // 1000 + 60
    world.access_keys.update(world.stack, world.first.id, AccessKeyChanges(expires_at=end))
    with pytest.raises(AlreadyInitialised):
        world.access_keys.create_first(name="second")
    world.clock.advance(60)
    assert world.access_keys.create_first(name="second")[0].permission == "admin"


def test_list_is_paged(world: Keys) -> None:
    """A list goes on behind its cursor, and a cursor is the id of a key."""
    ordered = [world.first.id, *(world.access_keys.create(world.stack, READ).id for _ in range(2))]
    assert world.listed(world.stack) == sorted(ordered)
    assert world.listed(world.stack, after=sorted(ordered)[0], limit=1) == [sorted(ordered)[1]]
    with pytest.raises(CursorInvalid):
        world.access_keys.page(world.stack, Page(after="x"))
