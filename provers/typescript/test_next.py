"""The Next.js example: built, served with and without its proxy, and driven as browsers do it."""

import json
import re
import shutil
import time
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

import pytest
from urllib3 import encode_multipart_formdata

from provers.conftest import ROOT
from provers.typescript.building import compiler, run
from sojourn_client import Sojourn
from tests.e2e.calls import PASSWORD, Api
from tests.e2e.client.browser import Browser, Page, command, free_port
from tests.e2e.client.test_examples import Site, realm
from tests.e2e.client.test_examples import site as site
from tests.e2e.conftest import own_stack

__all__ = ["realm", "site"]

EXAMPLE: Final = ROOT / "examples/next"
PROBE: Final = Path(__file__).with_name("probe.tsx")
BOUND: Final = 3
QUIET: Final = {"NEXT_TELEMETRY_DISABLED": "1", "CI": "1"}


class Forms(HTMLParser):
    """The forms of a page: what each sends by itself, under the text of its button."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, dict[str, str]] = {}
        self._fields: dict[str, str] = {}
        self._in_button = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag == "form":
            self._fields = {}
        if tag == "input" and told.get("type") == "hidden":
            self._fields[str(told["name"])] = told.get("value") or ""
        self._in_button = tag == "button"

    def handle_data(self, data: str) -> None:
        if self._in_button:
            self.found[data] = self._fields


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A local stack."""
    with own_stack(tmp_path_factory.mktemp("stack")) as api:
        yield api


@pytest.fixture(scope="module")
def told(api: Api, realm: tuple[str, str]) -> dict[str, str]:
    """The environment of the application."""
    realm_id, key = realm
    return {**QUIET, "BASE_URL": api.base_url, "REALM_ID": realm_id, "ACCESS_KEY": key}


@pytest.fixture(scope="module")
def application(project: Path, told: dict[str, str]) -> Path:
    """The example, type-checked and built."""
    folder = project / "next"
    shutil.copytree(EXAMPLE, folder)
    (folder / "app/probe").mkdir()
    shutil.copy(PROBE, folder / "app/probe/page.tsx")
    client = (folder / "auth.ts").read_text()
    options = 'createSojourn({ ...JSON.parse(process.env["OPTIONS"] ?? "{}"),'
    (folder / "auth.ts").write_text(client.replace("createSojourn({", options))
    (folder / "tsconfig.json").write_text(json.dumps({"compilerOptions": {"strict": True}}))
    run(["node_modules/.bin/next", "build", "next"], project, **told)
    return folder


def test_next_is_as_the_client_knows_it(built: Path, project: Path) -> None:
    """The client compiles with Next's and React's own types in place of what it says of them."""
    source = built.relative_to(project) / "src/next.ts"
    options = ["--strict", "--exactOptionalPropertyTypes", "--noEmit", "--skipLibCheck"]
    target = ["--target", "ES2022", "--module", "ESNext", "--types", "node"]
    run(compiler(built, *options, *target, "--moduleResolution", "Bundler", str(source)), project)


@contextmanager
def served(folder: Path, **told: str) -> Iterator[str]:
    """A built application, served until the block ends."""
    port = free_port()
    line = ["node_modules/.bin/next", "start", folder.name, "-H", "127.0.0.1", "-p", str(port)]
    with command(line, port=port, cwd=folder.parent, **told) as url:
        yield url


@pytest.fixture(scope="module", params=["proxy", "no_proxy"])
def base_url(
    application: Path, told: dict[str, str], request: pytest.FixtureRequest
) -> Iterator[str]:
    """The application, also as if an attacker had found a way around its proxy."""
    folder, leads = application, 303
    if request.param == "no_proxy":
        leads = 307  # as a page does
        folder = application.with_name("next_without_proxy")
        shutil.copytree(application, folder, ignore=shutil.ignore_patterns("cache"))
        manifest = folder / ".next/server/functions-config-manifest.json"
        known = json.loads(manifest.read_text())
        assert list(known["functions"]) == ["/_middleware"]
        manifest.write_text(json.dumps({**known, "functions": {}}))
    with served(folder, **told) as url:
        page = Browser(url, "").get("/", follow=False, accept="text/html")
        assert page.status == leads
        yield url


def test_nobody_is_led_to_the_login_page(site: Site) -> None:
    """Who is not logged in is led from a page to the form; a program gets 401 and why."""
    browser = site.browser()
    assert browser.get("/", follow=False, accept="text/html").headers["location"] == "/login"
    assert list(Forms(browser.get("/", accept="text/html").text).found) == ["Log in"]
    refused = browser.get("/api/session")
    assert (refused.status, json.loads(refused.text)["code"]) == (401, "token_missing")
    assert refused.headers["www-authenticate"] == 'Cookie cookie-name="__Host-session"'
    assert refused.headers["cache-control"] == "no-store"


def test_log_in(site: Site) -> None:
    """A password sets the cookie, with the session's lifetime, and opens page and route."""
    before = int(time.time())
    browser = logged_in(site, "Firefox/1.0")
    after = time.time()
    (cookie,) = browser.set
    value, *attributes = cookie.split("; ")
    assert re.fullmatch(r"__Host-session=[\w.-]+", value)
    told = dict(each.lower().partition("=")[::2] for each in attributes)
    lasts = int(told.pop("max-age"))
    told.pop("expires")
    assert told == {"path": "/", "secure": "", "httponly": "", "samesite": "lax"}
    (session,) = site.sojourn.sessions(site.user.id)
    assert session.expires_at is not None
    assert int(session.expires_at - after) <= lasts <= session.expires_at - before
    assert session.request is not None
    assert (session.request.ip, session.request.client) == ("127.0.0.1", "Firefox/1.0")
    route = browser.get("/api/session")
    assert json.loads(route.text)["id"] == session.id
    for answer in (route, browser.get("/", accept="text/html")):
        assert "no-store" in answer.headers["cache-control"]
    assert value.partition("=")[2] not in route.text


def test_wrong_password(site: Site) -> None:
    """A wrong password shows the form again, and why, and sets no cookie."""
    browser = site.browser()
    page = submit(browser, "/login", "Log in", user=site.user.username, password="wrong horse")
    assert list(Forms(page.text).found) == ["Log in"]
    assert ("password is wrong" in page.text, browser.set) == (True, [])


def test_session_that_was_ended_elsewhere(site: Site) -> None:
    """A session that is ended from another device is refused at once, and told why."""
    phone, laptop = logged_in(site, "Phone<1>"), logged_in(site, "Laptop")
    page = laptop.get("/", accept="text/html").text
    assert "Phone&lt;1&gt;" in page
    assert phone.get("/api/session").status == 200
    assert "Phone" not in submit(laptop, "/", "End").text
    refused = phone.get("/", accept="text/html")
    assert list(Forms(refused.text).found) == ["Log in"]
    assert "The session was ended: terminated_by_user." in refused.text
    route = phone.get("/api/session")
    told = json.loads(route.text)
    assert (route.status, told["code"]) == (401, "session_ended")
    assert told["reason"] == "terminated_by_user"
    assert laptop.get("/api/session").status == 200


def test_page_with_scripts_whose_session_was_ended(site: Site) -> None:
    """A Server Action that a script sends is not run, and the script is led to the login page."""
    browser, other = logged_in(site), logged_in(site)
    fields = Forms(browser.get("/", accept="text/html").text).found["End"]
    site.sojourn.end(session_id(browser))
    _, action, arguments = fields.values()
    headers = {"next-action": json.loads(action)["id"], "accept": "text/x-component"}
    refused = browser.ask("POST", "/", arguments, site="same-origin", headers=headers)
    assert refused.headers["x-action-redirect"] == "/login;push"
    browser.ask("POST", "/login", arguments, site="same-origin", headers=headers)
    assert other.get("/api/session").status == 200


def test_log_out(site: Site) -> None:
    """A log-out ends the session and clears the cookie, by a route and by a page's button."""
    browser, other = logged_in(site), logged_in(site)
    done = delete(browser, "same-origin")
    assert (done.status, browser.cookies) == (204, {})
    cleared = dict(each.lower().partition("=")[::2] for each in browser.set[-1].split("; "))
    assert cleared.pop("__host-session") == ""
    assert cleared.pop("max-age") == "0"
    assert cleared == {"path": "/", "secure": "", "httponly": "", "samesite": "lax"}
    assert list(Forms(submit(other, "/", "Log out").text).found) == ["Log in"]
    assert site.sojourn.sessions(site.user.id) == []


@pytest.mark.parametrize("origin", ["cross-site", "same-site"])
def test_other_sites_do_nothing(site: Site, origin: str) -> None:
    """Another origin's page logs nobody in, and ends no session, by page or by route."""
    browser = logged_in(site)
    assert submit(browser, "/", "Log out", site=origin).status in (403, 500)
    assert delete(browser, origin).status == 403
    assert browser.get("/api/session").status == 200
    stranger = site.browser()
    user = {"user": site.user.username, "password": PASSWORD}
    assert submit(stranger, "/login", "Log in", site=origin, **user).status in (403, 500)
    hidden = Forms(stranger.get("/login", accept="text/html").text).found["Log in"]
    assert form(stranger, "/login", hidden | user, site=None).status == 500
    assert stranger.set == []


@pytest.mark.parametrize("file", ["proxy", "src/proxy", "middleware", "src/middleware"])
def test_header_that_once_skipped_the_middleware(site: Site, file: str) -> None:
    """`x-middleware-subrequest` lets nobody in (CVE-2025-29927)."""
    skips = {"x-middleware-subrequest": ":".join([file] * 5)}
    browser = site.browser()
    assert "Hello" not in browser.ask("GET", "/", headers={"accept": "text/html", **skips}).text
    assert browser.ask("GET", "/api/session", headers=skips).status == 401


def test_nobody_ends_a_strangers_session(site: Site, api: Api) -> None:
    """A session of another user is not found, whatever form is sent."""
    other = api.user(site.user.realm_id).login()
    browser = logged_in(site)
    hidden = Forms(browser.get("/", accept="text/html").text).found["Log out"]
    mine = session_id(browser)
    form(browser, "/", {name: hidden[name].replace(mine, other["id"]) for name in hidden})
    assert api.validate(other["token"]).status == 200
    form(browser, "/", hidden)
    assert browser.get("/api/session").status == 401


def test_rendering_knows_what_its_action_did(site: Site) -> None:
    """A rendering verifies once, and knows of a login or log-out in the same request."""
    browser = logged_in(site)
    first = session_id(browser)
    assert probed(browser.get("/probe", accept="text/html")) == f"once {first}"
    user = {"user": site.user.username, "password": PASSWORD}
    page = submit(browser, "/probe", "Enter", **user)
    assert session_id(browser) != first
    assert probed(page) == f"once {session_id(browser)}"
    assert probed(submit(browser, "/probe", "Leave")) == "once token_missing"
    assert browser.cookies == {}


def test_next_keeps_no_answer(site: Site) -> None:
    """A page's `fetchCache = "force-cache"` keeps no answer of the service."""
    browser = logged_in(site)
    ended = session_id(browser)
    assert ended in browser.get("/probe", accept="text/html").text
    site.sojourn.end(ended)
    told = browser.get("/probe", accept="text/html").text
    assert (ended in told, "ended" in told) == (False, True)


@pytest.mark.parametrize("mode", ["cached", "feed"])
def test_bound(
    application: Path, told: dict[str, str], api: Api, realm: tuple[str, str], mode: str
) -> None:
    """In each mode a session that was ended elsewhere is accepted for less than the bound."""
    options = {"mode": mode, "maxStaleness": BOUND}
    with served(application, OPTIONS=json.dumps(options), **told) as url:
        site = Site(url, api.user(realm[0]), Sojourn(api.base_url, *realm))
        browser = logged_in(site)
        ended = session_id(browser)
        assert ended in browser.get("/probe", accept="text/html").text
        site.sojourn.end(ended)
        acknowledged = came = time.monotonic()
        accepted = 0.0
        while ended in (page := browser.get("/probe", accept="text/html")).text:
            accepted = came - acknowledged
            time.sleep(0.05)
            came = time.monotonic()
    assert accepted < BOUND
    assert "The session was ended: terminated_by_admin." in page.text


def logged_in(site: Site, agent: str = "Firefox/1.0") -> Browser:
    """A browser in which the user has logged in."""
    browser = site.browser(agent)
    user = {"user": site.user.username, "password": PASSWORD}
    page = submit(browser, "/login", "Log in", **user)
    assert page.status == 200, page.text
    assert site.user.username in page.text
    return browser


def submit(
    browser: Browser, path: str, button: str, *, site: str = "same-origin", **fields: str
) -> Page:
    """Send the form with this button as a browser without scripts does."""
    hidden = Forms(browser.get(path, accept="text/html").text).found[button]
    return form(browser, path, hidden | fields, site=site)


def form(
    browser: Browser, path: str, fields: dict[str, str], *, site: str | None = "same-origin"
) -> Page:
    """Send a form's fields, and follow redirects."""
    body, kind = encode_multipart_formdata(fields)
    headers = {"accept": "text/html", "content-type": kind}
    return browser.ask("POST", path, body, site=site, headers=headers)


def delete(browser: Browser, site: str) -> Page:
    """Log out by the route."""
    return browser.ask("DELETE", "/api/session", site=site, headers={})


def session_id(browser: Browser) -> str:
    """The id of the browser's session, by its token."""
    claims = browser.cookies["__Host-session"].split(".")[1]
    return str(json.loads(urlsafe_b64decode(claims + "=="))["sid"])


def probed(page: Page) -> str:
    """How often the probe verified, and whose session it saw, or why none."""
    (told,) = re.findall("<i>(.*?)</i>", page.text)
    return str(told)
