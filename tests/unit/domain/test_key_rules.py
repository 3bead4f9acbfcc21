"""Signing keys: when one can be removed, what stopping does, when to rotate."""

from dataclasses import replace

import pytest

from sojourn.domain import key_rules
from sojourn.domain.due import settlement_job
from sojourn.domain.errors import Conflict, KeyInUse, NotFound
from sojourn.domain.policy import SIGNING_KEYS
from sojourn.domain.realm import Realm, RealmChange
from sojourn.domain.signing_key import SIGNING_GRACE_MS, PublicKey
from tests.unit.domain.test_session_rules import NOW
from tests.unit.domain.test_signing_key import key, owner

OLD, NEW = key(1, NOW, seconds=60), key(2, NOW + 1_000, seconds=60)
RETIRES = NOW + 1_000 + SIGNING_GRACE_MS + 60_000
DAY = 86_400_000


def refused(realm: Realm, gone: PublicKey, now_ms: int) -> KeyInUse:
    """Why a key may not go."""
    with pytest.raises(KeyInUse) as error:
        key_rules.without(realm, gone.id, now_ms=now_ms)
    return error.value


def test_key_goes_when_no_token_of_it_can_be_alive() -> None:
    """A key is in use until its last token has expired, and may go at that very moment."""
    realm = owner(OLD, NEW)
    error = refused(realm, OLD, RETIRES - 1)
    assert (error.retires_ms, error.open_ended) == (RETIRES, False)
    assert not error.signs
    assert key_rules.in_use(realm, OLD, now_ms=RETIRES - 1)
    after = key_rules.without(realm, OLD.id, now_ms=RETIRES)
    assert after == replace(realm, keys={NEW.id: NEW})
    assert realm.keys == {OLD.id: OLD, NEW.id: NEW}
    assert not key_rules.in_use(realm, OLD, now_ms=RETIRES)


def test_key_that_signs_stays() -> None:
    """The key that signs now may not go, also where it has signed nothing yet."""
    error = refused(owner(OLD, NEW), NEW, RETIRES)
    assert error.signs
    assert (error.retires_ms, error.open_ended) == (None, False)
    key_rules.check_signs_no_more(owner(OLD, NEW), OLD, now_ms=NOW + 1_000)


def test_key_with_a_token_without_end_stays() -> None:
    """A key that signed a token without `exp` goes by no time."""
    old = replace(OLD, open_ended=True)
    error = refused(owner(old, NEW), old, RETIRES + 10**12)
    assert (error.retires_ms, error.open_ended) == (None, True)
    assert (error.signs, error.open_ended) == (False, True)


def test_key_that_has_signed_nothing_may_go() -> None:
    """A key that is only published may go until the grace before its time."""
    realm = owner(OLD, replace(NEW, signs_from_ms=NOW + SIGNING_GRACE_MS + 1))
    assert key_rules.without(realm, NEW.id, now_ms=NOW).keys == {OLD.id: OLD}
    assert not refused(realm, NEW, NOW + 1).signs


def test_key_that_is_not_there_is_not_found() -> None:
    """A key of another realm, or one that was removed, is not there to be removed."""
    stopped = key_rules.stop(owner(OLD, NEW), OLD, by="key_a", now_ms=NOW, compromised=False)
    for realm in (owner(NEW), stopped):
        with pytest.raises(NotFound):
            key_rules.without(realm, OLD.id, now_ms=NOW)


def test_compromised_key_is_hidden_and_its_stop_remembered() -> None:
    """Removing a compromised key hides it: when it stopped and by whom stays known."""
    realm = key_rules.stop(owner(OLD, NEW), OLD, by="key_a", now_ms=NOW, compromised=True)
    before = realm.stopped[OLD.id]
    after = key_rules.without(realm, OLD.id, now_ms=NOW)
    hidden = after.stopped[OLD.id]
    assert (hidden.compromised, hidden.key.pem) == (False, "")
    assert (hidden.ended_ms, hidden.by) == (before.ended_ms, before.by) == (NOW, "key_a")
    assert realm.stopped[OLD.id] == before


def test_stop_leaves_the_signing_to_a_key_that_signed_before() -> None:
    """If there is a previous key, it signs again, and no other key changes."""
    realm = owner(OLD, NEW, key(3, NOW + 9_000))
    after = key_rules.stop(realm, NEW, by="key_a", now_ms=NOW + 2_000, compromised=True)
    assert after.keys == {k: v for k, v in realm.keys.items() if k != NEW.id}
    assert after.signing_key(NOW + 2_000).id == OLD.id
    assert NEW.id in realm.keys


def test_stop_has_the_next_key_sign_at_once() -> None:
    """If there are only later keys, the first of them signs from now on."""
    third = key(3, NOW + 9_000)
    after = key_rules.stop(
        owner(OLD, third, NEW), OLD, by="key_a", now_ms=NOW + 5, compromised=False
    )
    assert after.keys == {NEW.id: replace(NEW, signs_from_ms=NOW + 5), third.id: third}


def test_stop_of_the_last_of_its_kind_leaves_none() -> None:
    """A realm without another key of the kind has none to sign; keys of the other kind stay."""
    other = replace(NEW, kind="open_ended")
    after = key_rules.stop(owner(OLD, other), OLD, by="key_a", now_ms=NOW, compromised=True)
    assert after.of_kind("expiring") == []
    assert after.keys == {other.id: other}


def test_retired_keys_come_oldest_first() -> None:
    """All keys whose last token has expired are given, in the order in which they signed."""
    realm = owner(key(3, NOW + 2_000), NEW, OLD)
    assert key_rules.retired(realm, now_ms=RETIRES - 1) == []
    assert key_rules.retired(realm, now_ms=RETIRES) == [OLD]
    assert key_rules.retired(realm, now_ms=RETIRES + 1_000) == [OLD, NEW]
    endless = owner(replace(OLD, open_ended=True), NEW)
    assert key_rules.retired(endless, now_ms=RETIRES + 10**12) == []


def test_next_key_is_due_when_the_newest_is_old_enough() -> None:
    """The schedule makes a key `rotate_days` after the last of its kind, and none without them."""
    newer = replace(NEW, created_ms=NOW + DAY)
    endless = replace(key(3, NOW), created_ms=NOW + 9 * DAY, kind="open_ended")
    realm = owner(OLD, newer, endless, rotate_days=2)
    assert not key_rules.next_is_due(realm, now_ms=NOW + 3 * DAY - 1)
    assert key_rules.next_is_due(realm, now_ms=NOW + 3 * DAY)
    assert not key_rules.next_is_due(owner(OLD), now_ms=NOW + 10**12)


def test_twenty_keys_and_no_more() -> None:
    """Room is for twenty keys; the schedule waits at nineteen that retire by themselves."""
    keys = [key(n, NOW + n) for n in range(1, SIGNING_KEYS + 1)]
    key_rules.check_room(owner(*keys[:-1]), wanted=1)
    with pytest.raises(Conflict, match=r"19 of at most 20 .* 2 more\. Delete 1 first"):
        key_rules.check_room(owner(*keys[:-1]), wanted=2)
    assert key_rules.full(owner(*keys[:-1]))
    assert not key_rules.full(owner(*keys[:-2]))
    endless = [replace(k, open_ended=True) for k in keys]
    assert not key_rules.full(owner(*endless, *keys[:3]))
    other = [replace(k, kind="open_ended") for k in keys]
    assert not key_rules.full(owner(*other))


def test_change_has_the_keys_remember_the_lifetime() -> None:
    """A change of settings or keys has each key that may sign remember; one of ends has none."""
    before = owner(OLD, NEW)
    longer = replace(before, settings=replace(before.settings, session_minutes=60))
    done = key_rules.change(before, longer, now_ms=NOW)
    assert [k.longest_seconds for k in done.after.keys.values()] == [3_600, 3_600]
    ended = before.ending_all(by="key_a", now_ms=NOW)
    assert key_rules.change(before, ended, now_ms=NOW).after == ended


def test_schedule_makes_what_is_due() -> None:
    """A missing kind of key is created at once; the other when it is due and there is room."""
    other = replace(NEW, kind="open_ended")
    later = NOW + 2 * DAY
    assert key_rules.due_kinds(owner(OLD, other, rotate_days=2), now_ms=later - 1) == []
    assert key_rules.due_kinds(owner(OLD, other, rotate_days=2), now_ms=later) == ["expiring"]
    both = ["open_ended", "expiring"]
    assert key_rules.due_kinds(owner(OLD, rotate_days=2), now_ms=later) == both
    keys = [key(n, NOW + n) for n in range(1, SIGNING_KEYS)]
    assert key_rules.due_kinds(owner(*keys, rotate_days=2), now_ms=later) == ["open_ended"]


def test_next_key_is_due_when_the_newest_is_as_old_as_the_settings_say() -> None:
    """From `rotate_days` after the newest key was made, which may be one; never where it is 0."""
    realm = owner(OLD, NEW, rotate_days=1)
    assert not key_rules.next_is_due(realm, now_ms=NOW + DAY - 1)
    assert key_rules.next_is_due(realm, now_ms=NOW + DAY)
    assert not key_rules.next_is_due(owner(OLD, NEW, rotate_days=0), now_ms=NOW + DAY)


def test_change_carries_what_it_was_given() -> None:
    """A change is from one realm to another, with private keys to write and what becomes due."""
    before, after = owner(OLD), owner(OLD, NEW)
    due = (settlement_job("rl_1", "jky_1", now_ms=NOW),)
    made = key_rules.change(before, after, now_ms=NOW, private={NEW.id: b"sealed"}, due=due)
    assert made == RealmChange(before, after.remembering(NOW), private={NEW.id: b"sealed"}, due=due)
    assert key_rules.change(before, before, now_ms=NOW) == RealmChange(before, before)
