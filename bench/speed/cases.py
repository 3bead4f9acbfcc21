"""What is measured: API Gateway events, the functions that answer them, and what they answer."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from bench.speed.world import CLIENT, IP, PASSWORD, World

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """An event of one function. `stale`: before each, the cached realm has grown too old."""

    name: str
    function: str
    event: Callable[[World, int], Event]
    """The event of a user, by number."""
    status: int = 200
    stale: bool = False
    title: str = ""
    less: str = ""
    """A case of the floor alone, whose CPU is subtracted from both sides."""


def _event(
    route: str,
    *,
    bearer: str | None = None,
    body: object = None,
    path: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
) -> Event:
    """An event of payload format 2.0, with what clients and the gateway send."""
    method, _, pattern = route.partition(" ")
    raw_path = pattern
    for name, value in (path or {}).items():
        raw_path = raw_path.replace(f"{{{name}}}", value)
    headers = {
        "accept": "*/*",
        "accept-encoding": "gzip, deflate, br",
        "content-length": "0",
        "host": "sessions.example.com",
        "user-agent": CLIENT,
        "x-amzn-trace-id": "Root=1-6920b2a5-0123456789abcdef01234567",
        "x-forwarded-for": IP,
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
    }
    if bearer is not None:
        headers["authorization"] = f"Bearer {bearer}"
    event: Event = {
        "version": "2.0",
        "routeKey": route,
        "rawPath": raw_path,
        "rawQueryString": "&".join(f"{name}={value}" for name, value in (query or {}).items()),
        "headers": headers,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "a1b2c3d4e5",
            "domainName": "sessions.example.com",
            "domainPrefix": "sessions",
            "http": {
                "method": method,
                "path": raw_path,
                "protocol": "HTTP/1.1",
                "sourceIp": IP,
                "userAgent": CLIENT,
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": route,
            "stage": "$default",
            "time": "24/Nov/2026:12:00:00 +0000",
            "timeEpoch": 1795521600000,
        },
        "isBase64Encoded": False,
    }
    if path is not None:
        event["pathParameters"] = path
    if query is not None:
        event["queryStringParameters"] = query
    if body is not None:
        headers["content-type"] = "application/json"
        event["body"] = json.dumps(body)
        headers["content-length"] = str(len(event["body"]))
    return event


def _validate(world: World, user: int) -> Event:
    return _event("GET /v1/session", bearer=world.tokens[user])


def _batch(world: World, _user: int) -> Event:
    body = {"realm_id": world.realm_id, "tokens": world.tokens}
    return _event("POST /v1/sessions/validate", bearer=world.access_key, body=body)


def _list(world: World, user: int) -> Event:
    return _event("GET /v1/sessions", bearer=world.tokens[user])


def _terminate(world: World, user: int) -> Event:
    return _event(
        "DELETE /v1/sessions/{id}", bearer=world.tokens[user], path={"id": world.oldest[user]}
    )


def _ending(scope: str) -> Callable[[World, int], Event]:
    return lambda world, user: _event(
        "DELETE /v1/sessions", bearer=world.tokens[user], query={"scope": scope}
    )


def _by_password(world: World, user: int) -> Event:
    body = {"realm_id": world.realm_id, "username": world.usernames[user], "password": PASSWORD}
    return _event("POST /v1/login", body=body)


def _by_api_key(world: World, _user: int) -> Event:
    return _event("POST /v1/login", body={"realm_id": world.realm_id, "api_key": world.api_key})


def _new_password(world: World, user: int) -> Event:
    body = {"current_password": PASSWORD, "password": "another long password"}
    return _event("POST /v1/password", bearer=world.tokens[user], body=body)


MEASURED: Final = (
    Case("validate", "validate", _validate, title="validate"),
    Case("validate_stale", "validate", _validate, stale=True, title="validate, stale realm"),
    Case("batch", "validate", _batch, title="batch of 100"),
    Case("list", "list_sessions", _list, title="list"),
    Case("terminate", "terminate", _terminate, status=204, title="terminate one"),
    Case("login_api_key", "login", _by_api_key, title="login by API key"),
    Case(
        "login_password",
        "login",
        _by_password,
        title="login by password, less Argon2id",
        less="argon2id",
    ),
)
"""Whose CPU is compared with the floor's."""
COUNTED: Final = (
    *MEASURED,
    Case("terminate_others", "terminate", _ending("others"), status=204, title="end others"),
    Case("terminate_all", "terminate", _ending("all"), status=204, title="end all"),
    Case("password", "directory", _new_password, status=204, title="change of password"),
)
"""Whose calls and bytes are counted."""
ARGON2ID: Final = Case("argon2id", "floor", _by_password)
BY_NAME: Final = {case.name: case for case in (*COUNTED, ARGON2ID)}
