"""Pages of users and their sessions."""

from urllib.parse import quote

from tests.cli.console.browser import Browser
from tests.cli.console.conftest import Service
from tests.cli.stub import Say, problem
from tests.support.http_world import PASSWORD, World

HOSTILE = '"><img src=x onerror=alert(1)>'


def login(world: World, username: str, agent: str = "Phone/1.0") -> str:
    """A new session's id."""
    body = {"realm_id": world.realm_id, "username": username, "password": PASSWORD}
    made = world.call("POST", "/v1/login", body, headers=[("user-agent", agent)])
    assert made.status == 200, made
    return str(made.body["id"])


def place(world: World, user_id: str) -> str:
    """The page of a user."""
    return f"/realms/{world.realm_id}/users/{user_id}"


def test_search(browser: Browser, world: World) -> None:
    """A user is found by username, email and id, whatever the case, and by a part of a name."""
    found = {"username": "ada", "email": "Ada@Example.com", "name": "Ada Lovelace"}
    made = world.admin("POST", "/v1/users", {"realm_id": world.realm_id, **found})
    world.user("grace")
    users = f"/realms/{world.realm_id}/users"
    assert {row[0] for row in browser.rows(users)} == {"ada", "grace"}
    for sought in ("ada", "ADA", "ada@example.com", made.body["id"], "lovelace", "a l"):
        got = browser.submit(browser.get(users), "Search", q=sought)
        assert got.page is not None
        assert [row[0] for row in got.page.rows[1:]] == ["ada"], sought
    for sought in ("usr_" + "0" * 22, "nobody", "a/b?c#d", "\u202e"):
        assert "Nobody was found" in browser.read(f"{users}?q={quote(sought)}").text


def test_search_of_many_users_says_what_it_did_not_search(
    browser: Browser, world: World, service: Service
) -> None:
    """A search by a part of a name reads 500 users at the most, and says so."""
    user = {"id": "usr_" + "0" * 22, "username": "bob", "name": None, "email": None}
    service.on("GET /v1/users", *[problem(422, "invalid", "No")] * 2, *[_page(user)] * 9)
    got = browser.read(f"/realms/{world.realm_id}/users?q=zed")
    assert "Only the first 500 users were searched" in got.text
    assert service.calls().count("GET /v1/users") == 2 + 5


def _page(user: dict[str, str | None]) -> Say:
    return Say(200, {"collection": [user], "more_results": True})


def test_list_of_users_has_pages(browser: Browser, world: World) -> None:
    """A realm with many users has pages, and each user is on one of them."""
    for number in range(53):
        world.user(f"user{number}")
    users = f"/realms/{world.realm_id}/users"
    first = browser.read(users)
    (more,) = [link for link in first.links if "after=" in link]
    names = [row[0].strip() for row in first.rows[1:]] + [row[0] for row in browser.rows(more)]
    assert sorted(names) == sorted(f"user{number}" for number in range(53))


def test_sessions_of_a_user(browser: Browser, world: World) -> None:
    """Active sessions have their time, client and address; ended ones also when, why, by whom."""
    user_id = world.user("ada")
    phone, laptop = login(world, "ada"), login(world, "ada", "Laptop/2.0")
    assert world.admin("DELETE", f"/v1/sessions/{phone}").status == 204
    rows = browser.rows(place(world, user_id))
    (active,) = [row for row in rows if laptop in row]
    assert "Laptop/2.0" in active[1]
    assert active[2] == "203.0.113.9"
    assert active[3] == "password"
    (ended,) = [row for row in rows if phone in row]
    assert ended[1] == "ended by an operator or a server"
    assert ended[2] == f"access key {world.key_id}"
    assert "Phone/1.0" in ended[4]


def test_end_one_session(browser: Browser, world: World) -> None:
    """Ending one session asks first, ends that one, and then says so once."""
    user_id = world.user("ada")
    phone, laptop = login(world, "ada"), login(world, "ada")
    end = f"{place(world, user_id)}/sessions/{phone}/end"
    assert browser.base + end in browser.read(place(world, user_id)).links
    asked = browser.get(end)
    assert asked.page is not None
    assert phone in asked.page.text
    assert "Phone/1.0" in asked.page.text
    assert len(world.active(user_id)) == 2
    done = browser.submit(asked, "End the session")
    assert done.page is not None
    assert "The session has ended." in done.page.text
    assert world.active(user_id) == [laptop]
    assert "The session has ended." not in browser.read(done.at).text


def test_end_all_sessions(browser: Browser, world: World) -> None:
    """Ending all sessions says first how many there are, and then how many ended."""
    user_id = world.user("ada")
    for _ in range(3):
        login(world, "ada")
    asked = browser.get(f"{place(world, user_id)}/end")
    assert asked.page is not None
    assert "ends 3 managed sessions" in asked.page.text
    done = browser.submit(asked, "End every session")
    assert done.page is not None
    assert "3 managed sessions ended." in done.page.text
    assert world.active(user_id) == []
    assert set(world.reasons(user_id).values()) == {"terminated_by_admin"}


def test_disable_and_enable(browser: Browser, world: World) -> None:
    """A user is disabled after a question with the count, and enabled without one."""
    user_id = world.user("ada")
    login(world, "ada")
    asked = browser.get(f"{place(world, user_id)}/disable")
    assert asked.page is not None
    assert "ends 1 managed session," in asked.page.text
    disabled = browser.submit(asked, "Disable the user")
    assert disabled.page is not None
    assert "inactive" in disabled.page.text
    assert "the user was disabled" in disabled.page.text
    assert world.login("ada").status == 401
    enabled = browser.submit(disabled, "Enable")
    assert enabled.page is not None
    assert "The user can log in again." in enabled.page.text
    assert world.login("ada").status == 200


def test_new_password_that_is_typed(browser: Browser, world: World) -> None:
    """A typed password is set and never shown; one that is refused says why and ends nothing."""
    user_id = world.user("ada")
    login(world, "ada")
    asked = browser.get(f"{place(world, user_id)}/password")
    refused = browser.submit(asked, "Set the password", password="short")
    assert refused.status == 422
    assert refused.page is not None
    assert "8 to 1024 characters" in refused.page.text
    assert len(world.active(user_id)) == 1
    done = browser.submit(asked, "Set the password", password="a notable engine")
    assert "a notable engine" not in done.content
    assert world.active(user_id) == []
    body = {"realm_id": world.realm_id, "username": "ada", "password": "a notable engine"}
    assert world.call("POST", "/v1/login", body).status == 200


def test_new_password_that_is_made(browser: Browser, world: World) -> None:
    """A password that the console makes is shown once, and works."""
    user_id = world.user("ada")
    asked = browser.get(f"{place(world, user_id)}/password")
    done = browser.submit(asked, "Set the password", password="")
    assert done.page is not None
    shown = done.page.text.partition("Every session has ended. ")[2].split()[0]
    body = {"realm_id": world.realm_id, "username": "ada", "password": shown}
    assert world.call("POST", "/v1/login", body).status == 200
    assert shown not in browser.get(done.at).content


def test_lockout_is_cleared(browser: Browser, world: World) -> None:
    """A user who is locked out can log in at once after the lockout is cleared."""
    user_id = world.user("ada")
    for _ in range(5):
        assert world.login("ada", password="wrong").status == 401
    assert world.login("ada").status == 429
    browser.submit(browser.get(place(world, user_id)), "Clear the lockout")
    assert world.login("ada").status == 200


def test_hostile_texts(browser: Browser, world: World) -> None:
    """What users and applications can write is text on every page: names, User-Agent, custom."""
    body = {"name": HOSTILE, "custom": {HOSTILE: "</code><script>alert(1)</script>"}}
    made = world.admin("POST", "/v1/users", {"realm_id": world.realm_id, "username": "ada", **body})
    user_id = made.body["id"]
    assert world.admin("PUT", f"/v1/users/{user_id}", {"password": PASSWORD}).status == 200
    assert world.admin("PUT", f"/v1/realms/{world.realm_id}", {"name": HOSTILE}).status == 200
    named = {"name": HOSTILE, "permission": "read"}
    assert world.admin("POST", "/v1/access_keys", named).status == 201
    session_id, other = login(world, "ada", HOSTILE), login(world, "ada", HOSTILE)
    assert world.admin("DELETE", f"/v1/sessions/{other}").status == 204
    here, realm = place(world, user_id), f"/realms/{world.realm_id}"
    places = ["/", "/keys", "/doctor", realm, f"{realm}/users", f"{realm}/keys", f"{realm}/signing"]
    places += [f"{realm}/users?q={quote(HOSTILE)}", f"{realm}/users/{HOSTILE}", f"{realm}/end"]
    places += [here, f"{here}/end", f"{here}/disable", f"{here}/password"]
    places += [f"{here}/sessions/{session_id}/end"]
    shown = 0
    for one in places:
        got = browser.get(quote(one, safe="/?=%"))
        assert got.status == (404 if HOSTILE in one else 200), one
        assert got.page is not None
        shown += got.page.text.count(HOSTILE)
    assert shown > 15


def test_ids_in_paths(browser: Browser, world: World) -> None:
    """A path with something else where an id should be is no page, and nothing is asked for it."""
    user_id = world.user("ada")
    realm = f"/realms/{world.realm_id}"
    for path in (
        "/realms/x",
        "/realms/..%2Fkeys",
        f"/realms/{user_id}/users",
        f"{realm}/users/ada",
        f"{realm}/users/{world.realm_id}",
        f"{realm}/users/{user_id}%3Fq=1",
        f"{realm}/users/{user_id}/sessions/{user_id}/end",
        "/keys/x/revoke",
        f"{realm}/signing/x/stop",
        "/nothing",
    ):
        got = browser.get(path)
        assert got.status == 404, path
        assert got.page is not None
        assert "There is no such page." in got.page.text


def test_user_who_is_gone(browser: Browser, world: World) -> None:
    """What was deleted meanwhile is a page that says so."""
    user_id = world.user("ada")
    asked = browser.get(f"{place(world, user_id)}/end")
    assert world.admin("DELETE", f"/v1/users/{user_id}").status == 204
    gone = browser.submit(asked, "End every session")
    assert gone.status == 404
    assert gone.page is not None
    assert "deleted meanwhile" in gone.page.text
