"""Third-party clients against the local stack.

A browser page of another origin, and verifiers that know the issuer alone. They need Node.js and
Debian's chromium.
"""

import functools
import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from provers.conftest import ROOT
from tests.e2e.calls import Api
from tests.e2e.conftest import own_stack

FOREIGN = ROOT / "provers/foreign"
POWERTOOLS = """
import json, os
from aws_lambda_powertools.utilities.auth_alpha import JWTVerifier
told = os.environ
verifier = JWTVerifier(issuer=told["ISSUER"], audience=told["AUDIENCE"], algorithms=["RS256"])
print(json.dumps(verifier.verify(told["TOKEN"])))
"""


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack that speaks https, for pages of one origin."""

    dev: dict[str, Any]
    origin: str

    @property
    def issuer(self) -> str:
        """The demo realm's issuer."""
        return f"{self.dev['base_url']}/v1/realms/{self.dev['realm_id']}"

    def credentials(self) -> dict[str, str]:
        """What the demo user logs in with."""
        user = self.dev["users"][0]
        return {name: user[name] for name in ("username", "password")}


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    """Where the page is served from: another origin than the stack's."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    handler = functools.partial(Quiet, directory=str(FOREIGN))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(scope="module")
def stack(origin: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack; a realm's end has been waited for, as it is outside tests."""
    folder = tmp_path_factory.mktemp("foreign")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(folder / "ca.pem"))
        with own_stack(folder, TLS="1", CORS_ORIGINS=origin, FAST_WAITS="0"):
            dev = json.loads((folder / "dev.json").read_text())
            api = Api(dev["base_url"], dev["access_key"])
            assert api.admin("POST", f"/v1/realms/{dev['realm_id']}/end_sessions").status == 200
            yield Stack(dev, origin)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the programs and the packages that they need."""
    assert shutil.which("npm"), "Node.js is needed: apt-get install nodejs npm"
    folder = tmp_path_factory.mktemp("node")
    shutil.copytree(FOREIGN, folder, dirs_exist_ok=True)
    installed = subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert installed.returncode == 0, installed.stderr
    return folder


def verified(stack: Stack, command: list[str], folder: Path) -> dict[str, Any]:
    """The claims that a verifier takes from a token that was just issued."""
    api = Api(stack.dev["base_url"], stack.dev["access_key"])
    body = {"realm_id": stack.dev["realm_id"], **stack.credentials()}
    session = api.call("POST", "/v1/login", body).body
    told = {"ISSUER": stack.issuer, "AUDIENCE": stack.dev["realm_id"], "TOKEN": session["token"]}
    ran = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **told, "NODE_EXTRA_CA_CERTS": stack.dev["ca_file"]},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    claims: dict[str, Any] = json.loads(ran.stdout)
    assert claims["sid"] == session["id"]
    return claims


def test_powertools_verifies_by_the_issuer_alone(stack: Stack) -> None:
    """Powertools' verifier finds the keys by the issuer and takes the token."""
    claims = verified(stack, [sys.executable, "-c", POWERTOOLS], ROOT)
    assert claims["iss"] == stack.issuer


def test_aws_jwt_verify_verifies_by_the_issuer_alone(stack: Stack, node: Path) -> None:
    """npm's aws-jwt-verify does too."""
    claims = verified(stack, ["node", "verify.mjs"], node)
    assert claims["iss"] == stack.issuer


def test_page_of_another_origin_logs_in_and_lists(stack: Stack, node: Path) -> None:
    """In Chromium a page of an allowed origin logs in, lists, logs out, and reads the reason."""
    chromium = shutil.which("chromium")
    assert chromium, "A browser is needed: apt-get install chromium"
    login = {"realm_id": stack.dev["realm_id"], **stack.credentials()}
    query = urllib.parse.urlencode({"base": stack.dev["base_url"], "login": json.dumps(login)})
    ran = subprocess.run(
        ["node", "page.mjs"],
        cwd=node,
        env={**os.environ, "CHROMIUM": chromium, "PAGE": f"{stack.origin}/page.html?{query}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert told["id"] in told["listed"]
    assert (told["ended"], told["reason"]) == (204, "logout")
    assert told["refused"].startswith("Bearer")
