"""`sojourn` against a stack's real handlers."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from sojourn.runtime.clock import SystemClock
from tests.cli.tool import Tool
from tests.e2e.calls import PASSWORD, Api, User


@pytest.fixture
def tool(api: Api) -> Tool:
    """The tool, for the stack under test."""
    return Tool(api.base_url, key=api.access_key, clock=SystemClock())


def value(tool: Tool, *arguments: str, input: str | None = None) -> Any:
    """What a command answers as JSON."""
    done = tool(*arguments, "--json", input=input)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.fixture
def realm(tool: Tool) -> Iterator[str]:
    """A realm that the tool makes, and deletes."""
    made = tool("realms", "create", "Operator's")
    assert made.exit_code == 0, made.output
    realm_id = made.stdout.strip()
    yield realm_id
    assert tool("realms", "delete", realm_id, "--yes").exit_code == 0


def user_of(api: Api, tool: Tool, realm: str, username: str) -> User:
    """A user that the tool makes, with the password `PASSWORD`."""
    arguments = ("users", "create", username, "--realm", realm, "--password-stdin")
    made = tool(*arguments, input=f"{PASSWORD}\n")
    assert made.exit_code == 0, made.output
    return User(api=api, realm_id=realm, id=made.stdout.strip(), username=username)


def test_realm_from_making_to_deletion(tool: Tool) -> None:
    """A realm is made, shown, listed, changed and deleted by its name."""
    made = value(tool, "realms", "create", "Shop", "--session-minutes", "30", "--jwt-fields", "")
    assert (made["session_minutes"], made["jwt_fields"]) == (30, [])
    assert value(tool, "realms", "show", made["id"]) == made
    assert made["id"] in {realm["id"] for realm in value(tool, "realms", "list")}
    settings = {"session_type": "unmanaged", "session_minutes": 0, "api_key_minutes": 5}
    settings |= {"max_sessions": 3, "at_limit": "deny", "jwt_algo": "es256"}
    settings |= {"max_staleness_seconds": 60, "rotate_days": 90}
    told = [w for name, v in settings.items() for w in (f"--{name.replace('_', '-')}", str(v))]
    changed = value(
        tool,
        "realms",
        "set",
        made["id"],
        "--name",
        "Café & Co",
        "--jwt-fields",
        "name,email",
        *told,
    )
    assert changed == made | settings | {"name": "Café & Co", "jwt_fields": ["name", "email"]}
    refused = tool("realms", "set", made["id"], "--session-type", "managed")
    assert refused.exit_code == 1
    assert "1 to 525600" in refused.stderr
    other = tool("realms", "delete", made["id"], "--name", "Shop")
    assert other.exit_code == 1
    assert tool("realms", "delete", made["id"], "--name", "Café & Co").exit_code == 0
    assert tool("realms", "show", made["id"]).exit_code == 1


def test_user_from_making_to_deletion(api: Api, tool: Tool, realm: str) -> None:
    """A user is made, found by each name, changed, disabled, enabled and deleted."""
    ada = user_of(api, tool, realm, "ada")
    in_realm = ("--realm", realm)
    changed = value(
        tool, "users", "set", "ada", *in_realm, "--email", "ada@example.com", "--custom", '{"a": 1}'
    )
    assert (changed["id"], changed["custom"]) == (ada.id, {"a": 1})
    for name in (ada.id, "ADA", "ada@example.com"):
        assert value(tool, "users", "show", name, *in_realm) == changed
    assert value(tool, "users", "list", *in_realm) == [changed]
    assert value(tool, "users", "set", "ada", *in_realm, "--email", "")["email"] is None
    assert ada.login()["user_id"] == ada.id
    assert value(tool, "users", "disable", "ada", "--yes", *in_realm)["state"] == "inactive"
    assert ada.try_login().status == 401
    assert value(tool, "sessions", "list", "--user", "ada", *in_realm) == []
    assert value(tool, "users", "enable", "ada", *in_realm)["state"] == "active"
    arguments = ("users", "set", "ada", *in_realm, "--password-stdin")
    assert tool(*arguments, input="another password\n").exit_code == 0
    assert ada.try_login("another password").status == 200
    taken = tool("users", "create", "ADA", *in_realm, "--no-password")
    assert taken.exit_code == 1
    assert "name_taken" in taken.stderr
    assert tool("users", "delete", "ada", *in_realm, "--yes").exit_code == 0
    assert tool("users", "show", "ada", *in_realm).exit_code == 1


def test_machine(tool: Tool, realm: str) -> None:
    """An api user needs no username and no password."""
    made = value(tool, "users", "create", "--realm", realm, "--type", "api", "--name", "Nightly")
    assert (made["user_type"], made["username"], made["name"]) == ("api", None, "Nightly")


def test_sessions_are_listed_and_ended(api: Api, tool: Tool, realm: str) -> None:
    """A user's sessions are listed, one is ended, then all; the reasons stay."""
    ada = user_of(api, tool, realm, "ada")
    phone, laptop = ada.login(agent="Phone/1.0"), ada.login(agent="Laptop/1.0")
    listed = value(tool, "sessions", "list", "--user", "ada", "--realm", realm)
    assert [session["id"] for session in listed] == [laptop["id"], phone["id"]]
    table = tool("sessions", "list", "--user", ada.id).stdout
    assert "Phone/1.0" in table
    assert tool("sessions", "end", phone["id"], "--yes").exit_code == 0
    assert api.validate(phone["token"]).body["reason"] == "terminated_by_admin"
    counted = value(tool, "sessions", "end", "--user", "ada", "--realm", realm, "--dry-run")
    assert (counted["dry_run"], counted["sessions"]) == (True, 1)
    assert api.validate(laptop["token"]).status == 200
    ended = value(tool, "users", "end-sessions", "ada", "--realm", realm, "--yes")
    assert (ended["user_id"], ended["sessions"], ended["complete"]) == (ada.id, 1, True)
    assert api.validate(laptop["token"]).status == 401
    kept = value(tool, "sessions", "list", "--user", ada.id, "--state", "ended")
    assert {session["id"] for session in kept} == {laptop["id"], phone["id"]}


def test_drill(api: Api, tool: Tool, realm: str) -> None:
    """The API is drilled: it refuses at once, and the canary is gone; so with a named user."""
    ada = user_of(api, tool, realm, "ada")
    phone = ada.login(agent="Phone/1.0")
    for whose in ((), ("--user", "ada")):
        told = value(tool, "drill", "--realm", realm, "--rounds", "3", "--after", "0.1", *whose)
        (verifier,) = told["verifiers"]
        assert (verifier["state"], verifier["rounds"]) == ("ok", 3)
        assert verifier["last_acceptance"]["max"] == 0
    assert [user["id"] for user in value(tool, "users", "list", "--realm", realm)] == [ada.id]
    listed = value(tool, "sessions", "list", "--user", ada.id, "--realm", realm)
    assert [session["id"] for session in listed] == [phone["id"]]


def test_drill_after_one_that_was_killed(api: Api, tool: Tool, realm: str) -> None:
    """A canary that is left over is removed; one whose drill may still run is left alone."""
    mark = {"run": "0123456789abcdef", "until": 1}
    create = ("users", "create", "sojourn-drill", "--no-password", "--realm", realm, "--custom")
    left = value(tool, *create, json.dumps({"sojourn_drill": mark}))
    drill = ("drill", "--realm", realm, "--rounds", "1", "--after", "0.1")
    assert tool(*drill).exit_code == 0
    assert tool("users", "show", left["id"], "--realm", realm).exit_code == 1
    value(tool, *create, json.dumps({"sojourn_drill": {**mark, "until": 99_999_999_999}}))
    running = tool(*drill)
    assert running.exit_code == 1
    assert "A drill of this realm is running" in running.stderr


def test_realm_ends(api: Api, tool: Tool, realm: str) -> None:
    """A realm's sessions are counted, then ended at once."""
    ada, bob = (user_of(api, tool, realm, name) for name in ("ada", "bob"))
    tokens = [ada.login()["token"], bob.login()["token"]]
    assert value(tool, "sessions", "end", "--realm", realm, "--dry-run")["sessions"] == 2
    done = tool("realms", "end-sessions", realm, "--yes")
    assert done.exit_code == 0
    assert f"Everything of {realm} ended" in done.stderr
    assert [api.validate(token).body["reason"] for token in tokens] == ["realm_ended"] * 2


def test_access_keys(tool: Tool, realm: str) -> None:
    """A key is made for a realm, opens that realm alone, is listed, renamed and revoked."""
    made = tool("keys", "create", "Shop's server", "--permission", "write", "--realm", realm)
    assert made.exit_code == 0
    server = replace(tool, key=made.stdout.strip())
    assert [realm["id"] for realm in value(server, "realms", "list")] == [realm]
    assert value(server, "users", "list") == []
    assert tool("users", "list").exit_code == 1  # a stack-wide key must name a realm
    denied = server("keys", "list")
    assert denied.exit_code == 1
    assert "permission_missing" in denied.stderr
    (key,) = value(tool, "keys", "list", "--realm", realm)
    assert (key["name"], key["permission"], key["realm_id"]) == ("Shop's server", "write", realm)
    assert key["id"] not in {key["id"] for key in value(tool, "keys", "list")}
    assert value(tool, "keys", "set", key["id"], "--name", "Shop")["name"] == "Shop"
    assert tool("keys", "revoke", key["id"], "--yes").exit_code == 0
    refused = server("realms", "list")
    assert refused.exit_code == 1
    assert "access key of this stack" in refused.stderr


def expiring(tool: Tool, *in_realm: str) -> list[Any]:
    """A realm's keys that sign tokens with an `exp`."""
    found = value(tool, "keys", "signing", "list", *in_realm)
    return [key for key in found if key["kind"] == "expiring"]


def test_signing_keys(api: Api, tool: Tool, realm: str) -> None:
    """A key is made by a rotation; the one that signs is kept; a compromised one stops."""
    ada = user_of(api, tool, realm, "ada")
    token = ada.login()["token"]
    in_realm = ("--realm", realm)
    (first,) = expiring(tool, *in_realm)
    second = tool("keys", "signing", "rotate", *in_realm, "--algo", "es256").stdout.strip()
    states = {key["id"]: key["state"] for key in expiring(tool, *in_realm)}
    assert states == {first["id"]: "signing", second: "pending"}
    kept = tool("keys", "signing", "delete", first["id"], *in_realm)
    assert kept.exit_code == 1
    assert "key_in_use" in kept.stderr
    assert api.validate(token).status == 200
    stopped = value(tool, "keys", "signing", "compromised", first["id"], "--yes", *in_realm)
    assert (stopped["state"], stopped["ended"]["managed_sessions"]) == ("compromised", 1)
    assert api.validate(token).status == 401
    assert ada.login()["token"] != token


@pytest.mark.local_only
def test_forced_deletion_of_a_signing_key(api: Api, tool: Tool, realm: str) -> None:
    """A key whose tokens are alive goes by force, which says what that ends."""
    in_realm = ("--realm", realm)
    (first,) = expiring(tool, *in_realm)
    assert tool("keys", "signing", "rotate", *in_realm).exit_code == 0
    ada = user_of(api, tool, realm, "ada")
    api.advance(140 * 60)
    token = ada.login()["token"]
    api.advance(11 * 60)
    refused = tool("keys", "signing", "delete", first["id"], *in_realm)
    assert refused.exit_code == 1
    assert "A token that this key signed may be valid until" in refused.stderr
    gone = tool("keys", "signing", "delete", first["id"], *in_realm, "--force", "--yes")
    assert gone.exit_code == 0
    assert "- managed sessions: 1" in gone.stderr
    assert api.validate(token).status == 401


def test_doctor_without_a_stack(tool: Tool) -> None:
    """Over the API alone the doctor sees the keys, and says what it needs for the rest."""
    checks = {check["name"]: check for check in json.loads(tool("doctor", "--json").stdout)}
    assert checks["signing_keys"]["state"] in ("ok", "warning")
    assert checks["clock"]["state"] == "ok"
    assert checks["ttl"]["state"] == "unknown"


@pytest.mark.local_only
def test_local_stack_by_its_file(api: Api, tool: Tool) -> None:
    """--local finds the running stack and its key."""
    nothing = replace(tool, url="")
    assert nothing("url", "--local").stdout == f"{api.base_url}\n"
    assert nothing("realms", "list", "--local", SOJOURN_ACCESS_KEY=None).exit_code == 0


def test_key_of_another_stack(tool: Tool) -> None:
    """A key that the stack does not know is refused with 1, and asked about."""
    refused = replace(tool, key="ks_" + "0" * 65)("realms", "list")
    assert refused.exit_code == 1
    assert "access key of this stack" in refused.stderr
