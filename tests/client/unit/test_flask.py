"""Flask: the session in `g`, Flask-Login's request loader, and refused requests."""

import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from flask_login import LoginManager, current_user, login_required
from werkzeug.exceptions import Unauthorized

from sojourn_client import SessionCookie, Terminated
from sojourn_client.flask import SojournAuth
from sojourn_client.service.transport import NoReply
from tests.client.unit.script import ENDED, USER, Answer, answering, reply, token, valid

BEARER = {"authorization": f"Bearer {token()}"}


def site(*answers: Answer, cookie: SessionCookie | None = None) -> FlaskClient:
    """A client of an application with a page of each kind."""
    auth = SojournAuth(answering(*answers)[0], cookie=cookie)
    app = Flask("site")
    manager = LoginManager(app)
    manager.request_loader(auth.load_user)

    @app.route("/me", methods=["GET", "POST"])
    def me() -> str:
        auth.require()
        return str(g.session.user_id)

    @app.get("/maybe")
    def maybe() -> str:
        auth.optional()
        return str(g.session and g.session.user_id)

    @app.get("/flask-login")
    @login_required  # type: ignore[untyped-decorator]
    def by_flask_login() -> str:
        return f"{current_user.get_id()} {current_user.session.user.username}"

    return app.test_client(use_cookies=False)


def test_session_is_given() -> None:
    """An accepted token gives its session, in each idiom."""
    client = site(reply(200, valid()))
    assert client.get("/me", headers=BEARER).text == USER
    assert client.get("/maybe", headers=BEARER).text == USER
    assert client.get("/flask-login", headers=BEARER).text == f"{USER} ada"


@pytest.mark.parametrize("path", ["/me", "/flask-login"])
def test_unauthorized(path: str) -> None:
    """Without a session the answer is 401; the optional one has None."""
    assert site(reply()).get(path).status_code == 401
    assert site(ENDED).get(path, headers=BEARER).status_code == 401
    assert site(ENDED).get("/maybe", headers=BEARER).text == "None"


def test_challenge() -> None:
    """401 has the challenge of RFC 6750, and an error handler finds the reason."""
    client = site(ENDED)
    told = client.get("/me", headers=BEARER).headers["WWW-Authenticate"]
    assert told.replace('"', "") == Terminated("evicted").challenge.replace('"', "")
    assert client.get("/me").headers["WWW-Authenticate"].strip() == "Bearer"
    found: list[BaseException | None] = []

    def handle(error: Unauthorized) -> tuple[str, int]:
        found.append(error.__cause__)
        return "", 401

    client = site(ENDED)
    client.application.register_error_handler(401, handle)
    client.get("/me", headers=BEARER)
    assert isinstance(found[0], Terminated)


def test_unavailable() -> None:
    """A service that does not answer is 503 with `Retry-After`, in each idiom."""
    client = site(NoReply("away", sent=True))
    for path in ("/me", "/maybe", "/flask-login"):
        told = client.get(path, headers=BEARER)
        assert (told.status_code, told.headers["Retry-After"]) == (503, "1")


def test_cookie_mode() -> None:
    """With a cookie it is the one credential, and another site's page uses it for nothing."""
    client = site(reply(200, valid()), cookie=SessionCookie())
    told = client.get("/me", headers=BEARER)
    assert told.status_code == 401
    assert told.headers["WWW-Authenticate"] == "Cookie cookie-name=__Host-session"
    cookie = {"cookie": f"__Host-session={token()}"}
    assert client.get("/me", headers=cookie).text == USER
    assert client.post("/me", headers={**cookie, "sec-fetch-site": "same-origin"}).text == USER
    for site_of in ({"sec-fetch-site": "cross-site"}, {}):
        assert client.post("/me", headers={**cookie, **site_of}).status_code == 403


def test_no_request_reaches_another() -> None:
    """A session is not seen by the next request, even within one application context."""
    client = site(reply(200, valid()))
    with client.application.app_context():
        assert client.get("/maybe", headers=BEARER).text == USER
        assert client.get("/maybe").text == "None"
        assert client.get("/me").status_code == 401
