"""When a signing key signs, stops and retires, as properties of a realm."""

from dataclasses import replace

import hypothesis.strategies as st
import pytest
from hypothesis import given

from bench.item_sizes import item_size
from sojourn.crypto.signing_keys import generate
from sojourn.domain import ids
from sojourn.domain import session_rules as rules
from sojourn.domain.policy import Settings
from sojourn.domain.realm import ENDS_KEPT, STOPS_KEPT, Realm, RealmEnd
from sojourn.domain.signing_key import SIGNING_DELAY_MS, SIGNING_GRACE_MS, PublicKey, StoppedKey
from sojourn.domain.user import User
from sojourn.store.realm_items import realm_values
from tests.unit.domain.test_session_rules import LOGIN, NOW, a_user, realm

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
    assert signing.signs_from_ms == max((k.signs_from_ms for k in ready), default=min(starts))
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
    """A session's end is the first stored end of a later generation."""
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
    before: User = a_user(found)
    change, session = rules.begin(before, found, LOGIN, key_number=number, now_ms=NOW)
    active, ended = rules.settle(change.after, found, now_ms=NOW)
    assert (session in active) == (number == 2)
    assert [e.reason for e in ended] == ["terminated_by_admin"][: 2 - number]


def test_dead_sessions_are_recorded_by_the_next_commit() -> None:
    """The login after an end of the realm records the dead with their reason, and evicts nobody."""
    found = realm(max_sessions=2)
    person = a_user(found)
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


def test_successor_begins_at_the_very_millisecond() -> None:
    """A key signs until its successor's time has come, and the successor from then on."""
    old, new = key(1, NOW), key(2, NOW + 1_000)
    found = owner(old, new)
    assert found.signing_key(NOW + 999) == old
    assert found.signing_key(NOW + 1_000) == new
    assert (found.stops_ms(old), found.stops_ms(new)) == (NOW + 1_000, None)
    assert found.signing_key(NOW - 1) == old


def test_key_stops_when_the_first_of_its_successors_begins() -> None:
    """A key stops when the earliest later key begins; ids break a tie."""
    first, second, third = key(1, NOW), key(2, NOW + 5), key(3, NOW + 9)
    found = owner(third, first, second)
    assert found.stops_ms(first) == NOW + 5
    assert found.stops_ms(second) == NOW + 9
    twins = sorted((key(1, NOW), key(2, NOW)), key=lambda k: k.id)
    found = owner(*twins)
    assert found.signing_key(NOW) == twins[1]
    assert (found.stops_ms(twins[0]), found.stops_ms(twins[1])) == (NOW, None)


def test_key_retires_when_its_last_token_has_expired() -> None:
    """A key may go once its grace and the longest lifetime are over after its successor began."""
    old = key(1, NOW, seconds=60)
    assert owner(old).retires_ms(old) is None
    found = owner(old, key(2, NOW + 1_000))
    assert found.retires_ms(old) == NOW + 1_000 + SIGNING_GRACE_MS + 60_000


def test_slow_clock_signs_with_a_key_that_remembers_the_lifetime() -> None:
    """If the chosen key does not allow such a lifetime, it has stopped, and the newest signs."""
    old, new = key(1, NOW, seconds=60), key(2, NOW + 1_000, seconds=120)
    found = owner(old, new)
    assert found.signing_key(NOW, seconds=60) == old
    assert found.signing_key(NOW, seconds=61) == new
    assert found.signing_key(NOW) == old
    newest = key(3, NOW + 2_000, seconds=120)
    assert owner(old, new, newest).signing_key(NOW, seconds=61) == newest


def test_only_keys_that_may_still_sign_remember_a_lifetime() -> None:
    """A longer lifetime is remembered by every key up to the grace after its stop, and no other."""
    old, new = key(1, NOW, seconds=60), key(2, NOW + 1_000, seconds=60)
    found = owner(old, new, session_minutes=2)
    last = NOW + 1_000 + SIGNING_GRACE_MS - 1

    def remembered(now_ms: int, **settings: object) -> list[int]:
        changed = replace(found, settings=replace(found.settings, **settings))  # type: ignore[arg-type]
        after = changed.remembering(now_ms)
        assert replace(after, keys=changed.keys) == changed
        return [after.keys[k.id].longest_seconds for k in (old, new)]

    assert remembered(last) == [120, 120]
    assert remembered(last + 1) == [60, 120]
    assert remembered(NOW, session_minutes=0, api_key_minutes=0) == [60, 60]


def test_stopped_key_is_forgotten_with_its_last_session() -> None:
    """A stopped key's number is kept until no session that it signed for can be alive."""
    stopped = StoppedKey(key=key(1, NOW, seconds=60), ended_ms=NOW, by="key_a", compromised=False)
    assert stopped.forget_ms == NOW + SIGNING_GRACE_MS + 60_000


def test_end_of_a_realm_is_its_next_generation() -> None:
    """An end tells when and by whom, and a realm remembers the last twenty of them."""
    found = realm()
    for number in range(21):
        before = found
        found = found.ending_all(by=f"key_{number}", now_ms=NOW + number)
        assert found.ends[-1] == RealmEnd(number + 1, NOW + number, f"key_{number}")
        kept = before.ends[1:] if number == 20 else before.ends
        assert found.ends[:-1] == kept
        assert replace(found, generation=before.generation, ends=before.ends) == before
        assert found.generation == number + 1
    assert len(found.ends) == 20 == ENDS_KEPT


def test_session_of_the_latest_generation_has_not_ended() -> None:
    """A session that began after the last end, with an existing key, has not ended."""
    found = owner(key(6, NOW)).ending_all(by="key_a", now_ms=NOW)
    stopped = StoppedKey(key=key(7, NOW), ended_ms=NOW + 1, by="key_b", compromised=True)
    found = replace(found, stopped={stopped.key.id: stopped}, key_count=7)
    assert found.end_of(generation=1, key_number=6) is None
    assert found.end_of(generation=1, key_number=7) == stopped
    assert found.end_of(generation=0, key_number=6) == found.ends[0]


def stop(number: int, at_ms: int, *, seconds: int = 60) -> StoppedKey:
    """A stop of the key of that number."""
    stopped = key(number, NOW, seconds=seconds)
    return StoppedKey(key=stopped, ended_ms=at_ms, by=f"key_{number}", compromised=True)


def with_stops(found: Realm, *stops: StoppedKey) -> Realm:
    """The realm with these stops remembered."""
    return replace(found, stopped={s.key.id: s for s in stops}, key_count=9)


def test_session_of_a_key_that_is_not_there_has_ended() -> None:
    """A session of a key that is gone ended by that key's stop, or by the oldest stop there is.

    One above the count is of a key that this state of the realm does not know yet, and 0 of none.
    """
    own, oldest = stop(4, NOW + 9), stop(5, NOW + 3)
    found = with_stops(owner(key(3, NOW)), own, oldest)
    told = {n: found.end_of(generation=0, key_number=n) for n in (-1, 0, 1, 3, 4, 5, 9, 10)}
    assert told == {
        -1: None, 0: None, 1: oldest, 3: None, 4: own, 5: oldest, 9: oldest, 10: None
    }  # fmt: skip
    assert with_stops(owner(key(3, NOW))).end_of(generation=0, key_number=1) is None
    both = with_stops(owner(key(3, NOW), key(2, NOW)), own, oldest)
    assert [both.end_of(generation=0, key_number=n) for n in (1, 2, 3)] == [oldest, None, None]


def test_of_stops_at_one_moment_the_first_key_is_the_oldest() -> None:
    """Which stop represents earlier ones does not depend on their stored order."""
    first, second = stop(4, NOW), stop(5, NOW)
    for stops in ((first, second), (second, first)):
        found = with_stops(owner(key(3, NOW)), *stops)
        assert found.end_of(generation=0, key_number=1) == first


def test_oldest_stop_that_is_kept_is_kept_no_longer_than_it_must() -> None:
    """It takes the lifetime of those before it where that is longer, and of none after it."""

    def kept(count: int, **seconds: int) -> list[int]:
        stops = [stop(n, NOW + n, seconds=seconds.get(f"of_{n}", 60)) for n in range(1, count + 1)]
        found = with_stops(owner(), *stops).remembering_stops(NOW)
        return [s.key.longest_seconds for s in found.stopped.values()]

    assert kept(16, of_9=500) == [60] * 8 + [500] + [60] * 7
    assert kept(18, of_1=100, of_9=500) == [100] + [60] * 5 + [500] + [60] * 9
    assert kept(18, of_1=100, of_3=200, of_4=300) == [200, 300] + [60] * 14
    assert kept(18, of_1=100, of_18=300) == [100] + [60] * 14 + [300]


def test_sixteen_stops_are_remembered() -> None:
    """The newest stops are kept; the oldest of them for as long as those before it would be."""
    stops = [stop(n, NOW + n, seconds=100 if n == 1 else 60) for n in range(1, 19)]
    found = with_stops(owner(), *reversed(stops)).remembering_stops(NOW)
    kept = list(found.stopped.values())
    assert len(kept) == 16 == STOPS_KEPT
    assert [s.key.number for s in kept] == list(range(3, 19))
    assert [s.key.longest_seconds for s in kept] == [100] + 15 * [60]
    assert kept[1:] == stops[3:]
    assert replace(kept[0], key=stops[2].key) == stops[2]
    exactly = with_stops(owner(), *stops[:16])
    assert exactly.remembering_stops(NOW) == exactly


def test_stop_of_which_no_session_can_be_alive_is_forgotten() -> None:
    """A stop is remembered up to the millisecond, and the others with it."""
    one, other = stop(1, NOW), stop(2, NOW + 1)
    found = with_stops(owner(), one, other)
    last = one.forget_ms - 1
    assert found.remembering_stops(last) == found
    assert list(found.remembering_stops(last + 1).stopped.values()) == [other]


def test_newest_stop_alone_stays_when_all_are_over() -> None:
    """Of stops without a session that can be active, the newest is kept, without what was shown."""
    stops = [stop(n, NOW + n) for n in (3, 1, 2)]
    found = with_stops(owner(), *stops)
    over = stops[0].forget_ms
    assert list(found.remembering_stops(over).stopped.values()) == [stops[0].unlisted()]


def test_key_that_is_stopped_leaves_its_stop() -> None:
    """A stopped key is none of the realm's; of one that is not shown only the number is kept."""
    bad, good = key(1, NOW), key(2, NOW)
    found = owner(replace(bad, pem="pem"), good)
    for compromised in (True, False):
        after = found.without_key(
            found.keys[bad.id], by="key_a", now_ms=NOW + 5, compromised=compromised
        )
        shown = replace(bad, pem="pem" if compromised else "")
        assert after.stopped == {bad.id: StoppedKey(shown, NOW + 5, "key_a", compromised)}
        assert replace(after, keys=found.keys, stopped={}) == found
        assert after.keys == {good.id: good}


def test_newest_stop_is_remembered_though_its_clock_is_behind() -> None:
    """A stop by a clock behind those of the others is among the sixteen."""
    found = with_stops(owner(key(20, NOW)), *(stop(n, NOW + n) for n in range(1, 17)))
    bad = key(20, NOW)
    after = found.without_key(bad, by="key_a", now_ms=NOW, compromised=True)
    assert len(after.stopped) == 16
    assert after.stopped[bad.id].ended_ms == NOW
    assert min(s.key.number for s in after.stopped.values()) == 2


def test_two_thousand_stops_leave_a_small_item_and_no_session() -> None:
    """However often keys are stopped, the item stays small, and what they signed stays ended."""
    pem = generate("rs256")[1]
    found = owner(replace(key(1, NOW), pem=pem), session_minutes=525_600).remembering(NOW)
    dead = []
    for number in range(2, 2_002):
        dead.append(found.key_count)
        (bad,) = found.keys.values()
        now_ms = NOW + 1_000 * number
        found = found.without_key(bad, by=ids.new_id("key", NOW), now_ms=now_ms, compromised=True)
        made = replace(key(number, now_ms), pem=pem)
        found = replace(found, keys={made.id: made}, key_count=number).remembering(now_ms)
    assert len(found.stopped) == STOPS_KEPT
    stops = realm_values(found)["stopped"]
    assert max(item_size(stop) for stop in stops.values()) < 800
    assert item_size(realm_values(found)) < 14_000
    later = found.remembering_stops(NOW + 525_600 * 60_000)
    for number in dead:
        assert found.end_of(generation=0, key_number=number) is not None
        assert later.end_of(generation=0, key_number=number) is not None
    assert found.end_of(generation=0, key_number=2_001) is None


def endless(number: int, signs_from_ms: int) -> PublicKey:
    """A key of tokens without `exp`."""
    return replace(key(number, signs_from_ms), kind="open_ended")


def test_each_kind_is_by_itself() -> None:
    """A key is chosen among those of its kind, and followed by one of its kind alone."""
    old, new = key(1, NOW, seconds=60), key(3, NOW + 10, seconds=60)
    first, second = endless(2, NOW + 5), endless(4, NOW + 20)
    found = owner(old, new, second, first)
    assert found.of_kind("expiring") == [old, new]
    assert found.of_kind("open_ended") == [first, second]
    assert found.signing_key(NOW + 30, seconds=60) == new
    assert found.signing_key(NOW + 30, kind="open_ended") == second
    assert found.signing_key(NOW + 19, kind="open_ended") == first
    assert (found.stops_ms(old), found.stops_ms(new)) == (NOW + 10, None)
    assert (found.stops_ms(first), found.stops_ms(second)) == (NOW + 20, None)
    signing = [k for k in found.keys.values() if found.signs(k, NOW + 19)]
    assert signing == [new, first]


def test_other_kind_signs_until_the_first_key_of_its_own_is_known() -> None:
    """A first key for tokens without `exp` signs half a minute before its time at the earliest."""
    old = key(1, NOW)
    assert owner(old).signing_key(NOW, kind="open_ended") == old
    made = endless(2, NOW + SIGNING_DELAY_MS)
    found = owner(old, made)
    last = NOW + SIGNING_DELAY_MS - SIGNING_GRACE_MS
    assert found.signing_key(last - 1, kind="open_ended") == old
    assert found.signing_key(last, kind="open_ended") == made
    assert [found.signs(k, last - 1) for k in (old, made)] == [True, False]
    later = replace(endless(3, NOW + 2 * SIGNING_DELAY_MS))
    assert owner(old, made, later).signing_key(last, kind="open_ended") == made


def test_key_of_tokens_without_end_remembers_no_lifetime() -> None:
    """It signs nothing that has one: unused it retires after the grace, and used never."""
    found = owner(key(1, NOW), endless(2, NOW), endless(3, NOW + 9)).remembering(NOW)
    assert [k.longest_seconds > 0 for k in found.keys.values()] == [True, False, False]
    first, second = found.of_kind("open_ended")
    assert found.retires_ms(first) == NOW + 9 + SIGNING_GRACE_MS
    assert found.retires_ms(second) is None
    used = replace(first, open_ended=True)
    assert replace(found, keys={**found.keys, used.id: used}).retires_ms(used) is None


def test_new_key_has_signed_nothing() -> None:
    """A key begins as the realm's first, without a lifetime to remember."""
    made = PublicKey(id="jky_1", algo="eddsa", pem="", signs_from_ms=1, created_ms=1)
    assert (made.number, made.longest_seconds, made.open_ended) == (1, 0, False)
    assert made.kind == "expiring"


def test_last_stop_is_remembered_whatever_its_clock() -> None:
    """A stop that a slow clock dated too early is listed no more, and its sessions stay ended."""
    bad = key(1, NOW)
    found = owner(bad, key(2, NOW + 1_000))
    early = found.without_key(bad, by="key_x", now_ms=1, compromised=True)
    later = early.remembering_stops(NOW + 10)
    (stop,) = later.stopped.values()
    assert (stop.compromised, stop.key.pem, stop.ended_ms) == (False, "", 1)
    assert later.end_of(generation=0, key_number=1) == stop


def test_stopped_key_that_is_listed_no_more_keeps_its_times_alone() -> None:
    """The record of such a key loses its public key and that it was compromised."""
    gone = key(1, NOW)
    stopped = StoppedKey(replace(gone, pem="a key"), NOW + 1, by="key_1", compromised=True)
    assert stopped.unlisted() == StoppedKey(gone, NOW + 1, by="key_1", compromised=False)
