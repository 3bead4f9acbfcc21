"""The runnable applications of examples/, driven by browsers over HTTP against the stack."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from sojourn_client import Sojourn
from tests.e2e.calls import PASSWORD, Api, User
from tests.e2e.client.browser import ROOT, Browser, asgi, django, example, http_api, wsgi

FASTAPI = "fastapi/app.py"
DJANGO = "django/app.py"
SERVED = {
    FASTAPI: ("app", asgi),
    "starlette/app.py": ("app", asgi),
    "flask/app.py": ("app", wsgi),
    "powertools/site.py": ("handler", http_api),
}
"""What each application is named, and how it is served. Django's settings are a process's own."""
LONGEST = 44


@dataclass(frozen=True, slots=True)
class Site:
    """A running application, and a user of it."""

    base_url: str
    user: User
    sojourn: Sojourn

    def browser(self, agent: str = "Firefox/1.0") -> Browser:
        """A browser that nobody has logged in from."""
        return Browser(self.base_url, agent)

    def logged_in(self, agent: str = "Firefox/1.0") -> Browser:
        """A browser in which the user has logged in."""
        browser = self.browser(agent)
        page = browser.post("/login", user=self.user.username, password=PASSWORD)
        assert page.status == 200, page.text
        assert self.user.username in page.text
        return browser


@pytest.fixture(scope="module", params=[*SERVED, DJANGO])
def base_url(api: Api, request: pytest.FixtureRequest, realm: tuple[str, str]) -> Iterator[str]:
    """Each application, served."""
    realm_id, key = realm
    told = {"BASE_URL": api.base_url, "REALM_ID": realm_id, "ACCESS_KEY": key}
    if request.param == DJANGO:
        with django(ROOT / "examples" / DJANGO, **told) as url:
            yield url
        return
    name, served = SERVED[request.param]
    with pytest.MonkeyPatch.context() as patch:
        app = getattr(example(request.param, patch, **told), name)
    with served(app) as url:
        yield url


@pytest.fixture(scope="module")
def realm(api: Api) -> tuple[str, str]:
    """A realm, and a key of its own that may log users in."""
    realm_id = api.realm()
    key = {"name": "app", "permission": "write", "realm_id": realm_id}
    return realm_id, api.made("/v1/access_keys", key)["secret"]


@pytest.fixture
def site(api: Api, base_url: str, realm: tuple[str, str]) -> Site:
    """The application, and a user of its realm."""
    return Site(base_url, api.user(realm[0]), Sojourn(api.base_url, *realm))


def test_example_is_short() -> None:
    """Login form, protected page, list of devices and "end that one" take under 45 lines."""
    assert len((ROOT / "examples" / FASTAPI).read_text().splitlines()) <= LONGEST


def test_nobody_sees_the_form(site: Site) -> None:
    """Who is not logged in gets the login form, and 401."""
    page = site.browser().get("/")
    assert (page.status, asks_to_log_in(page.text)) == (401, True)


def test_log_in(site: Site) -> None:
    """A password sets the cookie, with the session's lifetime, and opens the protected page."""
    before = int(time.time())
    browser = site.logged_in("Firefox/1.0")
    after = time.time()
    (cookie,) = browser.set
    value, *attributes = cookie.split("; ")
    assert re.fullmatch(r"__Host-session=[\w.-]+", value)
    lifetime, *rest = sorted(attributes, key=lambda text: not text.startswith("Max-Age="))
    assert sorted(rest) == ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]
    (session,) = site.sojourn.sessions(site.user.id)
    assert session.expires_at is not None
    lasts = int(lifetime.removeprefix("Max-Age="))
    assert int(session.expires_at - after) <= lasts <= session.expires_at - before
    assert session.request is not None
    assert (session.request.ip, session.request.client) == ("127.0.0.1", "Firefox/1.0")


def test_wrong_password(site: Site) -> None:
    """A wrong password shows the form again, and sets no cookie."""
    browser = site.browser()
    page = browser.post("/login", user=site.user.username, password="wrong horse")
    assert (page.status, asks_to_log_in(page.text), browser.set) == (401, True, [])


def test_devices(site: Site) -> None:
    """The list has each device, and one of them can be ended from another: at once."""
    phone, laptop = site.logged_in("Phone<1>"), site.logged_in("Laptop")
    page = laptop.get("/").text
    assert "Phone&lt;1&gt;" in page
    ((path, _),) = (form for form in forms(page) if form[1] == "End")
    assert phone.get("/").status == 200
    assert laptop.post(path).status == 200
    refused = phone.get("/")
    assert (refused.status, "terminated_by_user" in refused.text) == (401, True)
    assert "Phone" not in laptop.get("/").text


def test_log_out(site: Site) -> None:
    """Who logs out is asked to log in, and the token is worth nothing any more."""
    browser = site.logged_in()
    ((path, _),) = (form for form in forms(browser.get("/").text) if form[1] == "Log out")
    assert browser.post(path).status == 401
    assert site.sojourn.sessions(site.user.id) == []


def test_other_sites_do_nothing(site: Site) -> None:
    """Another site's page logs nobody in, and ends no session."""
    browser = site.logged_in()
    for path, _ in forms(browser.get("/").text):
        assert browser.post(path, site="cross-site").status == 403
    stranger = site.browser()
    page = stranger.post("/login", site="cross-site", user=site.user.username, password=PASSWORD)
    assert (page.status, stranger.set) == (403, [])
    assert browser.get("/").status == 200


def test_nobody_ends_a_strangers_session(site: Site, api: Api) -> None:
    """A session of another user is not found, whatever form is sent."""
    other = api.user(site.user.realm_id).login()
    browser = site.logged_in()
    ((path, _),) = forms(browser.get("/").text)
    mine = path.rpartition("/")[2]
    browser.post(path.replace(mine, other["id"]))
    assert api.validate(other["token"]).status == 200


def forms(page: str) -> list[tuple[str, str]]:
    """Where each form is sent, and the text of its button."""
    found = re.findall(r"""action=(['"])([^'"]+)\1>.*?<button>([^<]+)""", page, re.DOTALL)
    return [(path, button) for _, path, button in found]


def asks_to_log_in(page: str) -> bool:
    """Whether a page has the login form."""
    return any(path == "/login" for path, _ in forms(page))
