"""The lockout of logins, on the in-memory store."""

import threading
from dataclasses import replace

import pytest

from sojourn.crypto.passwords import Hasher
from sojourn.domain import ids
from sojourn.domain.errors import LoginFailed, SessionLimit, TooManyAttempts, Unavailable
from sojourn.domain.lockout import counters_of
from sojourn.domain.session import Login, Origin
from sojourn.domain.session_rules import unlocked
from sojourn.domain.user import Change, Credential
from tests.support.world import World

HOME, ELSEWHERE = "198.51.100.7", "203.0.113.9"
RIGHT, WRONG = "a horse with a staple", "not the password"
CHEAP = Hasher(memory_kib=64, iterations=1)
PHC = CHEAP.hash(RIGHT)


class Guarded:
    """A world in which Ada has a password."""

    def __init__(self) -> None:
        self.world = World()
        password = Credential(id="crd_a", type="password", created_ms=1, secret=PHC)
        self.ada = self.world.user(username="ada", credentials={password.id: password})
        self.logins = self.world.password_logins

    def login(self, password: str = RIGHT, *, name: str = "ada", ip: str | None = HOME) -> str:
        """What comes of a login."""
        login = Login("password", Origin(ip=ip, client="tests"))
        try:
            self.logins.by_name(self.world.realm_id, password, login, username=name)
        except LoginFailed:
            return "wrong"
        except TooManyAttempts as error:
            return f"wait {error.retry_after}"
        return "in"

    def wrong(self, times: int, *, name: str = "ada", ip: str | None = HOME) -> list[str]:
        """What comes of so many guesses."""
        return [self.login(WRONG, name=name, ip=ip) for _ in range(times)]


@pytest.fixture
def here() -> Guarded:
    """A world of its own for each test."""
    return Guarded()


@pytest.mark.parametrize("name", ["ada", "nobody"])
def test_delay_doubles_to_fifteen_minutes(here: Guarded, name: str) -> None:
    """Five failures are answered; then each try waits, 30 s doubling, whoever there is."""
    assert here.wrong(5, name=name) == ["wrong"] * 5
    for seconds in (30, 60, 120, 240, 480, 900, 900):
        assert here.wrong(2, name=name) == [f"wait {seconds}"] * 2
        here.world.clock.advance(seconds)
        assert here.wrong(1, name=name) == ["wrong"]


def test_right_password_waits_and_then_ends_the_row(here: Guarded) -> None:
    """A right password is refused during the delay; then it logs in, and five more may fail."""
    here.wrong(5)
    assert here.login() == "wait 30"
    here.world.clock.advance(30)
    assert here.login() == "in"
    assert here.wrong(6) == ["wrong"] * 5 + ["wait 30"]


def test_right_password_that_begins_no_session_ends_the_row_too(here: Guarded) -> None:
    """If the realm denies, the correct password still ends the row of failures."""
    here.world.settings(max_sessions=1, at_limit="deny")
    assert here.login() == "in"
    before = here.world.stored(here.ada)
    here.wrong(4)
    with pytest.raises(SessionLimit):
        here.login()
    assert here.wrong(5) == ["wrong"] * 5
    assert here.world.stored(here.ada).sessions == before.sessions


def test_user_at_a_known_address_is_not_held_up_by_guesses_elsewhere(here: Guarded) -> None:
    """A user can log in from a known address while others guess."""
    assert here.login(ip=HOME) == "in"
    assert here.wrong(6, ip=ELSEWHERE)[-1] == "wait 30"
    assert here.login(ip=HOME) == "in"
    assert here.login(ip=ELSEWHERE) == "wait 30"
    assert here.wrong(6, ip=HOME) == ["wrong"] * 5 + ["wait 30"]


def test_unlock_clears_the_delays(here: Guarded) -> None:
    """After an unlock an attempt is allowed at once, and five failures are free again."""
    here.wrong(6)
    found = here.world.stored(here.ada)
    here.world.store.users.commit(Change(before=found, after=unlocked(found)))
    assert here.wrong(6) == ["wrong"] * 5 + ["wait 30"]


def test_address_that_guesses_at_many_is_held_up(here: Guarded) -> None:
    """A hundred failures from one address in ten minutes close it, at whatever account."""
    for number in range(100):
        assert here.wrong(1, name=f"user-{number}", ip=ELSEWHERE) == ["wrong"]
    assert here.login(ip=ELSEWHERE) == "wait 600"
    assert here.login(ip=HOME) == "in"


def test_tries_without_an_address_are_counted_at_the_account(here: Guarded) -> None:
    """A server that does not report where its user is has the account's counter alone."""
    assert here.wrong(6, ip=None) == ["wrong"] * 5 + ["wait 30"]


def test_no_more_than_the_limit_are_made_at_once(here: Guarded) -> None:
    """Of sixteen simultaneous guesses five are answered; the others are refused, not counted."""
    barrier, came = threading.Barrier(16), list[str]()

    def guess() -> None:
        barrier.wait()
        came.extend(here.wrong(1))

    threads = [threading.Thread(target=guess) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(came) == ["wait 30"] * 11 + ["wrong"] * 5


@pytest.mark.parametrize("password", [RIGHT, WRONG])
def test_guess_beyond_the_limit_is_refused(
    here: Guarded, monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    """Counters are looked at again: who used up the limit meanwhile closed it, right or wrong."""
    verify = Hasher.verify

    def meanwhile(hasher: Hasher, password: str, phc: str) -> bool:
        monkeypatch.setattr(Hasher, "verify", verify)
        here.wrong(5)
        return verify(hasher, password, phc)

    monkeypatch.setattr(Hasher, "verify", meanwhile)
    assert here.login(password) == "wait 30"
    assert here.world.stored(here.ada).sessions == ()
    here.world.clock.advance(30)
    assert here.wrong(1) == ["wrong"]
    assert here.login() == "wait 60"


def test_wrong_clock_counts_nothing(here: Guarded) -> None:
    """An instance whose clock is certainly wrong tries no password, and counts no failure."""
    skew = here.world.lockout.skew
    skew.note("Thu, 01 Jan 1970 00:00:00 GMT", sent_ms=10**9, received_ms=10**9)
    with pytest.raises(Unavailable):
        here.login()
    assert here.world.stored(here.ada).sessions == ()
    (counter,) = here.world.store.attempts.read(counters_of(None, HOME))
    assert counter.version is None


def test_wrong_api_keys_are_counted_at_the_address_alone(here: Guarded) -> None:
    """256 random bits need no counter of the account's: another address may try at once."""
    robot = here.world.user(user_type="api")
    login = Login("api_key", Origin(ip=HOME, client="tests"))

    def attempt(ip: str) -> str:
        key = ids.new_secret("ak", robot)
        try:
            here.world.logins.with_api_key(here.world.realm_id, key, login, ip=ip)
        except LoginFailed:
            return "wrong"
        except TooManyAttempts as error:
            return f"wait {error.retry_after}"
        return "in"

    assert {attempt(HOME) for _ in range(100)} == {"wrong"}
    assert attempt(HOME) == "wait 600"
    assert attempt(ELSEWHERE) == "wrong"


def test_hash_of_weaker_parameters_is_made_anew(here: Guarded) -> None:
    """A right password is kept at today's parameters, in the commit of its login."""
    stronger = Hasher(memory_kib=128, iterations=1)
    here.logins = replace(here.logins, hasher=stronger)
    before = here.world.stored(here.ada)
    assert here.login() == "in"
    kept = here.world.stored(here.ada)
    assert kept.version == before.version + 1
    assert kept.password is not None
    assert not stronger.outdated(kept.password.secret)
    assert here.login() == "in"
    assert here.world.stored(here.ada).password == kept.password
