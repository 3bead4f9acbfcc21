"""The requests of each command, and the output for their answers."""

import json
import re

import pytest

from sojourn_cli.terminal import ask
from tests.cli.stub import Say, Stub, page, problem
from tests.cli.tool import ACCESS, CREDENTIAL, EXAMPLES, REALM, SESSION, SIGNING, USER, Tool

REALM_VIEW = {"object": "realm", "id": REALM, "name": "Shop & Co", "state": "active"}
USER_VIEW = {"object": "user", "id": USER, "username": "ada", "state": "active"}
END = {
    "object": "session_end",
    "realm_id": REALM,
    "user_id": None,
    "dry_run": False,
    "ended_at": 1_790_000_000.5,
    "sessions": None,
    "complete": True,
}
SIGNING_VIEW = {"object": "jwt_key", "id": SIGNING, "kid": SIGNING, "state": "pending"}


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody sits there, and answers what `input` says."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(ask, "_at_terminal", lambda _: None)


def deleting(deleted: int, remaining: int) -> Say:
    """A realm on its way out."""
    progress: dict[str, object] = {
        "started_at": 1,
        "users_deleted": deleted,
        "users_remaining": remaining,
    }
    progress["users_remaining_at_least"] = False
    return Say(202, {**REALM_VIEW, "state": "deleting", "deletion": progress})


@pytest.mark.parametrize(
    ("name", "asked", "body"),
    [
        ("realms create", "POST /v1/realms", {"name": "Shop"}),
        ("realms set", f"PUT /v1/realms/{REALM}", {"name": "Shop"}),
        ("users create", "POST /v1/users", {"user_type": "human", "username": "ada"}),
        ("users set", "PUT /v1/users/ada", {"name": "Ada"}),
        ("users disable", "PUT /v1/users/ada", {"state": "inactive"}),
        ("users enable", "PUT /v1/users/ada", {"state": "active"}),
        ("users unlock", "POST /v1/users/ada/unlock", None),
        ("users delete", "DELETE /v1/users/ada", None),
        ("users end-sessions", "POST /v1/users/ada/end_sessions", {"dry_run": False}),
        ("realms end-sessions", f"POST /v1/realms/{REALM}/end_sessions", {"dry_run": False}),
        ("sessions end", f"DELETE /v1/sessions/{SESSION}", None),
        (
            "credentials create",
            "POST /v1/credentials",
            {"user_id": USER, "credential_type": "api_key", "name": "nightly"},
        ),
        ("credentials delete", f"DELETE /v1/credentials/{CREDENTIAL}", None),
        ("keys create", "POST /v1/access_keys", {"name": "shop", "permission": "read"}),
        ("keys set", f"PUT /v1/access_keys/{ACCESS}", {"name": "shop"}),
        ("keys revoke", f"DELETE /v1/access_keys/{ACCESS}", None),
        ("keys signing rotate", "POST /v1/jwt_keys", {}),
        ("keys signing compromised", f"PUT /v1/jwt_keys/{SIGNING}", {"compromised": True}),
        ("keys signing delete", f"DELETE /v1/jwt_keys/{SIGNING}", None),
    ],
)
def test_what_is_asked(stub: Stub, tool: Tool, name: str, asked: str, body: object) -> None:
    """Each command that changes something sends the route and the fields that it names, once."""
    stub.on("*", Say(200, {"object": "thing", "id": "x"}))
    done = tool(*name.split(), *EXAMPLES[name])
    assert done.exit_code == 0, done.output
    (sent,) = stub.asked
    assert (f"{sent.method} {sent.path}", sent.body) == (asked, body)
    assert sent.headers.get("authrocket-realm") == (REALM if "--realm" in EXAMPLES[name] else None)


@pytest.mark.parametrize("name", EXAMPLES)
def test_json_is_one_value(stub: Stub, tool: Tool, name: str) -> None:
    """With --json each command's standard output is one JSON value, whatever the names hold."""
    view = {"object": "thing", "id": "x", "name": "Ärger \x1b[0m", "secret": "ks_1"}
    stub.on("*", Say(200, view))
    for path in ("realms", "users", "credentials", "sessions", "access_keys", "jwt_keys"):
        stub.on(f"GET /v1/{path}", page(view))
    stub.on(f"DELETE /v1/realms/{REALM}", Say(204))
    done = tool(*name.split(), *EXAMPLES[name], "--json")
    assert done.exit_code == 0, done.output
    shown = json.loads(done.stdout)
    assert isinstance(shown, list) == (name.endswith(" list"))
    assert done.stdout.isascii()


def test_made_things_are_all_of_standard_output(stub: Stub, tool: Tool) -> None:
    """For a new object only its id or its secret is printed, for scripts."""
    stub.on("POST /v1/realms", Say(201, REALM_VIEW))
    stub.on("POST /v1/users", Say(201, USER_VIEW))
    made = {"object": "access_key", "id": ACCESS, "realm_id": None, "secret": "ks_once"}
    stub.on("POST /v1/access_keys", Say(201, made))
    stub.on("POST /v1/jwt_keys", Say(201, SIGNING_VIEW))
    assert tool("realms", "create", "Shop").stdout == f"{REALM}\n"
    assert tool("users", "create", "ada", "--no-password").stdout == f"{USER}\n"
    key = tool("keys", "create", "shop", "--permission", "admin", "--stack-wide")
    assert key.stdout == "ks_once\n"
    assert "ks_once" not in key.stderr
    assert "stack-wide, admin" in key.stderr
    assert tool("keys", "signing", "rotate", "--realm", REALM).stdout == f"{SIGNING}\n"


def test_settings_are_sent_as_they_are_typed(stub: Stub, tool: Tool) -> None:
    """Numbers are numbers, a list is a list, 0 and an empty list are said, the rest is not."""
    stub.on("*", Say(200, REALM_VIEW))
    settings = ("--api-key-minutes", "0", "--jwt-fields", "username, email", "--rotate-days", "90")
    assert tool("realms", "set", REALM, *settings).exit_code == 0
    assert stub.asked[-1].body == {
        "api_key_minutes": 0,
        "jwt_fields": ["username", "email"],
        "rotate_days": 90,
    }
    assert tool("realms", "set", REALM, "--jwt-fields", "").exit_code == 0
    assert stub.asked[-1].body == {"jwt_fields": []}


def test_user_fields(stub: Stub, tool: Tool) -> None:
    """An empty text clears a field; custom is a JSON object, or a usage error."""
    stub.on("*", Say(200, USER_VIEW))
    cleared = tool("users", "set", "ada@example.com", "--email", "", "--custom", '{"a": [1]}')
    assert cleared.exit_code == 0
    assert stub.asked[-1].path == "/v1/users/ada@example.com"
    assert stub.asked[-1].body == {"email": None, "custom": {"a": [1]}}
    assert tool("users", "set", "ada", "--custom", "{}").exit_code == 0
    assert stub.asked[-1].body == {"custom": {}}
    for custom in ("[]", "null", "{", "[" * 100_000):
        assert tool("users", "set", "ada", "--custom", custom).exit_code == 2


def test_odd_names_stay_in_their_segment(stub: Stub, tool: Tool) -> None:
    """A name with dots, signs or other scripts is one segment of the path."""
    stub.on("*", Say(200, USER_VIEW))
    for name in ("a&b=c;d", "..a", "Ärger 漢", "a%2Fb"):
        assert tool("users", "show", name).exit_code == 0
        assert stub.asked[-1].path == f"/v1/users/{name}"
        assert re.fullmatch(r"/v1/users/[\w%.-]+", stub.asked[-1].target, re.ASCII)


@pytest.mark.parametrize("name", ["", " ", ".", "..", "../realms", "a/b", "a?", "a#", "a\\b"])
def test_name_that_would_be_another_route(stub: Stub, tool: Tool, name: str) -> None:
    """API Gateway decodes paths before it routes: what nobody is called is a usage error."""
    for line in (("users", "delete", "--yes"), ("keys", "delete", "--yes"), ("users", "show")):
        assert tool(*line, name).exit_code == 2
    assert stub.asked == []


def test_name_that_is_no_text(stub: Stub, tool: Tool) -> None:
    """Bytes that are no UTF-8 are passed on as they were typed, and no stack trace."""
    stub.on("*", problem(404, "not_found", "Not found"))
    for line in (("users", "show", "\udcff"), ("realms", "delete", REALM, "--name", "\udcff")):
        assert tool(*line).exit_code == 1
        assert "%FF" in stub.asked[-1].target


@pytest.mark.parametrize("group", ["realms set", "users set", "keys set"])
def test_nothing_to_change(stub: Stub, tool: Tool, group: str) -> None:
    """A change that names nothing is a usage error."""
    assert tool(*group.split(), REALM).exit_code == 2
    assert stub.asked == []


def test_password_by_standard_input(stub: Stub, tool: Tool) -> None:
    """The first line is the password, blanks and all, and it is shown nowhere."""
    stub.on("*", Say(201, USER_VIEW))
    made = tool("users", "create", "ada", "--password-stdin", input=" hunter2 hunter2 \nmore\n")
    assert made.exit_code == 0
    assert stub.asked[-1].body["password"] == " hunter2 hunter2 "
    assert "hunter2" not in made.output
    assert tool("users", "set", "ada", "--password-stdin", input="pass word\r\n").exit_code == 0
    assert stub.asked[-1].body == {"password": "pass word"}


def test_password_without_a_terminal(stub: Stub, tool: Tool) -> None:
    """Without a terminal and without a password option it is a usage error."""
    assert tool("users", "create", "ada").exit_code == 2
    assert tool("users", "set", "ada", "--ask-password").exit_code == 2
    assert tool("users", "create", "ada", "--password-stdin", input="").exit_code == 2
    both = ("--password-stdin", "--no-password")
    assert tool("users", "create", "ada", *both, input="x").exit_code == 2
    key = ("--password-stdin", "--access-key-file", "-")
    assert tool("users", "create", "ada", *key, input=f"{tool.key}\nx\n").exit_code == 2
    assert stub.asked == []


def test_machine_has_no_password(stub: Stub, tool: Tool) -> None:
    """An api user is made without a question."""
    stub.on("*", Say(201, USER_VIEW))
    assert tool("users", "create", "--type", "api", "--name", "Nightly job").exit_code == 0
    assert stub.asked[-1].body == {"user_type": "api", "name": "Nightly job"}


def test_sessions_of_a_user_by_name(stub: Stub, tool: Tool) -> None:
    """A username is looked up first, an id is not; ended ones show when, why and by whom."""
    ended = {
        "id": SESSION,
        "created_at": 1_790_000_000.1,
        "ended_at": 1_790_000_100.1,
        "reason": "terminated_by_admin",
        "ended_by": {"type": "access_key", "id": ACCESS},
        "request": {"ip": "203.0.113.9", "client": "Phone/1.0", "reported": False},
    }
    stub.on("GET /v1/users/ada", Say(200, USER_VIEW))
    stub.on("GET /v1/sessions", page(ended))
    shown = tool("sessions", "list", "--user", "ada", "--state", "ended")
    for text in (SESSION, "terminated_by_admin", "access_key", "203.0.113.9", "Phone/1.0"):
        assert text in shown.stdout
    query = stub.asked[-1].query
    assert (query["user_id"], query["state"]) == (USER, "ended")
    assert tool("sessions", "list", "--user", USER).exit_code == 0
    assert stub.calls() == ["GET /v1/users/ada", "GET /v1/sessions", "GET /v1/sessions"]


def test_sessions_end_takes_one_target(stub: Stub, tool: Tool) -> None:
    """A session, a user or a realm; none, two, or a dry run of one session is a usage error."""
    stub.on(f"POST /v1/users/{USER}/end_sessions", Say(200, {**END, "user_id": USER}))
    stub.on(f"POST /v1/realms/{REALM}/end_sessions", Say(200, END))
    assert tool("sessions", "end", "--user", USER, "--realm", REALM, "--yes").exit_code == 0
    assert tool("sessions", "end", "--realm", REALM, "--yes").exit_code == 0
    assert stub.calls() == [
        f"POST /v1/users/{USER}/end_sessions",
        f"POST /v1/realms/{REALM}/end_sessions",
    ]
    for wrong in ((), (SESSION, "--user", USER), (SESSION, "--dry-run"), (SESSION, SESSION)):
        assert tool("sessions", "end", *wrong).exit_code == 2
    assert len(stub.asked) == 2


def test_dry_run_counts(stub: Stub, tool: Tool) -> None:
    """A dry run asks nobody whether, says how many, and that there may be more."""
    counted = {**END, "dry_run": True, "ended_at": None, "sessions": 3}
    stub.on("*", Say(200, counted))
    told = tool("realms", "end-sessions", REALM, "--dry-run")
    assert told.exit_code == 0
    assert "would end 3 managed sessions" in told.stderr
    assert stub.asked[-1].body == {"dry_run": True}
    stub.on("*", Say(200, {**counted, "complete": False}))
    assert (
        "at least 3 managed sessions ("
        in tool("sessions", "end", "--realm", REALM, "--dry-run").stderr
    )


def test_ending_says_what_it_ended(stub: Stub, tool: Tool) -> None:
    """The answer to an ending says whose, how many where that is known, and since when."""
    stub.on("*", Say(200, {**END, "user_id": USER, "sessions": 2}))
    told = tool("users", "end-sessions", USER, "--yes")
    assert told.exit_code == 0
    assert f"2 managed sessions of {USER} ended" in told.stderr
    stub.on("*", Say(200, END))
    told = tool("realms", "end-sessions", REALM, "--yes")
    assert f"Everything of {REALM} ended: all from before 2026-09-21" in told.stderr


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(
    "line",
    [
        ("users", "delete", "ada"),
        ("users", "disable", "ada"),
        ("users", "end-sessions", "ada"),
        ("sessions", "end", SESSION),
        ("sessions", "end", "--user", "ada"),
        ("credentials", "delete", CREDENTIAL),
        ("keys", "revoke", ACCESS),
        ("realms", "end-sessions", REALM),
        ("sessions", "end", "--realm", REALM),
        ("keys", "signing", "compromised", SIGNING),
        ("keys", "signing", "delete", SIGNING, "--force"),
    ],
    ids=lambda line: " ".join(line[:3]),
)
def test_what_cannot_be_undone_is_asked_first(
    stub: Stub, tool: Tool, line: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer no, or the end of input, exits with 1; without a terminal it is 2."""
    stub.on("*", Say(200, {"object": "thing", **END}))

    def done() -> int:
        """How much was asked for but to look at or to count."""
        looks = [a.method == "GET" or a.body == {"dry_run": True} for a in stub.asked]
        return looks.count(False)

    for no in ("n\n", "\n", ""):
        assert tool(*line, input=no).exit_code == 1
    assert done() == 0
    assert tool(*line, input="y\n").exit_code == 0
    assert done() == 1
    monkeypatch.undo()
    asked = len(stub.asked)
    without = tool(*line)
    assert without.exit_code == 2
    assert "--yes" in without.stderr
    assert len(stub.asked) == asked
    assert tool(*line, "--yes").exit_code == 0
    assert len(stub.asked) == asked + 1


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(
    ("line", "sessions", "said"),
    [
        (("users", "disable", "ada"), 3, "Disable ada and end 3 managed sessions of theirs?"),
        (("users", "delete", "ada"), 1, "Delete ada and end 1 managed session of theirs?"),
        (("users", "end-sessions", "ada"), 0, "End 0 managed sessions of ada?"),
        (("realms", "end-sessions", REALM), 1, f"End 1 managed session of the realm {REALM}?"),
    ],
)
def test_question_says_how_many_and_whose(
    stub: Stub, tool: Tool, line: tuple[str, ...], sessions: int, said: str
) -> None:
    """Before it ends sessions it says how many those are, and whose."""
    stub.on("*", Say(200, {**END, "dry_run": True, "sessions": sessions}))
    assert said in tool(*line, input="n\n").stderr


@pytest.mark.usefixtures("terminal")
def test_question_about_one_session(stub: Stub, tool: Tool) -> None:
    """The end of one session asks with its user, and with when and by what it began."""
    session = {
        "object": "session",
        "id": SESSION,
        "user_id": USER,
        "created_at": 1_790_000_000.1,
        "request": {"ip": None, "client": "Phone/1.0", "reported": False},
    }
    stub.on(f"GET /v1/sessions/{SESSION}", Say(200, session))
    stub.on(f"GET /v1/users/{USER}", Say(200, USER_VIEW))
    asked = tool("sessions", "end", SESSION, input="n\n").stderr
    assert re.search("End the session of ada, begun 2026-09-21T.* by Phone/1.0?", asked)


@pytest.mark.parametrize(
    "line",
    [
        ("realms", "end-sessions", REALM, "--yes"),
        ("sessions", "end", "--realm", REALM, "--yes"),
        ("keys", "signing", "compromised", SIGNING, "--yes"),
        ("keys", "signing", "delete", SIGNING, "--force", "--yes"),
    ],
    ids=lambda line: " ".join(line[:3]),
)
def test_long_wait_is_said_before(stub: Stub, tool: Tool, line: tuple[str, ...]) -> None:
    """A command that waits five seconds says so before it calls."""
    stub.on("*", Say(200, {"object": "thing", **END}))
    assert "Waiting five seconds" in tool(*line).stderr


def test_reach_of_a_key_is_said(stub: Stub, tool: Tool) -> None:
    """A key is made for one realm or for the whole stack, and for neither by mistake."""
    neither = tool("keys", "create", "shop", "--permission", "read")
    both = ("--realm", REALM, "--stack-wide")
    assert neither.exit_code == 2
    assert "--stack-wide" in neither.stderr
    assert tool("keys", "create", "shop", "--permission", "read", *both).exit_code == 2
    assert stub.asked == []


def test_machine_and_its_api_key_by_the_tool_alone(stub: Stub, tool: Tool) -> None:
    """After creating an api user, the command for its API key is shown."""
    stub.on("POST /v1/users", Say(201, {**USER_VIEW, "user_type": "api"}))
    made = {"object": "credential", "id": CREDENTIAL, "api_key": "ak_once"}
    stub.on("POST /v1/credentials", Say(201, made))
    machine = tool("users", "create", "--type", "api", "--name", "Nightly job")
    assert f"sojourn credentials create --user {USER}" in machine.stderr
    key = tool("credentials", "create", "--user", USER)
    assert key.stdout == "ak_once\n"
    assert "ak_once" not in key.stderr


def test_ended_session_is_shown(stub: Stub, tool: Tool) -> None:
    """A session that was ended is shown with its reason."""
    stub.on("*", Say(200, {"object": "session", "id": SESSION, "reason": "logout"}))
    assert "logout" in tool("sessions", "show", SESSION).stdout
    assert stub.asked[0].query == {"state": "any"}


@pytest.mark.usefixtures("terminal")
def test_realm_goes_by_its_name(stub: Stub, tool: Tool) -> None:
    """A realm's deletion asks for its very name, and sends it; another name sends nothing."""
    stub.on(f"GET /v1/realms/{REALM}", Say(200, REALM_VIEW))
    stub.on(f"DELETE /v1/realms/{REALM}", Say(204))
    for wrong in ("shop & co\n", "\n", ""):
        assert tool("realms", "delete", REALM, input=wrong).exit_code == 1
    assert not any(asked.method == "DELETE" for asked in stub.asked)
    gone = tool("realms", "delete", REALM, input="Shop & Co\n")
    assert gone.exit_code == 0
    assert stub.asked[-1].query == {"name": "Shop & Co"}
    assert "is deleted" in gone.stderr


def test_realm_without_questions(stub: Stub, tool: Tool) -> None:
    """--name is sent as it is, for the service to compare; --yes takes the realm's own."""
    different = problem(422, "invalid", "A field is not valid.", "name is another.")
    stub.on(f"DELETE /v1/realms/{REALM}", different, Say(204))
    stub.on(f"GET /v1/realms/{REALM}", Say(200, REALM_VIEW))
    refused = tool("realms", "delete", REALM, "--name", "Shop")
    assert refused.exit_code == 1
    assert "name is another." in refused.stderr
    assert tool("realms", "delete", REALM, "--yes").exit_code == 0
    assert [asked.query.get("name") for asked in stub.asked] == ["Shop", None, "Shop & Co"]
    assert tool("realms", "delete", REALM).exit_code == 2


@pytest.mark.parametrize("last", [Say(204), problem(404, "not_found", "There is no such thing")])
def test_large_realm_is_asked_until_it_is_gone(stub: Stub, tool: Tool, last: Say) -> None:
    """202 is asked again until 204, or 404: somebody else, or cleanup, took the last step."""
    steps = (deleting(100, 150), deleting(200, 50), deleting(200, 50), last)
    stub.on(f"DELETE /v1/realms/{REALM}", *steps)
    gone = tool("realms", "delete", REALM, "--name", "Shop & Co")
    assert gone.exit_code == 0
    assert stub.calls() == [f"DELETE /v1/realms/{REALM}"] * 4


def test_realm_that_is_not_there(stub: Stub, tool: Tool) -> None:
    """The first answer's 404 is a refusal: the id may be misspelt."""
    stub.on("*", problem(404, "not_found", "There is no such thing"))
    assert tool("realms", "delete", REALM, "--name", "x").exit_code == 1


def test_deletion_that_stands_still(stub: Stub, tool: Tool) -> None:
    """A deletion that does not move is not watched for ever: 1, and it continues by itself."""
    stub.on("*", deleting(1, 10))
    left = tool("realms", "delete", REALM, "--name", "x")
    assert left.exit_code == 1
    assert "continues by itself" in left.stderr
    assert len(stub.asked) < 200


def test_key_in_use_says_how_long(stub: Stub, tool: Tool) -> None:
    """A signing key that living tokens need is refused with 1: until when, and what force does."""
    kept = {"retire_after": 1_790_000_000, "open_ended": False}
    stub.on("*", problem(409, "key_in_use", "A token of it can be alive.", **kept))
    refused = tool("keys", "signing", "delete", SIGNING, "--realm", REALM)
    assert refused.exit_code == 1
    assert "2026-09-21" in refused.stderr
    assert "--force" in refused.stderr


def test_forced_deletion_says_what_it_ends(stub: Stub, tool: Tool) -> None:
    """With --force the answer's `ends` is shown, member by member."""
    gone = {"object": "jwt_key", "id": SIGNING, "deleted": True}
    ends = {"managed_sessions": 4, "complete": True, "open_ended": True}
    ends |= {"tokens_until": 1_790_000_000}
    stub.on("*", Say(200, {**gone, "ends": ends}))
    told = tool("keys", "signing", "delete", SIGNING, "--force", "--yes")
    assert told.exit_code == 0
    assert stub.asked[-1].query == {"force": "true"}
    assert "- managed sessions: 4" in told.stderr
    assert "- open ended: yes" in told.stderr
    assert "- tokens until: 2026-09-21" in told.stderr


def test_compromised_key_says_what_ended(stub: Stub, tool: Tool) -> None:
    """Stopping a key says how many managed sessions that ended."""
    ended = {"managed_sessions": 7, "complete": True}
    stub.on("*", Say(200, {**SIGNING_VIEW, "state": "compromised", "ended": ended}))
    told = tool("keys", "signing", "compromised", SIGNING, "--yes", "--realm", REALM)
    assert told.exit_code == 0
    assert "- managed sessions: 7" in told.stderr


@pytest.mark.parametrize(
    ("told", "sent"),
    [
        ("2027-01-31T18:00+01:00", 1_801_414_800),
        ("2027-01-31T17:00:00Z", 1_801_414_800),
        ("never", None),
    ],
)
def test_expiry_of_a_key(stub: Stub, tool: Tool, told: str, sent: int | None) -> None:
    """A time is sent as whole epoch seconds, never as null."""
    stub.on("*", Say(200, {"object": "access_key", "id": ACCESS}))
    assert tool("keys", "set", ACCESS, "--expires", told).exit_code == 0
    assert stub.asked[-1].body == {"expires_at": sent}


@pytest.mark.parametrize("told", ["soon", "2027-13-01", "", "1801414800000000"])
def test_expiry_that_is_no_time(stub: Stub, tool: Tool, told: str) -> None:
    """Anything else is a usage error."""
    assert tool("keys", "set", ACCESS, "--expires", told).exit_code == 2
