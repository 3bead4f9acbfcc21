"""Token introspection, on the in-memory store."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from sojourn.domain.access_key import Server
from sojourn.domain.errors import NotFound
from sojourn.domain.realm import Realm
from tests.support.world import LOGIN, MINUTES, World, access_key

INACTIVE = {"active": False}


@pytest.fixture
def world() -> World:
    """A world of its own for each test."""
    return World()


def begun(world: World, user_id: str | None = None, **changes: Any) -> Any:
    """A new session with its token."""
    user = world.stored(user_id or world.ada)
    return world.logins.of_server(world.realm, user, replace(LOGIN, **changes))


def introspected(world: World, token: str, realm_id: str | None = None) -> dict[str, Any]:
    """What the answer to a server of the realm says, as JSON."""
    made = world.introspector.introspect(world.stack, realm_id or world.realm_id, token)
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(made))
    return found


def test_active_token_is_told_with_its_claims(world: World) -> None:
    """An active token has exactly the members of RFC 7662 that it has values for, and ours."""
    ada = world.user(username="ada")
    session = begun(world, ada)
    found = introspected(world, session.token)
    assert 240 <= found.pop("revalidate_after") <= 300
    assert found == {
        "active": True,
        "iss": world.realm.issuer,
        "sub": ada,
        "aud": world.realm_id,
        "exp": session.expires_at,
        "iat": int(session.created_at),
        "sid": session.id,
        "username": "ada",
        "token_type": "Bearer",
        "session_type": "managed",
        "auth_method": "server",
    }
    assert [type(found[name]) for name in ("exp", "iat")] == [int, int]


def test_open_ended_token_has_no_expiry(world: World) -> None:
    """An open-ended token has no `exp`, and a user without a name no `username`: never null."""
    world.settings(session_type="unmanaged", session_minutes=0)
    found = introspected(world, begun(world).token)
    assert (found["active"], found["session_type"]) == (True, "unmanaged")
    assert found.keys().isdisjoint({"exp", "username"})


def test_inactive_token_is_told_without_a_reason(world: World) -> None:
    """What ended, expired, is of another realm or is no token is inactive, and no more is told."""
    ended, ended_by_realm = begun(world), begun(world, world.bob)
    world.terminator.by_server(world.stack, ended.id)
    assert introspected(world, ended.token) == INACTIVE
    assert introspected(world, ended_by_realm.token)["active"] is True
    for token in ("", "garbage", "a.b.c", "\0", "é", ended.token[:-4] + "AAAA"):
        assert introspected(world, token) == INACTIVE
    other = world.new_realm()
    assert introspected(world, ended_by_realm.token, other.id) == INACTIVE
    world.clock.advance(MINUTES * 60)
    assert introspected(world, ended_by_realm.token) == INACTIVE


def test_ends_of_user_and_realm_are_seen(world: World) -> None:
    """Managed or not, a token is inactive from the end of its user or of its realm on."""
    for session_type in ("managed", "unmanaged"):
        world.settings(session_type=session_type)
        token = begun(world).token
        world.terminator.all_of_user(world.stack, world.ada)
        assert introspected(world, token) == INACTIVE
        token = begun(world).token
        assert introspected(world, token)["active"] is True
        world.realm_ends.end_all(world.stack, world.realm_id)
        assert introspected(world, token) == INACTIVE


def test_nobody_else_is_asked_for_the_reason(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """An ended session costs the read of its user alone: its record, which has the reason, none."""
    session = begun(world)
    world.terminator.by_server(world.stack, session.id)
    monkeypatch.setattr(world.store.users, "ended", None)
    assert introspected(world, session.token) == INACTIVE


@pytest.mark.parametrize("realm_id", ["", "rl_x", "rl_" + "9" * 22, "usr_" + "0" * 22])
def test_unknown_realm_is_not_found(world: World, realm_id: str) -> None:
    """A path that names no realm is 404, whatever the token."""
    for token in (begun(world).token, "garbage"):
        with pytest.raises(NotFound):
            world.introspector.introspect(world.stack, realm_id, token)


def test_realm_of_another_is_not_found(world: World) -> None:
    """For a realm-bound key, and for one whose header names a realm, no other realm exists."""
    other = world.new_realm()
    bound = Server(key=access_key(other.id), realm_id=other.id)
    named = Server(key=access_key(None), realm_id=other.id)
    token = begun(world).token
    for server in (bound, named):
        with pytest.raises(NotFound):
            world.introspector.introspect(server, world.realm_id, token)


def test_token_of_another_realm_reads_no_other_realm(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token that names another realm causes a look at the path's realm, and at no other."""
    token, other = begun(world).token, world.new_realm()
    world.clock.advance(5)
    read: list[str] = []
    find = world.store.realms.get

    def seen(realm_id: str) -> Realm | None:
        read.append(realm_id)
        return find(realm_id)

    monkeypatch.setattr(world.store.realms, "get", seen)
    assert introspected(world, token, other.id) == INACTIVE
    assert read == [other.id]


def test_issuer_is_the_realms_own(world: World) -> None:
    """A token of a former issuer is told with the issuer that the realm has now."""
    session = begun(world)
    issuer = f"https://new.example.com/v1/realms/{world.realm_id}"
    world.put(world.realm.naming(issuer, now_ms=world.clock.wall_ms()))
    assert introspected(world, session.token)["iss"] == issuer
