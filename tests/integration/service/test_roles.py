"""Least privilege: each function works with its own role, and the role allows no more."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local.template import Function, Template
from provers.roles.judge import Judge, sit
from provers.roles.policy import Request, Statement, applies
from provers.roles.requests import HERE, requests_of
from provers.roles.roles import role_of, roles, runtime_requests
from provers.roles.variations import unbounded, unneeded
from provers.watched.record import VARIABLE, Recorder
from sojourn.crypto.passwords import Hasher
from sojourn.domain.due import SETTLED_AFTER
from sojourn.jobs import settlement
from sojourn.jobs.realm_removal import RealmRemoval
from sojourn.store import users as store
from sojourn.store.realm_cache import SECONDS
from sojourn.store.removal import DynamoRemoval
from sojourn.store.users import DynamoUsers
from tests.integration.conftest import resources_of
from tests.support.clock import MovedClock
from tests.support.http_world import PASSWORD, World
from tests.support.instance import ENTRIES, SCHEDULED

Handler = Callable[..., dict[str, Any]]
FUNCTIONS = {function.folder: function for function in Template.read().functions()}
MONTH = 31 * 86_400
A_REALM, A_KEY = "rl_" + "1" * 22, "key_" + "1" * 22
HOUR = 3_601
"""Past which the next use of the key is written, by whichever function meets it."""


@pytest.fixture
def judge(environment: dict[str, str]) -> Iterator[Judge]:
    """Stands before every call of a function."""
    names = {
        "DirectoryTable": environment["DIRECTORY_TABLE"],
        "SessionsTable": environment["SESSIONS_TABLE"],
        "AttemptsTable": environment["ATTEMPTS_TABLE"],
        "SigningKeysKey.Arn": environment["KMS_KEY_ID"],
    }
    rise = sit()
    judge = Judge(roles(names))
    yield judge
    rise()
    if VARIABLE in os.environ:
        recorder = Recorder(Path(os.environ[VARIABLE]))
        recorder.names(names)
        for use in judge.uses:
            if use not in judge.refused:
                recorder.use(use)


@pytest.fixture
def ruled(judge: Judge, world: World, environment: dict[str, str], clock: MovedClock) -> World:
    """Every function with the environment that the template gives it, as its own role."""
    entries = {**ENTRIES, **SCHEDULED}
    for function in FUNCTIONS.values():
        own = {name: environment[name] for name in function.environment if name in environment}
        bound = entries[function.folder].bind(resources_of(own, clock))
        handler = as_role(judge, function, bound)
        if function.scheduled:
            world._scheduled[function.folder] = handler
        else:
            world._handlers[function.folder] = handler
    return world


def as_role(judge: Judge, function: Function, handler: Handler) -> Handler:
    """The handler, run as its function's role."""

    def run(event: Any, context: Any) -> dict[str, Any]:
        with judge.acting(role_of(function)):
            return handler(event, context)

    return run


def asked(judge: Judge, role: str) -> list[Request]:
    """What was asked as a role, with what Lambda itself asks."""
    own = [use.request for use in judge.uses if use.role == role]
    return [*own, *runtime_requests(judge.roles[role])]


def logs_in(world: World) -> None:
    """Every way to begin a session, with evictions and a replacement, and a hash made again."""
    world.admin("PATCH", f"/v1/realms/{world.realm_id}", {"max_sessions": 1})
    user_id = world.user("ada")
    world.clock.advance(HOUR)
    assert [world.login("ada").status for _ in range(2)] == [200, 200]
    elsewhere = "198.51.100.7"
    assert world.login("ada", password="not it at all", ip=elsewhere).status == 401
    assert world.login("ada", ip=elsewhere).status == 200
    assert world.login("nobody").status == 401
    world.admin("PATCH", f"/v1/realms/{world.realm_id}", {"max_sessions": 3})
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Hasher, "outdated", lambda *_: True)
        assert [world.login("ada").status for _ in range(2)] == [200, 200]
        world.admin("PATCH", f"/v1/realms/{world.realm_id}", {"max_sessions": 1})
        patched.setattr(store, "ENDED_PER_COMMIT", 1)
        assert world.login("ada").status == 200
    world.clock.advance(HOUR)
    authenticate = f"/v1/users/{user_id}/authenticate"
    in_realm = {"realm_id": world.realm_id}
    assert world.admin("POST", "/v1/sessions", {"user_id": user_id}).status == 201
    assert world.admin("POST", authenticate, {"password": PASSWORD}).status == 200
    api_user = world.admin("POST", "/v1/users", {**in_realm, "user_type": "api"}).body["id"]
    key = {"user_id": api_user, "credential_type": "api_key"}
    secret = world.admin("POST", "/v1/credentials", key).body["api_key"]
    by_key = {**in_realm, "api_key": secret}
    assert world.admin("POST", "/v1/users/authenticate_key", by_key).status == 200
    assert world.call("POST", "/v1/login", by_key).status == 200


def validates(world: World) -> None:
    """An active session, and one that was ended; both at once, when no realm is cached."""
    world.user("ada")
    session = world.login("ada").body
    assert world.call("GET", "/v1/session", bearer=session["token"]).status == 200
    assert world.admin("DELETE", f"/v1/sessions/{session['id']}").status == 204
    ended = world.call("GET", "/v1/session", bearer=session["token"])
    assert (ended.status, ended.body["code"]) == (401, "session_ended")
    world.clock.advance(HOUR + SECONDS)
    tokens = {"tokens": [session["token"], world.login("ada").body["token"]]}
    many = world.admin("POST", "/v1/sessions/validate", tokens)
    assert [answer["active"] for answer in many.body["collection"]] == [False, True]
    path = f"/v1/realms/{world.realm_id}/introspect"
    for token, active in zip(tokens["tokens"], (False, True), strict=True):
        found = world.call("POST", path, form={"token": token}, bearer=world.key)
        assert found.body["active"] is active


def lists(world: World) -> None:
    """One's own and as a server, active and ended, all and one."""
    user_id = world.user("ada")
    first, last = world.login("ada").body, world.login("ada").body
    assert world.admin("DELETE", f"/v1/sessions/{first['id']}").status == 204
    world.clock.advance(HOUR)
    assert world.admin("GET", f"/v1/sessions/{last['id']}").status == 200
    for _ in range(2):
        assert world.call("GET", "/v1/sessions", bearer=last["token"]).status == 200
        world.clock.advance(SECONDS)
    for session in (first, last):
        path = f"/v1/sessions/{session['id']}?state=any"
        assert world.call("GET", path, bearer=last["token"]).status == 200
        assert world.admin("GET", path).status == 200
    assert world.active(user_id) == [last["id"]]
    assert list(world.reasons(user_id)) == [first["id"]]


def announces(world: World) -> None:
    """The feed, from its beginning and from a cursor."""
    world.user("ada")
    session = world.login("ada").body
    assert world.admin("DELETE", f"/v1/sessions/{session['id']}").status == 204
    path = f"/v1/revocations?realm_id={world.realm_id}"
    first = world.admin("GET", path).body
    assert first["collection"][0]["session_ids"] == [session["id"]]
    assert world.admin("GET", f"{path}&after={first['cursor']}").status == 200


def authorizes(world: World) -> None:
    """An active session, and one that was ended; with a realm that is cached, and with none."""
    world.user("ada")
    session = world.login("ada").body
    assert [world.authorize(session["token"])["isAuthorized"] for _ in range(2)] == [True, True]
    world.clock.advance(SECONDS)
    assert world.authorize(session["token"])["isAuthorized"]
    assert world.admin("DELETE", f"/v1/sessions/{session['id']}").status == 204
    assert not world.authorize(session["token"])["isAuthorized"]


def terminates(world: World) -> None:
    """By itself, by another, all others, by a server."""
    user_id = world.user("ada")
    tokens = [world.login("ada").body["token"] for _ in range(4)]
    assert world.call("DELETE", "/v1/session", bearer=tokens[0]).status == 204
    other = world.active(user_id)[0]
    for _ in range(2):
        assert world.call("DELETE", f"/v1/sessions/{other}", bearer=tokens[1]).status == 204
        world.clock.advance(SECONDS)
    assert world.call("DELETE", "/v1/sessions?scope=others", bearer=tokens[1]).status == 204
    assert [world.login("ada").status for _ in range(3)] == [200] * 3
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(store, "ENDED_PER_COMMIT", 1)
        assert world.call("DELETE", "/v1/sessions?scope=others", bearer=tokens[1]).status == 204
    own = world.active(user_id)[0]
    world.clock.advance(HOUR)
    assert world.admin("DELETE", f"/v1/sessions/{own}").status == 204
    assert world.admin("DELETE", f"/v1/sessions?user_id={user_id}").status == 204
    by_name = f"/v1/users/ada/end_sessions?realm_id={world.realm_id}"
    assert world.admin("POST", by_name).status == 200
    revoke = f"/v1/realms/{world.realm_id}/revoke"
    for key in (None, world.key):
        token = world.login("ada").body["token"]
        assert world.call("POST", revoke, form={"token": token}, bearer=key).status == 200
        assert world.call("GET", "/v1/session", bearer=token).status == 401
    realm = f"/v1/realms/{world.realm_id}/end_sessions"
    assert world.admin("POST", realm, {"dry_run": True}).status == 200
    assert world.admin("POST", realm).status == 200


def keeps_the_directory(world: World) -> None:
    """Each kind of thing made, listed, read, changed and deleted; a password changed."""
    realm = world.admin("POST", "/v1/realms", {"name": "Other"}).body["id"]
    human = {"realm_id": realm, "username": "ada", "email": "ada@example.com"}
    user = world.admin("POST", "/v1/users", {**human, "password": PASSWORD}).body["id"]
    login = {"realm_id": realm, "username": "ada", "password": PASSWORD}
    token = world.call("POST", "/v1/login", login).body["token"]
    new = {"current_password": PASSWORD, "password": "another horse"}
    wrong = new | {"current_password": "not it at all"}
    assert world.call("POST", "/v1/password", wrong, bearer=token).status == 422
    assert world.call("POST", "/v1/password", new, bearer=token).status == 204
    api_user = {"realm_id": realm, "user_type": "api"}
    robot = world.admin("POST", "/v1/users", api_user).body["id"]
    credential = {"user_id": robot, "credential_type": "api_key"}
    made = world.admin("POST", "/v1/credentials", credential).body["id"]
    key = {"name": "server", "permission": "read", "realm_id": realm}
    access_key = world.admin("POST", "/v1/access_keys", key).body["id"]
    stack_wide = {"name": "server", "permission": "read"}
    other = world.admin("POST", "/v1/access_keys", stack_wide).body["id"]
    assert world.admin("DELETE", f"/v1/access_keys/{other}").status == 204
    spare = world.admin("POST", "/v1/jwt_keys", {"realm_id": realm}).body["id"]
    changes = {
        f"/v1/credentials/{made}": {"name": "main"},
        f"/v1/access_keys/{access_key}": {"name": "main"},
        f"/v1/jwt_keys/{spare}?realm_id={realm}": {"compromised": True},
        f"/v1/users/{user}": {"username": "augusta", "email": None},
        f"/v1/users/{robot}": {"name": "Robot"},
        f"/v1/realms/{realm}": {"jwt_algo": "es256"},
    }
    for path in (
        *changes,
        "/v1/realms",
        "/v1/access_keys",
        *(f"/v1/{kind}?realm_id={realm}" for kind in ("users", "access_keys", "jwt_keys")),
        f"/v1/credentials?user_id={robot}",
        f"/v1/users/ada?realm_id={realm}",
    ):
        assert world.admin("GET", path).status == 200, path
    for path, change in changes.items():
        assert world.admin("PATCH", path, change).status == 200, path
    assert world.admin("POST", f"/v1/users/{user}/unlock").status == 204
    for path in changes:
        named = f"{path}?name=Other" if path.startswith("/v1/realms") else path
        assert world.admin("DELETE", named).status == 204, path


def publishes(world: World) -> None:
    """A realm's configuration and keys, and this API."""
    for path in ("openid-configuration", "oauth-authorization-server", "jwks.json"):
        answer = world.call("GET", f"/v1/realms/{world.realm_id}/.well-known/{path}")
        assert answer.status == 200, path
    at_root = f"/.well-known/oauth-authorization-server/v1/realms/{world.realm_id}"
    assert world.call("GET", at_root).status == 200
    assert world.call("GET", "/v1/openapi.json").status == 200


def cleans_up(world: World) -> None:
    """What expired, what is past its time, endings left pending, and a deletion half done."""

    def dies(*_arguments: object) -> int:
        raise MemoryError

    user_id, gone = world.user("ada"), world.user("bob")
    for name in ("ada", "ada", "ada", "bob"):
        assert world.login(name).status == 200
    token = world.login("bob").body["token"]
    assert world.call("DELETE", "/v1/session", bearer=token).status == 204
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(store, "ENDED_PER_COMMIT", 1)
        patched.setattr(DynamoUsers, "archive", dies)
        with pytest.raises(MemoryError):
            world.admin("DELETE", f"/v1/sessions?user_id={user_id}")
        patched.setattr(DynamoRemoval, "finish_user", dies)
        with pytest.raises(MemoryError):
            world.admin("DELETE", f"/v1/users/{gone}")
        patched.setattr(RealmRemoval, "resume", dies)
        other = world.admin("POST", "/v1/realms", {"name": "Other"}).body["id"]
        body = {"realm_id": other, "username": "eve", "password": PASSWORD}
        assert world.admin("POST", "/v1/users", body).status == 201
        key = {"name": "server", "permission": "read", "realm_id": other}
        assert world.admin("POST", "/v1/access_keys", key).status == 201
        with pytest.raises(MemoryError):
            world.admin("DELETE", f"/v1/realms/{other}?name=Other")
    world.clock.advance(1)
    assert world.clean_up()["failed"] == 0
    assert world.admin("GET", f"/v1/realms/{other}").status == 404
    world.user("eve")
    assert world.login("ada").status == 200
    assert world.admin("POST", f"/v1/realms/{world.realm_id}/end_sessions").status == 200
    world.clock.advance(SETTLED_AFTER)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(settlement, "PAGE", 1)
        assert world.clean_up()["failed"] == 0
    assert world.login("ada").status == 200
    world.clock.advance(MONTH)
    report = world.clean_up()
    assert (report["failed"], report["remaining"]) == (0, 0)
    assert world.reasons(user_id) == {}


def rotates(world: World) -> None:
    """A key made in time, and one removed that nothing needs."""
    path = f"/v1/realms/{world.realm_id}"
    assert world.admin("PATCH", path, {"rotate_days": 1}).status == 200
    for _ in range(2):
        world.clock.advance(86_400)
        assert world.rotate()["rotated"] == 1
    world.clock.advance(86_400)
    assert world.rotate()["removed"] > 0
    of_realm = f"realm_id={world.realm_id}"
    key = world.admin("GET", f"/v1/jwt_keys?{of_realm}").body["collection"][0]["id"]
    stop = world.admin("PATCH", f"/v1/jwt_keys/{key}?{of_realm}", {"compromised": True})
    assert stop.status == 200
    world.clock.advance(86_400)
    assert world.rotate()["failed"] == 0


WALKS: dict[str, Callable[[World], None]] = {
    "login": logs_in,
    "validate": validates,
    "list_sessions": lists,
    "terminate": terminates,
    "directory": keeps_the_directory,
    "discovery": publishes,
    "revocations": announces,
    "authorizer": authorizes,
    "cleanup": cleans_up,
    "rotate": rotates,
}


@pytest.mark.parametrize("folder", FUNCTIONS)
def test_role_holds_what_its_function_uses(judge: Judge, ruled: World, folder: str) -> None:
    """A function does all that it is for as its own role, and nothing of the role is to spare."""
    WALKS[folder](ruled)
    role = role_of(FUNCTIONS[folder])
    assert judge.refused == []
    assert unneeded(judge.roles[role], asked(judge, role)) == []
    assert unbounded(judge.roles[role], asked(judge, role)) == []


def test_role_refuses_what_it_does_not_hold(judge: Judge, ruled: World) -> None:
    """Without its grant on the sessions, validation is a 503: the judge does judge."""
    ruled.user("ada")
    token = ruled.login("ada").body["token"]
    role = judge.roles["ValidateRole"]
    kept = [s for s in role.statements if "Sessions" not in str(s["Resource"])]
    judge.roles["ValidateRole"] = replace(role, statements=tuple(kept))
    assert ruled.call("GET", "/v1/session", bearer=token).status == 503
    ((refused),) = judge.refused
    assert (refused.role, refused.request.action) == ("ValidateRole", "dynamodb:GetItem")
    assert refused.request.resource.endswith("-SessionsTable")


def test_grant_to_spare_is_named(judge: Judge, ruled: World) -> None:
    """A statement, an action or a resource that nothing uses is found and named."""
    publishes(ruled)
    role = judge.roles["DiscoveryRole"]
    requests = asked(judge, "DiscoveryRole")
    (statement, *others) = role.statements
    (table,) = statement["Resource"]
    wide = {
        "Effect": "Allow",
        "Action": [*statement["Action"], "dynamodb:Scan"],
        "Resource": [table, f"{table}/index/*"],
    }
    idle = {"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": table}
    wider = replace(role, statements=(wide, idle, *others))
    assert unneeded(wider, requests) == [
        "DiscoveryRole, statement 1: Action, dynamodb:Scan",
        f"DiscoveryRole, statement 1: Resource, {table}/index/*",
        "DiscoveryRole, statement 2",
    ]


def test_condition_that_refuses_nothing_is_named(judge: Judge, ruled: World) -> None:
    """A condition beside a statement without one, or that anything meets, is found and named."""
    logs_in(ruled)
    role = judge.roles["LoginRole"]
    whole = {s: v for s, v in role.statements[1].items() if s != "Condition"}
    wider = replace(role, statements=(*role.statements, whole))
    assert {what.partition(":")[0] for what in unbounded(wider, asked(judge, role.name))} == {
        "LoginRole, statement 2",
        "LoginRole, statement 3",
    }


def test_key_refuses_a_call_without_its_context(judge: Judge) -> None:
    """The condition on the key holds for realm and key, and for nothing else or less."""
    role = judge.roles["LoginRole"]
    (key,) = [r for a, r in role.grants if a == "kms:Decrypt"]

    def holds(*names: str) -> bool:
        return role.allows(Request("kms:Decrypt", key, {"kms:EncryptionContextKeys": names}))

    assert holds("realm", "key")
    assert not holds()
    assert not holds("realm", "key", "other")


@pytest.mark.parametrize(
    ("folder", "actions", "reached"),
    [
        ("discovery", ["GetItem"], [A_REALM]),
        ("terminate", ["Query"], [f"{A_REALM}#users"]),
        ("rotate", ["UpdateItem", "DeleteItem", "BatchGetItem"], [A_REALM]),
        ("rotate", ["Query"], ["realms"]),
    ],
)
def test_access_keys_are_out_of_reach(
    judge: Judge, environment: dict[str, str], folder: str, actions: list[str], reached: list[str]
) -> None:
    """Public routes read no access key, and scheduled functions create none."""
    role = judge.roles[role_of(FUNCTIONS[folder])]
    table = HERE.arn("dynamodb", f"table/{environment['DIRECTORY_TABLE']}")
    for action in actions:
        for leading in (*reached, A_KEY, "*#keys", "stack"):
            asked = Request(f"dynamodb:{action}", table, {"dynamodb:LeadingKeys": (leading,)})
            assert role.allows(asked) is (leading in reached), (action, leading)


USE = {
    "Key": {"pk": {"S": A_KEY}, "sk": {"S": "key"}},
    "UpdateExpression": "SET last_used_ms = :now",
    "ConditionExpression": "attribute_exists(pk) AND last_used_ms < :since",
}
BEYOND: dict[str, dict[str, object]] = {
    "a realm": {"Key": {"pk": {"S": A_REALM}, "sk": {"S": "realm"}}},
    "a permission": {"UpdateExpression": "SET permission = :now"},
    "a permission beside": {"UpdateExpression": "SET last_used_ms = :now, permission = :now"},
    "a permission by another name": {
        "UpdateExpression": "SET #a = :now",
        "ExpressionAttributeNames": {"#a": "permission"},
    },
    "a removal": {"UpdateExpression": "SET last_used_ms = :now REMOVE expires_at"},
    "a condition that asks": {"ConditionExpression": "begins_with(secret_hash, :now)"},
    "the whole item back": {"ReturnValues": "ALL_NEW"},
}


@pytest.mark.parametrize("folder", ["login", "list_sessions", "terminate"])
@pytest.mark.parametrize("what", BEYOND)
def test_use_of_a_key_is_all_that_is_written_of_it(
    judge: Judge, environment: dict[str, str], folder: str, what: str
) -> None:
    """A role that writes when a key was used can write, ask and see nothing else of it so."""
    role = judge.roles[role_of(FUNCTIONS[folder])]

    def allowing(call: Mapping[str, object]) -> list[Statement]:
        named = {"TableName": environment["DIRECTORY_TABLE"], **call}
        (request,) = requests_of("dynamodb", "UpdateItem", named, HERE)
        return [s for s in role.statements if applies(s, request)]

    (of_keys,) = allowing(USE)
    beyond = allowing(USE | BEYOND[what])
    assert of_keys not in beyond
    assert what == "a realm" or not beyond
