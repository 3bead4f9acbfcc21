"""`make dev`: how the local stack starts, uses its own files, and stops."""

import http.client
import json
import os
import signal
import ssl
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import jwt
import pytest

from tests.e2e.calls import Api
from tests.e2e.conftest import ROOT, own_stack, start

pytestmark = pytest.mark.local_only

ORIGIN = "http://localhost:8000"


def run(folder: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """`python -m local …` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "local", *arguments],
        cwd=ROOT,
        env={**os.environ, "PORT": "0", "SOJOURN_LOCAL": str(folder), **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def stopped(process: "subprocess.Popen[str]") -> str:
    """What a stack said until it ended by Ctrl-C."""
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    return said


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A stack as an application's developer wants it: https, for a page of another origin."""
    folder = tmp_path_factory.mktemp("secure")
    real = {"FAST_WAITS": "0", "FAST_PASSWORDS": "0"}
    with own_stack(folder, TLS="1", CORS_ORIGINS=ORIGIN, **real):
        yield json.loads((folder / "dev.json").read_text())


def ask(
    dev: dict[str, str], method: str, path: str, *, body: object = None, **headers: str
) -> http.client.HTTPResponse:
    """A call over https by a client that trusts the stack's authority alone."""
    connection = http.client.HTTPSConnection(
        urlsplit(dev["base_url"]).netloc,
        context=ssl.create_default_context(cafile=dev["ca_file"]),
        timeout=30,
    )
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if body is not None:
        sent["content-type"] = "application/json"
    connection.request(method, path, None if body is None else json.dumps(body), sent)
    return connection.getresponse()


def token_of(dev: dict[str, str]) -> str:
    """A login token of the demo user."""
    user: dict[str, str] = dev["users"][0]  # type: ignore[assignment]
    wanted = {name: user[name] for name in ("username", "password")}
    answer = ask(dev, "POST", "/v1/login", body={"realm_id": dev["realm_id"], **wanted})
    return str(json.load(answer)["token"])


def test_https_by_the_authority_that_is_printed(secure: dict[str, str]) -> None:
    """With TLS=1 the stack speaks https; who does not trust its authority is not connected."""
    assert secure["base_url"].startswith("https://")
    assert ask(secure, "GET", "/v1/session").status == 401
    with pytest.raises(ssl.SSLCertVerificationError):
        ask({**secure, "ca_file": None}, "GET", "/v1/session")  # type: ignore[dict-item]


def test_table_has_the_name_that_is_given(tmp_path: Path) -> None:
    """With a table's name as a parameter, the stack's table has that one, and is used."""
    with own_stack(tmp_path, EXISTING_SESSIONS_TABLE="restored-sessions") as api:
        items = api.call("GET", "/_local/items").body
    assert items["restored-sessions"] > 0
    assert "sojourn-sessions" not in items


def test_localhost_is_named_by_the_certificate(secure: dict[str, str]) -> None:
    """`https://localhost` is as good as the address."""
    by_name = secure["base_url"].replace("127.0.0.1", "localhost")
    answer = ask({**secure, "base_url": by_name}, "GET", "/v1/session")
    assert answer.status == 401
    # A browser would ask every port of `localhost` for https from then on.
    assert answer.headers["strict-transport-security"] is None


def test_verifier_needs_the_issuer_alone_also_after_an_end(secure: dict[str, str]) -> None:
    """A verifier takes a token by its issuer, `iat` included, also after a realm's end.

    PyJWT refuses an `iat` that is ahead of its clock: no wait of the service moves the stack's.
    """
    key = {"authorization": f"Bearer {secure['access_key']}"}
    began = time.monotonic()
    ended = ask(secure, "POST", f"/v1/realms/{secure['realm_id']}/end_sessions", **key)
    assert ended.status == 200
    assert time.monotonic() - began > 5
    issuer = f"{secure['base_url']}/v1/realms/{secure['realm_id']}"
    trusted = ssl.create_default_context(cafile=secure["ca_file"])
    path = urlsplit(issuer).path + "/.well-known/openid-configuration"
    found = json.load(ask(secure, "GET", path))
    assert found["issuer"] == issuer
    token = token_of(secure)
    keys = jwt.PyJWKClient(found["jwks_uri"], ssl_context=trusted)
    claims = jwt.decode(
        token,
        keys.get_signing_key_from_jwt(token),
        algorithms=["RS256"],
        issuer=issuer,
        audience=secure["realm_id"],
    )
    assert claims["sub"] == secure["users"][0]["id"]  # type: ignore[index]


def test_page_of_an_allowed_origin_may_call(secure: dict[str, str]) -> None:
    """A page of an origin in CORS_ORIGINS may send a token and read the answer; another may not."""
    asked = {
        "access_control_request_method": "GET",
        "access_control_request_headers": "authorization",
    }
    allowed = ask(secure, "OPTIONS", "/v1/sessions", origin=ORIGIN, **asked)
    assert allowed.status == 204
    assert allowed.headers["access-control-allow-origin"] == ORIGIN
    assert "authorization" in allowed.headers["access-control-allow-headers"]
    token = {"authorization": f"Bearer {token_of(secure)}"}
    listed = ask(secure, "GET", "/v1/sessions", origin=ORIGIN, **token)
    assert (listed.status, listed.headers["access-control-allow-origin"]) == (200, ORIGIN)
    other = ask(secure, "OPTIONS", "/v1/sessions", origin="http://localhost:9000", **asked)
    assert other.headers["access-control-allow-origin"] is None


def test_no_origin_may_call_by_default(api: Api) -> None:
    """Without CORS_ORIGINS no page of another origin gets anything, as in a deployed stack."""
    answer = api.call("GET", "/v1/session", headers=[("origin", ORIGIN)])
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("LOG_LEVEL", "LOUD", "LOG_LEVEL must be one of DEBUG, INFO, WARNING, ERROR"),
        ("TLS", "yes", "TLS must be 1 or 0"),
    ],
)
def test_value_that_cloudformation_would_refuse(
    tmp_path: Path, name: str, value: str, said: str
) -> None:
    """A parameter out of the template's range is refused with what it takes."""
    done = run(tmp_path / "local", **{name: value})
    assert (done.returncode, said in done.stderr) == (1, True), done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "local" / "dev.json").exists()


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """A folder that cannot be made is said, with what to do, and no stack trace."""
    (tmp_path / "file").touch()
    done = run(tmp_path / "file" / "local")
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert "SOJOURN_LOCAL=" in done.stderr
    assert "Traceback" not in done.stderr


def test_second_stack_in_one_folder_leaves_the_first_alone(tmp_path: Path) -> None:
    """Two stacks in one folder each have files of their own, which go when each one stops."""
    first, dev = start(0, tmp_path)
    before = (tmp_path / "dev.json").read_bytes()
    try:
        refused = run(tmp_path, PORT=str(urlsplit(str(dev["base_url"])).port))
        assert refused.returncode == 1
        second = subprocess.Popen(
            [sys.executable, "-m", "local"],
            cwd=ROOT,
            env={**os.environ, "PORT": "0", "SOJOURN_LOCAL": str(tmp_path)},
            stdout=subprocess.PIPE,
            text=True,
        )
        limit = time.monotonic() + 60
        while not (found := list(tmp_path.glob("*/dev.json"))) and time.monotonic() < limit:
            time.sleep(0.05)
        (own,) = found
        other = json.loads(own.read_text())
        assert own.parent.name == str(urlsplit(other["base_url"]).port)
        for told in (dev, other):
            api = Api(str(told["base_url"]), str(told["access_key"]))
            assert api.admin("GET", "/v1/realms").status == 200
        assert (tmp_path / "dev.json").read_bytes() == before
        said = stopped(second)
        assert str(own.parent) in said
        assert not own.exists()
        assert (tmp_path / "dev.json").read_bytes() == before
    finally:
        stopped(first)
    assert not (tmp_path / "dev.json").exists()
    assert "\0" not in (tmp_path / "dev.log").read_text()


def test_file_with_passwords_is_its_owners(secure: dict[str, str]) -> None:
    """`dev.json` holds passwords and keys, and is readable by its owner alone."""
    file = Path(secure["ca_file"]).with_name("dev.json")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("after", [0.0, 0.3, 1.0, 2.0])
def test_early_stop_is_quiet(tmp_path: Path, after: float) -> None:
    """Ctrl-C before the stack is ready ends it without a stack trace, and leaves nothing."""
    process = subprocess.Popen(
        [sys.executable, "-m", "local"],
        cwd=ROOT,
        env={**os.environ, "PORT": "0", "SOJOURN_LOCAL": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    # Before that, Python itself is starting, and no code of ours can be quiet about anything.
    assert "Starting" in process.stdout.readline()
    time.sleep(after)
    process.send_signal(signal.SIGINT)
    said, complained = process.communicate(timeout=30)
    assert process.returncode in (0, 128 + signal.SIGINT), said + complained
    assert "Traceback" not in said + complained
    assert not (tmp_path / "dev.json").exists()


def test_reader_of_the_greeting_may_go(tmp_path: Path) -> None:
    """`make dev | head -1` serves on, and complains of no broken pipe."""
    process = subprocess.Popen(
        [sys.executable, "-m", "local"],
        cwd=ROOT,
        env={**os.environ, "PORT": "0", "SOJOURN_LOCAL": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    limit = time.monotonic() + 60
    while not (tmp_path / "dev.json").exists():
        assert time.monotonic() < limit
        time.sleep(0.05)
    dev = json.loads((tmp_path / "dev.json").read_text())
    assert Api(dev["base_url"], dev["access_key"]).admin("GET", "/v1/realms").status == 200
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 0
    assert process.stderr.read() == ""


def test_function_is_run_whatever_aws_and_proxies_the_machine_names(secure: dict[str, str]) -> None:
    """A profile that is not there and a proxy are no part of a local call, over TLS either."""
    done = run(
        Path(secure["ca_file"]).parent,
        *("invoke", "ValidateFunction", "-e", "events/validate.json"),
        AWS_PROFILE="no-such-profile",
        http_proxy="http://127.0.0.1:9",
        https_proxy="http://127.0.0.1:9",
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["statusCode"] == 200
