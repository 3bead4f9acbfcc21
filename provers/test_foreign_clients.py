"""Third-party clients against the local stack.

A browser page of another origin, verifiers that know the issuer alone, and OAuth clients that
introspect and revoke. They need Node.js and Debian's chromium.
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


@pytest.fixture(scope="module")
def foreign_python() -> Path:
    """The Python of the environment that has other people's OAuth clients."""
    made = subprocess.run(
        ["make", "-s", f"PYTHON={sys.executable}", ".venv-foreign/.installed"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    return ROOT / ".venv-foreign/bin/python"


def login(stack: Stack) -> dict[str, Any]:
    """A new session of the demo user's."""
    api = Api(stack.dev["base_url"], stack.dev["access_key"])
    body = {"realm_id": stack.dev["realm_id"], **stack.credentials()}
    session: dict[str, Any] = api.call("POST", "/v1/login", body).body
    return session


def ran(stack: Stack, command: list[str], folder: Path, **told: str) -> dict[str, Any]:
    """What a program prints that is told the issuer and the audience, and trusts the stack."""
    told |= {"ISSUER": stack.issuer, "AUDIENCE": stack.dev["realm_id"]}
    trust = ("NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **dict.fromkeys(trust, stack.dev["ca_file"]), **told},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed


def verified(stack: Stack, command: list[str], folder: Path) -> dict[str, Any]:
    """The claims that a verifier takes from a token that was just issued."""
    session = login(stack)
    claims = ran(stack, command, folder, TOKEN=session["token"])
    assert claims["sid"] == session["id"]
    return claims


@dataclass(frozen=True, slots=True)
class Clients:
    """Two sessions, and what an OAuth client with a key's id and secret made of their tokens."""

    sessions: list[dict[str, Any]]
    found: dict[str, Any]
    reasons: list[str | None]
    """Why each session ended, if it did."""


def met(stack: Stack, command: list[str], folder: Path, **told: str) -> Clients:
    """Run an OAuth client with a new access key and two new sessions."""
    api = Api(stack.dev["base_url"], stack.dev["access_key"])
    body = {"name": "OAuth", "permission": "write", "realm_id": stack.dev["realm_id"]}
    key = api.made("/v1/access_keys", body)
    first, second = sessions = [login(stack) for _ in range(2)]
    found = ran(
        stack,
        command,
        folder,
        KEY_ID=key["id"],
        KEY_SECRET=key["secret"],
        FIRST=first["token"],
        SECOND=second["token"],
        **told,
    )
    answers = [api.validate(session["token"]) for session in sessions]
    return Clients(sessions, found, [answer.body.get("reason") for answer in answers])


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
    body = {"realm_id": stack.dev["realm_id"], **stack.credentials()}
    query = urllib.parse.urlencode({"base": stack.dev["base_url"], "login": json.dumps(body)})
    done = subprocess.run(
        ["node", "page.mjs"],
        cwd=node,
        env={**os.environ, "CHROMIUM": chromium, "PAGE": f"{stack.origin}/page.html?{query}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["id"] in told["listed"]
    assert (told["ended"], told["reason"]) == (204, "logout")
    assert told["refused"].startswith("Bearer")


def test_authlib_introspects_and_revokes(stack: Stack, foreign_python: Path) -> None:
    """Authlib's validator admits a token until authlib revokes it, as a server and as its holder.

    It finds the endpoints in the metadata at the place that it derives from the issuer.
    """
    clients = met(stack, [str(foreign_python), "with_authlib.py"], FOREIGN)
    before = clients.found["before"]
    assert [token["sid"] for token in before] == [session["id"] for session in clients.sessions]
    assert clients.found["statuses"] == [200, 200, 200]
    assert clients.found["after"] == [None, None, None]
    assert clients.reasons == ["terminated_by_admin", "logout"]


@pytest.mark.parametrize("as_bearer", ["", "1"], ids=["id and secret", "bearer"])
def test_django_oauth_toolkit_protects_a_resource(
    stack: Stack, foreign_python: Path, as_bearer: str
) -> None:
    """A resource of Django OAuth Toolkit's is its owner's until the token is revoked.

    It refuses the token when the answer that it cached is over.
    """
    command = [str(foreign_python), "with_django.py"]
    clients = met(stack, command, FOREIGN, AS_BEARER=as_bearer)
    assert clients.found["before"] == [200, {"username": stack.dev["users"][0]["username"]}]
    assert clients.found["statuses"] == [200]
    assert clients.found["cached"] == 1
    assert [status for status, _ in clients.found["after"]] == [403, 403]
    assert clients.reasons == ["logout", None]


def test_fastmcp_verifies_by_introspection(stack: Stack, foreign_python: Path) -> None:
    """FastMCP's verifier admits a token until it is revoked; a secret in the form admits none."""
    clients = met(stack, [str(foreign_python), "with_fastmcp.py"], FOREIGN)
    first = clients.sessions[0]
    expected = {"subject": first["user_id"], "expires_at": first["expires_at"]}
    assert clients.found["before"] == expected
    assert clients.found["statuses"] == [200]
    assert clients.found["after"] == [None, None, None]
    assert clients.reasons == ["logout", None]


def test_openid_client_introspects_and_revokes(stack: Stack, node: Path) -> None:
    """npm's openid-client does both, by each discovery, as a server and as a token's holder.

    It reads the challenges of a wrong secret, and the error of a secret in header and form.
    """
    clients = met(stack, ["node", "introspect.mjs"], node)
    before = clients.found["before"]
    assert [token["sid"] for token in before] == [session["id"] for session in clients.sessions]
    assert clients.found["after"] == [{"active": False}] * 3
    assert clients.found["challenges"] == ["basic", "bearer"]
    assert clients.found["malformed"] == "invalid_request"
    assert clients.reasons == ["terminated_by_admin", "logout"]
