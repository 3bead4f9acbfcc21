"""Realms on the in-memory store: create, read, change with an optimistic lock."""

import json
from dataclasses import replace
from typing import Any

import pytest

from sojourn.api.paging import Page
from sojourn.directory.bodies import RealmBody
from sojourn.domain import ids
from sojourn.domain.access_key import Server
from sojourn.domain.errors import (
    Conflict,
    CursorInvalid,
    Invalid,
    NotFound,
    RealmForbidden,
    Unavailable,
)
from sojourn.domain.policy import SIGNING_KEYS
from sojourn.domain.realm import Deletion
from tests.support.world import access_key, meanwhile
from tests.unit.directory.world import World


@pytest.fixture
def world() -> World:
    """A world of its own for each test."""
    return World()


def test_realm_is_made_with_a_key_of_each_kind_that_signs_at_once(world: World) -> None:
    """A new realm signs from its first moment, and has the private half of each key."""
    for kind in ("expiring", "open_ended"):
        assert list(world.states(kind).values()) == ["signing"]
    assert world.private() == set(world.realm.keys)
    assert [key.longest_seconds for key in world.realm.of_kind("expiring")] == [21_600]
    assert world.realm.issuer == f"https://api.example.com/v1/realms/{world.realm_id}"


def test_realm_is_issued_at_the_public_url_where_there_is_one(world: World) -> None:
    """The stack's public URL, and not the gateway's own, names a new realm."""
    realms = replace(world.realms, public_url="https://auth.example.com")
    made = realms.create(world.stack, RealmBody(name="Other"), domain="api.example.com")
    assert made.issuer == f"https://auth.example.com/v1/realms/{made.id}"


def test_bound_key_makes_no_realm(world: World) -> None:
    """Only a stack-wide key makes a realm."""
    bound = Server(key=access_key(world.realm_id), realm_id=world.realm_id)
    with pytest.raises(RealmForbidden):
        world.realms.create(bound, RealmBody(name="Other"), domain="api.example.com")
    assert [realm.id for realm in world.store.realms.each_realm()] == [world.realm_id]


@pytest.mark.parametrize(
    "body",
    [{"session_minutes": 0}, {"max_sessions": 101}, {"jwt_algo": "hs256"}, {"rotate_days": 366}],
    ids=str,
)
def test_setting_out_of_range_makes_and_changes_nothing(world: World, body: dict[str, Any]) -> None:
    """A setting that is not allowed is refused, in a new realm and in one that is there."""
    before = world.realm
    with pytest.raises(Invalid):
        world.realms.create(world.stack, RealmBody(name="Other", **body), domain="x.example")
    with pytest.raises(Invalid):
        world.change(**body)
    assert list(world.store.realms.each_realm()) == [before]


def test_realm_beyond_reach_does_not_exist(world: World) -> None:
    """Another realm's server, an unknown id and a realm being deleted are all not found."""
    other = Server(key=access_key(None), realm_id=ids.new_id("rl", 1))
    for server, realm_id in ((other, world.realm_id), (world.stack, "x"), (other, other.realm_id)):
        with pytest.raises(NotFound):
            world.realms.find(server, str(realm_id))
    leaving = replace(world.realm, deletion=Deletion(started_ms=1, by="key_a"))
    world.store.realms.add(leaving)
    with pytest.raises(NotFound):
        world.realms.find(world.stack, world.realm_id)
    assert world.realms.look(world.stack, world.realm_id) == leaving
    with pytest.raises(NotFound):
        world.change(name="Late")


def test_list_shows_what_a_server_sees(world: World) -> None:
    """The stack's server pages through all realms by id; a bound one sees its own."""
    for name in ("One", "Two"):
        world.realms.create(world.stack, RealmBody(name=name), domain="x.example")
    every = sorted(realm.id for realm in world.store.realms.each_realm())
    first = world.realms.page(world.stack, Page(limit=2, ascending=True))
    assert ([r.id for r in first.collection], first.more_results) == (every[:2], True)
    rest = world.realms.page(world.stack, Page(after=every[1], ascending=True))
    assert ([r.id for r in rest.collection], rest.more_results) == (every[2:], False)
    own = world.realms.page(world.server, Page()).collection
    assert [realm.id for realm in own] == [world.realm_id]
    with pytest.raises(CursorInvalid):
        world.realms.page(world.stack, Page(after="x"))


def test_change_keeps_what_it_does_not_name(world: World) -> None:
    """A change names what it changes, and the version moves with each."""
    before = world.realm
    view = world.change(name="New", max_sessions=3)
    after = world.realm
    assert (view.name, view.max_sessions, view.session_minutes) == ("New", 3, 360)
    assert after.settings == replace(before.settings, max_sessions=3)
    assert (after.version, after.keys) == (before.version + 1, before.keys)


def test_change_is_decided_anew_on_what_came_between(world: World) -> None:
    """Of two simultaneous changes neither is lost: the second is made on the first's result."""
    meanwhile(world.store.realms, "commit", lambda: world.change(max_sessions=3))
    view = world.change(name="New", session_minutes=5)
    assert (view.max_sessions, view.session_minutes) == (3, 5)
    assert [done.before.version for done in world.store.realms.commits] == [1, 2]
    # A setting that is out of range only together with what came between is refused.
    meanwhile(
        world.store.realms,
        "commit",
        lambda: world.change(session_type="unmanaged", session_minutes=0),
    )
    with pytest.raises(Invalid) as refused:
        world.change(session_type="managed")
    assert refused.value.errors[0].startswith("session_minutes must be 1 to 525600")


def test_change_of_a_realm_that_is_deleted_meanwhile(world: World) -> None:
    """A realm that goes while it is changed is not found, and stays as it was left."""
    leaving = replace(world.realm, version=2, deletion=Deletion(started_ms=1, by="key_a"))
    meanwhile(world.store.realms, "commit", lambda: world.store.realms.add(leaving))
    with pytest.raises(NotFound):
        world.change(name="Late")
    assert world.realm == leaving


def test_longer_lifetime_is_remembered_by_the_keys_that_may_sign(world: World) -> None:
    """Each key remembers the longest lifetime in force while it could sign, also lowered since."""
    world.change(session_minutes=600)
    world.change(session_minutes=5)
    assert [key.longest_seconds for key in world.realm.of_kind("expiring")] == [36_000]


def test_other_algorithm_makes_a_key_of_each_kind(world: World) -> None:
    """A change of `jwt_algo` publishes its keys, once however often the change is decided."""
    world.cipher.keys.clear()
    meanwhile(world.store.realms, "commit", lambda: world.change(max_sessions=3))
    assert world.change(jwt_algo="es256").jwt_algo == "es256"
    for kind in ("expiring", "open_ended"):
        assert list(world.states(kind).values()) == ["signing", "pending"]
    assert len(world.cipher.keys) == 2
    made = [world.realm.keys[key_id] for key_id in world.cipher.keys]
    assert [key.algo for key in made] == ["es256", "es256"]
    assert [key.number for key in made] == [3, 4]


def test_full_realm_takes_no_other_algorithm(world: World) -> None:
    """A realm without room for both keys keeps its algorithm, and says how many to delete."""
    while len(world.realm.keys) < SIGNING_KEYS - 1:
        world.make_key()
    before = world.realm
    with pytest.raises(Conflict, match="Delete 1 first"):
        world.change(jwt_algo="es256")
    assert world.realm == before
    assert world.private() == set(before.keys)


def test_token_that_would_be_too_long_refuses_the_change(world: World) -> None:
    """A change that makes a user's token too long names the user, and changes nothing."""
    user = world.user(custom=json.dumps({"text": "x" * 3_500}))
    with pytest.raises(Invalid) as refused:
        world.change(jwt_fields=["username", "custom"])
    assert user in refused.value.errors[0]
    assert world.realm.settings.jwt_fields == ("username",)


def test_new_issuer_keeps_the_former_one(world: World) -> None:
    """Tokens of the former issuer stay good; the same one again is no change of it."""
    before = world.realm.issuer
    wanted = f"https://auth.example.com/v1/realms/{world.realm_id}"
    assert world.change(issuer=wanted).former_issuers == [before]
    assert world.change(issuer=wanted).former_issuers == [before]
    assert world.realm.issuers == (wanted, before)


def test_wrong_clock_leaves_no_issuer(world: World) -> None:
    """With a fast clock a change of the issuer is 503, and changes nothing."""
    world.skew.note("Thu, 01 Jan 1970 00:00:00 GMT", sent_ms=10**9, received_ms=10**9)
    with pytest.raises(Unavailable):
        world.change(issuer=f"https://auth.example.com/v1/realms/{world.realm_id}")
    assert world.realm.former == ()
    assert world.change(name="New").name == "New"
