"""Rotation of signing keys on the in-memory store."""

from dataclasses import replace

import pytest

from sojourn.domain.errors import Unavailable
from sojourn.domain.policy import SIGNING_KEYS
from sojourn.domain.realm import Deletion
from sojourn.domain.signing_key import SIGNING_DELAY_MS, SIGNING_GRACE_MS
from tests.support.world import meanwhile
from tests.unit.directory.world import DAY, World

RETIRES = SIGNING_DELAY_MS // 1000 + SIGNING_GRACE_MS // 1000 + 21_600


@pytest.fixture
def world() -> World:
    """A world of its own for each test, whose realm rotates its keys daily."""
    return World(rotate_days=1)


def test_key_is_made_when_the_newest_is_old_enough(world: World) -> None:
    """A new key is made when the newest is `rotate_days` old, and not a second before."""
    world.clock.advance(DAY - 1)
    assert world.run() == {"realms": 1}
    world.clock.advance(1)
    assert world.run() == {"realms": 1, "rotated": 1}
    assert list(world.states().values()) == ["signing", "pending"]
    assert world.run() == {"realms": 1}


def test_realm_that_asks_for_no_rotation_has_none() -> None:
    """By default a key signs for ever, and a run writes nothing."""
    world = World()
    world.clock.advance(10 * 365 * DAY)
    assert world.run() == {"realms": 1}
    assert world.store.realms.commits == []


def test_retired_keys_go_with_their_private_halves(world: World) -> None:
    """A key of which no token can be alive goes; the others stay."""
    first = world.signing()
    world.clock.advance(DAY)
    world.run()
    world.clock.advance(RETIRES - 1)
    assert "removed" not in world.run()
    assert first in world.states()
    world.clock.advance(1)
    assert world.run()["removed"] == 1
    assert first not in world.states()
    assert world.private() == set(world.realm.keys)


def test_two_runs_that_meet_make_one_key(world: World) -> None:
    """A run that meets another's key is decided anew, and finds nothing left to do."""
    world.clock.advance(DAY)
    other: list[dict[str, int]] = []
    meanwhile(world.store.realms, "commit", lambda: other.append(world.run()))
    assert world.run() == {"realms": 1}
    assert other == [{"realms": 1, "rotated": 1}]
    assert len(world.states()) == 2
    assert world.private() == set(world.realm.keys)


def test_change_that_comes_between_is_kept(world: World) -> None:
    """A rotation that meets a change of the realm makes one key, of what the change left."""
    world.clock.advance(DAY)
    world.cipher.keys.clear()
    meanwhile(world.store.realms, "commit", lambda: world.change(max_sessions=3))
    assert world.run() == {"realms": 1, "rotated": 1}
    assert world.realm.settings.max_sessions == 3
    assert len(world.cipher.keys) == 1


def test_rotation_without_room_waits(world: World) -> None:
    """Keys that remember former, longer lifetimes delay rotation, which is no failure and ends."""
    world.change(rotate_days=0, session_minutes=525_600)
    while len(world.states()) < SIGNING_KEYS - 1:
        world.make_key()
    world.change(session_minutes=60, rotate_days=1)
    world.clock.advance(DAY)
    assert world.run() == {"realms": 1, "delayed": 1}
    world.clock.advance(366 * DAY)
    report = world.run()
    assert (report["rotated"], "delayed" in report) == (1, False)


def test_realm_from_before_there_were_kinds_gets_the_missing_key() -> None:
    """It gets its key for tokens without end, rotated or not; no schedule rotates that one."""
    world = World()
    world.store.realms.add(
        replace(world.realm, keys={k.id: k for k in world.realm.of_kind("expiring")})
    )
    assert world.run() == {"realms": 1, "rotated": 1}
    assert list(world.states("open_ended").values()) == ["pending"]
    world.clock.advance(1_000 * DAY)
    assert world.run() == {"realms": 1}


def test_stops_are_forgotten_when_their_sessions_are_over(world: World) -> None:
    """The newest stop alone is remembered, unlisted, when no session of a stopped key can live."""
    old = world.signing()
    world.signing_keys.stop(world.server, old)
    assert world.states()[old] == "compromised"
    world.clock.advance(RETIRES)
    world.run()
    assert old not in world.states()
    assert not world.realm.stopped[old].compromised


def test_realm_that_is_being_deleted_is_passed_over(world: World) -> None:
    """A realm that goes, before a run or during it, is no failure, and gets no key."""
    world.clock.advance(DAY)
    leaving = replace(world.realm, version=2, deletion=Deletion(started_ms=1, by="key_a"))
    meanwhile(world.store.realms, "commit", lambda: world.store.realms.add(leaving))
    assert world.run() == {"realms": 1}
    assert world.run() == {}
    assert world.realm == leaving


def test_wrong_clock_rotates_nothing(world: World) -> None:
    """With a fast clock rotation of a realm fails, and no key is removed."""
    world.clock.advance(DAY)
    world.skew.note("Thu, 01 Jan 1970 00:00:00 GMT", sent_ms=10**9, received_ms=10**9)
    assert world.run() == {"realms": 1, "failed": 1}
    assert world.store.realms.commits == []


def test_wrong_clock_removes_nothing(world: World) -> None:
    """With a fast clock no key is removed, even if none must be created."""
    old = world.signing()
    world.change(rotate_days=0)
    world.make_key()
    world.clock.advance(RETIRES)
    world.skew.note("Thu, 01 Jan 1970 00:00:00 GMT", sent_ms=10**9, received_ms=10**9)
    assert world.run() == {"realms": 1, "failed": 1}
    assert old in world.states()


def test_key_service_that_does_not_answer(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A realm whose key cannot be made has failed, and the next run makes it."""
    world.clock.advance(DAY)

    def refuses(*_arguments: object, **_more: object) -> bytes:
        raise Unavailable

    with monkeypatch.context() as patched:
        patched.setattr(world.cipher, "encrypt", refuses)
        assert world.run() == {"realms": 1, "failed": 1}
    assert world.run() == {"realms": 1, "rotated": 1}


def test_run_without_time_tells_what_remains(world: World) -> None:
    """A run that is out of time makes nothing, and tells how many realms it left."""
    world.clock.advance(DAY)
    assert world.run(seconds=0) == {"remaining": 1}
    assert len(world.states()) == 1
