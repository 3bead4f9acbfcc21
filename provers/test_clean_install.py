"""`pipx install ./cli` and `pip install ./client` on a clean machine: neither needs the service.

The packages that they need come from whatever index pip is configured with.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from provers.conftest import ROOT
from tests.cli.console.browser import Browser
from tests.e2e.calls import PASSWORD, Api
from tests.e2e.conftest import own_stack


@dataclass(frozen=True, slots=True)
class Installed:
    """An environment that has the tool, what it needs, and nothing else."""

    folder: Path

    def run(self, program: str, *arguments: str, input: str = "", **told: str) -> str:
        """What a program of the environment prints, in a folder and environment of its own."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        done = subprocess.run(
            [self.folder / "bin" / program, *arguments],
            input=input,
            cwd=self.folder,
            env={**kept, "HOME": str(self.folder), **told},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def install(folder: Path, what: str) -> Installed:
    """A folder of the project in an empty environment, installed by pip."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    command = [str(folder / "bin/python"), "-m", "pip", "install", "-q", str(ROOT / what)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(
            f"`pip install ./{what}` failed. It takes the build's tools and what the package needs "
            f"from pip's package index: is that reachable?\n{done.stderr[-2_000:]}"
        )
    return Installed(folder)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The tool, installed as pipx does it: an empty environment, and pip."""
    return install(tmp_path_factory.mktemp("clean") / "venv", "cli")


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The client in an application's environment, which has nothing else."""
    return install(tmp_path_factory.mktemp("application") / "venv", "client")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Api, Path]]:
    """A local stack, and its folder."""
    folder = tmp_path_factory.mktemp("local")
    with own_stack(folder) as api:
        yield api, folder


def test_command_says_what_it_is(installed: Installed) -> None:
    """`--version` is that of the distribution, and `--help` names the groups of commands."""
    assert installed.run("sojourn", "--version") == "sojourn, version 0.1.0\n"
    told = installed.run("sojourn", "--help")
    for group in ("init", "realms", "users", "sessions", "keys", "token", "doctor"):
        assert f"\n  {group} " in told


def test_service_is_not_installed(installed: Installed) -> None:
    """The environment has the tool, boto3 and click with what these need, and not the service."""
    listed = json.loads(installed.run("python", "-m", "pip", "list", "--format=json"))
    names = {one["name"] for one in listed}
    assert {"sojourn-cli", "boto3", "click", "urllib3"} <= names
    assert not names & {"sojourn", "msgspec", "cryptography", "PyJWT", "aws-lambda-powertools"}
    assert installed.run("python", "-m", "pip", "check") == "No broken requirements found.\n"


def test_command_operates_a_stack(installed: Installed, stack: tuple[Api, Path]) -> None:
    """The first key that it makes opens the stack, whose realms it lists and tokens it reads."""
    api, folder = stack
    local = {"SOJOURN_LOCAL": str(folder)}
    dev = json.loads((folder / "dev.json").read_text())
    (realm,) = json.loads(installed.run("sojourn", "realms", "list", "--local", "--json", **local))
    assert realm["id"] == dev["realm_id"]
    made = installed.run("sojourn", "init", "--endpoint", api.base_url, "--force")
    told = {"SOJOURN_URL": api.base_url, "SOJOURN_ACCESS_KEY": made.strip()}
    assert made.startswith("ks_")
    assert realm["id"] in installed.run("sojourn", "realms", "list", **told)
    new = installed.run("sojourn", "realms", "create", "Shop", **told).strip()
    user = api.user(new)
    token = user.login()["token"]
    assert f"sub: {user.id}" in installed.run("sojourn", "token", "--local", input=token, **local)
    listed = installed.run("sojourn", "sessions", "list", "--user", user.id, "--realm", new, **told)
    assert "kss_" in listed


def test_console_is_whole(installed: Installed, stack: tuple[Api, Path]) -> None:
    """The installed tool has the console's server, pages and style, and serves them."""
    _, folder = stack
    told = {"SOJOURN_LOCAL": str(folder), "PATH": os.environ["PATH"], "HOME": str(folder)}
    command = [str(installed.folder / "bin/sojourn"), "console", "--local"]
    process = subprocess.Popen(command, env=told, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        browser = Browser(process.stdout.readline().strip())
        assert browser.open().status == 200
        (realm, *_) = [link for link in browser.read("/").links if "/realms/" in link]
        for place in ("", "/users", "/signing", "/keys", "/activity", "/end"):
            browser.read(realm + place)
        assert "color-scheme" in browser.get("/style.css").content
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130


def test_client_brings_little(application: Installed) -> None:
    """The client brings PyJWT, cryptography, urllib3 and cachetools with what these need."""
    listed = json.loads(application.run("python", "-m", "pip", "list", "--format=json"))
    names = {one["name"].lower() for one in listed} - {"pip", "setuptools"}
    wanted = {"sojourn-client", "pyjwt", "cryptography", "urllib3", "cachetools"}
    assert wanted <= names <= wanted | {"cffi", "pycparser", "typing_extensions"}
    assert application.run("python", "-m", "pip", "check") == "No broken requirements found.\n"


def test_client_verifies(application: Installed, stack: tuple[Api, Path]) -> None:
    """The installed client logs a user in, verifies the session, and refuses it once it ended."""
    api, _ = stack
    realm_id = api.realm()
    user = api.user(realm_id)
    code = """
import os, sojourn_client
sojourn = sojourn_client.Sojourn(os.environ["URL"], os.environ["REALM"])
token = sojourn.login(username=os.environ["NAME"], password=os.environ["PASSWORD"]).token
print(sojourn.verify(token).user.id)
sojourn.end(token=token)
try:
    sojourn.verify(token)
except sojourn_client.Terminated as error:
    print(error.reason)
"""
    told = {"URL": api.base_url, "REALM": realm_id, "NAME": user.username, "PASSWORD": PASSWORD}
    assert application.run("python", "-c", code, **told) == f"{user.id}\nlogout\n"
