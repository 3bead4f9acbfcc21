"""The rules of the lockout, as properties of pure functions."""

from dataclasses import replace

import hypothesis.strategies as st
import pytest
from hypothesis import example, given, settings

from sojourn.domain import lockout
from sojourn.domain.lockout import (
    AHEAD_MS,
    PER_ACCOUNT,
    PER_ADDRESS,
    THRESHOLD,
    Bucket,
    Limit,
    wait_seconds,
)
from sojourn.domain.session_rules import CLOCKS_APART_MS
from sojourn.domain.user import KNOWN, Known, Success

NOW = 2_000_000_000_000
HOUR, DAY = 3_600_000, 86_400_000
pauses = st.sampled_from([0, 1, 7, 999, 1_000, 29_999, 30_000, 60_000, 899_999, 900_000, HOUR])


class Guesser:
    """Tries as often as it may at one bucket, and gets what the gate says."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self.bucket = Bucket()
        self.successes = 0
        self.made: list[int] = []

    def opens_ms(self, now_ms: int) -> int:
        return self.bucket.opens_ms(self.limit, successes=self.successes, now_ms=now_ms)

    def guess(self, now_ms: int) -> bool:
        """Whether the guess was made: then it was wrong, and is counted."""
        if self.opens_ms(now_ms) > now_ms:
            return False
        self.bucket = self.bucket.failed(self.limit, successes=self.successes, now_ms=now_ms)
        self.made.append(now_ms)
        return True

    def succeed(self, now_ms: int) -> None:
        """The owner logs in."""
        self.successes = self.bucket.successes_after(
            self.limit, successes=self.successes, now_ms=now_ms
        )


def test_bucket_that_nobody_filled_counts_nothing() -> None:
    """An empty bucket has no row, no wait and no successes."""
    assert Bucket() == Bucket(log=(), row=0, last_ms=0, successes=0, unlocks=0)


def test_delays_double_from_thirty_seconds_to_fifteen_minutes() -> None:
    """After 5 failures in a row the next try waits 30 s, doubling to 15 minutes."""
    waits = [wait_seconds(row) for row in range(12)]
    assert waits == [0, 0, 0, 0, 0, 30, 60, 120, 240, 480, 900, 900]
    assert wait_seconds(1_000_000) == 900


@given(steps=st.lists(pauses, max_size=60))
def test_guesses_in_a_row_keep_their_distance(steps: list[int]) -> None:
    """Whatever the schedule, five guesses are free and each further one comes after its wait."""
    guesser, now = Guesser(PER_ACCOUNT), NOW
    for step in steps:
        now += step
        guesser.guess(now)
    for number, (before, after) in enumerate(zip(guesser.made, guesser.made[1:], strict=False)):
        if after - guesser.made[0] < DAY:
            assert after - before >= wait_seconds(number + 1) * 1000


@given(steps=st.lists(st.tuples(st.integers(0, 60_000), st.booleans()), min_size=150, max_size=250))
@settings(max_examples=25)
def test_hundred_failures_an_hour_with_successes_between(steps: list[tuple[int, bool]]) -> None:
    """No hour holds more than 100 failures, however often a success ends the row."""
    guesser, now = Guesser(PER_ACCOUNT), NOW
    for step, succeeds in steps:
        now += step
        guesser.guess(now)
        if succeeds:
            guesser.succeed(now)
    for number, at in enumerate(guesser.made):
        assert sum(at <= other < at + HOUR for other in guesser.made[number:]) <= 100


@given(
    first=st.integers(0, 999),
    steps=st.lists(st.integers(0, 12_000), min_size=150, max_size=300),
)
@settings(max_examples=25)
def test_hundred_failures_of_an_address_in_ten_minutes(first: int, steps: list[int]) -> None:
    """No ten minutes hold more than 100 failures of an address, and none of them waits."""
    guesser, now = Guesser(PER_ADDRESS), NOW + first
    for step in steps:
        now += step
        guesser.guess(now)
    for number, at in enumerate(guesser.made):
        assert sum(at <= other < at + 600_000 for other in guesser.made[number:]) <= 100
    assert len(guesser.made) >= 100


@given(steps=st.lists(st.tuples(pauses, st.booleans()), max_size=40))
def test_what_is_refused_changes_nothing_and_opens_as_it_said(
    steps: list[tuple[int, bool]],
) -> None:
    """A refused try leaves the gate as it was: it opens at the moment that it named, not before."""
    guesser, now = Guesser(PER_ACCOUNT), NOW
    for step, patient in steps:
        now += step
        opens = guesser.opens_ms(now)
        if opens > now:
            before = guesser.bucket
            assert not guesser.guess(now)
            assert not guesser.guess(opens - 1)
            assert guesser.bucket == before
            seconds = lockout.retry_after(opens, now)
            assert seconds >= 1
            assert (seconds - 1) * 1000 < opens - now <= seconds * 1000
            now = opens if patient else now
        if opens <= now:
            assert guesser.guess(now)


def test_success_ends_the_row_and_not_the_hour() -> None:
    """After a success five guesses are free again; the hundred of the hour stay counted."""
    guesser, now = Guesser(PER_ACCOUNT), NOW
    for _ in range(20):
        for _ in range(THRESHOLD):
            assert guesser.guess(now)
        guesser.succeed(now)
        now += 1_000
    assert not guesser.guess(now)
    assert guesser.opens_ms(now) == NOW + HOUR


def test_success_without_a_row_is_no_new_proof() -> None:
    """The number of successes grows only if there is a row to clear."""
    assert Bucket().successes_after(PER_ACCOUNT, successes=7, now_ms=NOW) == 7
    failed = Bucket().failed(PER_ACCOUNT, successes=7, now_ms=NOW)
    assert failed.successes_after(PER_ACCOUNT, successes=7, now_ms=NOW) == 8
    assert failed.successes_after(PER_ACCOUNT, successes=8, now_ms=NOW) == 8
    assert failed.successes_after(PER_ACCOUNT, successes=7, now_ms=NOW + DAY) == 7


def test_who_read_the_account_earlier_does_not_reset_the_row() -> None:
    """A failure decided with an old number of successes still adds to the row."""
    bucket = Bucket(row=4, last_ms=NOW, successes=3)
    late = bucket.failed(PER_ACCOUNT, successes=2, now_ms=NOW)
    assert (late.row, late.successes) == (5, 3)
    assert bucket.opens_ms(PER_ACCOUNT, successes=2, now_ms=NOW) == 0
    assert late.opens_ms(PER_ACCOUNT, successes=2, now_ms=NOW) == NOW + 30_000


def test_row_is_forgotten_after_a_day() -> None:
    """A row counts until a day after its last failure, whenever the item is deleted."""
    bucket = Bucket(row=9, last_ms=NOW, successes=0)
    last = NOW + DAY - 1
    assert bucket.in_row(PER_ACCOUNT, successes=0, now_ms=last) == 9
    assert bucket.in_row(PER_ACCOUNT, successes=0, now_ms=last + 1) == 0
    assert bucket.failed(PER_ACCOUNT, successes=0, now_ms=last + 1).row == 1
    assert bucket.kept_until(PER_ACCOUNT) == (NOW + DAY) // 1000


def test_slow_clock_does_not_shorten_a_delay() -> None:
    """A failure that an instance with a clock behind counts waits from the latest one on."""
    bucket = Bucket(row=5, last_ms=NOW, log=(NOW // 1000,))
    late = bucket.failed(PER_ACCOUNT, successes=0, now_ms=NOW - 3_000)
    assert late.opens_ms(PER_ACCOUNT, successes=0, now_ms=NOW) == NOW + 60_000
    assert late.log == ((NOW - 3_000) // 1000, NOW // 1000)


def test_buckets_are_digests_of_one_shape() -> None:
    """No key tells a name or an address, or whether there is an account; none is another's."""
    keys = {
        lockout.of_account("usr_1"),
        lockout.of_name("rl_1", "name", "ada"),
        lockout.of_name("rl_1", "email", "ada"),
        lockout.of_name("rl_2", "name", "ada"),
        lockout.of_address("203.0.113.9"),
        lockout.at_address(lockout.of_account("usr_1"), "203.0.113.9"),
        lockout.at_address(lockout.of_account("usr_1"), "203.0.113.8"),
        lockout.at_address(lockout.of_account("usr_2"), "203.0.113.9"),
    }
    assert len(keys) == 8
    assert {len(key) for key in keys} == {64}
    assert not any("ada" in key or "203" in key[:3] for key in keys)
    one, other = (lockout.address_digest(user, "203.0.113.9") for user in ("usr_1", "usr_2"))
    assert len(one) == 8
    assert one != other


marks = st.integers(0, 14).map(lambda n: bytes([n]) * 8)


@given(used=st.lists(marks, max_size=40))
@example(used=[bytes([n]) * 8 for n in range(15)])
def test_account_remembers_the_addresses_used_last(used: list[bytes]) -> None:
    """An account knows the ten addresses that it was used from last, each once."""
    successes, known = 0, tuple[Known, ...]()
    for mark in used:
        success = Success(Known(mark, successes=0), successes=0)
        due = success.due(successes, known)
        assert due == (mark not in {k.digest for k in known})
        successes, known = success.applied(successes, known)
        assert not success.due(successes, known)
    latest = list(dict.fromkeys(reversed(used)))[:KNOWN]
    assert [k.digest for k in reversed(known)] == latest


def test_numbers_of_successes_never_go_back() -> None:
    """A success that was worked out on an older account takes nothing from a newer one."""
    mark = b"12345678"
    newer = (Known(mark, successes=4),)
    assert Success(Known(mark, successes=3), successes=2).applied(5, newer) == (5, newer)
    assert Success(None, successes=6).applied(5, newer) == (6, newer)
    assert Success(Known(mark, successes=5), successes=0).due(5, newer)
    assert not Success(Known(mark, successes=4), successes=0).due(5, newer)
    assert Success(Known(mark, successes=6), successes=0).applied(5, newer) == (
        5,
        (Known(mark, successes=6),),
    )


def test_success_is_due_only_for_what_is_new() -> None:
    """A success writes only for a new number of successes or a new address."""
    known = (Known(b"12345678", successes=4),)
    assert Success(None, successes=6).due(5, known)
    assert Success(Known(b"12345678", successes=4), successes=6).due(5, known)
    assert not Success(None, successes=5).due(5, known)
    assert not Success(None, successes=5).due(6, ())
    assert Success(Known(b"87654321", successes=0), successes=0).due(5, known)


@pytest.mark.parametrize("limit", [PER_ACCOUNT, PER_ADDRESS], ids=["account", "address"])
def test_failure_is_forgotten_when_its_time_is_over(limit: Limit) -> None:
    """A failure counts until its seconds are over to the millisecond, and then is not kept."""
    first = Bucket().failed(limit, successes=0, now_ms=NOW)
    over = NOW + limit.seconds * 1000
    assert first.failed(limit, successes=0, now_ms=over - 1).log == (NOW // 1000, over // 1000)
    assert first.failed(limit, successes=0, now_ms=over).log == (over // 1000,)


def test_address_has_no_row() -> None:
    """An address waits for nothing but its hundred: no row of it is counted."""
    bucket = Bucket().failed(PER_ADDRESS, successes=0, now_ms=NOW)
    assert bucket.row == 0
    assert bucket.opens_ms(PER_ADDRESS, successes=0, now_ms=NOW) == 0


def test_limits_are_the_documented_ones() -> None:
    """A hundred failures an hour for an account, a hundred in ten minutes for an address."""
    assert Limit(most=100, seconds=3_600, keep_seconds=86_400, delays=True) == PER_ACCOUNT
    assert Limit(most=100, seconds=600, keep_seconds=600, delays=False) == PER_ADDRESS
    assert (THRESHOLD, KNOWN) == (5, 10)


def test_wait_is_at_least_a_second() -> None:
    """Whole seconds are shown, rounded up, and never none."""
    assert lockout.retry_after(NOW, NOW) == 1
    assert lockout.retry_after(NOW + 1, NOW) == 1
    assert lockout.retry_after(NOW + 1_000, NOW) == 1
    assert lockout.retry_after(NOW + 1_001, NOW) == 2


def test_unlock_leaves_all_of_a_bucket_behind() -> None:
    """After an administrator's unlock neither the row nor the hundred of the hour count."""
    full = Bucket(log=(NOW // 1000,) * 100, row=9, last_ms=NOW, successes=3, unlocks=1)
    assert full.since(0) is full
    assert full.since(1) is full
    assert full.since(2) == Bucket(unlocks=2)
    failed = full.since(2).failed(PER_ACCOUNT, successes=3, now_ms=NOW)
    assert failed == Bucket(log=(NOW // 1000,), row=1, last_ms=NOW, successes=3, unlocks=2)
    assert full.failed(PER_ACCOUNT, successes=3, now_ms=NOW).unlocks == 1


@pytest.mark.parametrize("limit", [PER_ACCOUNT, PER_ADDRESS], ids=["account", "address"])
def test_bucket_keeps_no_more_than_its_limit(limit: Limit) -> None:
    """A bucket that is counted in beyond its limit keeps the latest, and opens as it would."""
    bucket = Bucket()
    for number in range(limit.most + 7):
        bucket = bucket.failed(limit, successes=0, now_ms=NOW + 1_000 * number)
    assert bucket.log == tuple(NOW // 1000 + n for n in range(7, limit.most + 7))
    opens = bucket.opens_ms(replace(limit, delays=False), successes=9, now_ms=NOW + 120_000)
    assert opens == NOW + 7_000 + limit.seconds * 1000


def test_clocks_that_may_count_are_allowed_for() -> None:
    """Each clock that may count is ten seconds off at most (skew), so two are twenty apart."""
    assert (AHEAD_MS, CLOCKS_APART_MS) == (25_000, 10_000)


def test_wait_is_never_longer_than_its_longest() -> None:
    """A failure that a clock ahead has counted holds up no longer than one that is counted now."""
    for ahead in (0, 1, AHEAD_MS):
        row = Bucket(row=11, last_ms=NOW + ahead)
        assert row.opens_ms(PER_ACCOUNT, successes=0, now_ms=NOW) == NOW + 900_000
        for limit in (PER_ACCOUNT, PER_ADDRESS):
            log = Bucket(log=((NOW + ahead) // 1000,) * 100)
            opens = log.opens_ms(limit, successes=0, now_ms=NOW)
            assert opens == NOW + limit.seconds * 1000
    early = Bucket(row=11, last_ms=NOW - 1)
    assert early.opens_ms(PER_ACCOUNT, successes=0, now_ms=NOW) == NOW + 899_999


def test_row_of_tomorrow_holds_up_nobody_and_counts() -> None:
    """A row that no clock can have written yet delays nothing, and goes on from now."""
    bucket = Bucket(row=7, last_ms=NOW + AHEAD_MS + 1)
    assert bucket.opens_ms(PER_ACCOUNT, successes=0, now_ms=NOW) == 0
    assert bucket.opens_ms(PER_ACCOUNT, successes=0, now_ms=NOW + 1) == NOW + 1 + 120_000
    failed = bucket.failed(PER_ACCOUNT, successes=0, now_ms=NOW)
    assert (failed.row, failed.last_ms) == (8, NOW)
    near = Bucket(row=7, last_ms=NOW + AHEAD_MS).failed(PER_ACCOUNT, successes=0, now_ms=NOW)
    assert (near.row, near.last_ms) == (8, NOW + AHEAD_MS)


def test_failures_of_tomorrow_are_not_counted() -> None:
    """Failures at impossible times in the future are dropped."""
    latest = (NOW + AHEAD_MS) // 1000
    full = Bucket(log=(latest + 1,) * 100)
    assert full.opens_ms(PER_ADDRESS, successes=0, now_ms=NOW) == 0
    assert full.failed(PER_ADDRESS, successes=0, now_ms=NOW).log == (NOW // 1000,)
    assert Bucket(log=(latest,) * 100).opens_ms(PER_ADDRESS, successes=0, now_ms=NOW) > NOW
    assert Bucket(log=(latest + 1,) * 100).opens_ms(PER_ADDRESS, successes=0, now_ms=NOW + 1) > NOW


def test_clocks_twenty_seconds_apart_close_and_keep_one_bucket() -> None:
    """A failure counted by an admitted clock also locks out at another instance."""
    fast, slow = NOW + 10_000, NOW - 10_000
    row = Bucket()
    for _ in range(THRESHOLD):
        row = row.failed(PER_ACCOUNT, successes=0, now_ms=fast)
    assert row.opens_ms(PER_ACCOUNT, successes=0, now_ms=slow) > slow
    many = Bucket()
    for _ in range(PER_ADDRESS.most):
        many = many.failed(PER_ADDRESS, successes=0, now_ms=fast)
    assert many.opens_ms(PER_ADDRESS, successes=0, now_ms=slow) > slow
    assert len(many.failed(PER_ADDRESS, successes=0, now_ms=slow).log) == PER_ADDRESS.most


def test_buckets_are_found_again_under_their_names() -> None:
    """The keys of the attempts table never change, so later releases find stored counters."""
    account = lockout.of_account("usr_1")
    names = [
        account,
        lockout.of_name("rl_1", "username", "ada"),
        lockout.of_name("rl_1", "email", "ada"),
        lockout.of_name("rl_2", "username", "ada"),
        lockout.of_name("rl_1", "username", "bob"),
        lockout.at_address(account, "203.0.113.9"),
        lockout.of_address("203.0.113.9"),
        lockout.of_address("203.0.113.8"),
    ]
    assert names == [
        "2db6c89ea12212fccd50250272a65872077fc0d2980c2e1df5278af3d2fc5033",
        "2111fb349018d8e91343fa5cf6930b9733b9645343d6e3b695395f80ee0f1d91",
        "b2b5262029ecfb539eb18a4b8c3af8a97bc69634fd7629bd53ddc9d838c4718c",
        "49a2108c1d234acfbcbb0c20d50504cbcad2aac023b902505c229ddba715507f",
        "77e1b1421e57e13f729a141709a0c7e0201f2cb1f397133dd1f4038bb5f90b85",
        "326789accc32dbd212e417dc675a0452a8a4b2c5121ef812126233aeb16118d4",
        "7f9269c26b2b98e2b223dd716dfd98d4e4833b4ffac4fbf1e5838884060d0c5c",
        "a1bb519d1e321820ba48433341e1464f60d1558c59c6c762878558f22ab3d5e4",
    ]
