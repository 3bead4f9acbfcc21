"""Every file of events/, run by its function on the local stack's tables."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local import devfile, invoke
from local.clock import LocalClock
from local.stack import Stack
from local.template import Template
from tests.e2e.calls import PASSWORD, Api

pytestmark = pytest.mark.local_only

ROOT = Path(__file__).resolve().parents[2]

EXPECTED: dict[str, tuple[str, int, str | None]] = {
    "directory-create-access-key": ("DirectoryFunction", 201, None),
    "directory-create-realm": ("DirectoryFunction", 201, None),
    "directory-create-user": ("DirectoryFunction", 201, None),
    "directory-unlock": ("DirectoryFunction", 204, None),
    "directory-password": ("DirectoryFunction", 204, None),
    "directory-rotate-key": ("DirectoryFunction", 201, None),
    "discovery-configuration": ("DiscoveryFunction", 200, None),
    "discovery-keys": ("DiscoveryFunction", 200, None),
    "discovery-openapi": ("DiscoveryFunction", 200, None),
    "discovery-openapi-known": ("DiscoveryFunction", 304, None),
    "get-session": ("ListSessionsFunction", 200, None),
    "list-sessions": ("ListSessionsFunction", 200, None),
    "list-sessions-server": ("ListSessionsFunction", 200, None),
    "login-api-key": ("LoginFunction", 200, None),
    "login-authenticate": ("LoginFunction", 200, None),
    "login-authenticate-key": ("LoginFunction", 200, None),
    "login-bad-body": ("LoginFunction", 400, "body_invalid"),
    "login-password": ("LoginFunction", 200, None),
    "login-server-session": ("LoginFunction", 201, None),
    "login-wrong-password": ("LoginFunction", 401, "login_failed"),
    "revocations": ("RevocationsFunction", 200, None),
    "terminate-logout": ("TerminateFunction", 204, None),
    "terminate-one": ("TerminateFunction", 204, None),
    "terminate-others": ("TerminateFunction", 204, None),
    "terminate-realm": ("TerminateFunction", 200, None),
    "terminate-revoke": ("TerminateFunction", 200, None),
    "terminate-server": ("TerminateFunction", 204, None),
    "terminate-user": ("TerminateFunction", 200, None),
    "validate": ("ValidateFunction", 200, None),
    "validate-introspect": ("ValidateFunction", 200, None),
    "validate-many": ("ValidateFunction", 200, None),
    "validate-garbage": ("ValidateFunction", 401, "token_invalid"),
}


ADMITTED: dict[str, str] = {
    "authorizer-appsync": "resolverContext",
    "authorizer-http": "context",
    "authorizer-http-1": "context",
    "authorizer-rest-request": "context",
    "authorizer-rest-token": "context",
}
"""An authorizer's events, and where its answer says who may call."""


@pytest.fixture(scope="module")
def functions(api: Api) -> Iterator[Stack]:
    """The template's functions in this process, on the tables and the clock of the local stack."""
    dev = devfile.read()
    assert dev is not None
    assert dev["base_url"] == api.base_url
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "local")
        patch.setenv("AWS_DEFAULT_REGION", dev["aws"]["region"])
        patch.setenv("POWERTOOLS_SERVICE_NAME", "sojourn-events")
        clock = LocalClock(fast_waits=True)
        clock.advance(api.call("GET", "/_local/clock").body["now"] - clock.wall_ms() / 1000)
        stack = Stack(
            Template.read(),
            dev["aws"]["names"],
            clock,
            public_url=api.base_url,
            endpoint_url=api.base_url,
        )
        yield stack
        stack.close()


def filled(api: Api, name: str) -> Any:
    """The event with the ids, keys and tokens of a new realm."""
    text = (ROOT / f"events/{name}.json").read_text()
    realm_id = api.realm()
    user = api.user(realm_id)
    values = {
        "REALM_ID": realm_id,
        "ACCESS_KEY": api.access_key,
        "USERNAME": user.username,
        "PASSWORD": PASSWORD,
        "USER_ID": user.id,
        "LOGIN_TOKEN": user.login()["token"],
        "SESSION_ID": user.login()["id"],
        "API_KEY": api.api_user(realm_id)[1],
    }
    return json.loads(re.sub(r"\$\{(\w+)\}", lambda match: values[match[1]], text))


def test_every_event_is_expected() -> None:
    """No event is without an expected answer."""
    assert {path.stem for path in ROOT.glob("events/*.json")} == {
        *EXPECTED,
        *ADMITTED,
        "cleanup-schedule",
        "rotate-schedule",
    }


@pytest.mark.parametrize("name", EXPECTED)
def test_event_is_answered(api: Api, functions: Stack, name: str) -> None:
    """The event's function answers it with the expected status, as payload 2.0 has it."""
    function, status, code = EXPECTED[name]
    answer = functions.invoke(function, filled(api, name))
    assert answer["statusCode"] == status, answer
    assert answer["isBase64Encoded"] is False
    kept = {"DiscoveryFunction": "public, max-age=900", "RevocationsFunction": "private, no-cache"}
    assert answer["headers"]["cache-control"] == kept.get(function, "no-store")
    assert ("body" in answer) == (status not in (204, 304))
    if code is not None:
        body = json.loads(answer["body"])
        assert (body["code"], body["request_id"]) == (code, f"event-{name}")


@pytest.mark.parametrize("name", ADMITTED)
def test_authorizer_event_is_admitted(api: Api, functions: Stack, name: str) -> None:
    """The authorizer admits the token of each kind of event, and says whose it is."""
    event = filled(api, name)
    answer = functions.invoke("AuthorizerFunction", event)
    assert answer.get("isAuthorized") or answer["policyDocument"]["Statement"][0]["Effect"] == (
        "Allow"
    )
    session = api.call("GET", "/v1/session", bearer=re.findall(r"eyJ[^\"]+", json.dumps(event))[0])
    assert answer[ADMITTED[name]]["session_id"] == session.body["id"]


def test_schedule_event_runs_cleanup(functions: Stack) -> None:
    """The scheduler's event runs cleanup, which answers with its counts."""
    event = json.loads((ROOT / "events/cleanup-schedule.json").read_text())
    report = functions.invoke("CleanupFunction", event)
    assert report.keys() >= {"found", "removed", "remaining", "oldest_overdue_seconds"}
    assert report["remaining"] == 0


def test_schedule_event_runs_rotate(functions: Stack) -> None:
    """The scheduler's event runs rotate, which answers with its counts."""
    event = json.loads((ROOT / "events/rotate-schedule.json").read_text())
    report = functions.invoke("RotateFunction", event)
    assert report.keys() == {"realms", "rotated", "removed", "delayed", "failed", "remaining"}
    assert (report["failed"], report["remaining"]) == (0, 0)


def test_events_are_filled_by_the_command(api: Api) -> None:
    """`python -m local event` fills in what the running stack has for each placeholder."""
    texts = [path.read_text() for path in ROOT.glob("events/*.json")]
    names = {name for text in texts for name in invoke.PLACEHOLDER.findall(text)}
    done = subprocess.run(
        [sys.executable, "-m", "local", "event", "-"],
        cwd=ROOT,
        input=json.dumps({name: f"${{{name}}}" for name in names}),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    given = json.loads(done.stdout)
    assert given.keys() == names
    realm, key = {"realm_id": given["REALM_ID"]}, given["ACCESS_KEY"]
    session = api.call("GET", "/v1/session", bearer=given["LOGIN_TOKEN"])
    assert session.body["user"]["id"] == given["USER_ID"]
    other = api.call("GET", f"/v1/sessions/{given['SESSION_ID']}", bearer=key)
    assert other.body["user_id"] == given["USER_ID"]
    password = {"username": given["USERNAME"], "password": given["PASSWORD"]}
    for credential in (password, {"api_key": given["API_KEY"]}):
        assert api.call("POST", "/v1/login", realm | credential).status == 200
