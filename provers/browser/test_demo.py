"""`make demo` in Debian's Chromium: the story that it is for, and the pictures of the documents.

Needs Node.js, npm and chromium. Each run puts the pictures into `.build`; the committed ones, in
docs/images, are copies of them.
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from provers.browser.chromium import BROWSER, Results, console, played, prepared, ran, scenarios
from provers.conftest import ROOT
from tests.e2e.client.browser import reached

FILE = BROWSER / "demo/demo.test.mjs"
PICTURES = ROOT / ".build"
NAMES = ("console", "demo-here", "demo-there")
DEMO = [sys.executable, "-m", "tools.demo"]


def printed(text: str, pattern: str) -> str:
    """What the demo has printed at a place."""
    found = re.search(pattern, text, re.MULTILINE)
    assert found, text
    return found[1]


@contextmanager
def demo() -> Iterator[str]:
    """A demo at a free port until Ctrl-C: what it has printed when it is ready."""
    process = subprocess.Popen(
        DEMO,
        cwd=ROOT,
        env={**os.environ, "PORT": "0", "FAST_PASSWORDS": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        text = ""
        while "Ctrl-C stops" not in text:
            line = process.stdout.readline()
            assert line, text
            text += line
        yield text
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """What each scenario found wrong."""
    folder = prepared(tmp_path_factory.mktemp("demo"))
    PICTURES.mkdir(exist_ok=True)
    for name in NAMES:  # those of an earlier run do not count
        (PICTURES / f"{name}.png").unlink(missing_ok=True)
    with ExitStack() as stack:
        text = stack.enter_context(demo())
        command = printed(text, r"^  (SOJOURN_LOCAL=.*)$")
        dev = json.loads((Path(printed(text, r"SOJOURN_LOCAL=(\S+)")) / "dev.json").read_text())
        told = {
            "site": printed(text, r"^  (http://localhost:\d+)$"),
            "api": dev["base_url"],
            "key": dev["access_key"],
            "realm": dev["realm_id"],
            "user": dev["users"][0]["id"],
            "username": printed(text, r"username: (\S+)$"),
            "password": printed(text, r"password: (\S+)$"),
            "console": stack.enter_context(console(["sh", "-c", f"exec env {command}"])),
            "pictures": str(PICTURES),
        }
        return played(folder, [FILE], told, NODE_EXTRA_CA_CERTS=dev["ca_file"])


@pytest.mark.parametrize("scenario", scenarios(FILE))
def test_in_chromium(results: Results, scenario: str) -> None:
    """What the scenario's name says is so."""
    assert results[scenario] is None, results[scenario]


@pytest.mark.usefixtures("results")
@pytest.mark.parametrize("name", NAMES)
def test_picture_is_made(name: str) -> None:
    """A run makes each picture of the documents."""
    assert (PICTURES / f"{name}.png").stat().st_size > 5_000
    assert (ROOT / f"docs/images/{name}.png").exists()


def test_ctrl_c_stops_all_of_it() -> None:
    """After Ctrl-C nothing of the demo listens, and its folder is gone."""
    with demo() as text:
        places = re.findall(r"127\.0\.0\.1:\d+", text)
        folder = Path(printed(text, r"SOJOURN_LOCAL=(\S+)"))
        assert len(places) == 2
        assert [reached(place) for place in places] == [True, True]
        assert folder.is_dir()
    assert [reached(place) for place in places] == [False, False]
    assert not folder.exists()


@pytest.mark.parametrize("port", ["taken", "http", "65536"])
def test_port_that_cannot_be_had(port: str) -> None:
    """A port that is taken, or none, is told in a sentence, and nothing is started."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = str(taken.getsockname()[1]) if port == "taken" else port
        done = ran(DEMO, ROOT, PORT=number)
    assert done.returncode == 1
    assert done.stdout == ""
    says = (
        f"Port {number} is not available (Address already in use). Stop what has it, or choose "
        "another: make demo PORT=8001\n"
        if port == "taken"
        else f"PORT must be a number from 0 to 65535, and is {number!r}.\n"
    )
    assert done.stderr == says
