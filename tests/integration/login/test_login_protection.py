"""The lockout: each way of guessing is limited, but not the user at a known address."""

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any
from urllib.parse import quote

import pytest

from sojourn.crypto.passwords import Hasher
from sojourn.domain import lockout
from sojourn.domain.errors import Unavailable
from sojourn.domain.lockout import (
    PER_ACCOUNT,
    PER_ADDRESS,
    Bucket,
    Counter,
    Failure,
    Limit,
    LoginAttempt,
)
from sojourn.domain.user import Success, User
from sojourn.login.lockout import Lockout
from sojourn.store import user_items
from sojourn.store.client import DynamoDB
from sojourn.store.removal import DynamoRemoval
from tests.integration.conftest import resources_of
from tests.integration.service.test_budgets import calls
from tests.integration.service.test_races import all_at_once, lost
from tests.support.http_world import PASSWORD, Answer, World
from tests.support.stores import store_of

HOME, OFFICE = "198.51.100.7", "192.0.2.1"
WRONG = "not the password"
NEW = "another horse"


def failed_before(world: World, key: str, limit: Limit, times: int) -> None:
    """Count so many failures in a bucket, none of them in a row, as if they had been made."""
    counter = Counter(key, "address" if limit is PER_ADDRESS else "account")
    now_ms = world.clock.wall_ms()
    bucket = Bucket()
    for _ in range(times):
        bucket = bucket.failed(limit, successes=0, now_ms=now_ms)
    counted = Failure(LoginAttempt((counter,)), (replace(bucket, row=min(bucket.row, 1)),))
    store_of(world.resources).attempts.commit(counted)


def addresses() -> Iterator[str]:
    """IPv4 addresses that nobody else uses."""
    return (f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}" for n in count(1))


def wrong(world: World, username: str = "ada", *, ip: str = "203.0.113.9", times: int = 1) -> int:
    """Fail so often; the last status."""
    answers = [world.login(username, ip=ip, password=WRONG) for _ in range(times)]
    return answers[-1].status


def refused(answer: Answer, seconds: int) -> None:
    """429, and for how long, in the header's and in the member's words."""
    assert (answer.status, answer.body["code"]) == (429, "too_many_attempts"), answer
    assert answer.body["retry_after"] == seconds


def buckets(world: World, dynamodb: Any) -> list[dict[str, Any]]:
    """What the table of attempts holds."""
    return list(dynamodb.scan(TableName=world.environment["ATTEMPTS_TABLE"])["Items"])


def test_delay_doubles_to_fifteen_minutes(world: World) -> None:
    """Five failures are answered; then each try waits, 30 s doubling to 15 minutes."""
    world.user("ada")
    assert wrong(world, times=5) == 401
    for seconds in (30, 60, 120, 240, 480, 900, 900):
        refused(world.login("ada", password=WRONG), seconds)
        world.clock.advance(seconds - 0.001)
        refused(world.login("ada", password=WRONG), 1)
        world.clock.advance(0.001)
        assert wrong(world) == 401


def test_right_password_waits_too(world: World) -> None:
    """A right password is refused during the delay; after it, it logs in and ends the row."""
    user_id = world.user("ada")
    wrong(world, times=5)
    refused(world.login("ada"), 30)
    assert world.active(user_id) == []
    world.clock.advance(30)
    assert world.login("ada").status == 200
    assert wrong(world, times=5) == 401
    refused(world.login("ada"), 30)


def test_refused_tries_do_not_count(world: World, dynamodb: Any) -> None:
    """However often it is tried during the delay, nothing is written and the delay stays."""
    world.user("ada")
    wrong(world, times=5)
    before = buckets(world, dynamodb)
    world.clock.advance(10)
    for _ in range(8):
        refused(world.login("ada", password=WRONG), 20)
        refused(world.login("ada"), 20)
    assert buckets(world, dynamodb) == before


def test_refused_tries_are_not_verified(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Locked-out attempts cost no Argon2, so a flood of guesses is cheap."""
    world.user("ada")
    wrong(world, times=5)
    verified: list[str] = []
    monkeypatch.setattr(Hasher, "verify", lambda _self, password, _phc: verified.append(password))
    refused(world.login("ada"), 30)
    assert verified == []


def test_refusals_take_the_same_work(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever it is, and whatever is wrong, one password is verified, and the same calls made."""
    world.user("ada")
    grace = world.user("grace")
    world.admin("PATCH", f"/v1/users/{grace}", {"state": "inactive"})
    for body in ({"username": "bare"}, {"username": "robot", "user_type": "api"}):
        made = world.admin("POST", "/v1/users", {"realm_id": world.realm_id, **body})
        assert made.status == 201
    world.login("nobody", password=WRONG, ip="203.0.113.1")
    verify, verified = Hasher.verify, list[str]()

    def counted(self: Hasher, password: str, phc: str) -> bool:
        verified.append(phc)
        return verify(self, password, phc)

    get_many, read = DynamoDB.get_many, list[int]()

    def reading(self: DynamoDB, keys: Any, *arguments: Any, **more: Any) -> Any:
        read.append(len(keys))
        return get_many(self, keys, *arguments, **more)

    monkeypatch.setattr(Hasher, "verify", counted)
    monkeypatch.setattr(DynamoDB, "get_many", reading)
    seen = []
    for number, name in enumerate(("ada", "grace", "bare", "robot", "nobody2")):
        password = PASSWORD if name == "grace" else WRONG
        with calls() as made_calls:
            answer = world.login(name, password=password, ip=f"192.0.2.{number}")
        assert answer.status == 401
        seen.append((made_calls, tuple(read)))
        read.clear()
        assert len(verified) == number + 1
    assert [work == seen[0] for work in seen] == [True] * 5
    cost = Hasher.dummy(world.instance.login.password_logins.hasher).rpartition("$")[0]
    assert {phc[: cost.rindex("$")] for phc in verified} == {cost[: cost.rindex("$")]}


def test_delay_does_not_tell_who_exists(world: World) -> None:
    """Known, unknown, inactive, in an unknown realm: the same statuses and the same waits."""
    world.user("ada")
    grace = world.user("grace")
    world.admin("PATCH", f"/v1/users/{grace}", {"state": "inactive"})
    realm = world.realm_id
    bodies = [
        {"realm_id": realm, "username": "ada", "password": WRONG},
        {"realm_id": realm, "username": "grace", "password": PASSWORD},
        {"realm_id": realm, "username": "nobody", "password": WRONG},
        {"realm_id": realm, "email": "nobody@example.com", "password": WRONG},
        {"realm_id": realm[:-4] + "zzzz", "username": "ada", "password": WRONG},
    ]
    seen = []
    for body in bodies:
        told = []
        for _ in range(5):
            told.append((world.call("POST", "/v1/login", body).status, None))
        for _ in range(3):
            answer = world.call("POST", "/v1/login", body)
            told.append((answer.status, answer.body["retry_after"]))
            world.clock.advance(answer.body["retry_after"])
            told.append((world.call("POST", "/v1/login", body).status, None))
        seen.append(told)
        world.clock.advance(600)
    assert [told == seen[0] for told in seen] == [True] * len(bodies)
    assert [status for status, _ in seen[0]] == [401] * 5 + [429, 401] * 3


def test_server_tries_do_not_tell_who_exists(world: World) -> None:
    """For a server too unknown, wrong and inactive are one answer, counted and delayed alike."""
    world.user("ada")
    grace = world.user("grace")
    world.admin("PATCH", f"/v1/users/{grace}", {"state": "inactive"})
    tries = [("ada", WRONG), ("grace", PASSWORD), ("nobody", WRONG), ("nobody@example.com", WRONG)]
    seen = []
    for name, password in tries:
        path = f"/v1/users/{quote(name)}/authenticate?realm_id={world.realm_id}"
        told = []
        for _ in range(7):
            answer = world.admin("POST", path, {"password": password})
            told.append((answer.status, {**answer.body, "request_id": ""}))
        seen.append(told)
    assert [told == seen[0] for told in seen] == [True] * len(tries)
    assert [status for status, _ in seen[0]] == [422] * 5 + [429] * 2
    assert seen[0][0][1]["code"] == "credential_wrong"
    refused(world.login("nobody"), 30)


def test_id_that_is_nobodys_is_not_found(world: World) -> None:
    """An id that is nobody's, or was, is 404 and no try; a realm that is none is 404 as well."""
    user_id = world.user("ada")
    assert world.admin("DELETE", f"/v1/users/{user_id}").status == 204
    body = {"password": WRONG}
    for path in (
        f"/v1/users/{user_id}/authenticate",
        f"/v1/users/usr_{'0' * 22}/authenticate",
        f"/v1/users/ada/authenticate?realm_id=rl_{'0' * 22}",
    ):
        assert world.admin("POST", path, body).status == 404


def test_names_are_counted_as_they_are_compared(world: World) -> None:
    """Another case or Unicode form of a name is the same name, whether anybody has it or not."""
    world.user("ada")
    for forms in (["ada", "ADA", "Ada", "ａｄａ", "aDa"], ["eve", "EVE", "Eve", "ｅｖｅ", "eVe"]):
        assert [world.login(name, password=WRONG).status for name in forms] == [401] * 5
        refused(world.login(forms[0], password=WRONG), 30)


def test_username_and_email_share_their_accounts_counter(world: World) -> None:
    """Guessing by username and by email is guessing at one account."""
    body = {"realm_id": world.realm_id, "username": "ada", "email": "ada@example.com"}
    assert world.admin("POST", "/v1/users", {**body, "password": PASSWORD}).status == 201
    by_email = {"realm_id": world.realm_id, "email": "Ada@Example.com", "password": WRONG}
    assert wrong(world, times=3) == 401
    assert world.call("POST", "/v1/login", by_email).status == 401
    assert world.call("POST", "/v1/login", by_email).status == 401
    refused(world.call("POST", "/v1/login", by_email), 30)
    refused(world.login("ada"), 30)


def test_distributed_guess_at_one_account(world: World) -> None:
    """Many addresses share the account's limit: five, then one for each wait."""
    world.user("ada")
    spread = addresses()
    assert [wrong(world, ip=next(spread)) for _ in range(40)] == [401] * 5 + [429] * 35
    world.clock.advance(30)
    assert [wrong(world, ip=next(spread)) for _ in range(10)] == [401] + [429] * 9


def test_spray_from_one_address(world: World) -> None:
    """One address may fail 100 times in ten minutes, whoever it tries; others may go on."""
    world.user("ada")
    names = (f"user-{n}" for n in count())
    failed_before(world, lockout.of_address("203.0.113.9"), PER_ADDRESS, 90)
    assert {wrong(world, next(names)) for _ in range(10)} == {401}
    refused(world.login("ada"), 600)
    refused(world.login(next(names), password=WRONG), 600)
    assert world.login("ada", ip=HOME).status == 200
    world.clock.advance(599)
    refused(world.login("ada"), 1)
    world.clock.advance(1)
    assert world.login("ada").status == 200


def test_spray_from_a_network_of_ipv6(world: World) -> None:
    """An IPv6 /64 is one address, and an IPv4 address is one however it is written."""
    names = (f"user-{n}" for n in count())
    failed_before(world, lockout.of_address("2001:db8:1:2::/64"), PER_ADDRESS, 98)
    for n in range(2):
        assert wrong(world, next(names), ip=f"2001:db8:1:2:{n:x}::1") == 401
    refused(world.login(next(names), ip="2001:db8:1:2:ffff::9", password=WRONG), 600)
    assert wrong(world, next(names), ip="2001:db8:1:3::1") == 401
    failed_before(world, lockout.of_address("192.0.2.200"), PER_ADDRESS, 99)
    assert wrong(world, next(names), ip="::ffff:192.0.2.200") == 401
    refused(world.login(next(names), ip="192.0.2.200", password=WRONG), 600)


def test_office_behind_one_address(world: World) -> None:
    """Eight people behind one address with three typos each hold up nobody."""
    names = [f"user-{n}" for n in range(8)]
    for name in names:
        world.user(name)
    for name in names:
        assert wrong(world, name, ip=OFFICE, times=3) == 401
        assert world.login(name, ip=OFFICE).status == 200


def test_attacker_with_an_account_of_their_own(world: World) -> None:
    """Logging in to one's own account between guesses resets neither the victim's counter nor the
    address's."""
    world.user("ada")
    world.user("mallory")
    failed_before(world, lockout.of_address("203.0.113.9"), PER_ADDRESS, 94)
    statuses = []
    for _ in range(7):
        statuses.append(wrong(world))
        assert world.login("mallory").status == 200
    assert statuses == [401] * 5 + [429] * 2
    assert wrong(world, "grace") == 401
    refused(world.login("grace", password=WRONG), 600)
    assert world.login("mallory").status == 200
    refused(world.login("ada"), 600)


def test_victim_at_a_known_address(world: World) -> None:
    """A user can log in from a known address while others guess."""
    world.user("ada")
    assert world.login("ada", ip=HOME).status == 200
    spread = addresses()
    assert [wrong(world, ip=next(spread)) for _ in range(6)] == [401] * 5 + [429]
    refused(world.login("ada", ip=OFFICE), 30)
    assert wrong(world, ip=HOME, times=4) == 401
    assert world.login("ada", ip=HOME).status == 200
    assert wrong(world, ip=HOME, times=5) == 401
    refused(world.login("ada", ip=HOME), 30)


def test_victim_whose_address_others_use_up(world: World) -> None:
    """A known address's own hundred holds up strangers there, and not who succeeded before."""
    world.user("ada")
    world.user("grace")
    assert world.login("ada", ip=HOME).status == 200
    failed_before(world, lockout.of_address(HOME), PER_ADDRESS, 100)
    refused(world.login("grace", ip=HOME), 600)
    assert world.login("ada", ip=HOME).status == 200
    # Guessing there is bounded by the pair's counter.
    assert wrong(world, ip=HOME, times=5) == 401
    refused(world.login("ada", ip=HOME), 30)


def test_guesses_at_a_known_pair_count_for_the_address(world: World) -> None:
    """Failures at a known address also count for the address, so others are locked out there."""
    world.user("ada")
    assert world.login("ada", ip=HOME).status == 200
    failed_before(world, lockout.of_address(HOME), PER_ADDRESS, 99)
    assert wrong(world, ip=HOME) == 401
    refused(world.login("grace", ip=HOME, password=WRONG), 600)


def unlock(world: World, user_id: str, how: str) -> None:
    """Clear a user's delays in one of the ways; the password stays `PASSWORD`."""
    if how == "unlock":
        answer = world.admin("POST", f"/v1/users/{user_id}/unlock")
    elif how == "user":
        answer = world.admin("PATCH", f"/v1/users/{user_id}", {"password": PASSWORD})
    else:
        user = world.resources.users.get(user_id)
        assert user is not None
        assert user.password is not None
        path, body = f"/v1/credentials/{user.password.id}", {"password": PASSWORD}
        if how == "a new credential":
            assert world.admin("DELETE", path).status == 204
            new = {"user_id": user_id, "credential_type": "password", **body}
            answer = world.admin("POST", "/v1/credentials", new)
        else:
            answer = world.admin("PUT", path, body)
    assert answer.status in (200, 201, 204), answer


@pytest.mark.parametrize("how", ["unlock", "user", "credential", "a new credential"])
def test_administrator_clears_the_delays(world: World, how: str) -> None:
    """An unlock, and a password that is set, let the user in at once, wherever they were locked."""
    user_id = world.user("ada")
    assert world.login("ada", ip=HOME).status == 200
    assert wrong(world, ip=HOME, times=6) == 429
    assert wrong(world, ip=OFFICE, times=6) == 429
    unlock(world, user_id, how)
    assert world.login("ada", ip=HOME).status == 200
    assert world.login("ada", ip=OFFICE).status == 200
    assert wrong(world, ip=HOME, times=5) == 401
    refused(world.login("ada", ip=HOME), 30)


@pytest.mark.parametrize("how", ["unlock", "user"])
def test_administrator_clears_the_hundred_of_the_hour(world: World, how: str) -> None:
    """The account's hundred failures are cleared too, and those of its known address."""
    user_id = world.user("ada")
    assert world.login("ada", ip=HOME).status == 200
    bucket = lockout.of_account(user_id)
    for key in (bucket, lockout.at_address(bucket, HOME)):
        failed_before(world, key, PER_ACCOUNT, 100)
    refused(world.login("ada", ip=HOME), 3_600)
    refused(world.login("ada", ip=OFFICE), 3_600)
    unlock(world, user_id, how)
    assert world.login("ada", ip=HOME).status == 200
    assert world.login("ada", ip=OFFICE).status == 200


def test_unlock_leaves_an_addresses_count(world: World) -> None:
    """An unlock clears the account's delays, and not what an address failed at everybody."""
    user_id = world.user("ada")
    failed_before(world, lockout.of_address(OFFICE), PER_ADDRESS, 100)
    unlock(world, user_id, "unlock")
    refused(world.login("ada", ip=OFFICE), 600)


def test_unlock_may_be_repeated_and_ends_nothing(world: World) -> None:
    """Unlocking twice is 204 twice; sessions stay; of nobody it is 404."""
    user_id = world.user("ada")
    assert world.login("ada").status == 200
    for _ in range(2):
        assert world.admin("POST", f"/v1/users/{user_id}/unlock").status == 204
    path = f"/v1/users/ada/unlock?realm_id={world.realm_id}"
    assert world.admin("POST", path).status == 204
    assert len(world.active(user_id)) == 1
    assert world.admin("DELETE", f"/v1/users/{user_id}").status == 204
    for gone in (f"/v1/users/{user_id}/unlock", path):
        assert world.admin("POST", gone).status == 404


def test_failed_login_reads_no_sessions(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until the password is right, what is read of a user is the same however many sessions."""
    world.user("ada")
    read: list[set[str]] = []
    original = DynamoDB._call

    def call(self: DynamoDB, operation: str, **parameters: Any) -> Any:
        answer = original(self, operation, **parameters)
        if operation == "BatchGetItem":
            table = world.environment["SESSIONS_TABLE"]
            read.extend(set(item) for item in answer["Responses"].get(table, []))
        return answer

    assert world.login("ada").status == 200
    monkeypatch.setattr(DynamoDB, "_call", call)
    assert wrong(world) == 401
    refusing = {"realm_id": world.realm_id, "username": "ada", "password": WRONG}
    assert world.call("POST", "/v1/login", refusing).status == 401
    (first, second) = read
    assert first == second <= {"pk", "sk", *user_items.CANDIDATE}
    assert world.login("ada").status == 200
    assert "sessions" in read[-1]


def test_victims_success_opens_nothing_for_the_guesser(world: World) -> None:
    """A success from a known address, after a typo there, leaves the others' delay as it was."""
    world.user("ada")
    assert world.login("ada", ip=HOME).status == 200
    assert wrong(world, ip=OFFICE, times=6) == 429
    assert wrong(world, ip=HOME) == 401
    assert world.login("ada", ip=HOME).status == 200
    refused(world.login("ada", ip=OFFICE, password=WRONG), 30)
    world.clock.advance(30)
    assert wrong(world, ip=OFFICE) == 401
    refused(world.login("ada", ip=OFFICE), 60)


def test_address_becomes_known_by_a_success_alone(world: World) -> None:
    """A failure, or a session begun without a password, makes no address known."""
    user_id = world.user("ada")
    assert wrong(world, ip=HOME) == 401
    began = {"user_id": user_id, "request": {"ip": HOME}}
    assert world.admin("POST", "/v1/sessions", began).status == 201
    assert wrong(world, ip=OFFICE, times=4) == 401
    refused(world.login("ada", ip=HOME), 30)


def test_account_knows_ten_addresses(world: World) -> None:
    """The eleventh address displaces the one that was used least recently."""
    user_id = world.user("ada")
    for n in (*range(10), 0, 10):
        assert world.login("ada", ip=f"192.0.2.{n}").status == 200
    user = world.resources.users.get(user_id)
    assert user is not None
    expected = [lockout.address_digest(user_id, f"192.0.2.{n}") for n in (*range(2, 10), 0, 10)]
    assert [known.digest for known in user.known] == expected


@pytest.mark.parametrize("session_type", ["managed", "unmanaged"])
def test_success_is_remembered_by_either_type(world: World, session_type: str) -> None:
    """Managed or not, a success makes its address known and ends the row, there and elsewhere."""
    world.admin("PATCH", f"/v1/realms/{world.realm_id}", {"session_type": session_type})
    world.user("ada")
    assert wrong(world, ip=HOME, times=4) == 401
    assert world.login("ada", ip=HOME).status == 200
    assert wrong(world, ip=OFFICE, times=5) == 401
    refused(world.login("ada", ip=OFFICE), 30)
    assert wrong(world, ip=HOME, times=4) == 401
    assert world.login("ada", ip=HOME).status == 200
    assert wrong(world, ip=HOME, times=4) == 401
    assert world.login("ada", ip=HOME).status == 200


def test_hundred_an_hour_whatever_succeeds_between(world: World) -> None:
    """An account's failures are at most 100 in an hour, and a success resets the row alone."""
    bucket = lockout.of_account(world.user("ada"))
    assert world.login("ada", ip=HOME).status == 200
    failed_before(world, lockout.at_address(bucket, HOME), PER_ACCOUNT, 92)
    world.clock.advance(1_800)
    for _ in range(2):
        assert world.login("ada", ip=HOME).status == 200
        assert wrong(world, ip=HOME, times=4) == 401
    refused(world.login("ada", ip=HOME), 1_800)
    world.clock.advance(1_800)
    assert world.login("ada", ip=HOME).status == 200
    assert wrong(world, ip=HOME, times=4) == 401
    assert world.login("ada", ip=HOME).status == 200


def test_sixteen_at_once_against_the_limit_of_five(
    world: World, environment: dict[str, str], dynamodb: Any
) -> None:
    """Of sixteen simultaneous wrong passwords five are answered and counted, eleven refused."""
    world.user("ada")
    worlds = [world.beside(resources_of(environment, world.clock)) for _ in range(4)]
    answers = all_at_once(16, lambda n: worlds[n % 4].login("ada", password=WRONG))
    assert sorted(answer.status for answer in answers) == [401] * 5 + [429] * 11
    found = buckets(world, dynamodb)
    assert sorted(item["sk"]["S"] for item in found) == ["account", "address"]
    assert [len(item["log"]["L"]) for item in found] == [5, 5]


def guess(worlds: list[World], tries: list[tuple[str, str]], number: int) -> Answer:
    """One of several tries, at one of several instances."""
    name, password = tries[number]
    return worlds[number % len(worlds)].login(name, password=password)


def test_right_one_among_sixteen(world: World, environment: dict[str, str]) -> None:
    """A right guess among sixteen logs in only before the limit: never a sixth try answered."""
    worlds = [world.beside(resources_of(environment, world.clock)) for _ in range(4)]
    for number in range(2):
        name = f"user-{number}"
        user_id = world.user(name)
        passwords = [WRONG] * 16
        passwords[15 * number] = PASSWORD
        tries = [(name, password) for password in passwords]
        answers = all_at_once(16, partial(guess, worlds, tries))
        statuses = [answer.status for answer in answers]
        # The success may have been the first of a new row: then five more fail after it.
        most = 5 if 200 not in statuses else 10
        assert statuses.count(401) <= most
        assert set(statuses) <= {200, 401, 429}
        assert len(world.active(user_id)) == statuses.count(200)


def meanwhile_closed(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Do something, once, after the next password was verified."""
    verify = Hasher.verify
    waiting = [act]

    def interrupted(self: Hasher, password: str, phc: str) -> bool:
        right = verify(self, password, phc)
        if waiting:
            waiting.pop()()
        return right

    monkeypatch.setattr(Hasher, "verify", interrupted)


@pytest.mark.parametrize("password", [PASSWORD, WRONG])
def test_limit_that_is_reached_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    """A try whose limit others used up while it was verified is refused, right or wrong."""
    user_id = world.user("ada")
    meanwhile_closed(monkeypatch, lambda: wrong(world, times=5))
    refused(world.login("ada", password=password), 30)
    assert world.active(user_id) == []


def test_failure_that_comes_between_is_counted_beside(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two failures that read the same counters count as two."""
    world.user("ada")
    meanwhile_closed(monkeypatch, lambda: wrong(world, times=3))
    assert wrong(world) == 401
    assert wrong(world) == 401
    refused(world.login("ada"), 30)


@pytest.mark.parametrize("ip", ["203.0.113.9", ""])
def test_lost_answer_of_a_count(
    world: World, monkeypatch: pytest.MonkeyPatch, dynamodb: Any, ip: str
) -> None:
    """A failure whose answer was lost is counted once, in a transaction and by itself."""
    user_id = world.user("ada")
    path = f"/v1/users/{user_id}/authenticate"
    body: dict[str, object] = {"password": WRONG}
    lost(monkeypatch, world, "TransactWriteItems" if ip else "PutItem")
    if ip:
        body["request"] = {"ip": ip}
    for failures in (1, 2):
        assert world.admin("POST", path, body).status == 422
        counted = [len(item["log"]["L"]) for item in buckets(world, dynamodb)]
        assert counted == [failures] * (2 if ip else 1)


def test_counting_that_is_refused_is_a_503(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure that cannot be counted is not answered as one: 503."""
    world.user("ada")
    original = DynamoDB._call

    def call(self: DynamoDB, operation: str, **parameters: Any) -> Any:
        if operation == "TransactWriteItems":
            raise Unavailable
        return original(self, operation, **parameters)

    monkeypatch.setattr(DynamoDB, "_call", call)
    assert wrong(world) == 503


def test_change_of_password_shares_the_counter(world: World) -> None:
    """A wrong current password counts with the failed logins, and waits with them."""
    world.user("ada")
    token = world.login("ada", ip=HOME).body["token"]

    def change(current: str, ip: str = HOME) -> Answer:
        body = {"current_password": current, "password": NEW}
        return world.call("POST", "/v1/password", body, bearer=token, ip=ip)

    assert wrong(world, ip=HOME, times=2) == 401
    assert [change(WRONG).status for _ in range(3)] == [422] * 3
    refused(change(PASSWORD), 30)
    refused(world.login("ada", ip=HOME), 30)
    world.clock.advance(30)
    assert change(PASSWORD).status == 204
    assert wrong(world, ip=HOME, times=5) == 401
    refused(world.login("ada", ip=HOME, password=NEW), 30)


def test_stolen_session_guesses_no_password(world: World) -> None:
    """`POST /v1/password` allows no faster guessing than logins."""
    world.user("ada")
    token = world.login("ada", ip=HOME).body["token"]
    body = {"current_password": WRONG, "password": NEW}
    spread = addresses()
    answers = [
        world.call("POST", "/v1/password", body, bearer=token, ip=next(spread)) for _ in range(8)
    ]
    assert [answer.status for answer in answers] == [422] * 5 + [429] * 3
    refused(world.login("ada", ip=OFFICE), 30)


def test_server_reports_the_address(world: World) -> None:
    """A server's tries count the address that it reports, or none, and never the server's own."""
    user_id = world.user("ada")
    path = f"/v1/users/{user_id}/authenticate"

    def authenticate(password: str, ip: str | None = None) -> Answer:
        body: dict[str, object] = {"password": password}
        if ip is not None:
            body["request"] = {"ip": ip}
        return world.admin("POST", path, body)

    assert authenticate(PASSWORD, HOME).status == 200
    assert [authenticate(WRONG).status for _ in range(6)] == [422] * 5 + [429]
    refused(authenticate(PASSWORD), 30)
    refused(world.login("ada"), 30)
    assert authenticate(PASSWORD, HOME).status == 200
    assert world.login("ada", ip=HOME).status == 200
    # The server's own connection is 203.0.113.9.
    failed_before(world, lockout.of_address("203.0.113.9"), PER_ADDRESS, 100)
    refused(world.login("ada"), 600)
    assert authenticate(PASSWORD, HOME).status == 200
    world.clock.advance(30)
    assert authenticate(PASSWORD).status == 200


def test_server_learns_nothing_of_other_realms(world: World) -> None:
    """A key of another realm gets 404 for a user whose limit is used up, as for nobody."""
    user_id = world.user("ada")
    other = world.admin("POST", "/v1/realms", {"name": "Other", "jwt_algo": "eddsa"}).body["id"]
    wanted = {"name": "other", "permission": "write", "realm_id": other}
    key = world.admin("POST", "/v1/access_keys", wanted).body["secret"]
    wrong(world, times=6)
    path = f"/v1/users/{user_id}/authenticate"
    assert world.call("POST", path, {"password": PASSWORD}, bearer=key).status == 404


def test_api_keys_count_their_address_alone(world: World) -> None:
    """Wrong API keys use up their address's limit, and hold up no api user elsewhere."""
    user = {"realm_id": world.realm_id, "user_type": "api"}
    robot = world.admin("POST", "/v1/users", user).body["id"]
    credential = {"user_id": robot, "credential_type": "api_key"}
    secret = world.admin("POST", "/v1/credentials", credential).body["api_key"]
    right = {"realm_id": world.realm_id, "api_key": secret}
    bad = right | {"api_key": secret[:-1] + ("0" if secret[-1] != "0" else "1")}
    failed_before(world, lockout.of_address("203.0.113.9"), PER_ADDRESS, 99)
    assert world.call("POST", "/v1/login", bad).status == 401
    refused(world.call("POST", "/v1/login", right), 600)
    assert world.call("POST", "/v1/login", right, ip=HOME).status == 200
    by_server = "/v1/users/authenticate_key"
    assert world.admin("POST", by_server, right).status == 200
    reported = {"request": {"ip": "203.0.113.9"}}
    refused(world.admin("POST", by_server, right | reported), 600)
    assert world.admin("POST", by_server, bad).status == 422


def test_server_session_is_no_try(world: World, dynamodb: Any) -> None:
    """A session on a server's word is neither locked out nor a success."""
    user_id = world.user("ada")
    wrong(world, times=5)
    before = buckets(world, dynamodb)
    assert world.admin("POST", "/v1/sessions", {"user_id": user_id}).status == 201
    refused(world.login("ada"), 30)
    assert buckets(world, dynamodb) == before


def test_table_names_nobody_and_forgets(world: World, dynamodb: Any) -> None:
    """No bucket holds a name, an id or an address, and each has the TTL of its kind."""
    user_id = world.user("ada")
    assert world.login("ada", ip=HOME).status == 200
    wrong(world, ip=HOME)
    wrong(world, ip=OFFICE)
    wrong(world, "nobody")
    found = buckets(world, dynamodb)
    assert len(found) == 6
    for text in ("ada", "nobody", HOME, OFFICE, "203.0.113.9", user_id, world.realm_id):
        assert f"'{text}" not in str(found)
    now = world.clock.wall_ms() // 1000
    kept = {"account": 86_400, "address": 600}
    assert {int(item["ttl"]["N"]) - now - kept[item["sk"]["S"]] for item in found} <= {0, 1}


def test_deleted_user_is_a_name_that_nobody_has(world: World) -> None:
    """A user made again under the old name inherits no failures, and no known address."""
    user_id = world.user("ada")
    assert world.login("ada", ip=HOME).status == 200
    wrong(world, times=5)
    assert world.admin("DELETE", f"/v1/users/{user_id}").status == 204
    world.user("ada")
    assert wrong(world, ip=HOME, times=5) == 401
    refused(world.login("ada", ip=OFFICE), 30)


def test_deletion_forgets_the_addresses_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit that deletes a user forgets where they were, whatever comes of the rest."""

    def dies(*_arguments: object) -> None:
        raise Unavailable

    user_id = world.user("ada")
    assert world.login("ada", ip=HOME).status == 200
    monkeypatch.setattr(DynamoRemoval, "finish_user", dies)
    assert world.admin("DELETE", f"/v1/users/{user_id}").status == 204
    user = world.resources.users.get(user_id)
    assert user is not None
    assert (user.state, user.known) == ("deleted", ())


def test_function_without_the_table_tries_nothing(
    world: World, environment: dict[str, str]
) -> None:
    """Where ATTEMPTS_TABLE is not set, a login is a 503 rather than unguarded."""
    world.user("ada")
    own = {name: value for name, value in environment.items() if name != "ATTEMPTS_TABLE"}
    unguarded = world.beside(resources_of(own, world.clock))
    assert unguarded.login("ada").status == 503


def test_server_names_the_user_in_full(world: World) -> None:
    """A user is found by a name of any length that one may have, and by no beginning of another."""
    long = unicodedata.normalize("NFD", "\u1ebf" * 128)
    assert len(long) == 384
    for name in (long, "ada"):
        world.user(name)

    def authenticated(name: str) -> int:
        path = f"/v1/users/{quote(name)}/authenticate?realm_id={world.realm_id}"
        return world.admin("POST", path, {"password": PASSWORD}).status

    names = (long, "ada", "ada" + "\u200b" * 317 + "x", "ada" + "\u200b" * 1_013, "x" * 1_017)
    assert [authenticated(name) for name in names] == [200, 200, 422, 200, 404]


def test_right_password_at_the_limit_ends_the_row(world: World) -> None:
    """A login that is refused for too many sessions was right: the row of failures ends by it."""
    world.admin("PATCH", f"/v1/realms/{world.realm_id}", {"at_limit": "deny", "max_sessions": 1})
    world.user("ada")
    ended = world.login("ada").body
    world.call("DELETE", "/v1/session", bearer=ended["token"])
    assert world.login("ada").status == 200
    for more, refusal in (({}, 409), ({"replace": ended["id"]}, 404)):
        assert wrong(world, times=4) == 401
        assert world.login("ada", **more).status == refusal
    assert wrong(world, times=4) == 401
    assert world.login("ada").body["code"] == "session_limit"


def test_user_disabled_meanwhile_gets_no_unmanaged_token(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A login that records nothing answers by the account that it read last."""
    world.admin("PATCH", f"/v1/realms/{world.realm_id}", {"session_type": "unmanaged"})
    world.user("ada")
    passed, answers = Lockout.passed_with_user, list[int]()

    def disabled_first(
        at: Lockout, attempt: LoginAttempt, user_id: str
    ) -> tuple[Success, User | None]:
        if not answers:
            answers.append(0)
            # Another login from here is remembered, so that this one has nothing to write.
            answers.append(world.login("ada").status)
            change = {"state": "inactive"}
            answers.append(world.admin("PATCH", f"/v1/users/{user_id}", change).status)
        return passed(at, attempt, user_id)

    monkeypatch.setattr(Lockout, "passed_with_user", disabled_first)
    assert world.login("ada").body["code"] == "login_failed"
    assert answers == [0, 200, 200]
