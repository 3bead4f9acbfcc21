"""Pages of realms: settings, what a change would do, and the end of every session."""

from typing import get_args

from sojourn.domain import policy
from sojourn.domain.policy import Settings
from sojourn.domain.revocation import SHARDS
from sojourn.domain.signing_key import SIGNING_DELAY_MS, Algorithm
from sojourn_cli.console.settings import SETTINGS
from tests.cli.console.browser import Browser
from tests.cli.console.test_users import login
from tests.support.clock import MovedClock
from tests.support.http_world import World


def test_realms_are_listed(browser: Browser, world: World) -> None:
    """The first page lists the realms, with links to their settings."""
    page = browser.read("/")
    assert [row[0].strip() for row in page.rows[1:]] == ["Tests"]
    assert f"{browser.base}/realms/{world.realm_id}" in page.links


def test_where_the_operator_is(browser: Browser, world: World) -> None:
    """Each page that a navigation has is marked there, and no other."""
    realm = f"/realms/{world.realm_id}"
    places = ["/", "/keys", "/doctor", realm]
    places += [f"{realm}/{name}" for name in ("users", "signing", "keys", "activity")]
    for place in places:
        marked = [
            told["href"]
            for name, told in browser.read(place).elements
            if name == "a" and told.get("aria-current") == "page"
        ]
        assert marked == [browser.base + place]


def test_each_setting_is_there_with_its_range() -> None:
    """The settings, choices and ranges are those of the service."""
    assert set(SETTINGS) - {"name"} == set(Settings.__dataclass_fields__)
    choices = {name: setting.choices for name, setting in SETTINGS.items() if setting.choices}
    assert choices == {
        "session_type": get_args(policy.SessionType),
        "at_limit": get_args(policy.AtLimit),
        "jwt_algo": get_args(Algorithm),
        "jwt_fields": policy.JWT_FIELDS,
    }
    for name, (low, high) in {
        "session_minutes": policy.MANAGED_MINUTES,
        "api_key_minutes": policy.UNMANAGED_MINUTES,
        "max_sessions": policy.MAX_SESSIONS,
        "max_staleness_seconds": policy.MAX_STALENESS,
        "rotate_days": policy.ROTATE_DAYS,
        "revocation_shards": SHARDS,
    }.items():
        assert f"{low} to {high}" in SETTINGS[name].allowed
    assert str(policy.UNMANAGED_MINUTES[1]) in SETTINGS["session_minutes"].allowed
    delay = f"signs {SIGNING_DELAY_MS // 60_000} minutes later"
    for name, value in (("rotate_days", 30), ("jwt_algo", "es256")):
        assert delay in SETTINGS[name].does("", value)


def test_change_is_shown_first(browser: Browser, world: World) -> None:
    """A form shows what each change does, and a second form changes those settings and no other."""
    settings = browser.get(f"/realms/{world.realm_id}")
    fields = {"max_sessions": "3", "at_limit": "deny", "name": "Shop & <Co>", "rotate_days": "90"}
    shown = browser.submit(settings, "Show what changes", **fields)
    assert shown.status == 200
    assert shown.page is not None
    assert [row[:3] for row in shown.page.rows[1:]] == [
        ["Name", "Tests", "Shop & <Co>"],
        ["Active sessions of one user", "10", "3"],
        ["At the limit", "evict_oldest", "deny"],
        ["Days between new signing keys", "0", "90"],
    ]
    assert "No session ends now." in shown.page.text
    assert realm(world)["max_sessions"] == 10
    before = realm(world)
    done = browser.submit(shown, "Change the settings")
    assert done.page is not None
    assert "The settings are changed." in done.page.text
    after = {"max_sessions": 3, "at_limit": "deny", "name": "Shop & <Co>", "rotate_days": 90}
    assert realm(world) == before | after


def test_fields_of_tokens(browser: Browser, world: World) -> None:
    """Fields of tokens are added and all taken away; the other settings stay."""
    before = realm(world)
    here = f"/realms/{world.realm_id}"
    for fields in ("username,email", None):
        shown = browser.submit(browser.get(here), "Show what changes", jwt_fields=fields)
        assert browser.submit(shown, "Change the settings").status == 200
        wanted = fields.split(",") if fields else []
        assert realm(world) == before | {"jwt_fields": wanted}


def test_refused_settings(browser: Browser, world: World) -> None:
    """What is out of its range, or no number, is said with the range, and nothing is changed."""
    before = realm(world)
    here = f"/realms/{world.realm_id}"
    shown = browser.submit(browser.get(here), "Show what changes", max_sessions="ten", at_limit="x")
    assert shown.status == 422
    assert shown.page is not None
    assert "Active sessions of one user: 1 to 100." in shown.page.text
    assert "At the limit: evict_oldest or deny." in shown.page.text
    assert dict(shown.page.forms[0].fields)["max_sessions"] == "ten"
    shown = browser.submit(
        browser.get(here), "Show what changes", max_sessions="101", session_minutes="0"
    )
    refused = browser.submit(shown, "Change the settings")
    assert refused.status == 422
    assert refused.page is not None
    assert "max_sessions must be 1 to 100, and is 101." in refused.page.text
    assert "session_minutes must be 1 to 525600 in a managed realm, and is 0." in refused.page.text
    assert realm(world) == before


def test_nothing_changed(browser: Browser, world: World) -> None:
    """A form that changes nothing says so."""
    shown = browser.submit(browser.get(f"/realms/{world.realm_id}"), "Show what changes")
    assert shown.status == 422
    assert shown.page is not None
    assert "Nothing was changed." in shown.page.text


def test_end_everyone(browser: Browser, world: World, clock: MovedClock) -> None:
    """Ending everyone says first how many sessions there are, and then ends them all."""
    users = [world.user(name) for name in ("ada", "grace")]
    for name in ("ada", "ada", "grace"):
        login(world, name)
    asked = browser.get(f"/realms/{world.realm_id}/end")
    assert asked.page is not None
    assert "This ends 3 managed sessions, as counted just now" in asked.page.text
    assert sum(len(world.active(user)) for user in users) == 3
    done = browser.submit(asked, "End every session")
    assert done.page is not None
    assert "Every session that began before now has ended." in done.page.text
    assert [world.active(user) for user in users] == [[], []]
    ended = browser.read(f"/realms/{world.realm_id}/users/{users[0]}").text
    assert "all sessions of the realm were ended" in ended


def realm(world: World) -> dict[str, object]:
    """The realm as it is."""
    return dict(world.admin("GET", f"/v1/realms/{world.realm_id}").body)
