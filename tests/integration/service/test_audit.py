"""The audit log: exactly one line for each change by a server or a schedule."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from local.template import ROOT
from provers.watched.logs import watch_logs
from sojourn.domain.errors import Unavailable
from sojourn.jobs.realm_removal import RealmRemoval
from sojourn.runtime import audit
from sojourn.store.client import DynamoDB
from tests.support.changes import CHANGES, access_key, session_of, spare_key
from tests.support.http_world import PASSWORD, World
from tools.openapi.routes import ROUTES

Line = dict[str, Any]
CHANGING: Final = {
    route
    for route, operation in ROUTES.items()
    if operation.caller in ("server", "either")
    and operation.server != "read"
    and not route.startswith("GET ")
}
"""The routes by which a server changes something, from the table of all routes."""


class Log:
    """What the handlers logged, line by line."""

    def __init__(self) -> None:
        self.lines: list[Line] = []

    def told(self, place: str, line: object) -> None:
        """Keep a line."""
        if place == "log lines":
            self.lines.append(json.loads(str(line)))

    def audit(self) -> list[Line]:
        """The audit lines."""
        return [line for line in self.lines if line["level"] == "AUDIT"]


@pytest.fixture
def log() -> Iterator[Log]:
    """What is logged from now on."""
    log = Log()
    end = watch_logs(log.told)
    yield log
    end()


OTHERS: Final = {"user.password_set", "user.disabled", "user.enabled"}
"""Events of changes that are tried by themselves below."""


def test_every_changing_route_is_tried() -> None:
    """A route by which a server changes something is in the table of changes, a new one too."""
    assert set(CHANGES) == CHANGING


@pytest.mark.parametrize("route", sorted(CHANGES))
def test_change_leaves_one_line(world: World, log: Log, route: str) -> None:
    """A change by a server leaves one line: the event, its access key, the request, the ids."""
    event, make = CHANGES[route]
    method, path, body, ids = make(world)
    before = len(log.audit())
    answer = world.admin(method, path, body)
    assert answer.status < 300, answer
    (line,) = log.audit()[before:]
    made = answer.body or {}
    if made.get("id"):
        ids = {**ids, **{f"{made['object']}_id": made["id"]}}
    shown = {name: value for name, value in line.items() if name.endswith("_id")}
    assert shown.pop("request_id")
    assert shown == ids
    assert (line["event"], line["by"]) == (event, world.key_id)
    changed = {"changed": "name"} if event.endswith(".updated") else {}
    assert {name: line[name] for name in line.keys() & {"changed"}} == changed


def test_line_is_of_its_request(world: World, log: Log) -> None:
    """The line and the request's own line have the same request id."""
    world.user("ada")
    done = [line for line in log.lines if line["message"] == "Done"]
    assert log.audit()[-1]["request_id"] == done[-1]["request_id"]


@pytest.mark.parametrize(
    ("fields", "events"),
    [
        ({"password": "another horse"}, ["user.password_set"]),
        ({"state": "inactive"}, ["user.disabled"]),
        ({"state": "active"}, []),
        ({"state": "inactive", "password": "another horse", "email": "ada@example.com"}, None),
        ({}, []),
    ],
    ids=["password", "disabled", "as it was", "all", "nothing"],
)
def test_update_tells_each_change(
    world: World, log: Log, fields: dict[str, str], events: list[str] | None
) -> None:
    """A password that is set, a state that changes and other fields have a line each."""
    user_id = world.user("ada")
    before = len(log.audit())
    assert world.admin("PATCH", f"/v1/users/{user_id}", fields).status == 200
    lines = log.audit()[before:]
    all_of_them = ["user.password_set", "user.disabled", "user.updated"]
    assert [line["event"] for line in lines] == (all_of_them if events is None else events)
    assert {line.get("changed") for line in lines} <= {None, "email"}
    assert all(line["user_id"] == user_id for line in lines)


def test_enabling_is_told(world: World, log: Log) -> None:
    """A user who is enabled again is recorded as such."""
    user_id = world.user("ada")
    for state in ("inactive", "active"):
        assert world.admin("PUT", f"/v1/users/{user_id}", {"state": state}).status == 200
    assert [line["event"] for line in log.audit()[-2:]] == ["user.disabled", "user.enabled"]


def test_password_by_its_credential_is_told(world: World, log: Log) -> None:
    """A password set by the credential's routes, the first one too, is a password set."""
    body = {"realm_id": world.realm_id, "username": "ada"}
    user_id = world.admin("POST", "/v1/users", body).body["id"]
    first = {"user_id": user_id, "credential_type": "password", "password": PASSWORD}
    credential_id = world.admin("POST", "/v1/credentials", first).body["id"]
    path = f"/v1/credentials/{credential_id}"
    both = {"password": "another horse", "name": "main"}
    assert world.admin("PATCH", path, both).status == 200
    lines = log.audit()[-3:]
    assert [line["event"] for line in lines] == [
        "user.password_set",
        "user.password_set",
        "credential.updated",
    ]
    assert {(line["user_id"], line["credential_id"]) for line in lines} == {
        (user_id, credential_id)
    }


def test_no_change_leaves_no_line(world: World, log: Log) -> None:
    """Reading, counting, refused calls and ending what has ended leave none."""
    user_id, session_id = session_of(world)
    realm = f"/v1/realms/{world.realm_id}"
    assert world.admin("DELETE", f"/v1/sessions/{session_id}").status == 204
    stopped = f"/v1/jwt_keys/{spare_key(world)}?realm_id={world.realm_id}"
    assert world.admin("PATCH", stopped, {"compromised": True}).status == 200
    key_id = access_key(world)
    before = len(log.audit())
    for method, path, body, status in (
        ("GET", f"/v1/users/{user_id}", None, 200),
        ("POST", f"{realm}/end_sessions", {"dry_run": True}, 200),
        ("POST", f"/v1/users/{user_id}/end_sessions?dry_run=true", None, 200),
        ("DELETE", f"/v1/sessions/{session_id}", None, 204),
        ("PATCH", stopped, {"compromised": True}, 200),
        ("PATCH", realm, {}, 200),
        ("PUT", realm, {"name": "Tests", "max_sessions": 10}, 200),
        ("PUT", f"/v1/users/{user_id}", {"username": "ada", "state": "active"}, 200),
        ("PUT", f"/v1/access_keys/{key_id}", {"name": "server"}, 200),
        ("PATCH", f"/v1/access_keys/{key_id}", {}, 200),
        ("PATCH", f"/v1/users/{user_id}", {"username": 5}, 422),
        ("DELETE", realm, {"name": "Other"}, 422),
        ("POST", f"/v1/users/{user_id}/authenticate", {"password": "wrong"}, 422),
    ):
        assert world.admin(method, path, body).status == status, path
    token = world.login("ada").body["token"]
    assert world.call("DELETE", "/v1/sessions?scope=all", bearer=token).status == 204
    assert log.audit()[before:] == []


def test_realm_is_deleted_once(world: World, log: Log) -> None:
    """A deletion that takes several calls is recorded when it begins, and once."""
    path = f"/v1/realms/{world.realm_id}"
    world.user("ada")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(RealmRemoval, "resume", lambda *_: False)
        assert world.admin("DELETE", path, {"name": "Tests"}).status == 202
    assert world.admin("DELETE", path, {"name": "Tests"}).status == 204
    assert [line["event"] for line in log.audit()].count("realm.deleted") == 1


def test_deletion_that_stops_half_way_is_told(world: World, log: Log) -> None:
    """A realm that was marked is recorded although the rest of its deletion failed."""

    def fails(*_: object) -> bool:
        raise Unavailable

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(RealmRemoval, "resume", fails)
        path = f"/v1/realms/{world.realm_id}"
        assert world.admin("DELETE", path, {"name": "Tests"}).status == 503
    assert log.audit()[-1]["event"] == "realm.deleted"


def test_nothing_is_told_before_its_commit(world: World, log: Log) -> None:
    """A change whose commit failed leaves no line."""
    user_id = world.user("ada")
    before = len(log.audit())

    def fails(*_: object, **__: object) -> None:
        raise Unavailable

    with pytest.MonkeyPatch.context() as patched:
        for name in ("write", "transact"):
            patched.setattr(DynamoDB, name, fails)
        for route, body in {f"/v1/users/{user_id}": {"name": "A"}, "/v1/users": {}}.items():
            method = "PATCH" if body else "POST"
            sent = body or {"realm_id": world.realm_id, "username": "bob"}
            assert world.admin(method, route, sent).status == 503
    assert log.audit()[before:] == []


def test_schedule_is_told_as_the_system(world: World, log: Log) -> None:
    """A signing key that the schedule makes or removes is recorded, by the system."""
    path = f"/v1/realms/{world.realm_id}"
    assert world.admin("PATCH", path, {"rotate_days": 1}).status == 200
    keys = f"/v1/jwt_keys?realm_id={world.realm_id}"
    known = {key["id"] for key in world.admin("GET", keys).body["collection"]}
    before = len(log.audit())
    for _ in range(2):
        world.clock.advance(86_400)
        world.rotate()
    lines = log.audit()[before:]
    assert {line["by"] for line in lines} == {audit.SYSTEM}
    assert {line["event"] for line in lines} == {"jwt_key.created", "jwt_key.deleted"}
    assert all(line["realm_id"] == world.realm_id and line["request_id"] for line in lines)
    (removed,) = [line["jwt_key_id"] for line in lines if line["event"] == "jwt_key.deleted"]
    assert removed in known


def test_documented_events_are_the_codes() -> None:
    """The operations document lists the events that are written, and no others."""
    operations = (ROOT / "docs/operations.md").read_text()
    (table,) = re.findall(r"^\| event .*\n\|---.*\n((?:\|.*\n)+)", operations, re.MULTILINE)
    documented = set(re.findall(r"`(\w+\.\w+)`", table))
    assert documented == {event for event, _ in CHANGES.values()} | OTHERS


def test_what_is_sent_beside_a_change_is_not_told(world: World, log: Log) -> None:
    """The line of a change names what it changes, not the realm and what cannot be changed."""
    ada = world.admin("GET", f"/v1/users/{world.user('ada')}").body
    beside = {name: ada[name] for name in ("object", "id", "realm_id", "created_at", "user_type")}
    answer = world.admin("PATCH", f"/v1/users/{ada['id']}", beside | {"name": "Ada"})
    assert answer.status == 200
    assert log.audit()[-1]["changed"] == "name"
