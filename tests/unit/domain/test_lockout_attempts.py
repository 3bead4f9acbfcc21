"""One login attempt: its counters, which of them lock it out, and the change after it."""

from dataclasses import replace

import pytest

from sojourn.domain import lockout
from sojourn.domain.errors import TooManyAttempts
from sojourn.domain.lockout import (
    PER_ACCOUNT,
    PER_ADDRESS,
    UNKNOWN_USER,
    Bucket,
    Counter,
    LoginAttempt,
    Place,
    counters_of,
    password_attempt,
)
from sojourn.domain.user import Known, Success, User

NOW = 2_000_000_000_000
HOME = "198.51.100.7"
ADA = User(id="usr_ada", realm_id="rl_x", user_type="human", created_ms=NOW)
MARK = lockout.address_digest(ADA.id, HOME)
CLOSED = Bucket(log=(NOW // 1000,) * 5, row=5, last_ms=NOW)


def test_counters_of_a_try() -> None:
    """An account's everywhere, its own at the address, and the address's; what is not known not."""
    everywhere, here, address = counters_of("b", HOME)
    assert everywhere == Counter("b", "account")
    assert here == Counter(lockout.at_address("b", HOME), "account")
    assert address == Counter(lockout.of_address(HOME), "address")
    assert [c.limit for c in (everywhere, here, address)] == [PER_ACCOUNT, PER_ACCOUNT, PER_ADDRESS]
    assert counters_of("b", None) == (everywhere,)
    assert counters_of(None, HOME) == (address,)
    assert counters_of(None, None) == ()


def test_try_from_an_address_that_is_not_known() -> None:
    """It is counted at the account everywhere and at the address, by the account's numbers."""
    everywhere, here, address = counters_of("b", HOME)
    ada = replace(ADA, successes=3, unlocks=2)
    attempt = password_attempt(ada, (everywhere, here, address), HOME, now_ms=NOW)
    assert attempt.counters == (replace(everywhere, successes=3, unlocks=2), address)
    assert attempt.place == Place(MARK, known=False, own=0)
    row = replace(here, bucket=replace(CLOSED, successes=6, unlocks=2))
    attempt = password_attempt(ada, (everywhere, row, address), HOME, now_ms=NOW)
    assert attempt.place == Place(MARK, known=False, own=7)


def test_try_from_an_address_that_is_known() -> None:
    """It is counted at the account's counter of that address, from its own number on."""
    everywhere, here, address = counters_of("b", HOME)
    ada = replace(ADA, successes=3, unlocks=2, known=(Known(MARK, 5),))
    attempt = password_attempt(ada, (everywhere, here, address), HOME, now_ms=NOW)
    assert attempt.counters == (replace(here, successes=5, unlocks=2), address)
    assert attempt.place == Place(MARK, known=True, own=5)


def test_try_without_an_address_or_an_account() -> None:
    """Without an address there is the account's counter alone; nobody has numbers of their own."""
    (everywhere,) = counters_of("b", None)
    assert password_attempt(ADA, (everywhere,), None, now_ms=NOW) == LoginAttempt((everywhere,))
    counters = counters_of("b", HOME)
    attempt = password_attempt(None, counters, HOME, now_ms=NOW)
    assert attempt.counters == (counters[0], counters[2])
    assert attempt.place == Place(lockout.address_digest(UNKNOWN_USER, HOME), known=False, own=0)


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("closed", ["account", "address"])
def test_known_address_is_held_up_by_the_account_alone(known: bool, closed: str) -> None:
    """Guesses from a known address at other accounts do not hold its user up; others they do."""
    account, _, address = counters_of("b", HOME)
    full = Bucket(log=(NOW // 1000,) * PER_ADDRESS.most, last_ms=NOW)
    if closed == "account":
        account = replace(account, bucket=CLOSED)
    else:
        address = replace(address, bucket=full)
    attempt = LoginAttempt((account, address), Place(MARK, known=known, own=0))
    if known and closed == "address":
        attempt.check(NOW)
    else:
        with pytest.raises(TooManyAttempts) as refused:
            attempt.check(NOW)
        assert refused.value.retry_after == (30 if closed == "account" else 600)


def test_wait_is_the_longest_of_those_that_hold_a_try_up() -> None:
    """If several counters are closed, the attempt waits until all are open."""
    account, _, address = counters_of("b", HOME)
    full = Bucket(log=(NOW // 1000,) * PER_ADDRESS.most, last_ms=NOW)
    attempt = LoginAttempt((replace(account, bucket=CLOSED), replace(address, bucket=full)))
    for seconds, left in ((0, 600), (30, 570)):
        with pytest.raises(TooManyAttempts) as refused:
            attempt.check(NOW + 1_000 * seconds)
        assert refused.value.retry_after == left
    attempt.check(NOW + 600_000)


def test_try_without_counters_is_never_held_up() -> None:
    """A server's try of an API key, from nowhere that is known, meets no counter."""
    LoginAttempt(()).check(NOW)
    assert LoginAttempt(()).failed(NOW).buckets == ()


def test_failure_adds_one_to_each_counter() -> None:
    """A failure changes each counter by that counter's own limit and numbers."""
    account, _, address = counters_of("b", HOME)
    account = replace(account, bucket=CLOSED, successes=1)
    attempt = LoginAttempt((account, address))
    one, other = attempt.failed(NOW + 1_000).buckets
    assert (one.row, len(one.log), one.successes) == (1, 6, 1)
    assert (other.row, len(other.log)) == (0, 1)
    unlocked = replace(account, unlocks=1)
    (anew,) = LoginAttempt((unlocked,)).failed(NOW).buckets
    assert (anew.row, len(anew.log), anew.unlocks) == (1, 1, 1)


def test_success_leaves_the_row_behind_where_it_was_counted() -> None:
    """Without an address at the account; from a known one there; from a new one at both."""
    account, _, address = counters_of("b", HOME)
    row = replace(account, bucket=replace(CLOSED, successes=2))
    later = NOW + 30_000
    assert LoginAttempt((row,)).succeeded(later) == Success(None, 3)
    known = LoginAttempt((row, address), Place(MARK, known=True, own=9))
    assert known.succeeded(later) == Success(Known(MARK, 3), successes=0)
    new = LoginAttempt((row, address), Place(MARK, known=False, own=9))
    assert new.succeeded(later) == Success(Known(MARK, 9), 3)


def test_right_password_passes_by_its_counters_as_they_are_now() -> None:
    """If others used up the limit, the attempt is refused; otherwise it uses the new counters."""
    account, _, address = counters_of("b", HOME)
    attempt = LoginAttempt((account, address))
    closed = replace(account, bucket=CLOSED)
    with pytest.raises(TooManyAttempts):
        attempt.passed((closed, address), NOW)
    later = NOW + 30_000
    now = LoginAttempt((closed, address))
    assert (
        attempt.passed((closed, address), later) == now.succeeded(later) != attempt.succeeded(later)
    )


def test_try_is_read_again_with_its_place() -> None:
    """A re-read attempt has the new counters and the same address."""
    counters = counters_of("b", HOME)
    attempt = LoginAttempt(counters, Place(MARK, known=True, own=1))
    newer = [replace(counter, version="v") for counter in counters]
    assert attempt.read(newer) == LoginAttempt(tuple(newer), attempt.place)


def test_what_is_closed_opens_at_its_very_time() -> None:
    """The millisecond before, an attempt is refused; from then on it is not."""
    (account,) = counters_of("b", None)
    attempt = LoginAttempt((replace(account, bucket=CLOSED),))
    opens_ms = attempt.counters[0].opens_ms(NOW)
    with pytest.raises(TooManyAttempts):
        attempt.check(opens_ms - 1)
    attempt.check(opens_ms)


def test_failure_says_what_was_tried() -> None:
    """It comes with the try itself, since what it makes of the counters is written under that."""
    attempt = LoginAttempt(counters_of("b", HOME))
    failure = attempt.failed(NOW)
    assert failure.attempt is attempt
    assert failure.buckets == tuple(counter.failed(NOW) for counter in attempt.counters)
