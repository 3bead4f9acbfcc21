"""Who can use the console: the link, the cookie, Host, Origin, and the token of forms."""

import re
from typing import Final

import pytest

from tests.cli.console.browser import Browser
from tests.cli.console.conftest import Running, Service, running
from tests.support.clock import MovedClock
from tests.support.http_world import World


def test_link_works_once(console: Running) -> None:
    """The first browser that uses the link has the console, and a second one has not."""
    first, second = console.browser(), console.browser()
    assert first.open().status == 200
    assert first.get("/").status == 200
    refused = second.open()
    assert refused.status == 403
    assert "set-cookie" not in refused.headers
    assert refused.page is not None
    assert "stop the console" in refused.page.text
    assert second.get("/").status == 401


def test_link_works_for_five_minutes(console: Running, clock: MovedClock) -> None:
    """A link that is five minutes old opens nothing, and the console ends by itself."""
    browser = console.browser()
    clock.advance(299)
    assert console.thread.is_alive()
    clock.advance(1)
    assert console.desk.door.open(console.desk.door.link) is None
    console.thread.join(10)
    assert not console.thread.is_alive()
    with pytest.raises(ConnectionRefusedError):
        browser.open()


def test_wrong_link(console: Running) -> None:
    """Another link is refused, and does not use up the right one."""
    browser = console.browser()
    for wrong in (
        browser.link[:-1],
        browser.link + "x",
        f"{browser.base}/open/",
        f"{browser.base}/open/%FF",
    ):
        got = browser.request("GET", wrong)
        assert got.status in (401, 403)
        assert "set-cookie" not in got.headers
        assert console.desk.api.reach.base_url not in got.content
    assert browser.request("HEAD", browser.link).status == 405
    assert browser.open().status == 200


def test_cookie(console: Running) -> None:
    """The cookie is for this server's own path, no script's to read, and for no other site."""
    browser = console.browser()
    got = browser.open()
    value, *flags = got.headers["set-cookie"].split("; ")
    assert sorted(flags) == ["HttpOnly", f"Path={browser.base}/", "SameSite=Strict"]
    assert re.fullmatch(r"sojourn_console=[\w-]{43}", value)
    assert console.desk.door.link not in value


@pytest.mark.usefixtures("browser")
def test_page_needs_the_cookie(console: Running) -> None:
    """Without the cookie's value no page is shown, and no form does anything."""
    stranger = console.browser()
    for cookie in ("", "sojourn_console=", "sojourn_console=x", "other=1", "sojourn_console", "=;"):
        stranger.cookie = cookie
        assert stranger.get("/").status == 401
        assert stranger.post("/keys", []).status == 401


def test_cookie_beside_others(browser: Browser) -> None:
    """Cookies that servers on other ports have set, also of the same name, do not matter."""
    browser.cookie = f"a=1; {browser.cookie}; sojourn_console=theirs"
    assert browser.get("/").status == 200


def test_dns_rebinding(browser: Browser) -> None:
    """A request that names another host, as after DNS rebinding, is refused, cookie or not."""
    port = browser.origin.rpartition(":")[2]
    names = (
        "evil.example",
        f"evil.example:{port}",
        f"localhost:{port}",
        "127.0.0.1",
        "127.0.0.1:1",
    )
    for host in (*names, f"[::1]:{port}", f"127.0.0.1.:{port}", f"127.0.0.1:{port}0", ""):
        told = {"host": host, "cookie": browser.cookie}
        for path in (f"{browser.base}/", browser.link, f"{browser.base}/style.css"):
            assert browser.request("GET", path, headers=told).status == 421
        told["origin"] = f"http://{host}"
        assert browser.request("POST", f"{browser.base}/keys", raw="", headers=told).status == 421


FOREIGN: Final[tuple[tuple[str | None, str | None], ...]] = (
    ("https://evil.example", "cross-site"),
    ("http://127.0.0.1:1", "same-site"),
    ("http://localhost", None),
    ("null", "same-origin"),
    ("null", None),
    (None, None),
    (None, "same-origin"),
    ("{own}", "cross-site"),
    ("{own}", "same-site"),
)
"""The Origin and Sec-Fetch-Site of forms that are not the console's."""


def test_foreign_page_posts(browser: Browser) -> None:
    """A post that another page sends is refused, even with the cookie and the form's token."""
    form = browser.get("/keys").page
    assert form is not None
    pairs = [*form.forms[-1].fields, ("name", "theirs")]
    for origin, site in FOREIGN:
        told = origin and origin.format(own=browser.origin)
        refused = browser.post("/keys", pairs, origin=told, sec_fetch_site=site)
        assert refused.status == 403, (origin, site)
    assert "theirs" not in browser.get("/keys").content


def test_foreign_page_links(browser: Browser) -> None:
    """A page is not shown to a request that another site began, be it on another port."""
    for site in ("cross-site", "same-site", "other"):
        headers = {"cookie": browser.cookie, "sec-fetch-site": site}
        assert browser.request("GET", f"{browser.base}/keys", headers=headers).status == 403


def test_browsers_without_fetch_metadata(browser: Browser) -> None:
    """A browser that says nothing of the site of a request can use the console."""
    headers = {"cookie": browser.cookie}
    assert browser.request("GET", f"{browser.base}/keys", headers=headers).status == 200
    form = browser.get("/keys").page
    assert form is not None
    pairs = [*form.forms[-1].fields, ("name", "mine")]
    assert browser.post("/keys", pairs, sec_fetch_site=None).status == 303


def test_form_needs_its_token(browser: Browser) -> None:
    """A form without the token of this console's pages does nothing."""
    for token in (None, "", "x", "ü"):
        refused = browser.submit(browser.get("/keys"), "Make the key", name="x", form_token=token)
        assert refused.status == 403
    assert "x" not in [row[0] for row in browser.rows("/keys")]


def test_token_is_of_one_console(
    service: Service, world: World, clock: MovedClock, browser: Browser
) -> None:
    """A cookie and a form's token of one console are worth nothing at another."""
    with running(service.url, world.key, clock) as other:
        theirs = other.browser()
        theirs.open()
        theirs.cookie = browser.cookie
        assert theirs.get("/").status == 401


def test_odd_forms(browser: Browser) -> None:
    """What is no form, too long, or no text, is refused in words."""
    pairs = [("a", "b")]
    assert browser.post("/keys", pairs, content_type="application/json").status == 415
    assert browser.post("/keys", pairs, content_type=None).status == 415
    assert browser.post("/keys", [("a", "b" * 70_000)]).status == 413
    raw = {"cookie": browser.cookie, "origin": browser.origin}
    raw["content-type"] = "application/x-www-form-urlencoded"
    for text in ("a=%FF", "&".join(["a=b"] * 300)):
        assert browser.request("POST", f"{browser.base}/keys", raw=text, headers=raw).status == 400


def test_methods(browser: Browser) -> None:
    """Only GET and POST are known."""
    headers = {"cookie": browser.cookie, "origin": browser.origin}
    for method in ("HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
        assert browser.request(method, f"{browser.base}/keys", headers=headers).status == 405


def test_paths_outside(console: Running, browser: Browser) -> None:
    """Nothing is served beside the console's own secret path, not even to its browser."""
    headers = {"cookie": browser.cookie}
    for path in ("/", "/keys", "/favicon.ico", browser.base, f"{browser.base}x/"):
        assert browser.request("GET", path, headers=headers).status == 404


POLICY: Final = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; "
    "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
"""That of the elements; the icon is an image of the console's own, and forms go nowhere else."""


def test_headers(browser: Browser) -> None:
    """Every answer, also a refusal, forbids caching, framing and scripts of others."""
    answers = [
        browser.get("/"),
        browser.get("/nothing"),
        browser.get("/style.css"),
        browser.request("GET", "/"),
        browser.request("GET", f"{browser.base}/", headers={"host": "evil.example"}),
        browser.post("/keys", []),
    ]
    for got in answers:
        assert got.headers["cache-control"] == "no-store"
        assert got.headers["referrer-policy"] == "same-origin"
        assert got.headers["cross-origin-opener-policy"] == "same-origin"
        assert got.headers["cross-origin-resource-policy"] == "same-origin"
        assert got.headers["content-security-policy"] == POLICY
        assert "server" not in got.headers


def test_idle_console_ends(console: Running, browser: Browser, clock: MovedClock) -> None:
    """A console that is used goes on, and ends after 15 minutes without a request."""
    for _ in range(3):
        clock.advance(899)
        assert not console.idle.is_over
        assert browser.get("/").status == 200
    clock.advance(900)
    console.thread.join(10)
    assert not console.thread.is_alive()


def test_strangers_do_not_keep_it_open(
    console: Running, browser: Browser, clock: MovedClock
) -> None:
    """Requests that are refused do not count as use."""
    clock.advance(899)
    assert console.browser().get("/").status == 401
    assert console.browser().open().status == 403
    clock.advance(1)
    console.thread.join(10)
    assert not console.thread.is_alive()
