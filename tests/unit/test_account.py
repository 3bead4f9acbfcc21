"""The rules of sessions, as properties of pure functions."""

from dataclasses import replace

import hypothesis.strategies as st
import pytest
from hypothesis import given

from sojourn import account as rules
from sojourn import ids
from sojourn.account import Account, Actor, Ended, Login, Origin, Session
from sojourn.errors import LoginFailed, NotFound, SessionLimit
from sojourn.realm import Realm, Settings

NOW = 2_000_000_000_000
LOGIN = Login("password", Origin(ip="203.0.113.9", client="tests"))
BY = Actor(type="system", id="tests")
steps = st.lists(st.integers(-5_000, 4_000_000), max_size=12)


def realm(**settings: object) -> Realm:
    """A realm with these settings."""
    return Realm(
        id=ids.new_id("rl", NOW),
        name="tests",
        issuer="https://sessions.example.com",
        created_ms=NOW,
        version=1,
        settings=replace(Settings(), **settings),  # type: ignore[arg-type]
    )


def account(owner: Realm) -> Account:
    """A human of the realm."""
    user_id = ids.new_id("usr", NOW)
    return Account(id=user_id, realm_id=owner.id, user_type="human", created_ms=NOW)


def several(owner: Realm, count: int) -> Account:
    """An account with so many sessions."""
    found = account(owner)
    for number in range(count):
        change, _ = rules.begin(found, owner, LOGIN, key_number=1, now_ms=NOW + number)
        found = change.after
    return found


@given(cap=st.integers(1, 5), times=steps)
def test_cap_is_never_exceeded_and_the_oldest_give_way(cap: int, times: list[int]) -> None:
    """However the clock moves, the active are the newest, at most the cap, and the rest ended."""
    owner = realm(max_sessions=cap)
    found, now = account(owner), NOW
    for step in times:
        now += step
        before = found.active(now, owner)
        change, session = rules.begin(found, owner, LOGIN, key_number=1, now_ms=now)
        found = change.after
        active = found.active(max(now, session.created_ms), owner)
        assert len(active) <= cap
        assert active[-1] == session
        evicted = [e.session for e in change.ended]
        assert [*evicted, *active[:-1]] == list(before)
        assert {e.reason for e in change.ended} <= {"evicted"}


@given(times=steps)
def test_created_at_grows_whatever_the_clock_says(times: list[int]) -> None:
    """Each session is newer than every one before it, and its id sorts behind theirs."""
    owner = realm(max_sessions=100)
    found, now = account(owner), NOW
    began: list[Session] = []
    for step in times:
        now += step
        change, session = rules.begin(found, owner, LOGIN, key_number=1, now_ms=now)
        found = change.after
        began.append(session)
    assert began == sorted(began, key=lambda s: s.created_ms)
    assert [s.id for s in began] == sorted(s.id for s in began)
    assert len({s.created_ms for s in began}) == len(began)


def test_lowered_cap_ends_as_many_as_needed() -> None:
    """The login after a cap was lowered from 100 to 1 ends all the others at once."""
    owner = realm(max_sessions=100)
    found = several(owner, 100)
    lowered = replace(owner, settings=replace(owner.settings, max_sessions=1))
    change, session = rules.begin(found, lowered, LOGIN, key_number=1, now_ms=NOW + 1_000)
    assert change.after.sessions == (session,)
    assert [e.session for e in change.ended] == list(found.sessions)


def test_deny_refuses_and_lists_the_active() -> None:
    """Where the realm denies, the login at the cap is refused with what could be replaced."""
    owner = realm(max_sessions=2, at_limit="deny")
    found = several(owner, 2)
    with pytest.raises(SessionLimit) as refused:
        rules.begin(found, owner, LOGIN, key_number=1, now_ms=NOW + 10)
    assert refused.value.members["sessions"] == [
        {"id": s.id, "created_at": s.created_ms / 1000, "client": "tests"} for s in found.sessions
    ]


def test_replace_ends_one_and_begins_one() -> None:
    """A login that replaces ends just that session, in the same change."""
    owner = realm(max_sessions=2, at_limit="deny")
    found = several(owner, 2)
    login = replace(LOGIN, replace=found.sessions[1].id)
    change, session = rules.begin(found, owner, login, key_number=1, now_ms=NOW + 10)
    assert [(e.session, e.reason) for e in change.ended] == [(found.sessions[1], "replaced")]
    assert change.after.sessions == (found.sessions[0], session)
    with pytest.raises(NotFound):
        rules.begin(change.after, owner, login, key_number=1, now_ms=NOW + 20)


@pytest.mark.parametrize("state", ["inactive", "deleted"])
def test_only_active_users_begin_sessions(state: rules.State) -> None:
    """An inactive or deleted user begins no session of either kind."""
    owner = realm()
    found = replace(account(owner), state=state)
    with pytest.raises(LoginFailed):
        rules.begin(found, owner, LOGIN, key_number=1, now_ms=NOW)
    with pytest.raises(LoginFailed):
        rules.unmanaged_session_id(found, owner, now_ms=NOW)


def test_session_is_active_until_its_last_millisecond() -> None:
    """Active iff now < expires_at: at expires_at it is over."""
    _, session = rules.begin(
        account(owner := realm()), owner, LOGIN, key_number=1, now_ms=NOW + 999
    )
    assert session.expires_at == (NOW + 999) // 1000 + 360 * 60
    assert session.live(session.expires_at * 1000 - 1)
    assert not session.live(session.expires_at * 1000)


@given(lifetime=st.integers(1, 525_600), after=st.integers(0, 525_600))
def test_ended_records_are_kept_until_expiry_or_thirty_days(lifetime: int, after: int) -> None:
    """An ended record is kept until the session would have expired, or 30 days."""
    owner = realm(session_minutes=lifetime)
    _, session = rules.begin(account(owner), owner, LOGIN, key_number=1, now_ms=NOW)
    ended = Ended(session=session, ended_ms=NOW + after * 60_000, reason="logout", by=BY)
    assert ended.keep_until == min(
        NOW // 1000 + lifetime * 60, NOW // 1000 + after * 60 + 30 * 86_400
    )


def test_ending_everything_refuses_unmanaged_tokens_but_the_spared() -> None:
    """After an end of everything, only the spared unmanaged session is accepted."""
    owner = realm()
    found = account(owner)
    first = rules.unmanaged_session_id(found, owner, now_ms=NOW)
    second = rules.unmanaged_session_id(found, owner, now_ms=NOW)
    parsed = [ids.parse_session_id(text) for text in (first, second)]
    after = rules.end_all_for(found, owner, "password_changed", by=BY, now_ms=NOW, keep=first).after
    assert [p is not None and after.accepts_unmanaged(p) for p in parsed] == [True, False]
    later = rules.unmanaged_session_id(after, owner, now_ms=NOW)
    newest = ids.parse_session_id(later)
    assert newest is not None
    assert after.accepts_unmanaged(newest)


def test_expired_sessions_are_dropped_without_a_record() -> None:
    """What lived out its time leaves nothing when something else is ended."""
    owner = realm(session_minutes=1)
    found = several(owner, 3)
    later = found.sessions[-1].expires_at * 1000
    change = rules.end_all_for(found, owner, "logout", by=BY, now_ms=later)
    assert change.ended == ()
    assert change.after.sessions == ()
