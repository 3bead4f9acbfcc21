"""`sojourn drill` as a whole: verifiers that keep their bound, and such that do not."""

import itertools
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import boto3
import pytest
from click.testing import Result

from local import tls
from sojourn.runtime.clock import SystemClock
from sojourn_cli.drill import rounds
from tests.cli.drill.conftest import FAST, Drilled
from tests.cli.drill.service import NO, OK, Service, Session, always, at_once, then
from tests.cli.stub import Asked, Say, problem, served
from tests.cli.tool import KEY, REALM, Tool

PAGE = Say(200, b"<h1>Hello</h1>")
ONE = ("--at-once", "1", "--json")
LOGIN = Say(200, b"<form>Log in</form>")


def verifier(done: Result, name: str = "application") -> dict[str, Any]:
    """What was found of a verifier."""
    (found,) = (one for one in json.loads(done.stdout)["verifiers"] if one["name"] == name)
    return dict(found)


def test_api_that_refuses_at_once(service: Service, drilled: Drilled) -> None:
    """The API alone is asked by default: it refuses at once, and nothing of the canary is left."""
    done = drilled("--rounds", "2", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["object"], told["realm_id"], told["ok"]) == ("drill", REALM, True)
    api = verifier(done, "api")
    assert api["url"] == f"{service.url}/v1/session"
    assert (api["state"], api["bound_seconds"], api["rounds"]) == ("ok", 0.0, 2)
    assert api["last_acceptance"] == {"p50": 0.0, "p99": 0.0, "max": 0.0}
    assert api["first_refusal"]["max"] >= api["first_refusal"]["p50"] >= 0
    assert len(api["measures"]) == 2
    assert (service.users, service.active()) == ({}, [])
    assert len(service.sessions) == 2


def test_verifier_within_its_bound(service: Service, drilled: Drilled) -> None:
    """What is accepted after the end and before the bound is no fault."""
    service.verifiers["/cached"] = lambda session: NO if session.since >= 0.3 else OK
    done = drilled("--application", f"{service.url}/cached", "--json")
    assert done.exit_code == 0, done.output
    found = verifier(done)
    assert found["bound_is"] == "the realm's max_staleness_seconds"
    assert 0 <= found["last_acceptance"]["max"] < 0.3
    assert found["first_refusal"]["p50"] >= found["last_acceptance"]["p50"]


def test_verifier_that_keeps_accepting(service: Service, drilled: Drilled) -> None:
    """A verifier that never refuses makes it exit with 1, and says so."""
    service.verifiers["/blind"] = always(OK)
    done = drilled(
        "--application", f"blind={service.url}/blind", "--max-staleness", "0.1", "--json"
    )
    assert done.exit_code == 1
    assert json.loads(done.stdout)["ok"] is False
    assert verifier(done, "blind")["state"] == "never_refused"
    assert verifier(done, "blind")["first_refusal"]["max"] is None
    assert verifier(done, "api")["state"] == "ok"
    assert "blind: it never refused the ended session, in 1 of 1 rounds" in done.stderr
    assert service.users == {}


def test_verifier_that_refuses_late(service: Service, drilled: Drilled) -> None:
    """A refusal after the bound is too late."""
    service.verifiers["/late"] = lambda session: NO if session.since > 2 else OK
    limits = ("--max-staleness", "0.2", "--after", "4")
    done = drilled("--application", f"{service.url}/late", *limits, "--json")
    assert done.exit_code == 1
    assert verifier(done)["state"] == "exceeded"
    assert 0.2 <= verifier(done)["last_acceptance"]["max"] < 2


def test_verifier_that_accepts_again(service: Service, drilled: Drilled) -> None:
    """One that refused at once and accepts again after the bound is found: the last one counts."""
    numbers = itertools.count()

    def forgetful(session: Session) -> Say:
        return NO if session.since >= 0 and next(numbers) < 2 else OK

    service.verifiers["/two"] = forgetful
    limits = ("--max-staleness", "0.1", "--after", "2")
    done = drilled("--application", f"{service.url}/two", *limits, "--json")
    assert done.exit_code == 1
    found = verifier(done)
    assert found["state"] == "exceeded"
    assert found["last_acceptance"]["p50"] >= max(0.1, found["first_refusal"]["p50"])
    assert "it accepted a request" in done.stderr


def test_one_bad_round_is_enough(service: Service, drilled: Drilled) -> None:
    """A verifier is as good as its worst round."""
    service.verifiers["/app"] = lambda s: at_once(s) if s.id == first(service) else OK
    done = drilled("--application", f"{service.url}/app", "--rounds", "2", *ONE)
    assert done.exit_code == 1
    assert [one["state"] for one in verifier(done)["measures"]] == ["ok", "never_refused"]
    assert verifier(done)["state"] == "never_refused"


def first(service: Service) -> str:
    """The session that began first."""
    return next(iter(service.sessions))


@pytest.mark.parametrize("status", [401, 403])
def test_verifier_that_does_not_accept(service: Service, drilled: Drilled, status: int) -> None:
    """One that refuses a new session makes it exit with 1, after one round, with its answers."""
    service.verifiers["/app"] = always(problem(status, "nope", "No"))
    done = drilled("--application", f"{service.url}/app", "--rounds", "2", *ONE)
    assert done.exit_code == 1
    assert len(service.sessions) == 1
    assert verifier(done)["state"] == "not_accepted"
    assert f"It answered: {status} (" in done.stderr
    assert (service.users, service.active()) == ({}, [])


def test_application_that_redirects(service: Service, drilled: Drilled) -> None:
    """A redirect to the login page is a refusal if it is told to be one; else there is advice."""
    service.verifiers["/page"] = then(Say(302, headers={"location": "/login?next=%2Fpage"}))
    page = ("--application", f"{service.url}/page", "--json")
    unknown = drilled(*page)
    assert unknown.exit_code == 1
    assert verifier(unknown)["state"] == "undecided"
    assert "302 to /login (" in unknown.stderr
    assert "--refused-by 302" in unknown.stderr
    for way in ("302", "302:/login"):
        assert drilled(*page, "--refused-by", way).exit_code == 0
    other = drilled(*page, "--refused-by", "302:/logout", "--refused-by", "303")
    assert verifier(other)["state"] == "undecided"


def test_application_that_always_redirects(service: Service, drilled: Drilled) -> None:
    """A page that redirects also before the end accepts nobody: its target must be named."""
    service.verifiers["/page"] = always(Say(303, headers={"location": "/home"}))
    done = drilled("--application", f"{service.url}/page", "--json")
    assert done.exit_code == 1
    assert verifier(done)["state"] == "not_accepted"
    assert "303 to /home" in done.stderr


def test_application_that_answers_200_with_a_form(service: Service, drilled: Drilled) -> None:
    """A page with the login form is a refusal if its text is told, and else an acceptance."""
    service.verifiers["/page"] = lambda session: LOGIN if session.since >= 0 else PAGE
    page = ("--application", f"{service.url}/page", "--max-staleness", "0.1", "--json")
    assert verifier(drilled(*page))["state"] == "never_refused"
    assert drilled(*page, "--refused-by", "text:Log in").exit_code == 0


@pytest.mark.parametrize(
    "answer",
    [
        Say(500, b"Oh"),
        Say(429, headers={"retry-after": "1"}),
        Say(404, b""),
        Say(200, b"no gzip at all", {"content-encoding": "gzip"}),
        Say(200, b"x" * 5_000_000),
        Say(302, headers={"location": "http://[::1"}),
    ],
)
def test_answers_that_say_nothing(service: Service, drilled: Drilled, answer: Say) -> None:
    """What is neither an acceptance nor a refusal never counts as one."""
    service.verifiers["/app"] = then(answer)
    done = drilled("--application", f"{service.url}/app", "--max-staleness", "0.1", "--json")
    assert done.exit_code == 1
    found = verifier(done)
    assert found["state"] == "undecided"
    assert found["last_acceptance"]["max"] == 0
    assert found["first_refusal"]["max"] is None
    assert "is not known" in done.stderr


def test_errors_between_are_nothing(service: Service, drilled: Drilled) -> None:
    """An application that fails now and then, and else refuses, is well."""

    numbers = itertools.count()

    def flaky(session: Session) -> Say:
        return Say(502) if session.since >= 0 and next(numbers) % 2 else at_once(session)

    service.verifiers["/app"] = flaky
    assert drilled("--application", f"{service.url}/app").exit_code == 0


def test_hostile_texts_are_not_printed(
    service: Service, drilled: Drilled, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an application answers moves no cursor, and the token is shown nowhere."""
    service.verifiers["/app"] = then(Say(302, headers={"location": "/\x1b[2Jtoken"}))
    done = drilled("--application", f"{service.url}/app")
    assert done.exit_code == 1
    assert "\x1b" not in done.output
    assert "token-" not in done.output


def test_nothing_listens_there(service: Service, drilled: Drilled, monkeypatch: Any) -> None:
    """An application that cannot be reached accepted nothing."""
    monkeypatch.setattr(rounds, "WARMING", 1.0)
    done = drilled("--application", "http://127.0.0.1:9/", "--json")
    assert done.exit_code == 1
    assert verifier(done)["state"] == "not_accepted"
    assert "refuses connections" in done.stderr
    assert service.users == {}


def test_cookie_in_place_of_the_header(service: Service, drilled: Drilled) -> None:
    """With --cookie the token comes in this cookie alone, as a browser sends it."""
    service.verifiers["/page"] = service.verifiers["/api"] = at_once
    urls = ("--application", f"page={service.url}/page?a=1", "--application", f"{service.url}/api")
    assert drilled(*urls, "--cookie", "page=__Host-session").exit_code == 0

    def of(path: str) -> list[Asked]:
        return [asked for asked in service.asked if asked.path == path]

    assert of("/page")
    for asked in of("/page"):
        assert asked.headers["cookie"].startswith("__Host-session=token-kss_")
        assert "authorization" not in asked.headers
        assert asked.headers["accept"].startswith("text/html")
        assert asked.target == "/page?a=1"
    for asked in of("/api"):
        assert asked.headers["authorization"].startswith("Bearer token-kss_")
        assert "cookie" not in asked.headers


def test_access_key_goes_to_the_api_alone(service: Service, drilled: Drilled) -> None:
    """No application is sent the access key."""
    service.verifiers["/app"] = at_once
    assert drilled("--application", f"{service.url}/app").exit_code == 0
    seen = {asked.path: asked.headers["authorization"] for asked in service.asked}
    assert "ks_" not in seen["/app"]
    assert "ks_" in seen["/v1/users"]


def test_authorizer(service: Service, drilled: Drilled) -> None:
    """Behind the authorizer 403 refuses, and the bound is its TTL and 5 s, or 0."""
    service.verifiers["/who"] = then(problem(403, "forbidden", "Forbidden"))
    who = ("--authorizer", f"{service.url}/who")
    assert drilled(*who).exit_code == 2
    assert drilled(*who, "--ttl", "0").exit_code == 0
    service.verifiers["/who"] = always(problem(403, "forbidden", "Forbidden"))
    service.settings["max_staleness_seconds"] = 6
    denied = drilled(*who, "--ttl", "authorizer=2", "--json")
    assert denied.exit_code == 1
    found = verifier(denied, "authorizer")
    assert (found["state"], found["bound_seconds"]) == ("not_accepted", 7)
    assert "the authorizer denies the realm's tokens" in denied.stderr


def test_ttl_of_the_stack(service: Service, environment: dict[str, str]) -> None:
    """With --stack-name the TTL is the stack's own parameter, unless another one is given."""
    template = {
        "Parameters": {"AuthorizerTtlSeconds": {"Type": "Number", "Default": 0}},
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {"ApiUrl": {"Value": service.url}},
    }
    boto3.client("cloudformation").create_stack(
        StackName="drilled", TemplateBody=json.dumps(template)
    )
    service.verifiers["/who"] = at_once
    tool = Tool("https://another.example", clock=SystemClock())
    stack = ("--stack-name", "drilled", "--authorizer", f"{service.url}/who")
    done = tool("drill", *FAST, *stack, "--json")
    assert done.exit_code == 0, done.output
    assert verifier(done, "authorizer")["bound_seconds"] == 0


def test_local_stack_that_speaks_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The authority of the local stack is trusted for the applications beside it too."""
    monkeypatch.setenv("SOJOURN_LOCAL", str(tmp_path))
    context, ca_file = tls.context(tmp_path)
    service = Service(verifiers={"/app": at_once})
    with served(context, service):
        dev = {"base_url": service.url, "access_key": KEY, "ca_file": str(ca_file)}
        (tmp_path / "dev.json").write_text(json.dumps(dev))
        local = ("--local", "--application", f"{service.url}/app")
        done = Tool("", clock=SystemClock())("drill", *FAST, *local)
        assert done.exit_code == 0, done.output


def test_rounds_at_the_same_time(service: Service, drilled: Drilled) -> None:
    """All rounds are carried out, however many at a time, by at most `max_sessions` sessions."""
    service.settings["max_sessions"] = 3
    most = 0

    def look(session: Session) -> Say:
        nonlocal most
        most = max(most, len(service.active()))
        return at_once(session)

    service.verifiers["/v1/session"] = look
    assert drilled("--rounds", "7", "--json").exit_code == 0
    assert (len(service.sessions), service.active()) == (7, [])
    assert 1 <= most <= 3
    assert drilled("--at-once", "4").exit_code == 2


def test_table_and_histograms(service: Service, drilled: Drilled) -> None:
    """Without --json there is a line and a histogram for each verifier."""
    service.verifiers["/app"] = at_once
    done = drilled("--application", f"shop={service.url}/app")
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0].split()[:3] == ["VERIFIER", "STATE", "BOUND"]
    assert [line.split()[:3] for line in lines[1:3]] == [["api", "ok", "0"], ["shop", "ok", "1"]]
    assert "api: last acceptance after the end, bound 0 s (each request is validated)" in lines
    assert any(line.split()[:2] == ["none", "1"] for line in lines)
    assert any(line.split() == ["0.9", "to", "1.0", "s", "0"] for line in lines)


def test_svg(service: Service, drilled: Drilled, tmp_path: Path) -> None:
    """--svg writes one image with a panel for each verifier."""
    service.verifiers["/app"] = at_once
    image = tmp_path / "drill.svg"
    done = drilled("--application", f"shop={service.url}/app", "--svg", str(image))
    assert done.exit_code == 0, done.output
    texts = "".join(ElementTree.fromstring(image.read_text()).itertext())
    assert "shop: bound 1 s (the realm's max_staleness_seconds)" in texts
    assert "api: bound 0 s" in texts


def test_svg_that_cannot_be_written(service: Service, drilled: Drilled, tmp_path: Path) -> None:
    """The figures are printed all the same, the canary is removed, and the exit code is 1."""
    done = drilled("--svg", str(tmp_path / "none" / "drill.svg"), "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["ok"] is True
    assert "cannot be written" in done.stderr
    assert service.users == {}


def test_realms_that_cannot_be_drilled(service: Service, drilled: Drilled) -> None:
    """Sessions that cannot be ended, or expire meanwhile, are a usage error, and begin nothing."""
    service.settings["session_type"] = "unmanaged"
    assert "unmanaged" in drilled().stderr
    service.settings = {"session_minutes": 1}
    short = drilled()
    assert short.exit_code == 2
    assert "sessions expire after 60 s" in short.stderr
    service.settings = {"max_sessions": "many"}
    assert drilled().exit_code == 3
    assert service.sessions == {}
    assert not any(asked.method == "POST" for asked in service.asked)


def test_realm_of_the_key(service: Service, drilled: Drilled) -> None:
    """Without --realm it is the only one that the key sees; if there are more, it must be named."""
    assert drilled("--realm", REALM).exit_code == 0
    assert "GET /v1/realms" not in service.calls()
    two = {
        "collection": [service.realm(), {**service.realm(), "id": "rl_2"}],
        "more_results": False,
    }
    service.on("GET /v1/realms", Say(200, two))
    done = drilled()
    assert done.exit_code == 2
    assert "give --realm" in done.stderr


def test_at_the_204_and_at_the_bound(service: Service, drilled: Drilled) -> None:
    """Requests are sent at once after the 204, and at the bound, however seldom otherwise."""
    came: list[float] = []

    def look(session: Session) -> Say:
        came.append(session.since)
        return at_once(session)

    service.verifiers["/app"] = look
    done = drilled("--application", f"{service.url}/app", "--every", "60", "--json")
    assert done.exit_code == 0, done.output
    # A wait may be over a moment too early, so that there is one request more.
    after = [since for since in came if since >= 0]
    assert (len(came) - len(after), len(after) in (2, 3)) == (3, True)
    assert after[0] < 1 <= after[-1]


def test_each_request_has_its_own_connection(service: Service, drilled: Drilled) -> None:
    """A verifier is told to close, so that the next request may reach another process of it."""
    assert drilled().exit_code == 0
    asked = [one for one in service.asked if one.path == "/v1/session"]
    assert {one.headers["connection"] for one in asked} == {"close"}


@pytest.mark.parametrize(
    "session", [Say(201, {"object": "session", "id": "kss_1"}), Say(201, b"<html>"), Say(500, b"")]
)
def test_service_that_answers_garbage(service: Service, drilled: Drilled, session: Say) -> None:
    """A session that is not Sojourn's is an error with its own code, and the canary is removed."""
    service.on("POST /v1/sessions", session)
    done = drilled()
    assert done.exit_code == 3
    assert service.users == {}


def test_end_that_is_refused(service: Service, drilled: Drilled) -> None:
    """If the session cannot be ended, nothing was measured: exit 1 with the reason."""
    service.verifiers["/v1/session"] = always(OK)
    forbidden = problem(403, "permission_missing", "This needs 'write'.")
    for each in range(1, 9):
        service.on(f"DELETE /v1/sessions/kss_{each:054}", forbidden)
    done = drilled("--json")
    assert done.exit_code == 1
    assert "permission_missing" in done.stderr
    assert done.stdout == ""
    assert service.users == {}
