"""Token revocation, on the in-memory store."""

from dataclasses import replace
from typing import Any

import pytest

from sojourn.crypto import tokens
from sojourn.domain import ids
from sojourn.domain.access_key import Server
from sojourn.domain.errors import NotFound, Unavailable, existing
from sojourn.domain.session import Ended
from sojourn.runtime import audit
from tests.support.world import LOGIN, MINUTES, World, access_key


@pytest.fixture
def world() -> World:
    """A world of its own for each test."""
    return World()


@pytest.fixture
def audited(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """The audit lines that are written."""
    lines: list[tuple[Any, ...]] = []
    monkeypatch.setattr(audit, "record", lambda *about, by: lines.append((*about, by)))
    return lines


def begun(world: World, user_id: str | None = None) -> Any:
    """A new session with its token."""
    return world.logins.of_server(world.realm, world.stored(user_id or world.ada), LOGIN)


def record(world: World, session_id: str) -> Ended | None:
    """The ended record of a session of ada's."""
    return world.store.users.ended(world.ada, session_id)


def revoke(world: World, token: str, server: Server | None = None, realm_id: str = "") -> None:
    """Revoke a token at its realm."""
    world.revoker.revoke(server, realm_id or world.realm_id, token)


def test_holder_of_a_token_logs_out_by_it(world: World, audited: list[Any]) -> None:
    """Without a server the token is the proof: its session and no other ends, as by a log-out."""
    mine, other = begun(world), begun(world)
    revoke(world, mine.token)
    assert world.active(world.ada) == [other.id]
    ended = record(world, mine.id)
    assert ended is not None
    assert (ended.reason, ended.by.type, ended.by.id) == ("logout", "session", mine.id)
    assert audited == []


def test_server_ends_a_session_by_its_token(world: World, audited: list[Any]) -> None:
    """With an access key it ends as by an administrator, and the audit log has a line."""
    session = begun(world)
    revoke(world, session.token, world.server)
    ended = record(world, session.id)
    assert ended is not None
    by = world.server.key.id
    assert (ended.reason, ended.by.type, ended.by.id) == ("terminated_by_admin", "access_key", by)
    assert audited == [("session.ended", session.id, world.ada, world.realm_id, by)]


@pytest.mark.parametrize("first", [True, False], ids=["server first", "holder first"])
def test_second_revocation_changes_nothing(world: World, audited: list[Any], first: bool) -> None:
    """A revocation of an ended session is none: when and why it ended stay, and no line follows."""
    session = begun(world)
    revoke(world, session.token, world.server if first else None)
    ended, lines = record(world, session.id), list(audited)
    world.clock.advance(1)
    for server in (None, world.server):
        revoke(world, session.token, server)
    assert record(world, session.id) == ended
    assert audited == lines


def test_unmanaged_session_stays(world: World) -> None:
    """An unmanaged session cannot be ended by its token; nothing is read or written."""
    world.settings(session_type="unmanaged")
    token = begun(world).token
    world.introspector.introspect(world.stack, world.realm_id, token)
    store = world.store.users
    get, store.get = store.get, None  # type: ignore[method-assign,assignment]
    for server in (None, world.server):
        revoke(world, token, server)
    store.get = get  # type: ignore[method-assign]
    assert world.introspector.introspect(world.stack, world.realm_id, token).active is True


def test_what_is_no_token_is_revoked_already(world: World) -> None:
    """Garbage, an expired token, one of a deleted user: no error, and nothing ends."""
    other, expired = begun(world, world.bob), begun(world)
    for token in ("", "garbage", "a.b.c", "\0", "é", other.token[:-4] + "AAAA"):
        for server in (None, world.server):
            revoke(world, token, server)
    assert world.active(world.bob) == [other.id]
    world.store.users.remove(world.bob)
    for server in (None, world.server):
        revoke(world, other.token, server)
    world.clock.advance(MINUTES * 60)
    revoke(world, expired.token)
    assert record(world, expired.id) is None


@pytest.mark.parametrize("by_server", [True, False])
def test_token_of_another_realm_stays(world: World, by_server: bool) -> None:
    """At another realm's endpoint a token is none."""
    session, other = begun(world), world.new_realm()
    revoke(world, session.token, world.stack if by_server else None, other.id)
    assert world.active(world.ada) == [session.id]


@pytest.mark.parametrize("by_server", [True, False])
def test_token_of_a_stopped_key_ends_nothing(
    world: World, by_server: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has a key that was stopped, and so signs any token, ends nobody's session.

    The realm from which a signature is verified is of any age; the one that decides is not.
    """
    stolen = world.login(world.ada)
    key = stolen.realm.keys[stolen.key_id]
    now_ms = world.clock.wall_ms()
    kept = world.realm.without_key(key, by="key_tests", now_ms=now_ms, compromised=True)
    world.put(replace(kept, keys={**kept.keys, **world.new_realm().keys}))
    session = world.begin(world.ada)
    named = existing(ids.parse_session_id(session.id))
    forged = replace(stolen, session=named)
    monkeypatch.setattr(tokens, "verify", lambda *_, **__: forged)
    revoke(world, "forged", world.server if by_server else None)
    assert session.id in world.active(world.ada)


@pytest.mark.parametrize("realm_id", ["rl_x", "rl_" + "9" * 22, "usr_" + "0" * 22])
def test_unknown_realm_is_not_found(world: World, realm_id: str) -> None:
    """A path that names no realm is 404: whoever misspelt it would believe the session ended."""
    session = begun(world)
    for server in (None, world.stack):
        for token in (session.token, "garbage"):
            with pytest.raises(NotFound):
                revoke(world, token, server, realm_id)
    assert world.active(world.ada) == [session.id]


def test_realm_of_another_is_not_found(world: World) -> None:
    """A realm-bound key of another realm ends nothing here."""
    session, other = begun(world), world.new_realm()
    bound = Server(key=access_key(other.id), realm_id=other.id)
    with pytest.raises(NotFound):
        revoke(world, session.token, bound)
    assert world.active(world.ada) == [session.id]


@pytest.mark.parametrize("by_server", [True, False])
def test_store_that_is_away_is_no_success(world: World, by_server: bool) -> None:
    """A revocation that could not be committed is an error (RFC 7009, 2.2.1)."""
    session = begun(world)

    def away(_change: object) -> None:
        raise Unavailable

    world.store.users.commit = away  # type: ignore[method-assign,assignment]
    with pytest.raises(Unavailable):
        revoke(world, session.token, world.server if by_server else None)
