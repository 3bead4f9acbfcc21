"""docs/applications.md: each of its blocks is run, or is part of an example that is."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

import pytest
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from starlette.applications import Starlette
from starlette.authentication import requires
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.responses import PlainTextResponse

from sojourn.domain.session import Reason
from sojourn_client import Sojourn
from tests.cli.tool import parse
from tests.e2e.calls import PASSWORD, Api, User
from tests.e2e.client.browser import ROOT, Browser, asgi, command, django, free_port

PAGE = (ROOT / "docs/applications.md").read_text()
BLOCKS = {
    "Install and connect": ["sh"],
    "FastAPI": ["python", "sh"],
    "Starlette": ["sh", "python"],
    "Flask": ["python", "sh"],
    "Django": ["sh", "python", "python", "sh"],
    "Django REST framework": ["sh", "python"],
    "AWS Lambda with Powertools": ["sh", "python", "python"],
    "Your devices": ["python"],
    "The bound, and how it is checked": ["sh"],
    "Test your application": ["python"],
}
"""The languages of each section's blocks. A new block needs a test."""
PORTS = {"uvicorn": "--port", "flask": "--port"}
COOKIE, FEED = ", cookie=SessionCookie()", ', mode="feed"'


def section(title: str) -> str:
    """The text of a section."""
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def blocks(title: str, language: str = "python") -> list[str]:
    """The blocks of a section in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", section(title), re.DOTALL | re.MULTILINE)


def rows(title: str) -> dict[str, str]:
    """A section's table: the second cell by the first."""
    return dict(re.findall(r"^\| (.+?) \| (.+?) \|", section(title), re.MULTILINE))


def project(folder: Path) -> None:
    """A project as Django makes it, with the section's lines."""
    made = shlex.split(blocks("Django", "sh")[0].splitlines()[-1])
    assert made[0] == "django-admin"
    subprocess.run([sys.executable, "-m", "django", *made[1:]], cwd=folder, check=True)
    for name, code in zip(("settings.py", "urls.py"), blocks("Django"), strict=True):
        with (folder / "mysite" / name).open("a") as file:
            file.write(code)


def run(title: str, **names: Any) -> dict[str, Any]:
    """Run a section's first block with these names; what it has made."""
    exec(compile(blocks(title)[0], "docs/applications.md", "exec"), names)
    return names


@pytest.fixture(scope="module")
def user(api: Api) -> User:
    """A user of a realm of this module."""
    return api.user(api.realm())


@pytest.fixture(scope="module")
def sojourn(api: Api, user: User) -> Iterator[Sojourn]:
    """The client that the page has made before."""
    with Sojourn(api.base_url, user.realm_id, api.access_key) as sojourn:
        yield sojourn


@pytest.fixture
def told(user: User) -> dict[str, str]:
    """The variables that the page has exported."""
    return {
        "BASE_URL": user.api.base_url,
        "REALM_ID": user.realm_id,
        "ACCESS_KEY": user.api.access_key,
    }


@contextmanager
def started(title: str, folder: Path, told: dict[str, str], more: str = "") -> Iterator[str]:
    """The section's application, by the section's last command, with more options and a port."""
    words = [*shlex.split(blocks(title, "sh")[-1].splitlines()[-1]), *shlex.split(more)]
    port = str(free_port())
    if words[0] == "python":
        words = [*words[1:], "--noreload", port]
    else:
        words = ["-m", *words, PORTS[words[0]], port]
    with command([sys.executable, *words], port=int(port), cwd=folder, **told) as url:
        yield url


def browse(base_url: str, user: User) -> None:
    """A browser logs in and out; a wrong password and an ended session are told."""
    browser = Browser(base_url, "Firefox")
    form = browser.get("/")
    assert (form.status, "action=/login" in form.text) == (401, True)
    wrong = browser.post("/login", user=user.username, password="wrong horse")
    assert (wrong.status, "password is wrong" in wrong.text) == (401, True)
    page = browser.post("/login", user=user.username, password=PASSWORD)
    assert (page.status, f"Hello {user.username}" in page.text) == (200, True)
    stranger = browser.post("/logout", site="cross-site")
    assert (stranger.status, browser.get("/").status) == (403, 200)
    assert browser.post("/logout").status == 401
    assert browser.cookies == {}


def visit(base_url: str, user: User, path: str = "/me", *, challenges_nobody: bool = True) -> None:
    """The page is for who has a bearer token that stands, and nobody else."""
    browser = Browser(base_url, "curl")
    token = user.login()["token"]
    for wrong in ({}, {"authorization": "Bearer garbage"}):
        page = browser.get(path, follow=False, **wrong)
        assert page.status == 401
        if wrong or challenges_nobody:
            assert page.headers["www-authenticate"].startswith("Bearer")
    page = browser.get(path, authorization=f"Bearer {token}")
    assert (page.status, user.username in page.text) == (200, True)
    user.api.call("DELETE", "/v1/session", bearer=token)
    assert browser.get(path, follow=False, authorization=f"Bearer {token}").status == 401


def test_every_block_is_known() -> None:
    """No block is left without a test."""
    titles = re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
    found = {title: re.findall(r"^```(\w+)$", section(title), re.MULTILINE) for title in titles}
    assert {title: languages for title, languages in found.items() if languages} == BLOCKS


def test_extras_are_there() -> None:
    """The page installs each of the client's extras, by its name."""
    extras = tomllib.loads((ROOT / "client/pyproject.toml").read_text())["project"]
    lines = re.findall(r"^pip install .*$", PAGE, re.MULTILINE)
    named = [re.findall(r'^pip install "\$SOJOURN/client\[(\w+)\]"', line) for line in lines]
    assert sorted(named) == sorted([extra] for extra in extras["optional-dependencies"])


@pytest.mark.local_only
def test_variables_are_read(beside: Path) -> None:
    """The lines that export the variables find them, and print a user to log in with."""
    (block,) = blocks("Install and connect", "sh")
    script = block.replace("~/sojourn", str(beside)) + 'echo "$BASE_URL|$REALM_ID|$ACCESS_KEY"'
    ran = subprocess.run(["bash", "-eu"], input=script, capture_output=True, text=True, check=True)
    assert "'password': " in ran.stdout
    assert re.search(r"^http\S+\|rl_\w+\|ks_\w+$", ran.stdout, re.MULTILINE)


def test_drill_is_possible() -> None:
    """The operator's tool takes the line that drills the page's application."""
    (line,) = blocks("The bound, and how it is checked", "sh")
    tool, *words = shlex.split(line)
    assert (tool, parse(words)) == ("sojourn", ("drill",))


@pytest.mark.parametrize("title", ["FastAPI", "Flask"])
def test_application(title: str, user: User, told: dict[str, str], tmp_path: Path) -> None:
    """The section's app.py is a whole application, and its command starts it."""
    (code,) = blocks(title)
    (tmp_path / "app.py").write_text(code)
    with started(title, tmp_path, told) as url:
        browse(url, user)


@pytest.mark.parametrize("title", ["FastAPI", "Flask", "Django"])
def test_address_behind_a_proxy(
    title: str, user: User, told: dict[str, str], tmp_path: Path
) -> None:
    """With what the table sets, the session has the address that the proxy saw."""
    (row,) = (row for at, row in rows("The browser's address").items() if title in at)
    (means,) = re.findall(r"`(.+?)`", row)
    more = ""
    if title == "Django":
        project(tmp_path)
        urls = tmp_path / "mysite/urls.py"
        code, before = urls.read_text(), "user, password)"
        assert code.count(before) == 1
        urls.write_text(code.replace(before, "user, password, " + means.removeprefix("log_in(…, ")))
    else:
        (code,) = blocks(title)
        if title == "Flask":
            code += f"from werkzeug.middleware.proxy_fix import ProxyFix\n{means}\n"
        else:
            more = means.replace("<the proxy's address>", "127.0.0.1")
        (tmp_path / "app.py").write_text(code)
    with started(title, tmp_path, told, more) as url:
        forwarded = {"x-forwarded-for": "192.0.2.1, 198.51.100.7"}
        browser = Browser(url, "Firefox", headers=forwarded)
        assert "Hello" in browser.post("/login", user=user.username, password=PASSWORD).text
    with Sojourn(told["BASE_URL"], user.realm_id, told["ACCESS_KEY"]) as sojourn:
        newest, *_ = sojourn.sessions(user.id)
    assert newest.request is not None
    assert (newest.request.ip, newest.request.client) == ("198.51.100.7", "Firefox")


def test_reasons_are_all_told() -> None:
    """Each reason for which a session may end is in the table, and no other."""
    told = re.findall(r"`(\w+)`", " ".join(rows("Why a user was logged out")))
    assert sorted(told) == sorted(["reason", *get_args(Reason)])


def test_api_without_cookies(user: User, told: dict[str, str], tmp_path: Path) -> None:
    """Without `cookie=…` the same application takes bearer tokens, and without its form says so."""
    (code,) = blocks("FastAPI")
    for part in (COOKIE, FEED, "@app.exception_handler(401)\n"):
        assert part in code
        code = code.replace(part, "")
    (tmp_path / "app.py").write_text(code)
    with started("FastAPI", tmp_path, told) as url:
        visit(url, user, "/")


def test_django(user: User, told: dict[str, str], tmp_path: Path) -> None:
    """In a project as Django makes it, the lines for settings.py and urls.py are enough."""
    project(tmp_path)
    with started("Django", tmp_path, told) as url:
        browse(url, user)


def test_starlette(sojourn: Sojourn, user: User) -> None:
    """Starlette's section protects a page; it answers nobody without a challenge."""
    app = Starlette()
    names = {"PlainTextResponse": PlainTextResponse, "requires": requires}
    names["AuthenticationMiddleware"] = AuthenticationMiddleware
    app.add_route("/me", run("Starlette", app=app, sojourn=sojourn, **names)["me"])
    with asgi(app) as url:
        visit(url, user, challenges_nobody=False)


def test_rest_framework(user: User, tmp_path: Path) -> None:
    """The settings for Django's REST framework protect a view."""
    (code,) = blocks("Django REST framework")
    (tmp_path / "site.py").write_text(REST.replace("# settings", code))
    told = {"BASE_URL": user.api.base_url, "REALM_ID": user.realm_id}
    with django(tmp_path / "site.py", **told) as url:
        visit(url, user)


REST = """
import os, sys
from django.conf import settings
from django.core.management import execute_from_command_line
from django.urls import path
from sojourn_client import Sojourn
BASE_URL, REALM_ID = os.environ["BASE_URL"], os.environ["REALM_ID"]
# settings
REST_FRAMEWORK["UNAUTHENTICATED_USER"] = None
REST_FRAMEWORK["DEFAULT_RENDERER_CLASSES"] = ["rest_framework.renderers.JSONRenderer"]
settings.configure(SOJOURN=SOJOURN, REST_FRAMEWORK=REST_FRAMEWORK,
                   ROOT_URLCONF=__name__, SECRET_KEY="-", ALLOWED_HOSTS=["127.0.0.1"])
import django
django.setup()
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response

@api_view()
@permission_classes([IsAuthenticated])
def me(request):
    return Response([request.user.username, request.auth.id])

urlpatterns = [path("me", me)]
execute_from_command_line(sys.argv)
"""


def test_powertools(sojourn: Sojourn, user: User) -> None:
    """Powertools' section protects a route."""
    app = APIGatewayHttpResolver()
    run("AWS Lambda with Powertools", app=app, sojourn=sojourn)
    session = user.login()
    event = {
        "version": "2.0",
        "rawPath": "/me",
        "headers": {"authorization": f"Bearer {session['token']}"},
        "requestContext": {"http": {"method": "GET", "path": "/me"}, "stage": "$default"},
    }
    found = []
    for _ in range(2):
        found.append(app.resolve(event, None)["statusCode"])  # type: ignore[arg-type]
        user.api.call("DELETE", "/v1/session", bearer=session["token"])
    assert found == [200, 401]


@pytest.mark.parametrize(
    ("title", "number", "example"),
    [
        ("AWS Lambda with Powertools", 1, "powertools/site.py"),
        ("Your devices", 0, "fastapi/app.py"),
    ],
)
def test_part_of_an_example(title: str, number: int, example: str) -> None:
    """The block is part of an example, which tests of its own drive."""
    assert blocks(title)[number] in (ROOT / "examples" / example).read_text()


def test_tests_of_an_application(told: dict[str, str], tmp_path: Path) -> None:
    """The tests of the page's application pass without a service, and fail without its checks."""
    (code,) = blocks("Flask")
    (tests,) = blocks("Test your application")
    (tmp_path / "app.py").write_text(code)
    (tmp_path / "test_app.py").write_text(tests)
    nowhere = {**os.environ, **told, "BASE_URL": "http://127.0.0.1:1", "PYTHONPATH": str(tmp_path)}
    line = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_app.py"]
    ran = subprocess.run(line, cwd=tmp_path, env=nowhere, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout
    assert "2 passed" in ran.stdout
