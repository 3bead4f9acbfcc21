"""The README's sections on frameworks: each one's code, in an application that is served."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from fastapi import Depends, FastAPI, Form, Request
from fastapi.responses import RedirectResponse
from flask import Flask, g
from starlette.applications import Starlette
from starlette.authentication import requires
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.responses import PlainTextResponse

from sojourn_client import Session, SessionCookie, Sojourn
from tests.e2e.calls import PASSWORD, Api, User
from tests.e2e.client.browser import ROOT, Browser, asgi, django, wsgi

README = (ROOT / "client/README.md").read_text()


def block(section: str) -> str:
    """The first block of Python of a section."""
    (found, *_) = re.findall(
        r"^```python\n(.*?)^```", README.split(f"\n## {section}\n")[1], re.DOTALL | re.MULTILINE
    )
    return str(found)


def run(section: str, **names: Any) -> dict[str, Any]:
    """Run a section's code with these names; what it has made."""
    exec(compile(block(section), "client/README.md", "exec"), names)
    return names


@pytest.fixture(scope="module")
def user(api: Api) -> User:
    """A user of a realm of this module."""
    return api.user(api.realm())


@pytest.fixture(scope="module")
def sojourn(api: Api, user: User) -> Iterator[Sojourn]:
    """The client that the README has made before."""
    with Sojourn(api.base_url, user.realm_id, api.access_key) as sojourn:
        yield sojourn


def visit(base_url: str, user: User, path: str = "/me", *, challenges_nobody: bool = True) -> None:
    """The page is for who has a token that stands, and nobody else."""
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


def test_fastapi(sojourn: Sojourn, user: User) -> None:
    """FastAPI's section protects a page."""
    app = FastAPI()
    run("FastAPI", app=app, sojourn=sojourn, Session=Session, Annotated=Annotated, Depends=Depends)
    with asgi(app) as url:
        visit(url, user)


def test_starlette(sojourn: Sojourn, user: User) -> None:
    """Starlette's section protects a page; it answers nobody without a challenge."""
    app = Starlette()
    names = {"PlainTextResponse": PlainTextResponse, "requires": requires}
    names["AuthenticationMiddleware"] = AuthenticationMiddleware
    app.add_route("/me", run("Starlette", app=app, sojourn=sojourn, **names)["me"])
    with asgi(app) as url:
        visit(url, user, challenges_nobody=False)


def test_django(sojourn: Sojourn, user: User, tmp_path: Path) -> None:
    """Django's section, in a site's settings, protects a page and a view of its REST framework."""
    blocks = re.findall(
        r"^```python\n(.*?)^```",
        README.split("\n## Django\n")[1].split("\n## ")[0],
        re.DOTALL | re.M,
    )
    (tmp_path / "site.py").write_text(DJANGO.replace("# settings", "".join(blocks)))
    told = {"BASE_URL": user.api.base_url, "REALM_ID": user.realm_id}
    with django(tmp_path / "site.py", **told) as url:
        visit(url, user)
        visit(url, user, "/api")


DJANGO = """
import os, sys
from django.conf import settings
from django.core.management import execute_from_command_line
from django.http import HttpResponse
from django.urls import path
from sojourn_client import Sojourn
BASE_URL, REALM_ID = os.environ["BASE_URL"], os.environ["REALM_ID"]
# settings
REST_FRAMEWORK["UNAUTHENTICATED_USER"] = None
REST_FRAMEWORK["DEFAULT_RENDERER_CLASSES"] = ["rest_framework.renderers.JSONRenderer"]
settings.configure(SOJOURN=SOJOURN, MIDDLEWARE=MIDDLEWARE, REST_FRAMEWORK=REST_FRAMEWORK,
                   ROOT_URLCONF=__name__, SECRET_KEY="-", ALLOWED_HOSTS=["127.0.0.1"])
import django
django.setup()
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from sojourn_client.django import session_of

@api_view()
@permission_classes([IsAuthenticated])
def api(request):
    return Response(request.user.username)

def me(request):
    return HttpResponse(session_of(request).user.username)

urlpatterns = [path("me", me), path("api", api)]
execute_from_command_line(sys.argv)
"""


def test_flask(sojourn: Sojourn, user: User) -> None:
    """Flask's section protects a page."""
    app = Flask("readme")
    run("Flask", app=app, sojourn=sojourn, g=g)
    with wsgi(app) as url:
        visit(url, user)


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


def test_cookies(sojourn: Sojourn, user: User) -> None:
    """The section on cookies logs a browser in and out."""
    app = FastAPI()
    names = {"Form": Form, "Request": Request, "RedirectResponse": RedirectResponse}
    made = {"SessionCookie": SessionCookie, "Annotated": Annotated}
    found = run("FastAPI", app=FastAPI(), Session=Session, Depends=Depends, sojourn=sojourn, **made)
    auth = run("Cookies, for browsers", **{**found, **names, "app": app})["auth"]

    @app.get("/")
    def home(session: Annotated[Session, Depends(auth)]) -> str:
        return session.user_id

    with asgi(app) as url:
        browser = Browser(url, "Firefox")
        assert browser.get("/").status == 401
        assert user.id in browser.post("/login", user=user.username, password=PASSWORD).text
        assert browser.post("/logout").status == 401
        assert browser.cookies == {}
