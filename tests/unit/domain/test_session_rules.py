"""The rules of sessions, as properties of pure functions."""

from dataclasses import replace

import hypothesis.strategies as st
import pytest
from hypothesis import given

from sojourn.domain import ids
from sojourn.domain import session_rules as rules
from sojourn.domain.errors import LoginFailed, NotFound, SessionLimit
from sojourn.domain.policy import Settings
from sojourn.domain.realm import Realm
from sojourn.domain.session import Actor, Ended, Login, Origin, Session
from sojourn.domain.user import Credential, Known, PasswordSuccess, State, Success, User

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


def a_user(owner: Realm) -> User:
    """A human of the realm."""
    user_id = ids.new_id("usr", NOW)
    return User(id=user_id, realm_id=owner.id, user_type="human", created_ms=NOW)


def generations(session_id: str) -> tuple[str, int, int]:
    """The user of a session id, and the generations of user and realm in which it began."""
    parsed = ids.parse_session_id(session_id)
    assert parsed is not None
    return parsed.user_id, parsed.user_generation, parsed.realm_generation


def several(owner: Realm, count: int) -> User:
    """A user with so many sessions."""
    found = a_user(owner)
    for number in range(count):
        change, _ = rules.begin(found, owner, LOGIN, key_number=1, now_ms=NOW + number)
        found = change.after
    return found


@given(cap=st.integers(1, 5), times=steps)
def test_cap_is_never_exceeded_and_the_oldest_give_way(cap: int, times: list[int]) -> None:
    """However the clock moves, the active are the newest, at most the cap, and the rest ended."""
    owner = realm(max_sessions=cap)
    found, now = a_user(owner), NOW
    for step in times:
        now += step
        before = rules.active(found, owner, now_ms=now)
        change, session = rules.begin(found, owner, LOGIN, key_number=1, now_ms=now)
        found = change.after
        active = rules.active(found, owner, now_ms=max(now, session.created_ms))
        assert len(active) <= cap
        assert active[-1] == session
        evicted = [e.session for e in change.ended]
        assert [*evicted, *active[:-1]] == list(before)
        assert {e.reason for e in change.ended} <= {"evicted"}


@given(times=steps)
def test_created_at_grows_whatever_the_clock_says(times: list[int]) -> None:
    """Each session is newer than every one before it, and its id sorts behind theirs."""
    owner = realm(max_sessions=100)
    found, now = a_user(owner), NOW
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
    """If the realm denies, a login at the cap is refused with the sessions to replace."""
    owner = realm(max_sessions=2, at_limit="deny")
    found = several(owner, 2)
    with pytest.raises(SessionLimit) as refused:
        rules.begin(found, owner, LOGIN, key_number=1, now_ms=NOW + 10)
    assert (refused.value.active, refused.value.most) == (found.sessions, 2)


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


@pytest.mark.parametrize("at_limit", ["deny", "evict_oldest"])
def test_replace_under_a_lowered_cap(at_limit: str) -> None:
    """A login that replaces ends the named one and as many of the oldest as a lowered cap takes."""
    found = several(realm(max_sessions=5), 5)
    owner = replace(realm(max_sessions=2, at_limit=at_limit), id=found.realm_id)
    one, two, three, four, five = found.sessions
    login = replace(LOGIN, replace=three.id)
    change, session = rules.begin(found, owner, login, key_number=1, now_ms=NOW + 10)
    assert change.after.sessions == (five, session)
    assert [(e.session, e.reason) for e in change.ended] == [
        (three, "replaced"),
        (one, "evicted"),
        (two, "evicted"),
        (four, "evicted"),
    ]
    assert {e.by.id for e in change.ended} == {session.id}


def test_refusal_under_a_lowered_cap_lists_all_that_are_active() -> None:
    """If the realm denies, each session can be replaced, even more than a lowered cap."""
    found = several(realm(max_sessions=5), 5)
    owner = replace(realm(max_sessions=2, at_limit="deny"), id=found.realm_id)
    with pytest.raises(SessionLimit) as refused:
        rules.begin(found, owner, LOGIN, key_number=1, now_ms=NOW + 10)
    assert refused.value.active == found.sessions


@pytest.mark.parametrize("state", ["inactive", "deleted"])
def test_only_active_users_begin_sessions(state: State) -> None:
    """An inactive or deleted user begins no session of either kind."""
    owner = realm()
    found = replace(a_user(owner), state=state)
    with pytest.raises(LoginFailed) as managed:
        rules.begin(found, owner, LOGIN, key_number=1, now_ms=NOW)
    with pytest.raises(LoginFailed) as unmanaged:
        rules.unmanaged_session_id(found, owner, now_ms=NOW)
    told = [managed.value.inactive, unmanaged.value.inactive]
    assert told == [state == "inactive"] * 2


def test_session_is_active_until_its_last_millisecond() -> None:
    """A session is active iff now < expires_at."""
    _, session = rules.begin(a_user(owner := realm()), owner, LOGIN, key_number=1, now_ms=NOW + 999)
    assert session.expires_at == (NOW + 999) // 1000 + 360 * 60
    assert session.live(session.expires_at * 1000 - 1)
    assert not session.live(session.expires_at * 1000)


@given(lifetime=st.integers(1, 525_600), after=st.integers(0, 525_600))
def test_ended_records_are_kept_until_expiry_or_thirty_days(lifetime: int, after: int) -> None:
    """An ended record is kept until the session would have expired, or 30 days."""
    owner = realm(session_minutes=lifetime)
    _, session = rules.begin(a_user(owner), owner, LOGIN, key_number=1, now_ms=NOW)
    ended = Ended(session=session, ended_ms=NOW + after * 60_000, reason="logout", by=BY)
    assert ended.keep_until == min(
        NOW // 1000 + lifetime * 60, NOW // 1000 + after * 60 + 30 * 86_400
    )


def test_ending_everything_refuses_unmanaged_tokens_but_the_spared() -> None:
    """After an end of everything, only the spared unmanaged session is accepted."""
    owner = realm()
    found = a_user(owner)
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
    """Expired sessions leave no ended record when other sessions are ended."""
    owner = realm(session_minutes=1)
    found = several(owner, 3)
    later = found.sessions[-1].expires_at * 1000
    change = rules.end_all_for(found, owner, "logout", by=BY, now_ms=later)
    assert change.ended == ()
    assert change.after.sessions == ()


# What each change is, to the last field.


def test_login_is_one_change_of_the_user() -> None:
    """A login gives the session as it came about, and leaves the rest alone."""
    owner = replace(realm(session_minutes=7), generation=3)
    found = replace(several(owner, 1), generation=5, last_ms=NOW + 50)
    change, session = rules.begin(found, owner, LOGIN, key_number=9, now_ms=NOW)
    assert change.before is found
    assert change.after == replace(found, last_ms=NOW + 51, sessions=(*found.sessions, session))
    assert change.ended == ()
    assert session == Session(
        id=session.id,
        created_ms=NOW + 51,
        expires_at=NOW // 1000 + 7 * 60,
        auth_method="password",
        origin=LOGIN.origin,
        key_number=9,
    )
    assert generations(session.id) == (found.id, 5, 3)
    assert ids.created_ms(session.id) == NOW + 51


def test_what_a_proved_password_leaves_is_in_the_change_of_its_login() -> None:
    """A login by password keeps the hash that was made anew, and remembers the success."""
    owner = realm()
    old = Credential(id="crd_a", type="password", created_ms=NOW, secret="old")
    found = replace(several(owner, 1), credentials={old.id: old}, successes=1)
    password_success = PasswordSuccess(
        replace(old, secret="new"), Success(Known(b"m", 2), successes=4)
    )
    change, session = rules.begin(
        found, owner, LOGIN, key_number=1, now_ms=NOW + 50, password_success=password_success
    )
    assert change.before is found
    assert change.after == replace(
        found,
        credentials={old.id: password_success.credential},
        successes=4,
        known=(Known(b"m", 2),),
        last_ms=NOW + 50,
        sessions=(*found.sessions, session),
    )


@pytest.mark.parametrize(
    ("secret", "successes", "changes"),
    [("same", 4, False), ("other", 4, True), ("same", 5, True)],
    ids=["nothing", "another hash", "a row to leave behind"],
)
def test_proved_password_changes_what_it_finds_otherwise(
    secret: str, successes: int, changes: bool
) -> None:
    """A correct password writes the user only if hash, successes or address change."""
    known = Credential(id="crd_a", type="password", created_ms=NOW, secret="same")
    found = replace(a_user(realm()), credentials={known.id: known}, successes=4)
    password_success = PasswordSuccess(
        replace(known, secret=secret), Success(None, successes=successes)
    )
    assert password_success.changes(found) is changes
    left = password_success.left_in(found)
    assert (left != found) is changes
    assert not password_success.changes(left)


@pytest.mark.parametrize("ahead", [9_999, 10_000, 86_400_000])
def test_item_of_a_clock_ahead_makes_no_session_live_longer(ahead: int) -> None:
    """The order of ages stays, and a lifetime begins at most ten seconds ahead of now."""
    owner, now = realm(session_minutes=7), NOW + 999
    found = replace(several(owner, 1), last_ms=now + ahead)
    _, session = rules.begin(found, owner, LOGIN, key_number=9, now_ms=now)
    assert session.created_ms == now + ahead + 1
    from_ms = now + min(ahead + 1, 10_000)
    assert session.expires_at == from_ms // 1000 + 7 * 60


def test_login_at_a_later_moment_is_of_that_moment() -> None:
    """If the clock has moved on, a session's time is now, not 1 ms after the last."""
    owner = realm()
    found = several(owner, 1)
    _, session = rules.begin(found, owner, LOGIN, key_number=1, now_ms=NOW + 1)
    assert session.created_ms == NOW + 1
    _, session = rules.begin(found, owner, LOGIN, key_number=1, now_ms=NOW + 5)
    assert session.created_ms == NOW + 5


def test_evicted_and_replaced_tell_which_login_ended_them() -> None:
    """A session that a login ends has `ended_at` of the login, and is ended by its session."""
    owner = realm(max_sessions=2)
    found = several(owner, 2)
    change, session = rules.begin(found, owner, LOGIN, key_number=1, now_ms=NOW + 10)
    by = Actor(type="session", id=session.id)
    first = found.sessions[0]
    assert change.ended == (Ended(session=first, ended_ms=NOW + 10, reason="evicted", by=by),)
    login = replace(LOGIN, replace=first.id)
    change, session = rules.begin(found, owner, login, key_number=1, now_ms=NOW + 10)
    by = Actor(type="session", id=session.id)
    assert change.ended == (Ended(session=first, ended_ms=NOW + 10, reason="replaced", by=by),)
    assert change.after.sessions == (found.sessions[1], session)


def test_unlock_is_the_next_number() -> None:
    """An unlock raises the user's number by one, and changes nothing else."""
    found = replace(a_user(realm()), unlocks=4, successes=2)
    assert rules.unlocked(found) == replace(found, unlocks=5)


def test_user_of_another_realm_begins_nothing() -> None:
    """A user begins no session of either kind in a realm that is not theirs."""
    owner = realm()
    found = a_user(owner)
    other = replace(owner, id=ids.new_id("rl", NOW))
    with pytest.raises(LoginFailed):
        rules.begin(found, other, LOGIN, key_number=1, now_ms=NOW)
    with pytest.raises(LoginFailed):
        rules.unmanaged_session_id(found, other, now_ms=NOW)


def test_unmanaged_session_carries_both_generations() -> None:
    """An unmanaged session's id says in which generations of user and realm it began, and when."""
    owner = replace(realm(), generation=2)
    found = replace(a_user(owner), generation=7)
    text = rules.unmanaged_session_id(found, owner, now_ms=NOW)
    assert generations(text) == (found.id, 7, 2)
    assert ids.created_ms(text) == NOW


def test_ending_one_leaves_the_others() -> None:
    """An ending leaves the user without just that session, and gives its record."""
    owner = realm()
    found = several(owner, 3)
    chosen = found.sessions[1]
    change = rules.end(found, owner, {chosen.id: "logout"}, by=BY, now_ms=NOW + 10)
    left = (found.sessions[0], found.sessions[2])
    assert change.before is found
    assert change.after == replace(found, sessions=left)
    assert change.ended == (Ended(session=chosen, ended_ms=NOW + 10, reason="logout", by=BY),)


def test_ending_records_what_the_realm_ended_first() -> None:
    """An ending records, before its own, what an end of the realm has ended."""
    before = realm()
    owner = before.ending_all(by="key_a", now_ms=NOW + 5)
    found = several(before, 1)
    change, session = rules.begin(found, owner, LOGIN, key_number=1, now_ms=NOW + 6)
    found = replace(change.after, sessions=(*found.sessions, session))
    change = rules.end(found, owner, {session.id: "logout"}, by=BY, now_ms=NOW + 10)
    assert [(e.session, e.reason) for e in change.ended] == [
        (found.sessions[0], "realm_ended"),
        (session, "logout"),
    ]
    assert change.after.sessions == ()
    assert change.ended[0].by == Actor(type="access_key", id="key_a")


def test_ending_everything_is_the_next_generation() -> None:
    """The end of everything is one generation later, and spares what it keeps."""
    owner = realm()
    found = replace(several(owner, 3), generation=6)
    kept = found.sessions[2]
    change = rules.end_all_for(
        found, owner, "password_changed", by=BY, now_ms=NOW + 10, keep=kept.id
    )
    assert change.after == replace(found, generation=7, spared=kept.id, sessions=(kept,))
    assert [(e.session, e.reason) for e in change.ended] == [
        (s, "password_changed") for s in found.sessions[:2]
    ]
    change = rules.end_all_for(found, owner, "user_disabled", by=BY, now_ms=NOW + 10)
    assert (change.after.spared, change.after.sessions) == (None, ())


@pytest.mark.parametrize("state", ["inactive", "deleted"])
def test_only_an_active_users_unmanaged_tokens_stand(state: State) -> None:
    """A token of the user's generation is valid as long as the user is active."""
    owner = realm()
    found = a_user(owner)
    parsed = ids.parse_session_id(rules.unmanaged_session_id(found, owner, now_ms=NOW))
    assert parsed is not None
    assert found.accepts_unmanaged(parsed)
    assert not replace(found, state=state).accepts_unmanaged(parsed)
    assert not replace(found, state=state, spared=parsed.text).accepts_unmanaged(parsed)
    assert not replace(found, generation=1).accepts_unmanaged(parsed)


def test_pruning_drops_what_lived_out_its_time() -> None:
    """Pruning leaves the live, records nothing, and has nothing to do where all live."""
    owner = realm(session_minutes=1)
    found = several(owner, 2)
    later, _ = rules.begin(found, owner, LOGIN, key_number=1, now_ms=NOW + 30_000)
    found = later.after
    assert rules.prune(found, now_ms=NOW + 59_999) is None
    change = rules.prune(found, now_ms=NOW + 60_000)
    assert change is not None
    assert change.before is found
    assert change.after == replace(found, sessions=found.sessions[2:])
    assert change.ended == ()


def test_pruning_writes_an_user_with_endings_left_pending() -> None:
    """The next commit writes pending endings, so pruning returns a change for them."""
    owner = realm()
    found = several(owner, 1)
    ended = Ended(session=found.sessions[0], ended_ms=NOW, reason="logout", by=BY)
    waiting = replace(found, pending=(ended,))
    change = rules.prune(waiting, now_ms=NOW)
    assert change is not None
    assert change.after == waiting
    gone = rules.prune(waiting, now_ms=NOW + 10**10)
    assert gone is not None
    assert gone.after.sessions == ()


# What is found in a user.


def test_session_is_found_by_its_id() -> None:
    """A recorded session is found by its id, live or not; another's is not."""
    found = several(realm(), 3)
    assert [found.find(s.id) for s in found.sessions] == list(found.sessions)
    assert found.find(ids.new_id("kss", NOW)) is None


def test_ending_is_found_where_it_is_pending_or_the_realms() -> None:
    """An ending that is not archived is in the user: pending, or by an end of the realm."""
    owner = realm()
    found = several(owner, 3)
    first, second, third = found.sessions
    pending = tuple(Ended(s, NOW, "logout", BY) for s in (first, second))
    found = replace(found, sessions=(third,), pending=pending)
    assert rules.find_ended(found, second.id, owner, now_ms=NOW) == pending[1]
    assert rules.find_ended(found, third.id, owner, now_ms=NOW) is None
    over = owner.ending_all(by="key_a", now_ms=NOW + 5)
    ended = rules.find_ended(found, third.id, over, now_ms=NOW)
    assert ended == Ended(third, NOW + 5, "realm_ended", Actor(type="access_key", id="key_a"))


def test_password_is_the_credential_of_that_type() -> None:
    """A user's password is their one credential of that type, wherever it is."""
    key = Credential(id="crd_1", type="api_key", created_ms=NOW, secret="k")
    password = Credential(id="crd_2", type="password", created_ms=NOW, secret="p")
    found = a_user(realm())
    assert found.password is None
    assert replace(found, credentials={"crd_1": key}).password is None
    assert replace(found, credentials={"crd_1": key, "crd_2": password}).password == password


def test_known_address_is_found_by_its_mark() -> None:
    """An address that succeeded before is found by its mark alone."""
    one, two = Known(b"1" * 8, successes=1), Known(b"2" * 8, successes=2)
    found = replace(a_user(realm()), known=(one, two))
    assert found.find_known(two.digest) == two
    assert found.find_known(b"3" * 8) is None


def test_session_of_no_known_shape_is_of_the_oldest_generation() -> None:
    """A recorded session whose id cannot be read has ended with the first end of its realm."""
    owner = realm()
    odd = replace(several(owner, 1).sessions[0], id="kss_odd")
    assert rules.ended_by_realm(odd, owner) is None
    over = owner.ending_all(by="key_a", now_ms=NOW)
    ended = rules.ended_by_realm(odd, over)
    assert ended is not None
    assert ended.reason == "realm_ended"


def test_new_user_has_done_nothing() -> None:
    """A user begins active, in generation and version 0, without anything."""
    made = a_user(realm())
    assert (made.state, made.version, made.generation) == ("active", 0, 0)
    assert (made.last_ms, made.successes, made.unlocks) == (0, 0, 0)
    assert (made.sessions, made.pending, made.credentials, made.known) == ((), (), {}, ())
    assert Session("kss_1", NOW, 1, "password", LOGIN.origin).key_number == 0
    assert LOGIN.origin.reported is False


def test_secret_is_not_shown() -> None:
    """The repr of a credential does not contain its secret, so no log does."""
    made = Credential(id="crd_1", type="password", created_ms=NOW, secret="canary")
    assert "canary" not in repr(made)


def nearly_spent(owner: Realm, count: int) -> User:
    """A user with so many sessions that end when a minute is over, each 1 ms after another."""
    return several(replace(owner, settings=replace(owner.settings, session_minutes=1)), count)


@pytest.mark.parametrize("late", [0, 9_999])
def test_session_past_its_time_stays_where_another_clock_may_be_behind(late: int) -> None:
    """A write for something else leaves it in the item, where it is not active and not counted."""
    owner = realm(max_sessions=2)
    found = nearly_spent(owner, 1)
    (spent,) = found.sessions
    now = spent.expires_at * 1000 + late
    begun, session = rules.begin(found, owner, LOGIN, key_number=1, now_ms=now)
    assert begun.after.sessions == (spent, session)
    assert rules.active(begun.after, owner, now_ms=now) == (session,)
    ended = rules.end(begun.after, owner, {session.id: "logout"}, by=BY, now_ms=now)
    assert ended.after.sessions == (spent,)
    assert [e.session for e in ended.ended] == [session]


def test_end_by_a_clock_that_is_ahead_takes_no_other_session() -> None:
    """Sessions that an end does not name stay in the item, even if this clock says expired."""
    owner = realm()
    found = several(owner, 3)
    first, second, third = found.sessions
    change = rules.end(found, owner, {second.id: "logout"}, by=BY, now_ms=NOW + 10**10)
    assert change.after.sessions == (first, third)
    assert change.ended == ()
    kept = rules.end_all_for(found, owner, "logout", by=BY, now_ms=NOW + 10**10, keep=third.id)
    assert kept.after.sessions == (third,)


def test_session_that_no_clock_can_take_for_live_goes() -> None:
    """Ten seconds past its time, the next write leaves a session out."""
    owner = realm()
    found = nearly_spent(owner, 1)
    now = found.sessions[0].expires_at * 1000 + 10_000
    begun, session = rules.begin(found, owner, LOGIN, key_number=1, now_ms=now)
    assert begun.after.sessions == (session,)
    assert begun.ended == ()


@pytest.mark.parametrize(
    ("cap", "live", "kept"),
    [(1, 0, 0), (2, 0, 1), (3, 0, 2), (4, 0, 2), (2, 1, 0), (3, 1, 1), (4, 1, 2), (4, 2, 1)],
)
def test_cap_holds_where_a_clock_is_behind(cap: int, live: int, kept: int) -> None:
    """Those past their time stay while there is room for them, the newest first."""
    wide = realm()
    owner = replace(wide, settings=replace(wide.settings, max_sessions=cap))
    found = nearly_spent(wide, 2)
    spent, active = found.sessions, list[Session]()
    now = spent[0].expires_at * 1000 + 1_000
    for _ in range(live):
        change, session = rules.begin(found, wide, LOGIN, key_number=1, now_ms=now)
        found, active = change.after, [*active, session]
    change, session = rules.begin(found, owner, LOGIN, key_number=1, now_ms=now)
    assert change.after.sessions == (*spent[2 - kept :], *active, session)
    assert change.ended == ()


def test_sessions_stay_in_the_order_of_their_age() -> None:
    """One that outlived its time may be younger than one that has not."""
    owner = realm(max_sessions=4)
    first, old = rules.begin(a_user(owner), owner, LOGIN, key_number=1, now_ms=NOW)
    short = replace(owner, settings=replace(owner.settings, session_minutes=1))
    second, spent = rules.begin(first.after, short, LOGIN, key_number=1, now_ms=NOW + 1)
    now = spent.expires_at * 1000
    third, new = rules.begin(second.after, owner, LOGIN, key_number=1, now_ms=now)
    assert third.after.sessions == (old, spent, new)
    kept = rules.end(third.after, owner, {new.id: "logout"}, by=BY, now_ms=now).after
    assert kept.sessions == (old, spent)


def test_end_of_everything_leaves_nothing_that_is_past_its_time() -> None:
    """An end of all ends by every clock; what had expired by this one leaves no record."""
    owner = realm()
    found = nearly_spent(owner, 2)
    now = found.sessions[0].expires_at * 1000 + 1_000
    change = rules.end_all_for(found, owner, "user_disabled", by=BY, now_ms=now)
    assert (change.after.sessions, change.ended) == ((), ())


def test_what_the_realm_ended_is_recorded_and_the_rest_stays() -> None:
    """Ended sessions are recorded; sessions that may be active by another clock stay."""
    owner = realm(session_minutes=1)
    found = a_user(owner)
    for seconds in (0, 40):
        now_ms = NOW + 1_000 * seconds
        found = rules.begin(found, owner, LOGIN, key_number=1, now_ms=now_ms)[0].after
    assert rules.record_ended(found, owner, now_ms=NOW + 50_000) is None
    after = owner.ending_all(by="key_a", now_ms=NOW + 50_000)
    later = rules.begin(a_user(owner), after, LOGIN, key_number=1, now_ms=NOW + 51_000)[1]
    found = replace(found, sessions=(*found.sessions, later))
    expired, ended, alive = found.sessions
    change = rules.record_ended(found, after, now_ms=NOW + 65_000)
    assert change is not None
    assert change.before == found
    assert change.after == replace(found, sessions=(expired, alive))
    assert [(e.session, e.reason, e.ended_ms, e.by.id) for e in change.ended] == [
        (ended, "realm_ended", NOW + 50_000, "key_a")
    ]
    assert rules.record_ended(change.after, after, now_ms=NOW + 65_000) is None


def test_deletion_leaves_nothing_of_a_person() -> None:
    """Rule 10: a deleted user has no name, credential or address, and is due at once."""
    owner = realm()
    known = (Known(digest=b"12345678", successes=1),)
    credential = Credential(id="crd_1", type="password", created_ms=NOW, secret="hash")
    found = replace(
        several(owner, 2),
        username="ada",
        email="ada@example.com",
        name="Ada",
        custom="{}",
        known=known,
        credentials={credential.id: credential},
    )
    change = rules.delete(found, owner, by=BY, now_ms=NOW + 9_000)
    assert change.before is found
    assert change.after == replace(
        a_user(owner),
        id=found.id,
        state="deleted",
        generation=found.generation + 1,
        last_ms=NOW + 9_000,
    )
    assert [(e.session, e.reason, e.by, e.strip, e.ended_ms) for e in change.ended] == [
        (session, "user_deleted", BY, True, NOW + 9_000) for session in found.sessions
    ]


def test_deletion_by_a_clock_that_is_behind_is_due_after_what_was_before() -> None:
    """The time of a deletion is not before that of the last session."""
    owner = realm()
    found = several(owner, 2)
    change = rules.delete(found, owner, by=BY, now_ms=NOW - 9_000)
    assert change.after.last_ms == found.last_ms == NOW + 1


def test_record_of_an_end_is_kept_until_a_whole_second() -> None:
    """Rule 9: 30 days from the second of the end, or until the session would have expired."""
    owner = realm(session_minutes=525_600)
    _, session = rules.begin(a_user(owner), owner, LOGIN, key_number=1, now_ms=NOW)
    ended = Ended(session=session, ended_ms=NOW + 999, reason="terminated_by_user", by=BY)
    assert repr(ended.keep_until) == repr(NOW // 1000 + 30 * 86_400)
    soon = replace(session, expires_at=NOW // 1000 + 60)
    assert replace(ended, session=soon).keep_until == NOW // 1000 + 60
