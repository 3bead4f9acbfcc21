"""The budgets of DynamoDB calls for each operation, with warm caches and no contention."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from sojourn.store.client import DynamoDB
from tests.support.http_world import PASSWORD, World

READS = {"GetItem", "BatchGetItem", "Query"}
HOUR = 3_600


@contextmanager
def calls() -> Iterator[list[str]]:
    """The calls that are made, but for the access key's."""
    made: list[str] = []
    original = DynamoDB._call

    def counted(self: DynamoDB, operation: str, **parameters: Any) -> Any:
        key = parameters.get("Key", {}).get("pk", {}).get("S", "")
        if not key.startswith("key_"):
            made.append(operation)
            if operation == "GetItem":
                assert parameters["ConsistentRead"] is True
            for request in parameters.get("RequestItems", {}).values():
                assert request["ConsistentRead"] is True
        return original(self, operation, **parameters)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DynamoDB, "_call", counted)
        yield made


@pytest.fixture
def token(world: World) -> str:
    """A session of ada's, with login's key and every realm in the caches."""
    world.user("ada")
    token = str(world.login("ada").body["token"])
    world.call("GET", "/v1/session", bearer=token)
    return token


def test_validation_is_one_consistent_read(world: World, token: str) -> None:
    """A managed session is validated by one consistent GetItem, and no write."""
    with calls() as made:
        assert world.call("GET", "/v1/session", bearer=token).status == 200
    assert made == ["GetItem"]


def test_authorizer_reads_once(world: World, token: str) -> None:
    """An authorizer's yes is one consistent GetItem, and so is its no; garbage reads nothing."""
    assert world.authorize(token)["isAuthorized"]
    for answer in (True, False):
        with calls() as made:
            assert world.authorize(token)["isAuthorized"] is answer
        assert made == ["GetItem"]
        world.call("DELETE", "/v1/session", bearer=token)
    with calls() as made:
        assert not world.authorize("garbage")["isAuthorized"]
        assert not world.authorize(world.key)["isAuthorized"]
    assert made == []


def test_list_is_one_read(world: World, token: str) -> None:
    """A user's list is one read."""
    with calls() as made:
        assert world.call("GET", "/v1/sessions", bearer=token).status == 200
    assert made == ["GetItem"]


def test_login_is_at_most_three_reads_and_one_update(world: World, token: str) -> None:
    """A plain login is three reads and one conditional update, no transaction.

    An address that the user does not know yet, and failures before, cost no more.
    """
    for ip in ("203.0.113.9", "203.0.113.10"):
        with calls() as made:
            assert world.login("ada", ip=ip).status == 200
        assert made == ["BatchGetItem"] * 3 + ["UpdateItem"]
        assert world.login("ada", ip=ip, password="wrong password").status == 401
        with calls() as made:
            assert world.login("ada", ip=ip).status == 200
        assert made == ["BatchGetItem"] * 3 + ["UpdateItem"]
    assert token


@pytest.mark.parametrize("named", ["id", "username"])
def test_login_on_behalf_has_the_budget_of_a_login(world: World, token: str, named: str) -> None:
    """A password login by a server is three reads and one update, whoever is named however."""
    who = world.call("GET", "/v1/session", bearer=token).body["user"][named]
    path = f"/v1/users/{who}/authenticate"
    body = {"password": PASSWORD, "request": {"ip": "198.51.100.7"}}
    with calls() as made:
        answer = world.call("POST", path, body, bearer=world.key, realm=world.realm_id)
        assert answer.status == 200
    assert len(made) == 4
    assert set(made[:3]) <= READS
    assert made[3] == "UpdateItem"


def test_unmanaged_login_writes_for_a_new_address_alone(world: World, token: str) -> None:
    """An unmanaged login writes nothing, but once for an address or for the end of a row."""
    world.admin("PATCH", f"/v1/realms/{world.realm_id}", {"session_type": "unmanaged"})
    wrong = {"ip": "198.51.100.7", "password": "wrong password"}
    reads = ["BatchGetItem"] * 3
    for expected in ([*reads, "UpdateItem"], reads):
        with calls() as made:
            assert world.login("ada", ip="198.51.100.7").status == 200
        assert made == expected
    assert world.login("ada", **wrong).status == 401
    for expected in ([*reads, "UpdateItem"], reads):
        with calls() as made:
            assert world.login("ada", ip="198.51.100.7").status == 200
        assert made == expected
    assert token


def test_api_key_login_writes_nothing(world: World) -> None:
    """An API key's login is two reads; a failed one, whatever failed, counts its address."""
    user = {"realm_id": world.realm_id, "user_type": "api"}
    robot = world.admin("POST", "/v1/users", user).body["id"]
    credential = {"user_id": robot, "credential_type": "api_key"}
    secret = world.admin("POST", "/v1/credentials", credential).body["api_key"]
    body = {"realm_id": world.realm_id, "api_key": secret}
    assert world.call("POST", "/v1/login", body).status == 200
    with calls() as made:
        assert world.call("POST", "/v1/login", body).status == 200
    assert made == ["GetItem", "BatchGetItem"]
    with calls() as made:
        assert world.call("POST", "/v1/login", body | {"api_key": "ak_none"}).status == 401
    counted = ["GetItem", "BatchGetItem", "PutItem"]
    assert made == counted
    world.admin("PATCH", f"/v1/users/{robot}", {"state": "inactive"})
    with calls() as made:
        assert world.call("POST", "/v1/login", body).status == 401
    assert made == counted


STALE = 5
"""Seconds after which a realm is read again."""
OWN = [
    ("GET", "/v1/session", []),
    ("GET", "/v1/sessions", []),
    ("GET", "/v1/sessions/{session}", []),
    ("DELETE", "/v1/session", ["TransactWriteItems"]),
    ("DELETE", "/v1/sessions/{session}", ["TransactWriteItems"]),
    ("DELETE", "/v1/sessions?scope=others", ["TransactWriteItems"]),
    ("DELETE", "/v1/sessions?scope=all", ["TransactWriteItems"]),
]


@pytest.mark.parametrize("seconds", [0, STALE], ids=["warm", "stale"])
@pytest.mark.parametrize(("method", "path", "writes"), OWN)
def test_realm_that_is_too_old_is_read_with_the_user(
    world: World, token: str, method: str, path: str, writes: list[str], seconds: int
) -> None:
    """A user's request reads realm and user in one batch, and with a warm cache only the user."""
    other = world.login("ada").body["id"]
    world.clock.advance(seconds)
    with calls() as made:
        assert world.call(method, path.format(session=other), bearer=token).status < 300
    assert made == ["BatchGetItem" if seconds else "GetItem", *writes]


def test_what_no_key_signed_is_read_for_nothing(world: World, token: str) -> None:
    """A forged token that names a known key causes no read, however old the cached realm is."""
    world.clock.advance(STALE)
    head, _, signature = token.rpartition(".")
    forged = f"{head}.{signature[::-1]}"
    with calls() as made:
        assert world.call("GET", "/v1/session", bearer=forged).status == 401
    assert made == []


def test_termination_is_one_read_and_one_transaction(world: World, token: str) -> None:
    """An end of one session, of the others and of all is one read and one transaction."""
    world.login("ada")
    for path in ("/v1/sessions?scope=others", "/v1/session"):
        with calls() as made:
            assert world.call("DELETE", path, bearer=token).status == 204
        assert made == ["GetItem", "TransactWriteItems"]
    later = world.login("ada").body["token"]
    with calls() as made:
        assert world.call("DELETE", "/v1/sessions?scope=all", bearer=later).status == 204
    assert made == ["GetItem", "TransactWriteItems"]


def test_introspection_is_one_consistent_read(world: World, token: str) -> None:
    """An active and an ended token are each one consistent read, with an old realm one batch."""
    path = f"/v1/realms/{world.realm_id}/introspect"
    ended = world.login("ada").body["token"]
    assert world.call("DELETE", "/v1/session", bearer=ended).status == 204
    for sent, active in ((token, True), (ended, False)):
        for seconds, read in ((0, "GetItem"), (STALE, "BatchGetItem")):
            world.clock.advance(seconds)
            with calls() as made:
                answer = world.call("POST", path, form={"token": sent}, bearer=world.key)
            assert answer.body["active"] is active
            assert made == [read]


@pytest.mark.parametrize("by_server", [False, True])
def test_revocation_is_one_read_and_one_transaction(
    world: World, token: str, by_server: bool
) -> None:
    """A token is revoked by one read and one transaction; garbage costs nothing."""
    path, key = f"/v1/realms/{world.realm_id}/revoke", world.key if by_server else None
    # The function terminate has a cache of its own.
    assert world.call("POST", path, form={"token": "garbage"}).status == 200
    for sent, expected in (("garbage", []), (token, ["GetItem", "TransactWriteItems"])):
        with calls() as made:
            assert world.call("POST", path, form={"token": sent}, bearer=key).status == 200
        assert [call for call in made if call != "UpdateItem"] == expected
    assert world.call("GET", "/v1/session", bearer=token).status == 401


def test_end_of_a_users_sessions_by_a_server(world: World, token: str) -> None:
    """All of a user's sessions are ended by one read and one transaction, without a look after."""
    user_id = world.call("GET", "/v1/session", bearer=token).body["user_id"]
    for method, path in (
        ("POST", f"/v1/users/{user_id}/end_sessions"),
        ("DELETE", f"/v1/sessions?user_id={user_id}"),
    ):
        world.login("ada")
        with calls() as made:
            assert world.admin(method, path).status < 300
        assert made == ["GetItem", "TransactWriteItems"]


def test_changes_that_end_sessions_look_for_nothing_after(world: World, token: str) -> None:
    """A password changed or set, a credential removed and a user disabled end in their commit."""
    found = world.call("GET", "/v1/session", bearer=token).body
    user = f"/v1/users/{found['user_id']}"
    world.login("ada")
    change = {"current_password": PASSWORD, "password": "a new long password"}
    with calls() as made:
        assert world.call("POST", "/v1/password", change, bearer=token).status == 204
    assert set(made[:-1]) <= READS
    assert made[-1] == "TransactWriteItems"
    credentials = world.admin("GET", f"/v1/credentials?user_id={found['user_id']}").body
    one = f"/v1/credentials/{credentials['collection'][0]['id']}"
    for method, path, body in (
        ("PATCH", one, {"password": PASSWORD}),
        ("PATCH", user, {"password": PASSWORD}),
        ("PATCH", user, {"state": "inactive"}),
        ("PATCH", user, {"state": "active"}),
        ("DELETE", one, None),
    ):
        if body != {"state": "active"}:
            world.admin("POST", "/v1/sessions", {"user_id": found["user_id"]})
        with calls() as made:
            assert world.admin(method, path, body).status < 300
        assert made[:2] == ["GetItem", "GetItem"]
        assert made[2:] in (["TransactWriteItems"], ["UpdateItem"]), (path, body)


def test_failed_logins_make_the_same_calls(world: World, token: str) -> None:
    """Unknown realm, unknown user, wrong password and inactive user cost the same calls."""
    user_id = world.user("grace")
    world.admin("PATCH", f"/v1/users/{user_id}", {"state": "inactive"})
    realm_id = world.realm_id
    bodies = [
        {"realm_id": realm_id[:-4] + "zzzz", "username": "ada", "password": PASSWORD},
        {"realm_id": realm_id, "username": "nobody", "password": PASSWORD},
        {"realm_id": realm_id, "username": "ada", "password": "wrong password"},
        {"realm_id": realm_id, "username": "grace", "password": PASSWORD},
    ]
    for number in range(7):
        seen = []
        for body in bodies:
            with calls() as made:
                answer = world.call("POST", "/v1/login", body)
            seen.append((answer.status, {**answer.body, "request_id": ""}, made))
        assert [entry == seen[0] for entry in seen] == [True] * 4
        counted = (401, ["BatchGetItem", "BatchGetItem", "TransactWriteItems"])
        refused = (429, ["BatchGetItem", "BatchGetItem"])
        assert (seen[0][0], seen[0][2]) == (counted if number < 5 else refused)
    assert token


def test_failed_logins_by_a_server_make_the_same_calls(world: World, token: str) -> None:
    """Unknown name, wrong password and inactive user cost a server's login the same calls."""
    user_id = world.user("grace")
    world.admin("PATCH", f"/v1/users/{user_id}", {"state": "inactive"})
    tries = [("nobody", PASSWORD), ("no@body", PASSWORD), ("ada", "wrong one"), ("grace", PASSWORD)]
    for number in range(7):
        seen = []
        for name, password in tries:
            path = f"/v1/users/{name}/authenticate"
            with calls() as made:
                body = {"password": password, "request": {"ip": "198.51.100.7"}}
                answer = world.call("POST", path, body, bearer=world.key, realm=world.realm_id)
            seen.append((answer.status, {**answer.body, "request_id": ""}, made))
        assert [entry == seen[0] for entry in seen] == [True] * 4
        reads = ["BatchGetItem", "BatchGetItem"]
        counted, refused = (422, [*reads, "TransactWriteItems"]), (429, reads)
        assert (seen[0][0], seen[0][2]) == (counted if number < 5 else refused)
    assert token


def test_many_validations_are_three_reads_at_most(world: World, token: str) -> None:
    """Many tokens cost a batch of users, one of ended records, and one of realms when cold."""
    ended = [world.login("ada").body["token"] for _ in range(2)]
    for session in ended:
        assert world.call("DELETE", "/v1/session", bearer=session).status == 204
    for seconds, tokens, batches in ((0, [token] * 3, 1), (0, [token, *ended], 2), (5, ended, 3)):
        world.clock.advance(seconds)
        with calls() as made:
            answer = world.admin("POST", "/v1/sessions/validate", {"tokens": tokens})
        assert answer.status == 200
        assert made == ["BatchGetItem"] * batches


@pytest.mark.parametrize("garbage", ["x", "a.b.c", "x" * 5_000])
def test_garbage_costs_no_read(world: World, garbage: str) -> None:
    """A token that is none is refused without a call."""
    with calls() as made:
        assert world.call("GET", "/v1/session", bearer=garbage).status == 401
    assert made == []


def test_login_that_evicts_is_one_transaction(world: World, token: str) -> None:
    """A login at the limit commits the new session, what it ends and its entry in one write."""
    world.admin("PATCH", f"/v1/realms/{world.realm_id}", {"max_sessions": 1})
    world.clock.advance(STALE)
    for _ in range(2):
        with calls() as made:
            assert world.login("ada").status == 200
        assert made == ["BatchGetItem"] * 3 + ["TransactWriteItems"]
    assert token


def test_poll_of_the_feed_reads_the_realm_and_each_shard(world: World, token: str) -> None:
    """A poll is one read of the realm and one query a shard and slice, and writes nothing."""
    session = world.call("GET", "/v1/session", bearer=token).body["id"]
    path = f"/v1/revocations?realm_id={world.realm_id}"
    world.clock.advance(-world.clock.wall_ms() // 1000 % HOUR + HOUR / 2)
    for shards in (1, 3):
        world.admin("PATCH", f"/v1/realms/{world.realm_id}", {"revocation_shards": shards})
        cursor = world.call("GET", path, bearer=world.key).body["cursor"]
        with calls() as made:
            answer = world.call("GET", f"{path}&after={cursor}", bearer=world.key)
        assert (answer.status, made) == (200, ["GetItem", *["Query"] * shards])
    world.admin("DELETE", f"/v1/sessions/{session}")
    with calls() as made:
        answer = world.call("GET", f"{path}&after={cursor}", bearer=world.key)
    assert len(answer.body["collection"]) == 1
    assert made == ["GetItem", *["Query"] * 3]
    world.clock.advance(HOUR / 2)
    with calls() as made:
        assert world.call("GET", f"{path}&after={cursor}", bearer=world.key).status == 200
    assert made == ["GetItem", *["Query"] * 6]
