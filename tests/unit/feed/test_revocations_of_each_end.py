"""What ends a session is in the feed once, and nothing else is."""

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import pytest

from sojourn.crypto.tokens import Claims
from sojourn.directory.bodies import CredentialChanges, JwtKeyBody, RealmChanges, UserChanges
from sojourn.domain.errors import SessionLimit, Unavailable
from sojourn.domain.revocation import AGAIN_MS, Revocation
from sojourn.login.bodies import PasswordBody
from tests.support.world import meanwhile
from tests.unit.directory.people import PASSWORD, People

NEW = "another horse entirely"


class Told(People):
    """Ada has a password and two sessions; what the feed is told from now on."""

    def __init__(self) -> None:
        super().__init__(session_minutes=600)
        self.ada = self.create(password=PASSWORD).id
        self.first = self.login(self.ada)
        self.mine = self.login(self.ada)
        self.eve = self.user(sessions=1)
        self.known = 0

    def told(self) -> list[Revocation]:
        """What the feed was told since the last look."""
        entries = [entry.revocation for entry in self.store.feed.entries]
        news, self.known = entries[self.known :], len(entries)
        return news

    def change_password(self, keep: Literal["none", "current", "all"]) -> None:
        """Ada changes her password."""
        body = PasswordBody(current_password=PASSWORD, password=NEW, keep_sessions=keep)
        self.password_change.change(self.mine, body, ip=None)

    @property
    def credential(self) -> str:
        """The id of Ada's password."""
        (found,) = self.stored(self.ada).credentials
        return found

    def signing(self) -> str:
        """The id of the key that signs."""
        return self.realm.signing_key(self.clock.wall_ms()).id


@pytest.fixture
def world() -> Told:
    """A world of its own for each test."""
    return Told()


def of(world: Told, *ended: Claims, reason: str) -> Revocation:
    """The entry of these sessions of Ada's."""
    sessions = {s.id: s for s in world.stored(world.ada).sessions}
    return Revocation(
        realm_id=world.realm_id,
        reason=reason,  # type: ignore[arg-type]
        ended_ms=world.clock.wall_ms(),
        shards=1,
        session_ids=tuple(claims.session.text for claims in ended),
        user_id=world.ada,
        expires_at=max(sessions[claims.session.text].expires_at for claims in ended),
    )


def all_of(world: Told, *, reason: str) -> Revocation:
    """The entry of everything of Ada's."""
    return Revocation(
        realm_id=world.realm_id,
        reason=reason,  # type: ignore[arg-type]
        ended_ms=world.clock.wall_ms(),
        shards=1,
        scope="user",
        user_id=world.ada,
    )


ONE: dict[str, tuple[Callable[[Told], object], str]] = {
    "log out": (lambda w: w.terminator.logout(w.first), "logout"),
    "another of one's own": (
        lambda w: w.terminator.own(w.mine, w.first.session.text),
        "terminated_by_user",
    ),
    "by a server": (
        lambda w: w.terminator.by_server(w.server, w.first.session.text),
        "terminated_by_admin",
    ),
}


@pytest.mark.parametrize("way", ONE)
def test_end_of_one_session_names_it(world: Told, way: str) -> None:
    """The end of one session is an entry with its id."""
    end, reason = ONE[way]
    expected = of(world, world.first, reason=reason)
    end(world)
    assert world.told() == [expected]


@pytest.mark.parametrize("way", ONE)
def test_end_that_is_acknowledged_again_is_announced_again(world: Told, way: str) -> None:
    """Who finds a session ended announces it too: its commit may have been late."""
    end, reason = ONE[way]
    expected = of(world, world.first, reason=reason)
    end(world)
    world.clock.advance(AGAIN_MS / 1000 - 1)
    end(world)
    assert world.told() == [expected, expected]
    world.clock.advance(1)
    end(world)
    assert world.told() == []


ALL: dict[str, tuple[Callable[[Told], object], str]] = {
    "all of one's own": (
        lambda w: w.terminator.all_own(w.mine, keep_current=False),
        "terminated_by_user",
    ),
    "all others of one's own": (
        lambda w: w.terminator.all_own(w.mine, keep_current=True),
        "terminated_by_user",
    ),
    "all by a server": (
        lambda w: w.terminator.all_of_user(w.server, w.ada),
        "terminated_by_admin",
    ),
    "all by a server that is told how many": (
        lambda w: w.terminator.end_all_of(w.server, w.stored(w.ada)),
        "terminated_by_admin",
    ),
    "password changed": (lambda w: w.change_password("none"), "password_changed"),
    "password changed, but for this session": (
        lambda w: w.change_password("current"),
        "password_changed",
    ),
    "password set": (lambda w: w.update(w.ada, password=NEW), "password_changed"),
    "password credential set": (
        lambda w: w.credentials.update(w.server, w.credential, CredentialChanges(password=NEW)),
        "password_changed",
    ),
    "password removed": (
        lambda w: w.credentials.delete(w.server, w.credential),
        "password_changed",
    ),
    "disabled": (lambda w: w.update(w.ada, state="inactive"), "user_disabled"),
    "disabled, password set": (
        lambda w: w.update(w.ada, state="inactive", password=NEW),
        "user_disabled",
    ),
    "disabled and renamed": (
        lambda w: w.update(w.ada, state="inactive", username="eve"),
        "user_disabled",
    ),
    "deleted": (lambda w: w.users.delete(w.server, w.ada), "user_deleted"),
}


@pytest.mark.parametrize("way", ALL)
def test_end_of_all_of_a_user_names_the_user(world: Told, way: str) -> None:
    """What ends all of a user's sessions is one entry for the user: nobody knows their tokens."""
    end, reason = ALL[way]
    expected = all_of(world, reason=reason)
    end(world)
    assert world.told() == [expected]


@pytest.mark.parametrize("session_type", ["unmanaged", "managed"])
def test_end_of_what_is_not_recorded_is_told(world: Told, session_type: str) -> None:
    """A user without any recorded session may have tokens: their end is in the feed."""
    bob = world.create("bob").id
    if session_type == "unmanaged":
        world.settings(session_type="unmanaged")
        world.login(bob)
    world.update("bob", state="inactive")
    (told,) = world.told()
    assert (told.scope, told.user_id, told.session_ids) == ("user", bob, ())


# Logins.


def test_plain_login_tells_nothing(world: Told) -> None:
    """A login that ends nothing adds no entry."""
    world.login(world.ada)
    assert world.told() == []


def test_login_tells_of_whom_it_evicts(world: Told) -> None:
    """A login at the limit names the sessions that it ends, in one entry, however many."""
    world.settings(max_sessions=2)
    expected = of(world, world.first, reason="evicted")
    third = world.login(world.ada)
    assert world.told() == [replace(expected, ended_ms=world.stored(world.ada).last_ms)]
    world.settings(max_sessions=1)
    expected = of(world, world.mine, third, reason="evicted")
    world.login(world.ada)
    assert world.told() == [replace(expected, ended_ms=world.stored(world.ada).last_ms)]


def test_login_tells_of_whom_it_replaces(world: Told) -> None:
    """A login that replaces names that session first, and those that a lower limit ends."""
    third = world.login(world.ada)
    world.settings(max_sessions=2, at_limit="deny")
    with pytest.raises(SessionLimit):
        world.login(world.ada)
    assert world.told() == []
    expected = of(world, third, world.first, reason="replaced")
    world.login(world.ada, replace=third.session.text)
    assert world.told() == [replace(expected, ended_ms=world.stored(world.ada).last_ms)]


# Realms and keys.


def test_end_of_a_realm_is_one_entry(world: Told) -> None:
    """The end of a realm names the realm; what is recorded later of each user is no entry."""
    ended_ms = world.clock.wall_ms()
    world.realm_ends.end_all(world.stack, world.realm_id)
    expected = Revocation(world.realm_id, "realm_ended", ended_ms, 1, scope="realm")
    assert world.told() == [expected]
    world.realms.update(world.stack, world.realm_id, RealmChanges(name="Other"))
    world.login(world.ada)
    world.clock.advance(2 * 3_600)
    assert len(world.stored(world.eve).sessions) == 1
    assert world.cleanup.run(lambda: 60.0).removed
    assert not world.stored(world.eve).sessions
    assert world.told() == []


def test_deletion_of_a_realm_is_one_entry(world: Told) -> None:
    """A realm's deletion ends it; the removal of its users and keys is no entry."""
    world.realm_deletion.delete(world.stack, world.realm_id, "Tests")
    assert [(told.scope, told.reason) for told in world.told()] == [("realm", "realm_ended")]


@pytest.mark.parametrize("way", ["compromised", "forced"])
def test_stop_of_a_key_names_the_key(world: Told, way: str) -> None:
    """A key that is compromised, or removed by force, is one entry; to stop it again is none."""
    key_id = world.signing()
    if way == "forced":
        made = world.signing_keys.create(world.server, JwtKeyBody())
        world.clock.advance(3 * 3_600)
        assert world.signing() == made.id
    ended_ms = world.clock.wall_ms()

    def stop() -> None:
        if way == "forced":
            world.signing_keys.delete(world.server, key_id, force=True)
        else:
            world.signing_keys.stop(world.server, key_id)

    stop()
    assert world.told() == [
        Revocation(world.realm_id, "terminated_by_admin", ended_ms, 1, scope="key", key_id=key_id)
    ]
    if way == "compromised":
        stop()
        assert [told.key_id for told in world.told()] == [key_id]
        world.signing_keys.delete(world.server, key_id, force=False)
    world.login(world.ada)
    world.clock.advance(2 * 3_600)
    assert len(world.stored(world.eve).sessions) == 1
    assert world.cleanup.run(lambda: 60.0).removed
    assert not world.stored(world.eve).sessions
    assert world.told() == []


def test_entry_is_in_a_shard_of_the_realm_as_it_was(world: Told) -> None:
    """An entry has the number of shards by which its commit was decided."""
    world.realms.update(world.stack, world.realm_id, RealmChanges(revocation_shards=7))
    world.clock.advance(5)
    world.terminator.logout(world.first)
    world.terminator.all_of_user(world.server, world.ada)
    world.realm_ends.end_all(world.stack, world.realm_id)
    world.signing_keys.stop(world.server, world.signing())
    assert [told.shards for told in world.told()] == [7] * 4


# What ends nothing.


def test_nothing_is_told_of_what_ends_nothing(world: Told) -> None:
    """Names, other settings, a password that keeps all, rotation and unlocking add no entry."""
    world.update(world.ada, username="eve", email="eve@example.com", custom={"a": 1})
    world.update(world.ada, state="active")
    world.change_password("all")
    world.users.unlock(world.server, world.ada)
    world.realms.update(world.stack, world.realm_id, RealmChanges(name="Other", max_sessions=1))
    world.signing_keys.create(world.server, JwtKeyBody())
    world.terminator.count_of(world.server, world.stored(world.ada))
    world.realm_ends.count(world.server, world.realm_id)
    world.rotation.run(lambda: 60.0)
    assert world.told() == []
    world.clock.advance(400 * 86_400)
    report = world.rotation.run(lambda: 60.0)
    assert report.removed
    assert world.told() == []


def test_expired_sessions_are_not_told(world: Told) -> None:
    """Sessions that lived out their time are removed without an entry."""
    world.clock.advance(11 * 3_600)
    assert world.cleanup.run(lambda: 60.0).removed
    assert world.stored(world.ada).sessions == ()
    assert world.told() == []


def test_records_that_are_written_later_are_not_told_again(
    world: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Endings whose records did not fit into the commit are announced by the commit alone."""
    with monkeypatch.context() as patched:
        patched.setattr("tests.support.memory.users.RECORDS_PER_COMMIT", 1)
        patched.setattr("sojourn.sessions.terminate.archive_pending", lambda *_: None)
        world.terminator.all_of_user(world.server, world.ada)
    assert len(world.stored(world.ada).pending) == 2
    assert len(world.told()) == 1
    assert world.store.users.archive(world.ada) == 2
    assert world.told() == []


def test_disabling_that_is_acknowledged_again_is_announced_again(world: Told) -> None:
    """Who disables a disabled user announces it too: the commit may have been another's."""
    for _ in range(2):
        world.users.update(world.server, world.ada, UserChanges(state="inactive"))
        assert [(told.scope, told.user_id) for told in world.told()] == [("user", world.ada)]


def test_deletion_that_another_call_made_is_announced_again(
    world: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two delete a user at once: each acknowledges it, and each announces it."""
    monkeypatch.setattr(world.store.removal, "finish_user", lambda *_: False)

    def another() -> None:
        world.users.delete(world.server, world.ada)

    meanwhile(world.store.directory, "commit", another)
    another()
    told = world.told()
    assert [(each.scope, each.user_id, each.reason) for each in told] == [
        ("user", world.ada, "user_deleted")
    ] * 2


def test_shards_change_by_a_right_clock_alone(world: Told) -> None:
    """A clock that is known to be wrong would have readers leave out shards with entries."""
    world.skew.off_ms = 3_600_000
    with pytest.raises(Unavailable):
        world.realms.update(world.stack, world.realm_id, RealmChanges(revocation_shards=2))
    world.realms.update(world.stack, world.realm_id, RealmChanges(max_sessions=2))
    world.skew.off_ms = 0
    world.realms.update(world.stack, world.realm_id, RealmChanges(revocation_shards=2))
    assert world.realm.settings.revocation_shards == 2
