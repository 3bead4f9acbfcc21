"""Rule 1: the ranges of settings, at their limits."""

from dataclasses import replace

import pytest

from sojourn.domain.errors import Invalid
from sojourn.domain.policy import DAY_SECONDS, JWT_FIELDS, NOT_RETIRING, SIGNING_KEYS, Settings
from sojourn.domain.realm import Deletion, Realm
from sojourn.domain.signing_key import SIGNING_DELAY_MS, SIGNING_GRACE_MS


@pytest.mark.parametrize(
    "settings",
    [
        Settings(session_minutes=1),
        Settings(session_minutes=525_600),
        Settings(session_type="unmanaged", session_minutes=0),
        Settings(session_type="unmanaged", session_minutes=1_051_200),
        Settings(api_key_minutes=1_051_200),
        Settings(session_type="unmanaged", session_minutes=1),
        Settings(api_key_minutes=0),
        Settings(api_key_minutes=1),
        Settings(max_sessions=1),
        Settings(max_sessions=100),
        Settings(max_staleness_seconds=1),
        Settings(max_staleness_seconds=3_600),
        Settings(rotate_days=0),
        Settings(rotate_days=1),
        Settings(rotate_days=365),
        Settings(revocation_shards=1),
        Settings(revocation_shards=16),
        Settings(jwt_fields=()),
    ],
    ids=str,
)
def test_edges_are_within(settings: Settings) -> None:
    """The range's ends belong to it."""
    settings.check()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (Settings(session_minutes=0), "1 to 525600"),
        (Settings(session_minutes=525_601), "1 to 525600"),
        (Settings(session_type="unmanaged", session_minutes=1_051_201), "1 to 1051200, or 0"),
        (Settings(session_type="unmanaged", session_minutes=-1), "1 to 1051200, or 0"),
        (Settings(api_key_minutes=-1), "1 to 1051200, or 0"),
        (Settings(api_key_minutes=1_051_201), "1 to 1051200, or 0"),
        (Settings(max_sessions=0), "1 to 100"),
        (Settings(max_sessions=101), "1 to 100"),
        (Settings(max_staleness_seconds=0), "1 to 3600"),
        (Settings(max_staleness_seconds=3_601), "1 to 3600"),
        (Settings(rotate_days=-1), "1 to 365, or 0"),
        (Settings(rotate_days=366), "1 to 365, or 0"),
        (Settings(revocation_shards=0), "1 to 16"),
        (Settings(revocation_shards=17), "1 to 16"),
        (Settings(jwt_fields=("name", "name")), "each field once"),
    ],
    ids=str,
)
def test_beyond_the_edges_the_message_tells_the_range(settings: Settings, told: str) -> None:
    """Anything else is refused with the allowed range in the message."""
    with pytest.raises(Invalid) as refused:
        settings.check()
    assert any(told in sentence for sentence in refused.value.errors)


def test_unmanaged_minutes_are_no_managed_realms() -> None:
    """Each type of session has its own range: what one may hold the other may not."""
    for minutes in (0, 525_601):
        Settings(session_type="unmanaged", session_minutes=minutes).check()
        with pytest.raises(Invalid, match="not valid"):
            Settings(session_minutes=minutes).check()


def test_every_setting_out_of_range_is_told() -> None:
    """All that is wrong is reported at once, one sentence each."""
    with pytest.raises(Invalid) as refused:
        Settings(session_minutes=0, max_sessions=0, rotate_days=-1).check()
    assert [sentence.split()[0] for sentence in refused.value.errors] == [
        "session_minutes",
        "max_sessions",
        "rotate_days",
    ]


def test_rotation_keeps_at_most_twenty_keys() -> None:
    """Seventeen keys of living tokens and three more are the most; the message tells how many."""
    week = 7 * 1_440
    fits = Settings(session_minutes=17 * week, rotate_days=7)
    fits.check()
    assert fits.rotating_keys == 20
    assert Settings(session_minutes=17 * week).rotating_keys == 0
    with pytest.raises(Invalid) as refused:
        replace(fits, session_minutes=17 * week + 1).check()
    assert list(refused.value.errors) == [
        "rotate_days must be at least 8 where tokens live for 120 days, or 0 for never, and is 7: "
        "keys whose tokens are alive would be 120 / 7 = 18, with 3 that sign or will 21, and a "
        "realm has 20 at most. Raise rotate_days, or lower session_minutes or api_key_minutes."
    ]


def test_rotation_that_stands_is_not_refused_again() -> None:
    """A realm of the former version takes other changes; one of what decides is held to it."""
    before = Settings(session_minutes=525_600, rotate_days=1)
    replace(before, max_sessions=3).check(before=before)
    for changed in (
        replace(before, rotate_days=2),
        replace(before, session_minutes=525_599),
        replace(before, api_key_minutes=525_601),
    ):
        with pytest.raises(Invalid, match="not valid"):
            changed.check(before=before)
    with pytest.raises(Invalid) as refused:
        replace(before, max_sessions=0).check()
    assert [sentence.split()[0] for sentence in refused.value.errors] == ["max_sessions"]


def test_defaults_are_the_contracts() -> None:
    """A realm begins with the settings that the contract names, and with its first key."""
    assert Settings() == Settings(
        session_type="managed",
        session_minutes=360,
        api_key_minutes=0,
        max_sessions=10,
        at_limit="evict_oldest",
        jwt_algo="rs256",
        jwt_fields=("username",),
        max_staleness_seconds=300,
        rotate_days=0,
    )
    made = Realm(id="rl_1", name="x", issuer="y", created_ms=1, version=1)
    assert (made.generation, made.key_count, made.ends, made.deletion) == (0, 1, (), None)
    assert (made.keys, made.stopped, made.settings) == ({}, {}, Settings())
    assert made.former == ()
    assert Deletion(started_ms=1, by="key_a").users == 0


def test_times_of_signing_keys_are_the_contracts() -> None:
    """A new key signs 150 minutes after it is published; a login has 30 s with the one before."""
    assert SIGNING_DELAY_MS == 9_000_000
    assert SIGNING_GRACE_MS == 30_000
    assert (SIGNING_KEYS, NOT_RETIRING, DAY_SECONDS) == (20, 3, 86_400)
    assert JWT_FIELDS == ("username", "name", "email", "custom")


def test_rotation_that_would_fill_a_realm_is_told_what_would_not() -> None:
    """The message names the least `rotate_days`, which is allowed."""
    settings = Settings(session_minutes=525_600, rotate_days=1)
    with pytest.raises(Invalid) as error:
        settings.check()
    least = -(-365 // (SIGNING_KEYS - NOT_RETIRING))
    assert f"rotate_days must be at least {least} " in error.value.errors[0]
    replace(settings, rotate_days=least).check()
