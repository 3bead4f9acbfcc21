"""Answers of the API, a proxy or the network: a message and an exit code, no stack trace."""

import json
import re

import click
import pytest

from sojourn_cli.terminal.cells import table
from tests.cli.stub import Say, Stub, page, problem
from tests.cli.tool import ACCESS, EXAMPLES, REALM, Tool, commands

LINES = [(*name.split(), *rest) for name, rest in EXAMPLES.items()]
NO_ANSWERS = {
    "html": Say(200, b"<html>Please log in</html>", {"content-type": "text/html"}),
    "html of an error": Say(502, b"<h1>Bad gateway</h1>"),
    "nothing": Say(200),
    "not text": Say(200, b"\xff\xfe\x00"),
    "an array": Say(200, []),
    "a number": Say(200, 7),
    "another object": Say(200, {"status": "up"}),
    "deep": Say(200, b"[" * 100_000),
    "a list of numbers": Say(200, {"collection": [1, 2]}),
    "a list of nobodies": Say(200, {"collection": [{}], "object": "list"}),
    "a redirect": Say(301, None, {"location": "https://elsewhere.example/"}),
}
STRANGE = {
    "collection": [],
    "deletion": "x",
    "object": [],
    "id": {},
    "name": 5,
    "ends": 3,
    "ended": "x",
}


def test_each_command_has_a_line() -> None:
    """No command that asks the API is left out of what follows."""
    asking = {" ".join(path) for path, _ in commands()} - {
        "init",
        "url",
        "doctor",
        "console",
        "drill",
        "token",
        "cost",
        "completion",
    }
    assert asking == set(EXAMPLES)


@pytest.mark.parametrize("line", LINES, ids=lambda line: " ".join(line[:3]))
def test_problem_is_told(stub: Stub, tool: Tool, line: tuple[str, ...]) -> None:
    """Each command shows a problem's detail and its sentences, and exits with 1."""
    stub.on("*", problem(422, "invalid", "A field is not valid.", "name: too long.", "id: odd."))
    refused = tool(*line)
    assert refused.exit_code == 1
    assert refused.stdout == ""
    for sentence in ("A field is not valid. (422 invalid)", "- name: too long.", "- id: odd."):
        assert sentence in refused.stderr


@pytest.mark.parametrize("answer", NO_ANSWERS.values(), ids=list(NO_ANSWERS))
def test_what_is_not_sojourn_is_not_reachable(stub: Stub, tool: Tool, answer: Say) -> None:
    """An answer that Sojourn cannot have given exits with 3, and names the URL."""
    stub.on("*", answer)
    lost = tool("realms", "list")
    assert lost.exit_code == 3
    assert stub.url in lost.stderr
    one = tool("realms", "show", REALM)
    assert one.exit_code == (0 if "collection" in str(answer.body) else 3)


@pytest.mark.parametrize("line", LINES, ids=lambda line: " ".join(line[:3]))
@pytest.mark.parametrize("as_json", [(), ("--json",)], ids=["table", "json"])
def test_strange_members_are_no_stack_trace(
    stub: Stub, tool: Tool, line: tuple[str, ...], as_json: tuple[str, ...]
) -> None:
    """Members of types that nobody expects end in a sentence or are shown, for each command."""
    stub.on("*", Say(200, STRANGE))
    stub.on(f"DELETE /v1/realms/{REALM}", Say(202, STRANGE), Say(204))
    assert tool(*line, *as_json).exit_code in (0, 1, 3)


def test_strange_members_are_no_stack_trace_for_the_doctor(stub: Stub, tool: Tool) -> None:
    """The doctor takes what is no number for absent."""
    members = ("rotate_days", "created_at", "retire_after", "expires_at", "state", "permission")
    values: tuple[object, ...] = ("x", [], {}, True, -1.5)
    odd = [{"id": REALM, **dict.fromkeys(members, value)} for value in values]
    stub.on("*", page(*odd))
    assert tool("doctor").exit_code == 1


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (
            problem(403, "access_key_invalid", "The access key is not known."),
            "access key of this stack",
        ),
        (problem(403, "permission_missing", "This needs 'admin'."), "This needs 'admin'."),
        (problem(404, "not_found", "No such realm"), "No such realm"),
        (problem(500, "internal", "Not foreseen."), "req-1"),
        (Say(404, {"message": "Not Found"}), "no such route"),
        (Say(413, {"message": "Request Too Long"}), "itself answered 413"),
    ],
    ids=["403 key", "403 permission", "404", "500", "gateway 404", "gateway 413"],
)
def test_refusals_say_what_to_do(stub: Stub, tool: Tool, answer: Say, sentence: str) -> None:
    """A refusal exits with 1, and says what can be said to it."""
    stub.on("*", answer)
    refused = tool("realms", "show", REALM)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert sentence in refused.stderr


def test_waits_as_it_is_told(stub: Stub, tool: Tool) -> None:
    """429 and 503 are asked again after Retry-After, and what comes then counts."""
    busy = problem(503, "unavailable", "Busy.")
    later = Say(busy.status, busy.body, {"retry-after": "7"})
    stub.on("GET /v1/realms", Say(429, {"message": "Slow"}, {"retry-after": "4"}), later, page())
    before = tool.clock.monotonic()
    assert tool("realms", "list").exit_code == 0
    assert tool.clock.monotonic() - before == 11
    assert len(stub.asked) == 3


def test_waiting_is_bounded(stub: Stub, tool: Tool) -> None:
    """After five tries, or when asked to wait for longer than it will, it gives up with 1."""
    stub.on("*", Say(503, {"message": "Service Unavailable"}))
    gave_up = tool("realms", "list")
    assert (gave_up.exit_code, len(stub.asked)) == (1, 5)
    assert tool.clock.monotonic() - 1_000 < 16
    stub.on("*", Say(429, {"message": "Slow"}, {"retry-after": "3600"}))
    gave_up = tool("realms", "list")
    assert (gave_up.exit_code, len(stub.asked)) == (1, 6)
    assert "Try again in 3600 seconds" in gave_up.stderr


@pytest.mark.parametrize("told", ["soon", "-1", "1e9", "", "Wed, 21 Oct 2026 07:28:00 GMT", "²"])
def test_odd_retry_after(stub: Stub, tool: Tool, told: str) -> None:
    """A Retry-After that is no number of seconds is as if there were none."""
    headers = {"retry-after": told.encode().decode("latin-1")}
    stub.on("*", Say(429, {"message": "Slow"}, headers), page())
    assert tool("realms", "list").exit_code == 0


def test_creation_is_not_repeated_after_503(stub: Stub, tool: Tool) -> None:
    """A POST that got 503 may have been done: it is not sent again, and the sentence says so."""
    stub.on("*", problem(503, "unavailable", "Busy."), Say(201, {"object": "realm", "id": REALM}))
    once = tool("realms", "create", "Shop")
    assert (once.exit_code, len(stub.asked)) == (1, 1)
    assert "may have been done" in once.stderr


def test_deletion_that_was_done_by_the_first_try(stub: Stub, tool: Tool) -> None:
    """A DELETE whose first answer was 503 and whose second is 404 has done what it should."""
    gone = problem(404, "not_found", "Not found")
    stub.on("*", problem(503, "unavailable", "Busy."), gone)
    assert tool("keys", "revoke", ACCESS, "--yes").exit_code == 0
    assert tool("keys", "revoke", ACCESS, "--yes").exit_code == 1


def test_long_list_is_read_to_its_end(stub: Stub, tool: Tool) -> None:
    """Page after page, each from the last id of the one before, as one array or one table."""
    ids = [f"rl_{number:022}" for number in range(5)]
    items = [{"object": "realm", "id": id, "name": f"Realm {id[-1]}"} for id in ids]
    pages = (page(*items[:2], more=True), page(*items[2:4], more=True), page(items[4]))
    stub.on("GET /v1/realms", *pages)
    listed = tool("realms", "list", "--json")
    assert json.loads(listed.stdout) == items
    assert [asked.query.get("after") for asked in stub.asked] == [None, ids[1], ids[3]]
    assert {asked.query["max_results"] for asked in stub.asked} == {"100"}
    stub.on("GET /v1/realms", *pages)
    lines = tool("realms", "list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["ID", *ids]


def test_list_that_goes_round(stub: Stub, tool: Tool) -> None:
    """A page that comes again ends the reading, with 3."""
    stub.on("*", page({"id": REALM}, more=True))
    assert tool("realms", "list").exit_code == 3


def test_nothing_steers_the_terminal(stub: Stub, tool: Tool) -> None:
    """Control characters of names, problems and redirects do not reach the terminal."""
    evil = "\x1b[2J\x07name\r\n\u202e"
    stub.on("GET /v1/realms", page({"object": "realm", "id": REALM, "name": evil}))
    stub.on(f"GET /v1/realms/{REALM}", problem(404, "not_found", evil, evil))
    shown = tool("realms", "list").output + tool("realms", "show", REALM).output
    assert "name" in shown
    assert all(character.isprintable() or character == "\n" for character in shown)


def test_tables_are_aligned() -> None:
    """A column begins at one place, also behind characters that take two columns or none."""
    lines = table([["NAME", "x"], ["漢字", "x"], ["Cafe\u0301", "x"], ["123456", "x"]])
    assert lines == ["NAME    x", "漢字    x", "Cafe\u0301    x", "123456  x"]


def test_absence_has_a_sign(stub: Stub, tool: Tool) -> None:
    """Null, empty and missing values are shown as a dash, so all rows have all columns."""
    stub.on("*", page({"id": "rl_1", "name": None, "session_type": "", "session_minutes": 0}))
    assert tool("realms", "list").stdout.splitlines()[1].split() == ["rl_1", "-", "-", "0", "-"]


def test_times_are_local(stub: Stub, tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Times are shown as ISO 8601 with the machine's offset, and odd ones as they came."""
    import time

    stub.on("*", Say(200, {"object": "realm", "id": REALM, "created_at": 1_790_000_000.5}))
    monkeypatch.setenv("TZ", "UTC-5:30")
    time.tzset()
    try:
        shown = tool("realms", "show", REALM).stdout
    finally:
        monkeypatch.undo()
        time.tzset()
    assert "2026-09-21T19:43:20+05:30" in shown
    stub.on("*", Say(200, {"object": "realm", "id": REALM, "created_at": 1e300}))
    assert "1e+300" in tool("realms", "show", REALM).stdout


def test_secrets_are_no_options() -> None:
    """No command takes a password or an access key as an argument, which `ps` would show."""
    names = {
        name
        for _, command in commands()
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.is_flag
        for name in parameter.opts
    }
    assert {name for name in names if re.search("password|secret|token|key", name)} == {
        "--access-key-file",
        "--api-key-minutes",
    }
