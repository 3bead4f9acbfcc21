"""The canary is removed, whatever ends the drill, and nobody else's sessions are ended."""

import signal
import subprocess
import threading
import time
from typing import Any

import pytest

from sojourn_cli.drill import command
from sojourn_cli.drill.rounds import Drill
from tests.cli.drill.conftest import Drilled
from tests.cli.drill.service import OK, Service, always
from tests.cli.stub import Asked, Say, problem
from tests.cli.test_terminal import SOJOURN, _interruptible, environment

PAST, LATER = 1_000_000_000, 100_000_000_000


def mark(until: object) -> dict[str, Any]:
    """The `custom` of a canary."""
    return {"sojourn_drill": {"run": "0123456789abcdef", "until": until}}


def test_canary_is_a_user_who_cannot_log_in(service: Service, drilled: Drilled) -> None:
    """The canary has no password, and says until when its drill may run."""
    before = int(time.time())
    assert drilled().exit_code == 0
    (body,) = (asked.body for asked in service.asked if asked.path == "/v1/users")
    assert (body["user_type"], body["username"]) == ("human", "sojourn-drill")
    assert "password" not in body
    assert before < body["custom"]["sojourn_drill"]["until"] < before + 3_600


def test_left_over_canary_is_removed(service: Service, drilled: Drilled) -> None:
    """What a drill that was killed has left is removed by the next one."""
    left = service.add_user("sojourn-drill", custom=mark(PAST))
    session = service.begin(left["id"], "sojourn-drill/0123456789abcdef until 1")
    assert drilled().exit_code == 0
    assert service.users == {}
    assert session.since >= 0


def test_drill_that_runs_is_left_alone(service: Service, drilled: Drilled) -> None:
    """A second drill of the realm does not begin, and says how to remove the first one's canary."""
    service.add_user("sojourn-drill", custom=mark(LATER))
    done = drilled()
    assert done.exit_code == 1
    assert "sojourn users delete sojourn-drill" in done.stderr
    assert len(service.users) == 1
    assert service.sessions == {}


@pytest.mark.parametrize("custom", [None, {}, {"sojourn_drill": 1}, {"sojourn_drill": {}}])
def test_user_of_the_same_name_is_left_alone(
    service: Service, drilled: Drilled, custom: object
) -> None:
    """A user whom no drill made, or whose mark is not understood, is not deleted."""
    service.add_user("sojourn-drill", custom=custom)
    done = drilled()
    assert done.exit_code == 1
    assert len(service.users) == 1
    assert service.sessions == {}


def test_two_drills_begin_at_once(service: Service, drilled: Drilled) -> None:
    """Who comes second is refused, and does not remove the other's canary."""
    user = service.add_user("sojourn-drill", custom=mark(LATER))
    none = problem(404, "not_found", "Not found")
    service.on("GET /v1/users/sojourn-drill", none, Say(200, user))
    assert drilled().exit_code == 1
    assert service.calls()[-2:] == ["POST /v1/users", "GET /v1/users/sojourn-drill"]
    assert len(service.users) == 1


def test_lost_answer_to_the_creation(service: Service, drilled: Drilled) -> None:
    """A canary whose creation was never answered is found by its mark, and removed."""

    def lost(asked: Asked) -> Say:
        told = Service.answer(service, asked)
        return Say(504, {"message": "Timeout"}) if asked.path == "/v1/users" else told

    service.answer = lost  # type: ignore[method-assign]
    done = drilled()
    assert done.exit_code == 1
    assert "POST /v1/users" in service.calls()
    assert service.users == {}


def test_canary_that_cannot_be_removed(service: Service, drilled: Drilled) -> None:
    """If the removal fails after the figures were printed, it is said, and exits with 1."""
    for each in range(1, 9):
        forbidden = problem(403, "permission_missing", "Not this.")
        service.on(f"DELETE /v1/users/usr_{each:022}", forbidden)
    done = drilled("--json")
    assert done.exit_code == 1
    assert "could not be removed" in done.stderr
    assert '"ok": true' in done.stdout


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, RuntimeError])
def test_whatever_ends_the_drill(
    service: Service, drilled: Drilled, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    """The canary is removed after any error, and after an interruption."""

    class Breaking(Drill):
        def run(self) -> Any:
            self.canary.begin()
            raise error

    monkeypatch.setattr(command, "Drill", Breaking)
    try:
        assert drilled().exit_code == {KeyboardInterrupt: 130, SystemExit: 0}[error]
    except AssertionError as found:
        assert isinstance(found.__cause__, RuntimeError)  # noqa: PT017 - the tool's own fixture
    assert (service.users, service.active()) == ({}, [])


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_signals(service: Service, number: signal.Signals, code: int) -> None:
    """A drill that is interrupted in the middle of a round removes its canary, then ends."""
    process = begun(service)
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert process.returncode == code, told
    assert "Traceback" not in told
    assert (service.users, service.active()) == ({}, [])


def test_interrupted_while_a_session_begins(service: Service) -> None:
    """A session that begins while the drill is interrupted is ended too: nothing outruns it."""
    service.add_user("ada")
    asked_for, answered = threading.Event(), threading.Event()

    def slow(asked: Asked) -> Say:
        if (asked.method, asked.path) == ("POST", "/v1/sessions"):
            asked_for.set()
            answered.wait(60)
        return Service.answer(service, asked)

    service.answer = slow  # type: ignore[method-assign]
    process = started(service, "--user", "ada", "--rounds", "1")
    assert asked_for.wait(60)
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)  # a drill that does not wait for its threads is over by now
    answered.set()
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert (len(service.sessions), service.active()) == (1, [])


def test_killed(service: Service, drilled: Drilled) -> None:
    """A drill that was killed is cleaned up by the next one, once it cannot run any more."""
    process = begun(service)
    process.kill()
    process.communicate(timeout=60)
    (user,) = service.users.values()
    assert drilled().exit_code == 1
    user["custom"]["sojourn_drill"]["until"] = int(time.time()) - 1
    assert drilled().exit_code == 0
    assert (service.users, service.active()) == ({}, [])


def begun(service: Service) -> "subprocess.Popen[str]":
    """A drill as a process, in the middle of a round that takes long."""
    service.settings["max_staleness_seconds"] = 20
    service.verifiers["/app"] = always(OK)
    process = started(service, "--application", f"{service.url}/app", "--rounds", "2")
    limit = time.monotonic() + 120
    while not any(asked.path == "/app" for asked in list(service.asked)):
        assert process.poll() is None
        assert time.monotonic() < limit
        time.sleep(0.02)
    return process


def started(service: Service, *options: str) -> "subprocess.Popen[str]":
    """A drill as a process."""
    return subprocess.Popen(
        [SOJOURN, "drill", *options],
        env=environment(service),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_interruptible,  # noqa: PLW1509 - it takes no lock
    )


def test_named_user(service: Service, drilled: Drilled) -> None:
    """A named user's own sessions stay, also those of another drill; only its own are ended."""
    ada = service.add_user("ada")
    own = service.begin(ada["id"], "Firefox")
    other = service.begin(ada["id"], f"sojourn-drill/0123456789abcdef until {LATER}")
    assert drilled("--user", "ada", "--rounds", "3").exit_code == 0
    assert service.active() == [own, other]
    assert list(service.users) == [ada["id"]]
    begun = list(service.sessions.values())[2:]
    assert len(begun) == 3
    assert all(session.client.startswith("sojourn-drill/") for session in begun)


def test_named_machine(service: Service, drilled: Drilled) -> None:
    """A machine's sessions cannot be ended, so naming one is a usage error."""
    service.add_user("robot", user_type="api")
    done = drilled("--user", "robot")
    assert done.exit_code == 2
    assert "unmanaged" in done.stderr


def test_named_user_after_a_kill(service: Service, drilled: Drilled) -> None:
    """Sessions that a killed drill has left with a named user are ended by the next one."""
    ada = service.add_user("ada")
    left = service.begin(ada["id"], f"sojourn-drill/0123456789abcdef until {PAST}")
    odd = service.begin(ada["id"], f"sojourn-drill/0123456789abcdef until {PAST} or so")
    assert drilled("--user", ada["id"]).exit_code == 0
    assert service.active() == [odd]
    assert left.since >= 0


def test_named_user_after_an_error(service: Service, drilled: Drilled) -> None:
    """A session that could not be ended in its round is ended when the drill is over."""
    ada = service.add_user("ada")

    def refusing(asked: Asked) -> Say:
        first = (
            asked.method == "DELETE" and sum(c.startswith("DELETE") for c in service.calls()) == 0
        )
        told = Service.answer(service, asked) if not first else None
        if told is None:
            service.asked.append(asked)
            return problem(500, "internal", "Oh")
        return told

    service.answer = refusing  # type: ignore[method-assign]
    assert drilled("--user", "ada", "--at-once", "1").exit_code == 1
    assert len(service.sessions) == 1
    assert service.active() == []
    assert ada["id"] in service.users


def test_named_user_without_room(service: Service, drilled: Drilled) -> None:
    """If the user's sessions leave no room, nothing begins: a login would end the oldest."""
    ada = service.add_user("ada")
    service.settings["max_sessions"] = 3
    mine = [service.begin(ada["id"], "Firefox") for _ in range(2)]
    done = drilled("--user", "ada", "--rounds", "2")
    assert done.exit_code == 2
    assert "ada has 2 of at most 3 sessions" in done.stderr
    assert service.active() == mine
    assert drilled("--user", "ada", "--at-once", "1").exit_code == 0
    assert service.active() == mine
