"""Who may call an application's API, and for how long a gateway may go on believing it."""

from dataclasses import replace
from typing import Any, cast

import pytest

from functions.authorizer.app import handler
from sojourn.bootstrap import Resources
from sojourn.domain.errors import SessionEnded, SessionExpired, TokenInvalid, Unavailable
from sojourn.domain.policy import MAX_STALENESS, Settings
from sojourn.runtime import deadline
from sojourn.sessions.authorize import OWN_SECONDS, Authorizer, TooStale
from sojourn.store.realm_cache import RealmCache
from tests.support.memory.resources import MemoryResources
from tests.support.world import LOGIN, MINUTES, World

TTL = 60


@pytest.fixture
def world() -> World:
    """A realm."""
    return World()


def token_of(world: World, user_id: str, **changes: Any) -> str:
    """The token of a new session."""
    login = replace(LOGIN, **changes)
    return world.logins.of_server(world.realm, world.stored(user_id), login).token


def authorizer(world: World, **changes: Any) -> Authorizer:
    """The function's own, with another TTL or realm."""
    return replace(world.authorizing.authorizer, ttl_seconds=TTL, **changes)


def test_active_session_is_granted(world: World) -> None:
    """An active session is granted with whose it is and how long it lasts."""
    granted = authorizer(world).grant(token_of(world, world.ada))
    assert (granted.user_id, granted.realm_id) == (world.ada, world.realm_id)
    assert [granted.session_id] == world.active(world.ada)
    assert granted.session_type == "managed"
    assert granted.seconds_left is not None
    assert MINUTES * 60 - 1 <= granted.seconds_left <= MINUTES * 60


def test_ended_session_is_refused_at_once(world: World) -> None:
    """A decision that begins after a session was ended is a no, and reads no ended record."""
    token = token_of(world, world.ada)
    made = authorizer(world)
    session_id = made.grant(token).session_id
    world.terminator.by_server(world.server, session_id)
    with pytest.raises(SessionEnded):
        made.grant(token)


def test_expired_session_is_refused(world: World) -> None:
    """A session is not granted from its expiry on."""
    token = token_of(world, world.ada)
    world.clock.advance(MINUTES * 60)
    with pytest.raises(SessionExpired):
        authorizer(world).grant(token)


def test_unmanaged_session_is_granted_until_all_are_ended(world: World) -> None:
    """A session that is its token alone is granted, without an end if it is open-ended."""
    robot = world.user(user_type="api")
    world.settings(api_key_minutes=0)
    token = token_of(world, robot, auth_method="api_key")
    granted = authorizer(world).grant(token)
    assert (granted.session_type, granted.expires_at, granted.seconds_left) == (
        "unmanaged",
        None,
        None,
    )
    world.terminator.all_of_user(world.server, robot)
    with pytest.raises(SessionEnded):
        authorizer(world).grant(token)


@pytest.mark.parametrize("by", ["the stack", "the API"])
def test_another_realms_token_is_refused(
    world: World, by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An authorizer or an API that is for one realm admits no other's token, and reads nothing."""
    token = token_of(world, world.ada)
    other = world.new_realm().id
    reads: list[str] = []
    monkeypatch.setattr(type(world.store.realms), "get", lambda _, id_: reads.append(id_))
    world.clock.advance(OWN_SECONDS)
    made = authorizer(world, realm_id=other if by == "the stack" else None)
    with pytest.raises(TokenInvalid):
        made.grant(token, realm_id=other if by == "the API" else None)
    assert reads == []
    monkeypatch.undo()
    assert authorizer(world, realm_id=world.realm_id).grant(token, realm_id=world.realm_id)


def test_api_cannot_widen_what_the_stack_admits(world: World) -> None:
    """Where the stack names one realm, an API that names another admits nobody."""
    token = token_of(world, world.ada)
    made = authorizer(world, realm_id=world.new_realm().id)
    with pytest.raises(TokenInvalid):
        made.grant(token, realm_id=world.realm_id)


@pytest.mark.parametrize("realm_id", ["", "rl_", "elsewhere"])
def test_realm_that_is_none_admits_nobody(world: World, realm_id: str) -> None:
    """An API that names its realm wrongly admits nobody, rather than everybody."""
    with pytest.raises(TokenInvalid):
        authorizer(world).grant(token_of(world, world.ada), realm_id=realm_id)


@pytest.mark.parametrize("ttl", [0, 1, TTL, MAX_STALENESS[1] - OWN_SECONDS - 1])
@pytest.mark.parametrize("more", [-1, 0, 1])
def test_sum_is_held_to_the_realm(world: World, ttl: int, more: int) -> None:
    """A cached answer's age is TTL and 5 s; a realm that allows less has its tokens refused."""
    allowed = ttl + OWN_SECONDS + more
    world.settings(max_staleness_seconds=allowed)
    token = token_of(world, world.ada)
    made = replace(authorizer(world), ttl_seconds=ttl)
    if more < 0 and ttl:
        with pytest.raises(TooStale, match="max_staleness_seconds"):
            made.grant(token)
    else:
        assert made.grant(token)


def test_realm_that_allows_a_second_is_served_without_a_cache(world: World) -> None:
    """With a TTL of 0 each request is validated, which every realm allows."""
    world.settings(max_staleness_seconds=1)
    token = token_of(world, world.ada)
    assert replace(authorizer(world), ttl_seconds=0).grant(token)
    with pytest.raises(TooStale, match=r"AuthorizerTtlSeconds, and the TTL of each API .* to 0"):
        replace(authorizer(world), ttl_seconds=1).grant(token)


def test_lowered_setting_is_seen_within_its_staleness(world: World) -> None:
    """A realm that allows less from now on is seen by the time its cached state is too old."""
    token, made = token_of(world, world.ada), authorizer(world)
    assert made.grant(token)
    realm = world.realm
    settings = replace(realm.settings, max_staleness_seconds=TTL)
    world.store.realms.add(replace(realm, settings=settings))
    world.clock.advance(OWN_SECONDS)
    with pytest.raises(TooStale):
        made.grant(token)


def test_slow_decision_is_never_a_cached_yes(world: World) -> None:
    """A yes that took longer than the sum counts for it is an error, unless nothing caches it."""
    token, made = token_of(world, world.ada), authorizer(world)
    for seconds, admitted in ((OWN_SECONDS, True), (OWN_SECONDS + 0.001, False)):
        with deadline.deadline(world.clock):
            world.clock.advance(seconds)
            if admitted:
                assert made.grant(token)
            else:
                with pytest.raises(Unavailable):
                    made.grant(token)
                assert replace(made, ttl_seconds=0).grant(token)


def test_named_realm_is_checked_at_the_start(world: World) -> None:
    """The check at the start refuses a realm that allows less; it needs no realm to be named."""
    made = authorizer(world, realm_id=world.realm_id)
    made.check_named()
    authorizer(world).check_named()
    world.settings(max_staleness_seconds=TTL + OWN_SECONDS - 1)
    with pytest.raises(TooStale, match=f"to {TTL - 1}, or raise max_staleness_seconds"):
        made.check_named()


@pytest.mark.parametrize("ttl", [TTL, TTL + 1])
def test_instance_starts_only_if_its_realm_allows_it(world: World, ttl: int) -> None:
    """An instance whose realm allows less than the sum does not start, and says what to change."""
    world.settings(max_staleness_seconds=TTL + OWN_SECONDS)
    given = resources(world, ttl=ttl)
    if ttl == TTL:
        assert handler.compose(given).authorizer.realm_id == world.realm_id
    else:
        with pytest.raises(TooStale, match="max_staleness_seconds"):
            handler.compose(given)


def test_instance_starts_without_its_store(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the realm cannot be read at the start, each token's own is checked, as always."""

    def unavailable(*_: object) -> None:
        raise Unavailable

    monkeypatch.setattr(type(world.store.realms), "get", unavailable)
    assert handler.compose(resources(world, ttl=3_600))


def resources(world: World, *, ttl: int) -> Resources:
    """A function's resources over the world's store, for its realm."""
    given = MemoryResources()
    given.settings = replace(
        given.settings, authorizer_ttl_seconds=ttl, authorizer_realm_id=world.realm_id
    )
    given.realm_cache = RealmCache(world.store.realms, world.clock)
    return cast(Resources, given)


def test_default_realm_is_served_by_the_default_authorizer(world: World) -> None:
    """What a stack has by default fits what a realm has by default."""
    ttl = world.authorizing.authorizer.ttl_seconds
    assert 0 < ttl + OWN_SECONDS <= Settings().max_staleness_seconds
