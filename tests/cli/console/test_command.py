"""`sojourn console` as a command: what it prints, when it ends, and what it imports."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sojourn_cli.console.door import Door
from tests.cli.console.browser import Browser
from tests.cli.stub import Stub, page, problem
from tests.cli.tool import KEY, Tool
from tests.support.clock import MovedClock

ROOT = Path(__file__).resolve().parents[3]


class FastClock(MovedClock):
    """Time flies: each look at the clock takes a minute."""

    def monotonic(self) -> float:
        self.advance(60)
        return super().monotonic()


@pytest.mark.parametrize("before", ["", "trap '' INT;"], ids=["a terminal", "in the background"])
def test_command_serves_until_it_is_interrupted(stub: Stub, before: str) -> None:
    """It prints one URL, which opens it, logs no request, and ends with 130 after Ctrl-C."""
    stub.on("GET /v1/realms", page())
    stub.on("GET /v1/access_keys", problem(403, "permission_missing", "No"))
    stub.on("*", problem(403, "permission_missing", "No"))
    code = "from sojourn_cli.main import main; main()"
    command = [sys.executable, "-c", code, "console", "--url", stub.url]
    process = subprocess.Popen(
        ["sh", "-c", f'{before} exec "$@"', "sh", *command],
        env={**os.environ, "SOJOURN_ACCESS_KEY": KEY, "PYTHONPATH": str(ROOT / "cli")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        url = process.stdout.readline().strip()
        browser = Browser(url, secrets=[KEY])
        assert browser.open().status == 200
        assert "There is no realm yet." in browser.read("/").text
    finally:
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=20)
    assert process.returncode == 130
    assert stdout == ""
    assert stderr.splitlines() == [
        "Open this URL in a browser on this machine within 5 minutes. It works once.",
        "The access key has the permission read. Ctrl-C ends the console.",
        "Interrupted.",
    ]


def test_nobody_opens_it(stub: Stub) -> None:
    """A console whose URL nobody uses in time ends, and says so."""
    stub.on("GET /v1/realms", page())
    stub.on("GET /v1/access_keys", page())
    done = Tool(stub.url, clock=FastClock())("console")
    assert done.exit_code == 0
    assert "Nobody opened the URL in time" in done.stderr
    assert "permission admin" in done.stderr


def test_idle(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    """A console that was opened, and is not used any more, ends and says so."""
    monkeypatch.setattr(Door, "is_open", True)
    stub.on("GET /v1/realms", page())
    stub.on("GET /v1/access_keys", page())
    done = Tool(stub.url, clock=FastClock())("console", "--idle-minutes", "5")
    assert done.exit_code == 0
    assert "Nothing was asked for 5 minutes" in done.stderr


def test_wrong_key_or_no_stack(stub: Stub, tool: Tool) -> None:
    """A key that the stack refuses, and a stack that is not there, are said before any URL."""
    stub.on("GET /v1/realms", problem(403, "access_key_invalid", "Not valid"))
    refused = tool("console")
    assert (refused.exit_code, refused.stdout) == (1, "")
    absent = Tool("http://127.0.0.1:1")("console")
    assert (absent.exit_code, absent.stdout) == (3, "")
    assert Tool("")("console").exit_code == 2


def test_port_that_is_taken(stub: Stub, tool: Tool) -> None:
    """A port that another program has is said."""
    stub.on("*", page())
    done = tool("console", "--port", stub.url.rpartition(":")[2])
    assert done.exit_code == 1
    assert "is not available" in done.stderr


def test_other_commands_do_not_import_it() -> None:
    """The other commands start without the server, its framework and the templates."""
    code = "import sys, sojourn_cli.main; print(*sys.modules)"
    told = {**os.environ, "PYTHONPATH": str(ROOT / "cli")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=told, capture_output=True, text=True, check=True
    )
    imported = set(done.stdout.split())
    assert "sojourn_cli.console.command" in imported
    assert not imported & {"starlette", "jinja2", "uvicorn", "anyio", "markupsafe", "asyncio"}
