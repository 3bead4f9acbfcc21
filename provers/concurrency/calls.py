"""The calls that workers make to the handlers, by name, and their results."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sojourn.domain.errors import Unavailable
from sojourn.store.users import DynamoUsers
from tests.support.http_world import PASSWORD, Answer, World

OWN: Final = "own"
"""In the place of a session: the one that this lane began last."""
LOST: Final = 503
REALM: Final = "Concurrency"
"""Every realm's name."""
CHANGES: Final = ("set_realm", "end_realm", "stop_key", "delete_realm")
"""Calls that are about the realm, and so about every user of it."""
RAISED: Final = 500
"""A handler that raised, or answered otherwise than the API document says."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One call to make."""

    name: str
    given: Mapping[str, Any] = field(default_factory=dict)
    dies: bool = False
    """The function is stopped after its commit: what it left pending stays so."""


@dataclass(frozen=True, slots=True)
class Someone:
    """Whose sessions the calls are about."""

    id: str
    username: str


@dataclass(frozen=True, slots=True)
class Lane:
    """Calls to make one after the other, about one user, with the tokens that they need."""

    user: Someone
    asks: Sequence[Ask]
    tokens: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Record:
    """A call that was made: when (ns of the machine's monotonic clock), and what was answered."""

    user: Someone
    name: str
    given: Mapping[str, Any]
    start: int
    end: int
    status: int
    answer: Mapping[str, Any]


Given = Mapping[str, Any]
Tokens = Mapping[str, str]
Perform = Callable[[World, Someone, Given, Tokens], Answer]


def _login(world: World, user: Someone, given: Given, _tokens: Tokens) -> Answer:
    body = {
        "realm_id": world.realm_id,
        "username": user.username,
        "password": given.get("password", PASSWORD),
    }
    return world.call("POST", "/v1/login", body | _replacing(given), ip=given["ip"])


def _begin(world: World, user: Someone, given: Given, _tokens: Tokens) -> Answer:
    return world.admin("POST", "/v1/sessions", {"user_id": user.id} | _replacing(given))


def _replacing(given: Given) -> dict[str, str]:
    return {"replace": given["replace"]} if given.get("replace") else {}


def _as_session(method: str, path: str) -> Perform:
    """A call by a session, on a path that may have its target in it."""

    def perform(world: World, _user: Someone, given: Given, tokens: Tokens) -> Answer:
        return world.call(method, path.format(**given), bearer=tokens[given["session"]])

    return perform


def _as_server(method: str, path: str, *fields: str) -> Perform:
    """A call by a server, with these fields of what is given in its body."""

    def perform(world: World, user: Someone, given: Given, _tokens: Tokens) -> Answer:
        body = {name: given[name] for name in fields} or None
        place = {"user": user.id, "realm": world.realm_id, **given}
        return world.admin(method, path.format(**place), body)

    return perform


def _validate_many(world: World, _user: Someone, given: Given, tokens: Tokens) -> Answer:
    sent = [tokens[session] for session in given["sessions"]]
    return world.admin("POST", "/v1/sessions/validate", {"tokens": sent})


def _change_password(world: World, _user: Someone, given: Given, tokens: Tokens) -> Answer:
    body = {
        "current_password": given["current"],
        "password": given["password"],
        "keep_sessions": given["keep"],
    }
    return world.call("POST", "/v1/password", body, bearer=tokens[given["session"]])


def _records(world: World, user: Someone, _given: Given, _tokens: Tokens) -> Answer:
    """Every page of the ended records."""
    path = f"/v1/sessions?user_id={user.id}&state=ended&max_results=100&direction=asc"
    found: list[Any] = []
    after = ""
    while True:
        answer = world.admin("GET", path + after)
        if answer.status != 200:
            return answer
        found += answer.body["collection"]
        if not answer.body["more_results"]:
            return Answer(200, {"collection": found})
        after = f"&after={found[-1]['id']}"


def _set_realm(world: World, _user: Someone, given: Given, _tokens: Tokens) -> Answer:
    return world.admin("PATCH", f"/v1/realms/{world.realm_id}", dict(given))


def _stop_key(world: World, _user: Someone, given: Given, _tokens: Tokens) -> Answer:
    path = f"/v1/jwt_keys/{given['key']}?realm_id={world.realm_id}"
    return world.admin("PATCH", path, {"compromised": True})


def _left(world: World, user: Someone, _given: Given, _tokens: Tokens) -> Answer:
    """How many items the store has of a user."""
    users = world.resources.seen_users
    assert isinstance(users, DynamoUsers)
    found = users._dynamo.query_all(
        table=users.table, condition="pk = :pk", values={":pk": user.id}
    )
    return Answer(200, {"left": len(list(found))})


def _clean_up(world: World, _user: Someone, _given: Given, _tokens: Tokens) -> Answer:
    return _told(world.clean_up)


def _rotate(world: World, _user: Someone, _given: Given, _tokens: Tokens) -> Answer:
    return _told(world.rotate)


def _make_key(world: World, _user: Someone, _given: Given, _tokens: Tokens) -> Answer:
    return world.admin("POST", "/v1/jwt_keys", {"realm_id": world.realm_id})


def _told(run: Callable[[], dict[str, Any]]) -> Answer:
    """A scheduled function's report, as an answer: what failed in it is not known to be done."""
    try:
        report = run()
    except Unavailable:
        return Answer(LOST, {"code": Unavailable.code})
    return Answer(LOST if report["failed"] or report["remaining"] else 200, report)


_ALL: Final = "/v1/sessions?user_id={user}"
PERFORM: Final[Mapping[str, Perform]] = {
    "login": _login,
    "begin": _begin,
    "validate": _as_session("GET", "/v1/session"),
    "validate_many": _validate_many,
    "look": _as_server("GET", "/v1/sessions/{session}"),
    "look_any": _as_server("GET", "/v1/sessions/{session}?state=any"),
    "list": _as_server("GET", _ALL + "&max_results=100"),
    "list_own": _as_session("GET", "/v1/sessions?max_results=100"),
    "records": _records,
    "logout": _as_session("DELETE", "/v1/session"),
    "terminate": _as_session("DELETE", "/v1/sessions/{target}"),
    "terminate_by_server": _as_server("DELETE", "/v1/sessions/{target}"),
    "end_own": _as_session("DELETE", "/v1/sessions?scope={scope}"),
    "end_all": _as_server("DELETE", _ALL),
    "end_sessions": _as_server("POST", "/v1/users/{user}/end_sessions"),
    "set_state": _as_server("PATCH", "/v1/users/{user}", "state"),
    "set_password": _as_server("PUT", "/v1/users/{user}", "password"),
    "change_password": _change_password,
    "delete": _as_server("DELETE", "/v1/users/{user}"),
    "clean_up": _clean_up,
    "rotate": _rotate,
    "make_key": _make_key,
    "set_realm": _set_realm,
    "end_realm": _as_server("POST", "/v1/realms/{realm}/end_sessions"),
    "stop_key": _stop_key,
    "delete_realm": _as_server("DELETE", f"/v1/realms/{{realm}}?name={REALM}"),
    "left": _left,
    "keys": _as_server("GET", "/v1/jwt_keys?realm_id={realm}&max_results=100"),
}


_KEPT: Final = (
    *("id", "token", "created_at", "expires_at", "active", "reason"),
    *("rotated", "removed", "max_sessions", "at_limit", "left"),
)


def seen(name: str, answer: Answer) -> dict[str, Any]:
    """What of an answer counts."""
    body = answer.body if isinstance(answer.body, dict) else {}
    if answer.status == 409:
        return {"code": body["code"], "sessions": [s["id"] for s in body.get("sessions", ())]}
    if answer.status >= 400:
        return {"code": body.get("code"), "reason": body.get("reason")}
    told = {key: body[key] for key in _KEPT if key in body}
    items = body.get("collection", ())
    if name == "validate_many":
        told["refusals"] = [
            None if item["active"] else (item["code"], item.get("reason")) for item in items
        ]
    elif name == "records":
        told["reasons"] = {item["id"]: item["reason"] for item in items}
        told["created"] = {item["id"]: item["created_at"] for item in items}
        told["expires"] = {item["id"]: item["expires_at"] for item in items}
    elif name in ("list", "list_own"):
        told["sessions"] = [item["id"] for item in items]
        told["created"] = {item["id"]: item["created_at"] for item in items}
        told["expires"] = {item["id"]: item["expires_at"] for item in items}
    elif name == "keys":
        told["keys"] = {item["id"]: item["retire_after"] for item in items}
        told["signing"] = [
            item["id"]
            for item in items
            if item["kind"] == "expiring" and item["retire_after"] is None
        ]
    elif name == "end_sessions":
        told["sessions"] = body["sessions"]
    return told
