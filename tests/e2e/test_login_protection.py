"""The lockout over HTTP: after five failures 429, with the time to wait."""

import secrets
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.calls import PASSWORD, Answer, Api, User

WRONG = "not the password"


@pytest.fixture
def user(api: Api) -> User:
    """A human user of a new realm."""
    return api.user(api.realm())


def refused(answer: Answer) -> int:
    """How long a refused try is to wait, which the header and the problem tell alike."""
    assert (answer.status, answer.code) == (429, "too_many_attempts"), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"] == str(answer.body["retry_after"])
    return int(answer.body["retry_after"])


def somewhere() -> str:
    """An address that nobody used before, in this run or another."""
    return f"2001:db8:{secrets.randbits(16):x}:{secrets.randbits(16):x}::1"


@pytest.mark.local_only
def test_delay_doubles_and_ends(api: Api, user: User) -> None:
    """The sixth try waits 30 s, the next 60 s; a right password after that ends the row."""
    assert [user.try_login(WRONG).status for _ in range(5)] == [401] * 5
    for seconds in (30, 60):
        wait = refused(user.try_login())
        assert seconds - 5 <= wait <= seconds
        api.advance(wait)
        assert user.try_login(WRONG).code == "login_failed"
    api.advance(refused(user.try_login()))
    assert user.try_login().status == 200
    assert [user.try_login(WRONG).status for _ in range(5)] == [401] * 5
    assert refused(user.try_login()) <= 30
    api.advance(600)


def test_delay_does_not_tell_who_exists(api: Api, user: User) -> None:
    """An unknown name is answered and locked out like a known one."""
    nobody = User(api, user.realm_id, "", "nobody-" + secrets.token_hex(4))
    told = []
    for who in (user, nobody):
        answers = [who.try_login(WRONG) for _ in range(7)]
        assert all(25 <= refused(answer) <= 30 for answer in answers[5:])
        told.append([answer.problem()["title"] for answer in answers])
    assert told[0] == told[1]


def test_sixteen_wrong_tries_at_once(user: User) -> None:
    """Of sixteen simultaneous attempts exactly five are answered; the others are refused."""
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(user.try_login, [WRONG] * 16))
    assert sorted(answer.status for answer in answers) == [401] * 5 + [429] * 11


def test_known_address_is_spared(api: Api, user: User) -> None:
    """A user can log in from a known address while others guess elsewhere."""

    def authenticate(password: str, ip: str) -> Answer:
        body = {"password": password, "request": {"ip": ip}}
        return api.admin("POST", f"/v1/users/{user.id}/authenticate", body)

    home = somewhere()
    assert authenticate(PASSWORD, home).status == 200
    assert [authenticate(WRONG, somewhere()).status for _ in range(6)] == [422] * 5 + [429]
    refused(authenticate(PASSWORD, somewhere()))
    refused(user.try_login())
    assert authenticate(PASSWORD, home).status == 200


def test_change_of_password_shares_the_counter(api: Api, user: User) -> None:
    """Guesses at the current password wait with the guesses at login."""
    token = user.login()["token"]
    body = {"current_password": WRONG, "password": "another horse battery"}
    tries = [api.call("POST", "/v1/password", body, bearer=token) for _ in range(6)]
    assert [answer.status for answer in tries] == [422] * 5 + [429]
    refused(user.try_login())
    assert api.validate(token).status == 200


def test_address_fails_a_hundred_times(api: Api) -> None:
    """The hundred-and-first failure of an address is refused, and so is a right key from there."""
    realm_id = api.realm()
    _, api_key = api.api_user(realm_id)
    ip = somewhere()

    def authenticate(key: str) -> Answer:
        body = {"realm_id": realm_id, "api_key": key, "request": {"ip": ip}}
        return api.admin("POST", "/v1/users/authenticate_key", body)

    assert {authenticate("ak_wrong").status for _ in range(100)} == {422}
    # Failures are noted by the whole second, rounded up: it is over when the wait is asked for.
    time.sleep(1)
    assert refused(authenticate("ak_wrong")) <= 600
    refused(authenticate(api_key))
    ip = somewhere()
    assert authenticate(api_key).status == 200
