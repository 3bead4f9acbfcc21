"""The ten rules under simultaneous calls, lost answers and crashes."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from local.turns import in_turns
from sojourn.aws.client import Response
from sojourn.domain.due import Due
from sojourn.domain.session import Login, Origin
from sojourn.domain.session_rules import begin
from sojourn.domain.user import Change
from sojourn.runtime import deadline, optimistic
from sojourn.store import users as store
from sojourn.store.users import DynamoUsers
from tests.integration.conftest import resources_of
from tests.support.calls import between, refusal
from tests.support.clock import MovedClock
from tests.support.http_world import Answer, World
from tests.support.lost_answers import lose_answers
from tests.support.stores import store_of


def meanwhile(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Do something, once, between the next commit's read and its write."""
    commit = DynamoUsers.commit_with
    waiting = [act]

    def interrupted(self: DynamoUsers, change: Change, others: Any) -> Change:
        if waiting:
            waiting.pop()()
        return commit(self, change, others)

    monkeypatch.setattr(DynamoUsers, "commit_with", interrupted)


def all_at_once(count: int, act: Callable[[int], Answer]) -> list[Answer]:
    """The answers of `count` threads that start together."""
    barrier = threading.Barrier(count)
    answers: list[Answer] = []

    def run(number: int) -> None:
        barrier.wait()
        answers.append(act(number))

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads of this one process take turns, for as long as a slow machine needs for all of them.

    Each read the user before its turn came, and loses to those who came between once.
    """
    monkeypatch.setattr(optimistic, "commit", in_turns(optimistic.commit))
    monkeypatch.setattr(deadline, "deadline", partial(deadline.deadline, seconds=600))


@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize("cap", [1, 3, 10])
def test_simultaneous_logins_leave_exactly_the_cap(
    world: World, environment: dict[str, str], cap: int
) -> None:
    """60 logins of one user by six instances leave exactly the cap, the newest in commit order."""
    world.admin("PATCH", f"/v1/realms/{world.realm_id}", {"max_sessions": cap})
    user_id = world.user("ada")
    worlds = [world.beside(resources_of(environment, world.clock)) for _ in range(6)]
    answers = all_at_once(60, lambda n: worlds[n % 6].login("ada"))
    assert [a.status for a in answers] == [200] * 60
    began = sorted((a.body["id"] for a in answers), reverse=True)
    assert world.active(user_id) == began[:cap]
    assert len(set(began)) == 60
    assert world.reasons(user_id) == dict.fromkeys(began[cap:], "evicted")
    times = sorted(a.body["created_at"] for a in answers)
    assert len(set(times)) == 60


@pytest.mark.usefixtures("patience")
def test_simultaneous_logins_denied(world: World) -> None:
    """If the realm denies, exactly as many logins succeed as there is room for."""
    settings = {"max_sessions": 3, "at_limit": "deny"}
    world.admin("PATCH", f"/v1/realms/{world.realm_id}", settings)
    user_id = world.user("ada")
    answers = all_at_once(20, lambda _: world.login("ada"))
    assert sorted(a.status for a in answers) == [200] * 3 + [409] * 17
    assert len(world.active(user_id)) == 3


def test_simultaneous_logins_without_turns_keep_the_cap(
    world: World, environment: dict[str, str]
) -> None:
    """As deployed, within a request's ten seconds: who waits too long gets a 503.

    The cap holds, and of those who got a session the newest have it.
    """
    world.admin("PATCH", f"/v1/realms/{world.realm_id}", {"max_sessions": 3})
    user_id = world.user("ada")
    worlds = [world.beside(resources_of(environment, world.clock)) for _ in range(6)]
    answers = all_at_once(20, lambda n: worlds[n % 6].login("ada"))
    assert {a.status for a in answers} <= {200, 503}
    told = {a.body["id"] for a in answers if a.status == 200}
    live, ended = world.active(user_id), world.reasons(user_id)
    assert live == sorted(live, reverse=True)[:3]
    assert told <= {*live, *ended}
    assert {*ended.values()} <= {"evicted"}
    assert all(session > max(ended, default="") for session in live)


def test_login_gives_way_to_a_login_between(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A login whose user changed between read and write counts the session that came between."""
    world.admin("PATCH", f"/v1/realms/{world.realm_id}", {"max_sessions": 1})
    user_id = world.user("ada")
    between: list[Answer] = []
    meanwhile(monkeypatch, lambda: between.append(world.login("ada")))
    late = world.login("ada")
    assert world.active(user_id) == [late.body["id"]]
    assert world.reasons(user_id) == {between[0].body["id"]: "evicted"}
    assert late.body["created_at"] > between[0].body["created_at"]


@pytest.mark.parametrize(
    "change",
    [{"state": "inactive"}, {"password": "another password"}],
    ids=["disabled", "password"],
)
def test_login_does_not_outrun_an_administrator(
    world: World, monkeypatch: pytest.MonkeyPatch, change: dict[str, str]
) -> None:
    """A login that began before a disabling or a new password does not commit after it."""
    user_id = world.user("ada")
    meanwhile(monkeypatch, lambda: world.admin("PATCH", f"/v1/users/{user_id}", change))
    assert world.login("ada").status == 401
    assert world.active(user_id) == []


def test_login_does_not_outrun_a_deletion(
    world: World, monkeypatch: pytest.MonkeyPatch, dynamodb: Any
) -> None:
    """A login that began before the user was deleted leaves nothing behind."""
    user_id = world.user("ada")
    meanwhile(monkeypatch, lambda: world.admin("DELETE", f"/v1/users/{user_id}"))
    assert world.login("ada").status == 401
    items = dynamodb.scan(TableName=world.environment["SESSIONS_TABLE"])["Items"]
    assert [item for item in items if not item["sk"]["S"].startswith("rev_")] == []


def test_end_is_not_undone_by_a_login_between(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An end that meets a login between its read and its write keeps the new session."""
    user_id = world.user("ada")
    first = world.login("ada").body
    between: list[Answer] = []
    meanwhile(monkeypatch, lambda: between.append(world.login("ada")))
    assert world.call("DELETE", "/v1/session", bearer=first["token"]).status == 204
    assert world.active(user_id) == [between[0].body["id"]]
    assert world.reasons(user_id) == {first["id"]: "logout"}


def test_login_does_not_revive_what_ended_between(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A login that was worked out before an end does not write the ended session back."""
    user_id = world.user("ada")
    first = world.login("ada").body
    meanwhile(monkeypatch, lambda: world.call("DELETE", "/v1/session", bearer=first["token"]))
    second = world.login("ada").body
    assert world.active(user_id) == [second["id"]]
    assert world.call("GET", "/v1/session", bearer=first["token"]).status == 401


def test_session_ended_between_ends_nothing_itself(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session that is ended while it ends another does not end it."""
    user_id = world.user("ada")
    first, second = world.login("ada").body, world.login("ada").body
    meanwhile(monkeypatch, lambda: world.admin("DELETE", f"/v1/sessions/{first['id']}"))
    path = f"/v1/sessions/{second['id']}"
    assert world.call("DELETE", path, bearer=first["token"]).status == 401
    assert world.active(user_id) == [second["id"]]


def lost(monkeypatch: pytest.MonkeyPatch, world: World, operation: str, *, times: int = 1) -> None:
    """Lose the answer of an operation that was done."""
    client = world.resources.seen_users._dynamo.client
    lose_answers(monkeypatch, client, operation, times=times)


def test_lost_answer_of_a_login(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A login whose write was done and whose answer was lost finds its own session."""
    user_id = world.user("ada")
    lost(monkeypatch, world, "UpdateItem")
    answer = world.login("ada")
    assert answer.status == 200
    assert world.active(user_id) == [answer.body["id"]]


def test_lost_answer_of_a_login_that_evicts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same holds for a login that is a transaction."""
    world.admin("PATCH", f"/v1/realms/{world.realm_id}", {"max_sessions": 1})
    user_id = world.user("ada")
    first = world.login("ada").body
    lost(monkeypatch, world, "TransactWriteItems")
    answer = world.login("ada")
    assert answer.status == 200
    assert world.active(user_id) == [answer.body["id"]]
    assert world.reasons(user_id) == {first["id"]: "evicted"}


def test_lost_answer_of_an_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """An end whose answer was lost is done, once, and says so."""
    user_id = world.user("ada")
    first = world.login("ada").body
    lost(monkeypatch, world, "TransactWriteItems")
    assert world.call("DELETE", "/v1/session", bearer=first["token"]).status == 204
    assert world.active(user_id) == []
    assert world.reasons(user_id) == {first["id"]: "logout"}


def refuse(monkeypatch: pytest.MonkeyPatch, world: World, operation: str, code: str) -> None:
    """Refuse every call of an operation."""

    def call(*_: object) -> Response:
        raise refusal(code)

    between(monkeypatch, world.resources.seen_users._dynamo.client, call, operation)


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerError", "AccessDenied"])
def test_store_away(world: World, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """A store that refuses is a 503 within the deadline, and nothing has changed."""
    user_id = world.user("ada")
    first = world.login("ada").body
    with monkeypatch.context() as patched:
        for operation in ("UpdateItem", "TransactWriteItems"):
            refuse(patched, world, operation, code)
        before = world.clock.monotonic()
        login = world.login("ada")
        assert (login.status, login.body["code"]) == (503, "unavailable")
        assert world.clock.monotonic() - before <= 10
        assert world.call("DELETE", "/v1/session", bearer=first["token"]).status == 503
    assert world.active(user_id) == [first["id"]]
    assert world.call("GET", "/v1/session", bearer=first["token"]).status == 200


def hundred_sessions(world: World) -> tuple[str, list[str]]:
    """A user with 100 sessions, oldest first, written at once."""
    world.admin("PATCH", f"/v1/realms/{world.realm_id}", {"max_sessions": 100})
    user_id = world.user("ada")
    users = world.resources.seen_users
    realm = store_of(world.resources).realms.get(world.realm_id)
    before = users.get(user_id)
    assert realm is not None
    assert before is not None
    after = before
    login = Login("password", Origin(ip="203.0.113.9", client="tests/1.0"))
    for _ in range(100):
        now_ms = world.clock.wall_ms()
        change, _session = begin(after, realm, login, key_number=1, now_ms=now_ms)
        after = change.after
    users.commit(Change(before=before, after=after))
    return user_id, [session.id for session in after.sessions]


def test_hundred_end_in_one_commit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """100 sessions end at once; when archiving dies, cleanup records what was left."""
    user_id, began = hundred_sessions(world)
    monkeypatch.setattr(store, "ENDED_PER_COMMIT", 9)

    def dies(_self: DynamoUsers, _user_id: str) -> int:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(DynamoUsers, "archive", dies)
        with pytest.raises(MemoryError):
            world.admin("DELETE", f"/v1/sessions?user_id={user_id}")
    assert world.active(user_id) == []
    assert world.reasons(user_id) == dict.fromkeys(began, "terminated_by_admin")
    world.clock.advance(1)
    assert world.clean_up()["found"] == 1
    user = world.resources.seen_users.get(user_id)
    assert user is not None
    assert user.pending == ()
    assert world.reasons(user_id) == dict.fromkeys(began, "terminated_by_admin")


def test_lowered_cap_ends_99_in_one_commit(world: World) -> None:
    """A cap lowered from 100 to 1 leaves one session after the next login."""
    user_id, began = hundred_sessions(world)
    world.admin("PATCH", f"/v1/realms/{world.realm_id}", {"max_sessions": 1})
    last = world.login("ada")
    assert last.status == 200
    assert world.active(user_id) == [last.body["id"]]
    assert world.reasons(user_id) == dict.fromkeys(began, "evicted")


def test_cleanup_stops_in_time_and_goes_on(world: World) -> None:
    """A cleanup without time left removes nothing and says what remains; the next does it."""
    user_id = world.user("ada")
    for _ in range(3):
        token = world.login("ada").body["token"]
        world.call("DELETE", "/v1/session", bearer=token)
    world.clock.advance(7 * 3_600)
    report = world.clean_up(timeout=1)
    assert (report["removed"], report["remaining"]) == (0, 3)
    report = world.clean_up()
    assert (report["found"], report["removed"], report["remaining"]) == (3, 3, 0)
    assert world.reasons(user_id) == {}


def test_cleanup_leaves_what_came_back_to_life(
    world: World, monkeypatch: pytest.MonkeyPatch, dynamodb: Any
) -> None:
    """An item that is no longer due when cleanup comes to it is not touched."""
    world.user("ada")
    token = world.login("ada").body["token"]
    world.call("DELETE", "/v1/session", bearer=token)
    world.clock.advance(7 * 3_600)
    table = world.environment["SESSIONS_TABLE"]
    settle = type(world.instance.cleanup)._settle

    def postponed(self: Any, due: Due, now: int, time_left: Any) -> bool:
        dynamodb.update_item(
            TableName=table,
            Key={"pk": {"S": due.owner}, "sk": {"S": f"ended#{due.name}"}},
            UpdateExpression="SET due_at = :later",
            ExpressionAttributeValues={":later": {"N": str(now + 60)}},
        )
        return settle(self, due, now, time_left)

    monkeypatch.setattr(type(world.instance.cleanup), "_settle", postponed)
    report = world.clean_up()
    assert (report["found"], report["removed"]) == (1, 0)
    assert dynamodb.scan(TableName=table, Select="COUNT")["Count"] == 3


def test_slow_clock_of_an_instance_reorders_nothing(
    world: World, environment: dict[str, str]
) -> None:
    """A login at an instance whose clock is 5 s behind is the newest all the same."""
    world.admin("PATCH", f"/v1/realms/{world.realm_id}", {"max_sessions": 1})
    user_id = world.user("ada")
    slow = MovedClock(world.clock.wall_ms() - 5_000)
    first = world.login("ada").body
    second = world.beside(resources_of(environment, slow)).login("ada").body
    assert world.active(user_id) == [second["id"]]
    assert second["created_at"] > first["created_at"]


@pytest.mark.parametrize("of_all", [False, True], ids=["one", "the-realm's"])
def test_slow_clock_ends_nothing_before_it_began(
    world: World, environment: dict[str, str], of_all: bool
) -> None:
    """A session ended at an instance whose clock is behind is not shown to end before it began."""
    world.user("ada")
    began = world.login("ada").body
    slow = world.beside(resources_of(environment, MovedClock(world.clock.wall_ms() - 5_000)))
    if of_all:
        assert slow.admin("POST", f"/v1/realms/{world.realm_id}/end_sessions").status == 200
        world.clock.advance(6)
    else:
        assert slow.admin("DELETE", f"/v1/sessions/{began['id']}").status == 204
    record = world.admin("GET", f"/v1/sessions/{began['id']}?state=any").body
    assert record["active"] is False
    assert record["ended_at"] == record["created_at"]


class Ahead(MovedClock):
    """The clock of an instance that is ahead of another's, while time passes for both."""

    def __init__(self, other: MovedClock, seconds: float) -> None:
        super().__init__(other.wall_ms() + round(seconds * 1000))
        self._other = other

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self._other.advance(seconds)


@pytest.mark.parametrize("timeout", [300, 22])
def test_cleanup_whose_clock_is_ahead_drops_nothing_early(
    world: World, environment: dict[str, str], timeout: int
) -> None:
    """A session that expired by one clock is removed once it has expired by every clock."""
    world.admin("PATCH", f"/v1/realms/{world.realm_id}", {"session_minutes": 1})
    user_id = world.user("ada")
    token = world.login("ada").body["token"]
    world.clock.advance(57)
    ahead = world.beside(resources_of(environment, Ahead(world.clock, 5)))
    began = world.clock.wall_ms()
    report = ahead.clean_up(timeout=timeout)
    waited = (world.clock.wall_ms() - began) / 1000
    answer = world.call("GET", "/v1/session", bearer=token)
    user = world.resources.seen_users.get(user_id)
    assert user is not None
    if timeout == 300:
        assert (report["found"], report["removed"], waited) == (1, 1, 8)
        assert (answer.body["code"], user.sessions) == ("session_expired", ())
    else:
        assert (report["found"], report["removed"], waited) == (1, 0, 0)
        assert (answer.status, len(user.sessions)) == (200, 1)


def test_cleanup_waits_once(world: World) -> None:
    """However many sessions expired a moment ago, a run waits for the clocks once."""
    world.admin("PATCH", f"/v1/realms/{world.realm_id}", {"session_minutes": 1})
    for name in ("ada", "bob", "eve"):
        world.user(name)
        assert world.login(name).status == 200
        world.clock.advance(1)
    world.clock.advance(60)
    began = world.clock.wall_ms()
    assert world.clean_up()["removed"] == 3
    assert world.clock.wall_ms() - began == 9_000
