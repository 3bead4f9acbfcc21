"""`Sojourn` in mode "always", over a scripted transport."""

import asyncio
import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from sojourn_client import (
    Expired,
    InvalidToken,
    Refused,
    Rejected,
    Sojourn,
    SojournError,
    Terminated,
    TokenMissing,
    Unavailable,
)
from sojourn_client.service.transport import NoReply, Reply, Request
from tests.client.unit.script import (
    REALM,
    SESSION,
    USER,
    Answer,
    FakeClock,
    Script,
    problem,
    reply,
    token,
    valid,
)

KEY = "ks_" + "0" * 65
LOST = NoReply("The service did not answer in time.", sent=True)


def client(
    *answers: Answer, access_key: str | None = KEY, takes: float = 0.0
) -> tuple[Sojourn, Script]:
    """A client of a service that gives these answers."""
    clock = FakeClock()
    script = Script(list(answers), clock, takes)
    made = Sojourn("https://sessions.example.com", REALM, access_key, transport=script, clock=clock)
    return made, script


def test_active_session_is_accepted() -> None:
    """A token that the service accepts is its session, with its user and where it began."""
    sojourn, script = client(reply(200, valid()))
    session = sojourn.verify(token())
    assert (session.id, session.user_id, session.realm_id) == (SESSION, USER, REALM)
    assert (session.session_type, session.auth_method) == ("managed", "password")
    assert (session.created_at, session.expires_at) == (1_790_000_000.123, 1_790_021_600)
    assert session.user is not None
    assert (session.user.id, session.user.username) == (USER, "ada")
    assert session.user.custom == {"plan": "pro"}
    assert session.request is not None
    assert (session.request.ip, session.request.client) == ("203.0.113.9", "Firefox")
    assert session.request.reported is True
    assert session.token is None
    assert [(asked.method, asked.path) for asked in script.asked] == [("GET", "/v1/session")]


def test_verification_is_by_the_users_own_token() -> None:
    """The user's token is all that is sent, with and without an access key."""
    for access_key in (KEY, None):
        sojourn, script = client(reply(200, valid()), access_key=access_key)
        sojourn.verify(token())
        assert script.asked[0].headers == {"authorization": f"Bearer {token()}"}


REJECTIONS: dict[str, tuple[Reply, type[Rejected], str]] = {
    "invalid": (problem(401, "token_invalid"), InvalidToken, "token_invalid"),
    "expired": (problem(401, "session_expired"), Expired, "session_expired"),
    "ended": (problem(401, "session_ended"), Terminated, "session_ended"),
    "missing": (problem(401, "token_missing"), TokenMissing, "token_missing"),
}


@pytest.mark.parametrize("name", REJECTIONS)
def test_rejections(name: str) -> None:
    """Each code of a 401 is an error of its own kind, with that code and a challenge."""
    answer, kind, code = REJECTIONS[name]
    sojourn, _ = client(answer)
    with pytest.raises(kind) as caught:
        sojourn.verify(token())
    assert caught.value.code == code
    assert caught.value.challenge.startswith("Bearer")


def test_terminated_session_says_why_and_when() -> None:
    """A terminated session's error has the reason and the time."""
    sojourn, _ = client(problem(401, "session_ended", reason="evicted", ended_at=1_790_000_001.5))
    with pytest.raises(Terminated, match="evicted") as caught:
        sojourn.verify(token())
    assert (caught.value.reason, caught.value.ended_at) == ("evicted", 1_790_000_001.5)


def test_challenge_is_one_header() -> None:
    """A reason with quotes or line breaks does not break out of `WWW-Authenticate`."""
    challenge = Terminated('x"\r\nSet-Cookie: a=b\\').challenge
    assert challenge.count('"') == 4
    assert not set(challenge) & {"\r", "\n", "\\"}


def ok(body: object) -> Reply:
    """200 with a body."""
    return reply(200, body)


NEVER_A_YES: dict[str, Answer] = {
    "no answer": LOST,
    "an error of the service": problem(500, "internal"),
    "an error of the gateway": reply(503, {"message": "Service Unavailable"}),
    "a throttle of the gateway": reply(429, {"message": "Too Many Requests"}),
    "a route that is not there": reply(404, {"message": "Not Found"}),
    "a redirect": reply(302, None, location="https://login.example.com"),
    "a proxy's page": Reply(200, {}, b"<html>Sign in</html>"),
    "a proxy's 401": Reply(401, {}, b"<html>Proxy</html>"),
    "a 401 with a strange code": problem(401, "proxy_auth"),
    "nothing": Reply(200, {}, b""),
    "no content": Reply(204, {}, b""),
    "not modified": Reply(304, {}, b""),
    "an empty object": ok({}),
    "a list": ok([valid()]),
    "not active": ok(valid(active=False)),
    "active by a word": ok(valid(active="true")),
    "nested without end": Reply(200, {}, b"[" * 100_000),
    "no id": ok(valid(id=None)),
    "a number as id": ok(valid(id=7)),
    "a strange type": ok(valid(session_type="eternal")),
    "no user id": ok(valid(user_id="")),
    "a text as time": ok(valid(created_at="now")),
    "a fraction as end": ok(valid(expires_at=1.5)),
    "a text as user": ok(valid(user="ada")),
    "another session's answer": ok(valid(id=SESSION[:-1] + "1")),
    "another user's answer": ok(valid(user_id="usr_" + "9" * 22)),
    "another realm's answer": ok(valid(realm_id="rl_" + "9" * 22)),
}


@pytest.mark.parametrize("name", NEVER_A_YES)
def test_what_is_no_answer_is_never_a_yes(name: str) -> None:
    """Whatever is not a whole answer of Sojourn about this very session is an error."""
    sojourn, _ = client(NEVER_A_YES[name])
    kind = InvalidToken if name == "another realm's answer" else (Unavailable, Refused)
    with pytest.raises(kind):
        sojourn.verify(token())


def test_faults_do_not_log_anybody_out() -> None:
    """An error of network or proxy is not `Rejected`, so no application takes it for a log-out."""
    for name, answer in NEVER_A_YES.items():
        if name == "another realm's answer":
            continue
        with pytest.raises(SojournError) as caught:
            client(answer)[0].verify(token())
        assert not isinstance(caught.value, Rejected), name


def test_garbage_is_refused_without_a_call() -> None:
    """Text that is no token of the realm never reaches the service."""
    sojourn, script = client(reply(200, valid()))
    for text in ("", "a.b.c", KEY, token(rid="rl_" + "9" * 22), token() + "\r\n"):
        with pytest.raises(InvalidToken):
            sojourn.verify(text)
    assert script.asked == []


def test_verification_is_tried_three_times() -> None:
    """A verification is asked again after a fault, three times in all, and then told."""
    sojourn, script = client(LOST, problem(503, "unavailable"), reply(200, valid()))
    assert sojourn.verify(token()).id == SESSION
    sojourn, script = client(LOST)
    with pytest.raises(Unavailable):
        sojourn.verify(token())
    assert len(script.asked) == 3
    assert 0.1 <= script.clock.slept[0] <= 0.2 <= script.clock.slept[1] <= 0.4


def test_deadline_is_for_the_whole_call() -> None:
    """Tries and waits together take no more than the timeout, and each try only what is left."""
    sojourn, script = client(LOST, takes=2.0)
    with pytest.raises(Unavailable):
        sojourn.verify(token())
    assert script.allowed[0] == 5.0
    assert script.allowed[1] < 3.0
    assert sum(script.clock.slept) + 2.0 * len(script.asked) <= 5.0 + 2.0


def test_service_says_when_to_ask_again() -> None:
    """`Retry-After` of a service that stays unavailable reaches the caller."""
    sojourn, script = client(problem(503, "unavailable", {"retry-after": "30"}))
    with pytest.raises(Unavailable) as caught:
        sojourn.verify(token())
    assert (caught.value.retry_after, len(script.asked)) == (30.0, 1)


@pytest.mark.parametrize("suspended", ["wall", "monotonic"])
def test_answer_of_long_ago_is_not_taken(suspended: str) -> None:
    """A process that was suspended during a call does not take the answer that it finds."""
    clock = FakeClock()

    def sleeps(_: Request) -> Reply:
        setattr(clock, suspended, getattr(clock, suspended) + 3_600)
        return reply(200, valid())

    script = Script([sleeps], clock)
    sojourn = Sojourn("https://s.example.com", REALM, transport=script, clock=clock)
    with pytest.raises(Unavailable, match="in time"):
        sojourn.verify(token())


def test_many_tokens_in_order() -> None:
    """Many tokens are answered in order, each by its session or its error, in one request."""
    second = SESSION[:-1] + "1"
    ended = {"active": False, "code": "session_ended", "reason": "logout", "ended_at": 5.5}
    expired = {"active": False, "code": "session_expired"}
    sojourn, script = client(
        reply(200, {"collection": [valid(), ended, expired, valid(id=second)]})
    )
    tokens = [token(), token(a=1), token(a=2), "x" * 5_000, token(a=3), token()]
    first, gone, old, garbage, other, again = sojourn.validate_many(tokens)
    assert (first, again) == (again, first)
    assert getattr(other, "id", None) == second
    assert isinstance(gone, Terminated)
    assert (gone.reason, gone.ended_at) == ("logout", 5.5)
    assert isinstance(old, Expired)
    assert isinstance(garbage, InvalidToken)
    (asked,) = script.asked
    assert json.loads(asked.body or b"") == {"tokens": [token(), *tokens[1:3], token(a=3)]}
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.headers["authrocket-realm"] == REALM


def test_tokens_go_in_batches() -> None:
    """A request has at most 100 tokens and fits the service's limit of 256 KiB."""

    def answers(request: Request) -> Reply:
        sent = json.loads(request.body or b"")["tokens"]
        found = [{"active": False, "code": "token_invalid"} for _ in sent]
        return reply(200, {"collection": found})

    sojourn, script = client(answers)
    sojourn.validate_many([token(n=n) for n in range(250)])
    assert [len(json.loads(a.body or b"")["tokens"]) for a in script.asked] == [100, 100, 50]
    sojourn, script = client(answers)
    sojourn.validate_many([f"{n}" + "x" * 3_990 for n in range(100)])
    assert len(script.asked) == 2
    assert all(len(asked.body or b"") < 256 * 1024 for asked in script.asked)


def test_too_few_answers_are_none() -> None:
    """An answer with another number of results than tokens is not taken."""
    sojourn, _ = client(reply(200, {"collection": [valid()]}))
    with pytest.raises(Unavailable):
        sojourn.validate_many([token(), token(a=1)])


NEEDS_A_KEY: dict[str, Callable[[Sojourn], Any]] = {
    "validate_many": lambda s: s.validate_many([token()]),
    "authenticate": lambda s: s.authenticate("ada", "secret"),
    "sessions": lambda s: s.sessions(USER),
    "end": lambda s: s.end(SESSION),
}


@pytest.mark.parametrize("name", NEEDS_A_KEY)
def test_calls_that_need_a_key_say_so(name: str) -> None:
    """A call of a server without an access key is a mistake that is told without a request."""
    sojourn, script = client(reply(200, valid()), access_key=None)
    with pytest.raises(ValueError, match="needs an access key"):
        NEEDS_A_KEY[name](sojourn)
    assert script.asked == []


def test_refusal_has_what_the_api_said() -> None:
    """What the API refuses has its code, status, sentences and further members."""
    limit = problem(409, "session_limit", sessions=[{"id": SESSION}])
    sojourn, script = client(limit)
    with pytest.raises(Refused, match="session_limit") as caught:
        sojourn.authenticate(
            "ada@x.org", "secret", ip="203.0.113.9", client="Firefox", replace=SESSION
        )
    error = caught.value
    assert (error.code, error.status, error.detail, error.errors) == (
        "session_limit",
        409,
        "D",
        ("E",),
    )
    assert error.problem["sessions"] == [{"id": SESSION}]
    (asked,) = script.asked
    assert asked.path == "/v1/users/ada%40x.org/authenticate"
    assert json.loads(asked.body or b"") == {
        "password": "secret",
        "request": {"ip": "203.0.113.9", "client": "Firefox"},
        "replace": SESSION,
    }


def test_lockout_says_how_long() -> None:
    """A login after too many attempts is refused at once, with the seconds to wait."""
    sojourn, script = client(problem(429, "too_many_attempts", {"retry-after": "1"}))
    with pytest.raises(Refused) as caught:
        sojourn.login(username="ada", password="wrong")
    assert (caught.value.code, caught.value.retry_after) == ("too_many_attempts", 1.0)
    assert len(script.asked) == 1


def test_login_is_never_done_twice() -> None:
    """A login whose answer was lost is not sent again; one that never left is."""
    sojourn, script = client(LOST)
    with pytest.raises(Unavailable):
        sojourn.login(username="ada", password="secret")
    assert len(script.asked) == 1
    unsent = NoReply("The service cannot be reached.", sent=False)
    sojourn, script = client(unsent, reply(200, valid(token=token(), user=None)))
    assert sojourn.login(username="ada", password="secret").token == token()
    assert len(script.asked) == 2
    assert "authorization" not in script.asked[0].headers


def test_list_has_all_pages() -> None:
    """A list is read to its end, page by page."""
    second = SESSION[:-1] + "1"
    pages = (
        reply(200, {"collection": [valid(user=None)], "more_results": True}),
        reply(200, {"collection": [valid(id=second, user=None)], "more_results": False}),
    )
    sojourn, script = client(*pages)
    assert [session.id for session in sojourn.sessions(USER)] == [SESSION, second]
    assert f"after={SESSION}" in script.asked[1].path


def test_list_that_repeats_itself_ends() -> None:
    """A list that answers the same page again is an error, and not read for ever."""
    sojourn, _ = client(reply(200, {"collection": [valid()], "more_results": True}))
    with pytest.raises(Unavailable):
        sojourn.sessions(token=token())


def test_ends() -> None:
    """A log-out, another device of one's own, any session, and all others are one call each."""
    sojourn, script = client(Reply(204, {}, b""))
    sojourn.end(token=token())
    sojourn.end(SESSION, token=token())
    sojourn.end(SESSION)
    sojourn.end_others(token())
    assert [(asked.method, asked.path) for asked in script.asked] == [
        ("DELETE", "/v1/session"),
        ("DELETE", f"/v1/sessions/{SESSION}"),
        ("DELETE", f"/v1/sessions/{SESSION}"),
        ("DELETE", "/v1/sessions?scope=others"),
    ]
    callers = [asked.headers["authorization"] for asked in script.asked]
    assert callers == [f"Bearer {token()}"] * 2 + [f"Bearer {KEY}", f"Bearer {token()}"]
    with pytest.raises(ValueError, match="needs"):
        sojourn.end()
    with pytest.raises(ValueError, match="needs"):
        sojourn.sessions()


def test_asyncio_does_the_same() -> None:
    """Each method has a twin for asyncio that answers and raises the same."""
    pages = {"collection": [valid(user=None)], "more_results": False}

    async def run() -> None:
        sojourn, _ = client(reply(200, valid()))
        assert (await sojourn.averify(token())).id == SESSION
        request = {"headers": {"authorization": f"Bearer {token()}"}}
        assert (await sojourn.aauthenticate_request(request)).id == SESSION
        assert (await sojourn.alogin(username="ada", password="x")).id == SESSION
        assert (await sojourn.aauthenticate("ada", "x")).id == SESSION
        sojourn, _ = client(reply(200, pages))
        assert len(await sojourn.asessions(USER)) == 1
        (found,) = await sojourn.avalidate_many([token()])
        assert getattr(found, "id", None) == SESSION
        sojourn, script = client(Reply(204, {}, b""))
        await sojourn.aend(SESSION)
        await sojourn.aend_others(token())
        assert len(script.asked) == 2
        sojourn, _ = client(problem(401, "session_ended", reason="logout"))
        with pytest.raises(Terminated, match="logout"):
            await sojourn.averify(token())

    asyncio.run(run())


def test_nothing_shows_a_secret() -> None:
    """Neither a client's, a session's nor a request's text has a token, a key or a password."""
    sojourn, script = client(reply(200, valid(token=token())))
    session = sojourn.login(username="ada", password="hunter2-hunter2")
    shown = f"{sojourn!r} {session!r} {script.asked!r} {vars(sojourn)!r}"
    for secret in (token(), KEY, "hunter2-hunter2"):
        assert secret not in shown


@pytest.mark.parametrize(
    "error",
    [
        Terminated("logout", 5.5),
        Unavailable("D", 3.0),
        Refused({"code": "invalid"}, 422),
        InvalidToken(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_can_be_copied(error: SojournError) -> None:
    """An error survives what worker processes do to it."""
    for made in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert (type(made), str(made), vars(made)) == (type(error), str(error), vars(error))


BAD_URLS = (
    "",
    "sessions.example.com",
    "ftp://sessions.example.com",
    "http://sessions.example.com",
    "https://user:pass@sessions.example.com",
    "https://sessions.example.com?x=1",
    "https://sessions.example.com\r\n",
    "https://",
)


@pytest.mark.parametrize("url", BAD_URLS)
def test_base_url_must_be_safe(url: str) -> None:
    """A URL over which tokens could be read, or that is none, is refused at once."""
    with pytest.raises(ValueError, match="base_url"):
        Sojourn(url, REALM)


@pytest.mark.parametrize(
    "url", ["https://s.example.com/", "http://127.0.0.1:3000", "http://localhost", "http://[::1]:3"]
)
def test_base_urls(url: str) -> None:
    """https is taken from anywhere, and http on the loopback."""
    Sojourn(url, REALM).close()


def test_arguments_are_checked() -> None:
    """A mode that there is not and a time-out that is none are told at once."""
    with pytest.raises(ValueError, match="mode"):
        Sojourn("https://s.example.com", REALM, mode="sometimes")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="timeout"):
        Sojourn("https://s.example.com", REALM, timeout=0)
