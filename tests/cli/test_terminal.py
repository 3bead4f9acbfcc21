"""`sojourn` as a process: a terminal, a closed pipe, Ctrl-C."""

import errno
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.cli.stub import Say, Stub, page
from tests.cli.tool import KEY, REALM, USER

SOJOURN = str(Path(sys.executable).parent / "sojourn")


def environment(stub: Stub) -> dict[str, str]:
    """What the process gets."""
    return {**os.environ, "SOJOURN_URL": stub.url, "SOJOURN_ACCESS_KEY": KEY, "TERM": "xterm"}


def _interruptible() -> None:
    """What a shell starts in the background ignores Ctrl-C, and so would all that it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def at_terminal(
    stub: Stub, arguments: Sequence[str], answers: Sequence[tuple[str, str]]
) -> tuple[int, str]:
    """The exit code and all that a terminal shows; each answer is typed after its question."""
    child, terminal = pty.fork()
    if child == 0:
        _interruptible()
        os.execve(SOJOURN, [SOJOURN, *arguments], environment(stub))
    shown, waiting = "", list(answers)
    while True:
        try:
            got = os.read(terminal, 4096)
        except OSError as error:
            if error.errno != errno.EIO:  # how Linux says that the other end is closed
                raise
            break
        if not got:
            break
        shown += got.decode()
        if waiting and waiting[0][0] in shown.rpartition("\n")[2]:
            os.write(terminal, waiting.pop(0)[1].encode())
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    assert "Traceback" not in shown
    return os.waitstatus_to_exitcode(status), shown


def test_typed_password_is_never_shown(stub: Stub) -> None:
    """The password is asked for twice, does not appear on the terminal, and is sent."""
    stub.on("*", Say(201, {"object": "user", "id": USER, "username": "ada"}))
    typed = [("Password: ", "hunter2 hunter2\n"), ("confirmation: ", "hunter2 hunter2\n")]
    code, shown = at_terminal(stub, ["users", "create", "ada"], typed)
    assert code == 0, shown
    assert USER in shown
    assert "hunter2" not in shown
    assert stub.asked[-1].body["password"] == "hunter2 hunter2"


def test_interrupt_at_a_question(stub: Stub) -> None:
    """Ctrl-C at a prompt ends with 130, and nothing was asked of the API."""
    code, _ = at_terminal(stub, ["users", "create", "ada"], [("Password: ", "\x03")])
    assert code == 130
    assert stub.asked == []


def test_bar_while_a_large_realm_goes(stub: Stub) -> None:
    """A terminal shows how much of a large deletion is done, and a long list how far it is."""
    view = {"object": "realm", "id": REALM, "name": "Shop", "state": "deleting"}
    steps = [{"users_deleted": n, "users_remaining": 400 - n} for n in (100, 300)]
    stub.on(
        f"DELETE /v1/realms/{REALM}", *(Say(202, {**view, "deletion": s}) for s in steps), Say(204)
    )
    code, shown = at_terminal(stub, ["realms", "delete", REALM, "--name", "Shop"], [])
    assert code == 0
    assert "100/400" in shown
    assert "300/400" in shown
    stub.on("GET /v1/realms", page({"id": "rl_1"}, more=True), page({"id": "rl_2"}))
    code, shown = at_terminal(stub, ["realms", "list"], [])
    assert code == 0
    assert "Reading realms" in shown


def test_no_bar_in_a_pipe(stub: Stub) -> None:
    """Without a terminal nothing but the list is written."""
    stub.on("GET /v1/realms", page({"id": "rl_1"}, more=True), page({"id": "rl_2"}))
    ran = subprocess.run(
        [SOJOURN, "realms", "list"], env=environment(stub), capture_output=True, text=True
    )
    assert (ran.returncode, ran.stderr) == (0, "")


def test_interrupt_while_it_waits(stub: Stub) -> None:
    """Ctrl-C during a wait ends with 130 and no stack trace."""
    stub.on("*", Say(429, {"message": "Slow"}, {"retry-after": "30"}))
    process = subprocess.Popen(
        [SOJOURN, "realms", "list"],
        env=environment(stub),
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_interruptible,  # noqa: PLW1509 - it takes no lock
    )
    assert stub.arrived.wait(30)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in told


def test_pipe_that_closes(stub: Stub) -> None:
    """A reader that has seen enough ends the tool without a stack trace."""
    stub.on("*", page(*({"id": f"rl_{number:022}"} for number in range(5_000))))
    reading, writing = os.pipe()
    os.close(reading)
    ran = subprocess.run(
        [SOJOURN, "realms", "list"],
        env=environment(stub),
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writing)
    assert ran.returncode == 1
    assert ran.stderr == ""


def test_terminal_that_lacks_a_letter(stub: Stub) -> None:
    """A name that the terminal's encoding cannot write is written with escapes."""
    stub.on("*", page({"id": "rl_1", "name": "漢字"}))
    ran = subprocess.run(
        [SOJOURN, "realms", "list"],
        env={**environment(stub), "PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "\\u6f22" in ran.stdout
