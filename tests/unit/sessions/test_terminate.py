"""Termination of sessions, on the in-memory store."""

import random
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from sojourn.api.paging import Page
from sojourn.domain import ids
from sojourn.domain.access_key import Server
from sojourn.domain.errors import (
    NotFound,
    SessionEnded,
    SessionUnmanaged,
    SojournError,
    Superseded,
    TokenInvalid,
    Unavailable,
)
from sojourn.domain.realm import Deletion
from sojourn.domain.session import Actor
from sojourn.domain.session_rules import end_all_for
from sojourn.runtime import optimistic
from tests.support.memory import users
from tests.support.world import MINUTES, World, access_key


@pytest.fixture
def world() -> World:
    """A world of its own for each test."""
    return World()


def test_logout_ends_the_callers_own(world: World) -> None:
    """A logout ends the session that asks and no other; again, it stays as it ended."""
    mine, other = world.login(world.ada), world.login(world.ada)
    world.terminator.logout(mine)
    assert (world.reason(mine), world.reason(other)) == ("logout", None)
    world.clock.advance(1)
    world.terminator.logout(mine)
    record = world.store.users.ended(world.ada, mine.session.text)
    assert record is not None
    assert (record.reason, record.by.type, record.by.id) == ("logout", "session", mine.session.text)
    assert record.ended_ms == world.clock.wall_ms() - 1_000


def test_logout_of_what_is_not_recorded(world: World) -> None:
    """A logout of a session that never was, or lived out its time, tells that it has ended."""
    claims = world.login(world.ada)
    stored = world.stored(world.ada)
    world.store.users.remove(world.ada)
    for user in (None, replace(stored, sessions=())):
        if user is not None:
            world.store.users.add(user)
        with pytest.raises(SessionEnded):
            world.terminator.logout(claims)


def test_unmanaged_session_cannot_be_ended(world: World) -> None:
    """A logout of an active unmanaged session is a conflict; one that does not tells why."""
    world.settings(session_type="unmanaged")
    claims = world.login(world.ada)
    with pytest.raises(SessionUnmanaged):
        world.terminator.logout(claims)
    world.terminator.all_own(claims, keep_current=False)
    with pytest.raises(SessionEnded):
        world.terminator.logout(claims)


def test_own_sessions_are_ended_by_another_of_the_same_user(world: World) -> None:
    """A session ends another of its user's, and itself; again, it is done already."""
    mine, other = world.login(world.ada), world.login(world.ada)
    world.terminator.own(mine, other.session.text)
    world.terminator.own(mine, other.session.text)
    assert world.reason(other) == "terminated_by_user"
    assert world.reason(mine) is None
    world.terminator.own(mine, mine.session.text)
    assert world.reason(mine) == "logout"
    with pytest.raises(SessionEnded):
        world.terminator.own(other, mine.session.text)


def test_somebody_elses_session_does_not_exist(world: World) -> None:
    """Rule 6: another user's session, one that is none, and one that never was are the same 404."""
    mine, theirs = world.login(world.ada), world.login(world.bob)
    never = ids.new_session_id(
        created_ms=1, user_id=world.ada, user_generation=0, realm_generation=0
    )
    for session_id in (theirs.session.text, "kss_garbage", never):
        with pytest.raises(NotFound):
            world.terminator.own(mine, session_id)
        with pytest.raises(NotFound):
            world.listing.one_of_own(mine, session_id)
    assert world.reason(theirs) is None


def test_caller_who_was_ended_meanwhile_ends_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller's session must be active in the very commit by which it ends another."""
    mine, other = world.login(world.ada), world.login(world.ada)
    ends: list[Callable[[], object]] = [
        lambda: world.terminator.own(mine, other.session.text),
        lambda: world.terminator.all_own(mine, keep_current=False),
    ]
    for act in ends:
        mine, other = world.login(world.ada), world.login(world.ada)
        commit = world.store.users.commit
        between = [mine.session.text]

        def interrupted(change: Any, commit: Any = commit, between: Any = between) -> Any:
            if between:
                world.terminator.by_server(world.stack, between.pop())
            return commit(change)

        with monkeypatch.context() as patched:
            patched.setattr(world.store.users, "commit", interrupted)
            with pytest.raises(SessionEnded):
                act()
        assert world.reason(other) is None


@pytest.mark.parametrize("keep", [True, False])
def test_all_own_sessions_end_but_the_one_that_is_kept(world: World, keep: bool) -> None:
    """Rule 7: one call ends all of a user's sessions, or all but the caller's."""
    mine, other, theirs = (world.login(u) for u in (world.ada, world.ada, world.bob))
    world.terminator.all_own(mine, keep_current=keep)
    assert world.reason(mine) == (None if keep else "logout")
    assert world.reason(other) == "terminated_by_user"
    assert world.reason(theirs) is None
    record = world.store.users.ended(world.ada, other.session.text)
    assert record is not None
    assert record.by.id == mine.session.text


def test_unmanaged_caller_keeps_itself_alone(world: World) -> None:
    """An unmanaged session that ends all the others stays active, and the others do not."""
    world.settings(session_type="unmanaged")
    mine, other = world.login(world.ada), world.login(world.ada)
    world.terminator.all_own(mine, keep_current=True)
    assert (world.reason(mine), world.reason(other)) == (None, "nothing known")


def test_server_ends_one_and_all(world: World) -> None:
    """An administrator ends one session, or all of a user's, and the record says who did."""
    claims = [world.login(world.ada) for _ in range(3)]
    world.terminator.by_server(world.stack, claims[0].session.text)
    assert world.reason(claims[0]) == "terminated_by_admin"
    assert world.reason(claims[1]) is None
    counted = world.terminator.count_of(world.stack, world.stored(world.ada))
    assert (counted.sessions, counted.dry_run, counted.ended_at) == (2, True, None)
    assert counted.user_id == world.ada
    done = world.terminator.end_all_of(world.stack, world.stored(world.ada))
    assert (done.sessions, done.dry_run) == (2, False)
    assert done.ended_at == world.clock.wall_ms() / 1000
    assert (done.user_id, done.realm_id) == (world.ada, world.realm_id)
    assert {world.reason(c) for c in claims} == {"terminated_by_admin"}
    record = world.store.users.ended(world.ada, claims[1].session.text)
    assert record is not None
    assert (record.by.type, record.by.id) == ("access_key", world.stack.key.id)


def test_count_is_of_sessions_that_stand(world: World) -> None:
    """A count has neither what lived out its time nor what the realm ended for all."""
    server, ada = world.stack, world.ada

    def counted() -> int | None:
        return world.terminator.count_of(server, world.stored(ada)).sessions

    world.login(ada)
    world.clock.advance(60 * MINUTES)
    assert (len(world.stored(ada).sessions), counted()) == (1, 0)
    world.login(ada)
    assert counted() == 1
    world.put(world.realm.ending_all(by="key_a", now_ms=world.clock.wall_ms()))
    assert counted() == 0


def test_server_of_another_realm_sees_nobody(world: World) -> None:
    """A realm-bound key ends, counts and lists nothing of another realm: there is nobody."""
    claims = world.login(world.ada)
    other = world.new_realm()
    stranger = Server(key=access_key(other.id), realm_id=other.id)
    calls: list[Callable[[], object]] = [
        lambda: world.terminator.by_server(stranger, claims.session.text),
        lambda: world.terminator.all_of_user(stranger, world.ada),
        lambda: world.listing.one(stranger, claims.session.text),
        lambda: world.listing.of_user(stranger, world.ada, state="active", page=Page()),
        lambda: world.terminator.by_server(world.stack, "kss_garbage"),
        lambda: world.terminator.all_of_user(world.stack, "usr_garbage"),
        lambda: world.terminator.all_of_user(world.stack, ids.new_id("usr", 1)),
        lambda: world.listing.one(world.stack, "kss_garbage"),
        lambda: world.listing.of_user(world.stack, "usr_garbage", state="active", page=Page()),
    ]
    for call in calls:
        with pytest.raises(NotFound):
            call()
    assert world.reason(claims) is None


def test_end_by_a_server_records_what_was_pending(world: World) -> None:
    """When an end of everything answers, what a commit had left pending is recorded too."""
    world.settings(max_sessions=100)
    claims = [world.login(world.ada) for _ in range(100)]
    world.terminator.all_of_user(world.stack, world.ada)
    assert world.stored(world.ada).pending == ()
    assert {world.reason(c) for c in claims} == {"terminated_by_admin"}


def test_archiving_that_fails_is_left_to_cleanup(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An end is done when it is committed: that its record waits is no error."""
    world.settings(max_sessions=100)
    claims = [world.login(world.ada) for _ in range(100)]

    def away(_user_id: str) -> int:
        raise Unavailable

    monkeypatch.setattr(world.store.users, "archive", away)
    world.terminator.all_of_user(world.stack, world.ada)
    assert len(world.stored(world.ada).pending) == 2
    assert {world.reason(c) for c in claims} == {"terminated_by_admin"}


def test_ended_one_is_done_while_its_record_lives(world: World) -> None:
    """Ending an ended session is done already; past its time it was never there."""
    claims = world.login(world.ada)
    for _ in range(2):
        world.terminator.by_server(world.stack, claims.session.text)
    world.clock.advance(60 * MINUTES)
    with pytest.raises(NotFound):
        world.terminator.by_server(world.stack, claims.session.text)
    lived = world.login(world.ada)
    world.clock.advance(60 * MINUTES)
    with pytest.raises(NotFound):
        world.terminator.by_server(world.stack, lived.session.text)


def deleted(world: World) -> Any:
    """The user as another call leaves them who deletes them meanwhile."""
    by = Actor(type="access_key", id="key_other")
    found = world.stored(world.ada)
    change = end_all_for(found, world.realm, "user_deleted", by=by, now_ms=world.clock.wall_ms())
    return replace(change, after=replace(change.after, state="deleted"))


def test_session_of_a_user_deleted_meanwhile(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server cannot end a session of a user who is being deleted: the user is not found.

    The session ended as that deletion's; an order in which both calls ended it there is not.
    """
    claims = world.login(world.ada)
    commit = world.store.users.commit

    def beaten(change: Any) -> None:
        monkeypatch.undo()
        commit(deleted(world))
        commit(change)

    monkeypatch.setattr(world.store.users, "commit", beaten)
    with pytest.raises(NotFound):
        world.terminator.by_server(world.stack, claims.session.text)
    assert world.reason(claims) == "user_deleted"


def test_user_removed_meanwhile(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session of a deleted and removed user keeps its reason; a logout stays one (rule 5)."""
    mine, other = world.login(world.ada), world.login(world.ada)
    commit = world.store.users.commit

    def beaten(_change: Any) -> None:
        if world.store.users.get(world.ada) is not None:
            commit(deleted(world))
            world.store.users.archive(world.ada)
            world.store.users.remove(world.ada)
        raise Superseded(None)

    user = world.stored(world.ada)
    acts: list[Callable[[], None]] = [
        lambda: world.terminator.all_own(mine, keep_current=True),
        lambda: world.terminator.own(mine, other.session.text),
    ]
    monkeypatch.setattr(world.store.users, "commit", beaten)
    for act in acts:
        with pytest.raises(SessionEnded) as refused:
            act()
        error = refused.value
        assert (error.reason, error.ended_ms) == ("user_deleted", world.clock.wall_ms())
        world.store.users.add(user)
    world.terminator.logout(mine)
    world.store.users.add(user)
    world.settings(session_type="unmanaged")
    with pytest.raises(SessionEnded) as refused:
        world.terminator.all_own(world.login(world.ada), keep_current=False)
    assert refused.value.reason == "user_deleted"


def test_what_cannot_be_is_not_looked_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's id that is none, and a session's that is another user's, cost no read of it."""
    mine, others = world.login(world.ada), world.login(world.bob)

    def read(*_arguments: Any) -> Any:
        raise AssertionError("a read of what cannot be there")

    with monkeypatch.context() as patched:
        patched.setattr(world.store.users, "ended", read)
        for act in (world.terminator.own, world.listing.one_of_own):
            with pytest.raises(NotFound):
                act(mine, others.session.text)
    monkeypatch.setattr(world.store.users, "get", read)
    with pytest.raises(NotFound):
        world.terminator.all_of_user(world.stack, "usr_x")
    with pytest.raises(NotFound):
        world.listing.of_user(world.stack, "usr_x", state="active", page=Page())


def test_unmanaged_session_is_no_session_by_its_id(world: World) -> None:
    """An unmanaged session cannot be ended by its id, which no list has, not by its own token."""
    world.settings(session_type="unmanaged")
    claims = world.login(world.ada)
    with pytest.raises(NotFound):
        world.terminator.own(claims, claims.session.text)
    with pytest.raises(NotFound):
        world.listing.one_of_own(claims, claims.session.text)


def test_only_what_is_left_pending_is_archived(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ended records written in a commit are not read again; the others are written after it."""
    archived: list[str] = []
    monkeypatch.setattr(world.store.users, "archive", archived.append)
    world.terminator.all_of_user(world.stack, world.ada)
    world.login(world.ada)
    world.terminator.all_of_user(world.stack, world.ada)
    assert archived == []
    monkeypatch.setattr(users, "RECORDS_PER_COMMIT", 2)
    for _ in range(2):
        world.login(world.ada)
    world.terminator.all_of_user(world.stack, world.ada)
    assert archived == [world.ada]


def test_commit_gives_up_with_its_deadline(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change that always comes too late ends as unavailable, after ten seconds, undone."""
    claims = world.login(world.ada)
    tried: list[int] = []

    def lost(_change: Any) -> None:
        tried.append(1)
        raise Superseded(world.stored(world.ada))

    with monkeypatch.context() as patched:
        patched.setattr(world.store.users, "commit", lost)
        began = world.clock.stopwatch()
        with pytest.raises(Unavailable):
            world.terminator.logout(claims)
    assert 9 < world.clock.stopwatch() - began <= 10
    # What lost has the newest user in hand, and tries once more before it waits.
    assert len(tried) >= 40
    assert world.reason(claims) is None


def test_what_lost_once_tries_at_once_and_what_lost_twice_waits(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every second loss in a row is waited for, longer each time; the others are tried at once."""
    claims = world.login(world.ada)
    tried: list[float] = []

    def lost(_change: Any) -> None:
        tried.append(world.clock.stopwatch())
        raise Superseded(world.stored(world.ada))

    monkeypatch.setattr(random, "uniform", lambda _low, high: high)
    monkeypatch.setattr(world.store.users, "commit", lost)
    with pytest.raises(Unavailable):
        world.terminator.logout(claims)
    waits = [round(after - before, 3) for before, after in pairwise(tried)]
    assert waits[:6] == [0.0, 0.04, 0.0, 0.16, 0.0, 0.5]


def test_commit_gives_the_change_that_it_made(world: World) -> None:
    """`commit` returns the committed change, or None if there was nothing to do."""
    world.login(world.ada)
    user = world.stored(world.ada)
    by = Actor(type="system", id="tests")
    change = end_all_for(user, world.realm, "logout", by=by, now_ms=world.clock.wall_ms())
    assert optimistic.commit(world.store.users, user, lambda _: None, clock=world.clock) is None
    assert world.stored(world.ada) == user
    done = optimistic.commit(world.store.users, user, lambda _: change, clock=world.clock)
    assert done == replace(change, after=replace(change.after, version=user.version + 1))
    assert world.stored(world.ada) == done.after


def test_user_who_goes_meanwhile(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user deleted meanwhile is nobody to a server, and logged out to themselves."""
    claims = world.login(world.ada)

    def gone(_change: Any) -> None:
        raise Superseded(None)

    monkeypatch.setattr(world.store.users, "commit", gone)
    expected: list[tuple[type[SojournError], Any]] = [
        (SessionEnded, lambda: world.terminator.logout(claims)),
        (SessionEnded, lambda: world.terminator.all_own(claims, keep_current=True)),
        (NotFound, lambda: world.terminator.by_server(world.stack, claims.session.text)),
        (NotFound, lambda: world.terminator.all_of_user(world.stack, world.ada)),
        (NotFound, lambda: world.login(world.ada)),
    ]
    for error, act in expected:
        with pytest.raises(error):
            act()


def ended_by_the_realm(calls: list[Callable[[], object]]) -> None:
    """Each of these calls is refused, as one whose session its realm has ended."""
    for call in calls:
        with pytest.raises(SessionEnded) as told:
            call()
        assert told.value.reason == "realm_ended"


def test_caller_whose_realm_ended_meanwhile_ends_nothing(world: World) -> None:
    """A call that was delayed while all sessions of its realm ended spares those from after it."""
    caller, other = world.login(world.ada), world.login(world.ada)
    world.put(world.realm.ending_all(by="key_a", now_ms=world.clock.wall_ms()))
    fresh = world.login(world.ada)
    calls: list[Callable[[], object]] = [
        lambda: world.terminator.all_own(caller, keep_current=True),
        lambda: world.terminator.own(caller, fresh.session.text),
        lambda: world.terminator.own(caller, other.session.text),
    ]
    ended_by_the_realm(calls)
    assert world.active(world.ada) == [fresh.session.text]


def test_caller_whose_realm_is_gone_has_no_token(world: World) -> None:
    """The tokens of a deleted realm are refused."""
    claims = world.login(world.ada)
    world.put(replace(world.realm, deletion=Deletion(started_ms=1, by="key_a")))
    with pytest.raises(TokenInvalid):
        world.terminator.all_own(claims, keep_current=False)
    with pytest.raises(TokenInvalid):
        world.validator.validate(claims)


def test_unmanaged_caller_whose_realm_ended_meanwhile_ends_nothing(world: World) -> None:
    """A token is in no record; its call spares what began after an end of the realm as well."""
    world.settings(session_type="unmanaged")
    caller = world.login(world.ada)
    world.settings(session_type="managed")
    world.put(world.realm.ending_all(by="key_a", now_ms=world.clock.wall_ms()))
    fresh = world.login(world.ada)
    calls: list[Callable[[], object]] = [
        lambda: world.terminator.all_own(caller, keep_current=True),
        lambda: world.terminator.own(caller, fresh.session.text),
    ]
    ended_by_the_realm(calls)
    assert world.active(world.ada) == [fresh.session.text]
