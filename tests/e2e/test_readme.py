"""The README's commands: those for one machine are run, those for AWS only checked."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from local.template import Template
from sojourn_client import Terminated
from tests.cli.tool import parse
from tests.e2e.calls import PASSWORD, Api

pytestmark = pytest.mark.local_only

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
SHELL = re.findall(r"^```sh\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)
PYTHON = re.findall(r"^```python\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)

CHECKED = ("make ", "pipx ", "sam ", "export ", "envsubst ")
"""How lines begin that a test cannot run: they start a server or this very test, or need AWS."""
STACK = "--stack-name"
"""What a line has in it that needs a deployed stack."""


def is_run(block: str) -> bool:
    """Whether a block is run as it is."""
    return not block.startswith(CHECKED) and "| sam " not in block and STACK not in block


RUN = [block for block in SHELL if is_run(block)]
CHECKED_LINES = [
    line for block in SHELL if not is_run(block) for line in block.splitlines() if line
]


SHELLS = {
    "bash": ("set -euo pipefail", ["bash", "-s"]),
    # Interactive, as it is when somebody pastes: then a `#` begins no comment.
    "zsh": (
        "PS1= PS2=; unsetopt prompt_cr prompt_sp; set -euo pipefail",
        ["zsh", "-f", "-i", "-s"],
    ),
}
"""How each shell begins, and its command; what it runs comes by its standard input."""


def run(
    api: Api, blocks: Sequence[str], folder: Path, shell: str = "bash"
) -> "subprocess.CompletedProcess[str]":
    """Blocks, one after the other in one shell, with this test's Python as .venv's.

    The operator's tool finds the API in the environment, as the README has put it there.
    """
    here = str(Path(sys.executable).parent)
    first, command = SHELLS[shell]
    return subprocess.run(
        command,
        input="\n".join([first, *blocks]).replace(".venv/bin/", f"{here}/"),
        cwd=folder,
        env={
            **os.environ,
            "PATH": f"{here}:{os.environ['PATH']}",
            "SOJOURN_URL": api.base_url,
            "SOJOURN_ACCESS_KEY": api.access_key,
        },
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_blocks_are_found() -> None:
    """The README has blocks of both kinds, so that nothing passes for being empty."""
    assert len(RUN) >= 5
    assert len(CHECKED_LINES) >= 6
    assert len(PYTHON) == 1


def test_no_block_has_a_comment() -> None:
    """An interactive zsh takes no `#` for a comment, so no block has one, run or not."""
    assert [
        line for block in SHELL for line in block.splitlines() if re.search(r"(^|\s)#", line)
    ] == []


@pytest.mark.parametrize("shell", SHELLS)
def test_blocks_run_as_they_are_pasted(api: Api, beside: Path, shell: str) -> None:
    """The blocks for one machine run in either shell, one after the other, beside the stack."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not on this machine")
    ran = run(api, RUN, beside, shell)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_first_steps_show_what_they_say(api: Api, beside: Path) -> None:
    """The first steps list two sessions, when and where, and end one of them for a reason."""
    decoder, found = json.JSONDecoder(), []
    text = run(api, RUN[:2], beside).stdout.strip()
    while text:
        value, end = decoder.raw_decode(text)
        found.append(value)
        text = text[end:].strip()
    listed, refused = found
    clients = [session["request"]["client"] for session in listed["collection"]]
    assert clients[:2] == ["Laptop/1.0", "Phone/1.0"]
    assert (refused["code"], refused["reason"]) == ("session_ended", "terminated_by_user")


def test_deploy_ends_in_a_login(api: Api, beside: Path) -> None:
    """The deploy section's commands make a realm and a user, log in, and show that session."""
    (block,) = (block for block in RUN if "realms create" in block)
    ran = run(api, [block], beside)
    assert ran.returncode == 0, ran.stderr
    session, end = json.JSONDecoder().raw_decode(ran.stdout, ran.stdout.index("{"))
    assert api.validate(session["token"]).status == 200
    assert session["id"] in ran.stdout[end:]


@pytest.mark.parametrize("line", CHECKED_LINES)
def test_line_is_possible(line: str) -> None:
    """Each target, function, file, option and command of a line that is not run is there."""
    words = shlex.split(line, comments=True)
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    functions = {function.logical_id for function in Template.read().functions()}
    if words[0] == "make":
        assert words[1] in targets
    if words[0] == "pipx":
        assert (ROOT / words[2] / "pyproject.toml").exists()
    if "sam" in words:
        told = words[words.index("sam") + 1 :]
        assert told[0] in {"build", "deploy", "local"}
        if told[0] == "local":
            assert told[1] == "invoke"
            assert told[2] in functions
            assert set(told[3:]) <= {"-e", "-", "--env-vars", "env.json"}
    for word in words:
        if word.startswith("events/"):
            assert (ROOT / word).exists()
    for told in re.findall(r"(?:^|\$\(|\| )sojourn ([^)|]*)", line):
        parse(shlex.split(told))


def test_example_for_applications_verifies(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """The README's lines for an application accept a session, and an ended one is refused."""
    realm = api.realm()
    user = api.user(realm)
    session = user.login(PASSWORD)
    names: dict[str, Any] = {
        "BASE_URL": api.base_url,
        "REALM_ID": realm,
        "ACCESS_KEY": api.access_key,
        "token": session["token"],
    }
    lines = compile(PYTHON[0], "README.md", "exec")
    exec(lines, names)
    names["sojourn"].close()
    assert capsys.readouterr().out
    api.call("DELETE", "/v1/session", bearer=session["token"])
    with pytest.raises(Terminated):
        exec(lines, names)
    names["sojourn"].close()
