"""When a signing key signs, stops and may go, as properties of a realm."""

from dataclasses import replace

import hypothesis.strategies as st
import pytest
from hypothesis import given

from sojourn import account as rules
from sojourn import ids
from sojourn.account import Account
from sojourn.realm import (
    ENDS_KEPT,
    SIGNING_DELAY_MS,
    SIGNING_GRACE_MS,
    PublicKey,
    Realm,
    RealmEnd,
    Settings,
    StoppedKey,
)
from tests.unit.test_account import LOGIN, NOW, account, realm

minutes = st.integers(1, 525_600)


def key(number: int, signs_from_ms: int, *, seconds: int = 0) -> PublicKey:
    """A realm's key of that number."""
    return PublicKey(
        id=ids.new_id("jky", NOW + number),
        algo="eddsa",
        pem="",
        signs_from_ms=signs_from_ms,
        created_ms=NOW,
        number=number,
        longest_seconds=seconds,
    )


def owner(*keys: PublicKey, **settings: object) -> Realm:
    """A realm with these keys."""
    return replace(realm(**settings), keys={k.id: k for k in keys}, key_count=len(keys))


@given(
    starts=st.lists(st.integers(NOW - 10**8, NOW + 10**8), min_size=1, max_size=5, unique=True),
    now=st.integers(NOW - 10**8, NOW + 2 * 10**8),
)
def test_one_key_signs_and_it_is_the_newest_whose_time_has_come(
    starts: list[int], now: int
) -> None:
    """However the keys lie, the newest ready one signs; every ready one before it has stopped."""
    found = owner(*(key(n, start) for n, start in enumerate(starts)))
    signing = found.signing_key(now)
    ready = [k for k in found.keys.values() if k.signs_from_ms <= now]
    assert signing.signs_from_ms == max((k.signs_from_ms for k in ready), default=max(starts))
    for other in ready:
        stops = found.stops_ms(other)
        assert (stops is not None and stops <= now) == (other != signing)


@given(steps=st.lists(st.tuples(st.integers(0, 3 * SIGNING_DELAY_MS), minutes), max_size=12))
def test_no_token_outlives_its_keys_retirement(steps: list[tuple[int, int]]) -> None:
    """Whenever settings change and keys are made, a token's key is kept until the token expires."""
    now = NOW
    found = owner(key(1, NOW)).remembering(now)
    tokens: list[tuple[str, int]] = []
    for step, lifetime in steps:
        now += step
        settings = replace(found.settings, session_minutes=lifetime)
        made = key(found.key_count + 1, now + SIGNING_DELAY_MS)
        found = replace(
            found,
            settings=settings,
            keys={**found.keys, made.id: made},
            key_count=made.number,
        ).remembering(now)
        seconds = 60 * lifetime
        # A login that had chosen its key before signs within the grace.
        signed = found.signing_key(now, seconds=seconds)
        tokens.append((signed.id, now + SIGNING_GRACE_MS + 1000 * seconds))
        assert signed.longest_seconds >= seconds
    for key_id, expires_ms in tokens:
        retires_ms = found.retires_ms(found.keys[key_id])
        assert retires_ms is None or retires_ms >= expires_ms


def test_open_ended_key_never_retires() -> None:
    """A key that signed a token without `exp` is needed for ever."""
    old = replace(key(1, NOW), open_ended=True)
    found = owner(old, key(2, NOW + 1))
    assert found.stops_ms(old) == NOW + 1
    assert found.retires_ms(old) is None


def test_settings_count_the_longer_of_both_lifetimes() -> None:
    """A key remembers the API keys' minutes as well; 0 is open-ended, and no lifetime."""
    assert Settings(session_minutes=5, api_key_minutes=7).longest_seconds == 420
    assert Settings(session_minutes=5, api_key_minutes=0).longest_seconds == 300


@given(ends=st.integers(1, ENDS_KEPT + 5), began=st.integers(0, ENDS_KEPT + 5))
def test_a_session_tells_the_first_end_after_it(ends: int, began: int) -> None:
    """What ended a session is the first end of a later generation, as far as they are kept."""
    found = realm()
    for number in range(ends):
        found = found.ending_all(by="key", now_ms=NOW + number)
    end = found.end_of(generation=began, key_number=1)
    if began >= ends:
        assert end is None
        return
    oldest = max(0, ends - ENDS_KEPT)
    assert isinstance(end, RealmEnd)
    assert end.generation == max(began, oldest) + 1
    assert end.ended_ms == NOW + end.generation - 1


@pytest.mark.parametrize("number", [1, 2])
def test_stopped_key_ends_its_own_sessions_alone(number: int) -> None:
    """A session has ended when the key that signed its token was stopped, and only then."""
    stopped = StoppedKey(key=key(1, NOW), ended_ms=NOW, by="key_a", compromised=True)
    found = replace(owner(key(2, NOW)), stopped={stopped.key.id: stopped})
    before: Account = account(found)
    change, session = rules.begin(before, found, LOGIN, key_number=number, now_ms=NOW)
    active, ended = rules.settle(change.after, found, now_ms=NOW)
    assert (session in active) == (number == 2)
    assert [e.reason for e in ended] == ["terminated_by_admin"][: 2 - number]


def test_dead_sessions_are_recorded_by_the_next_commit() -> None:
    """The login after an end of the realm records the dead with their reason, and evicts nobody."""
    found = realm(max_sessions=2)
    person = account(found)
    for number in range(2):
        change, _ = rules.begin(person, found, LOGIN, key_number=1, now_ms=NOW + number)
        person = change.after
    found = found.ending_all(by="key_a", now_ms=NOW + 10)
    change, session = rules.begin(person, found, LOGIN, key_number=1, now_ms=NOW + 20)
    assert change.after.sessions == (session,)
    assert [(e.reason, e.ended_ms) for e in change.ended] == [("realm_ended", NOW + 10)] * 2


@pytest.mark.parametrize("stopped_first", [True, False])
def test_what_ended_a_session_first_is_told(stopped_first: bool) -> None:
    """A session whose key was stopped and whose realm was ended tells whichever came first."""
    found = owner(key(2, NOW))
    for stops in (stopped_first, not stopped_first):
        now_ms = NOW + 1 + (stops != stopped_first)
        if stops:
            stopped = StoppedKey(key=key(1, NOW), ended_ms=now_ms, by="key_a", compromised=True)
            found = replace(found, stopped={stopped.key.id: stopped})
        else:
            found = found.ending_all(by="key_a", now_ms=now_ms)
    end = found.end_of(generation=0, key_number=1)
    assert isinstance(end, StoppedKey if stopped_first else RealmEnd)
