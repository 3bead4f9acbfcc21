"""Pages of access keys and signing keys, and what a key without a permission sees."""

import re
from datetime import datetime

import pytest

from sojourn_cli import ids
from tests.cli.console.browser import Browser
from tests.cli.console.conftest import Service, running
from tests.cli.console.test_users import login, place
from tests.cli.stub import problem
from tests.support.clock import MovedClock
from tests.support.http_world import World


def made(world: World, permission: str, realm_id: str | None = None) -> tuple[str, str]:
    """A new access key's id and secret."""
    body = {"name": permission, "permission": permission, "realm_id": realm_id}
    answer = world.admin("POST", "/v1/access_keys", body)
    assert answer.status == 201, answer
    return answer.body["id"], answer.body["secret"]


@pytest.mark.parametrize("of_realm", [False, True], ids=["stack", "realm"])
def test_key_from_making_to_revocation(browser: Browser, world: World, of_realm: bool) -> None:
    """A key is made, its secret shown once, listed with its last use, and revoked once asked."""
    here = f"/realms/{world.realm_id}/keys" if of_realm else "/keys"
    got = browser.submit(
        browser.get(here),
        "Make the key",
        name="shop",
        permission="write",
        expires="2060-01-31T18:00",
    )
    assert got.page is not None
    (secret,) = re.findall(r"ks_\w+", got.page.text)
    key_id = ids.access_key_id(secret)
    assert secret not in browser.get(got.at).content
    assert world.call("GET", "/v1/realms", bearer=secret).status == 200
    (row,) = [row for row in browser.rows(here) if row[5] == key_id]
    assert row[:2] == ["shop", "write"]
    assert row[2] != "never"
    assert row[3] == "2060-01-31 18:00:00"
    view = world.admin("GET", f"/v1/access_keys/{key_id}").body
    assert view["realm_id"] == (world.realm_id if of_realm else None)
    assert view["expires_at"] == datetime(2060, 1, 31, 18).astimezone().timestamp()
    asked = browser.get(f"{here}/{key_id}/revoke")
    assert asked.page is not None
    assert f"{key_id}, with the permission write, was last used" in asked.page.text
    assert "console's own" not in asked.page.text
    assert world.call("GET", "/v1/realms", bearer=secret).status == 200
    browser.submit(asked, "Revoke the key")
    assert world.call("GET", "/v1/realms", bearer=secret).status == 403
    assert key_id not in str(browser.rows(here))


def test_own_key(browser: Browser, world: World) -> None:
    """The console's own key is marked, and the question says what its revocation means."""
    (row,) = [row for row in browser.rows("/keys") if row[5] == world.key_id]
    assert "this console" in row[0]
    assert "the console's own key" in browser.read(f"/keys/{world.key_id}/revoke").text


def test_refused_key(browser: Browser) -> None:
    """A key that the service or the console refuses says why, and none is made."""
    before = browser.rows("/keys")
    refused = browser.submit(browser.get("/keys"), "Make the key", name="\u202e")
    assert refused.status == 422
    for expires in ("soon", "9999-99-99", "2001-01-01T00:00"):
        got = browser.submit(browser.get("/keys"), "Make the key", name="x", expires=expires)
        assert got.status == 422
    assert browser.rows("/keys") == before


def test_signing_keys(browser: Browser, world: World) -> None:
    """Signing keys say when they sign and when they may go."""
    here = f"/realms/{world.realm_id}/signing"
    rows = browser.rows(here)
    assert {row[0] for row in rows} == {"signing"}
    assert {row[4] for row in rows} == {"not while it signs or will"}
    done = browser.submit(browser.get(here), "Make the next key")
    assert done.page is not None
    keys = world.admin("GET", f"/v1/jwt_keys?realm_id={world.realm_id}").body["collection"]
    (pending,) = [key for key in keys if key["state"] == "pending"]
    signs = datetime.fromtimestamp(pending["signs_from"]).strftime("%Y-%m-%d %H:%M:%S")
    (row,) = [row for row in browser.rows(here) if row[0] == "pending"]
    assert row[3] == signs
    assert f"It signs from {signs} on." in done.page.text
    (former,) = [key for key in keys if key["retire_after"]]
    (row,) = [row for row in browser.rows(here) if row[6] == former["id"]]
    assert row[4] == datetime.fromtimestamp(former["retire_after"]).strftime("%Y-%m-%d %H:%M:%S")


def test_signing_key_is_stopped(browser: Browser, world: World, clock: MovedClock) -> None:
    """A key is stopped after a question, and its sessions end; one in use is not deleted."""
    user_id = world.user("ada")
    login(world, "ada")
    here = f"/realms/{world.realm_id}/signing"
    keys = world.admin("GET", f"/v1/jwt_keys?realm_id={world.realm_id}").body["collection"]
    (key,) = [key for key in keys if key["kind"] == "expiring"]
    asked = browser.get(f"{here}/{key['id']}/delete")
    assert asked.page is not None
    assert f"{key['id']} signed may never expire, or it still signs" in asked.page.text
    assert browser.submit(asked, "Delete the key").status == 409
    asked = browser.get(f"{here}/{key['id']}/stop")
    assert asked.page is not None
    assert key["id"] in asked.page.text
    assert len(world.active(user_id)) == 1
    done = browser.submit(asked, "Stop the key")
    assert done.page is not None
    assert "It ended 1 managed session." in done.page.text
    assert world.active(user_id) == []
    assert [row[0] for row in browser.rows(here) if row[6] == key["id"]] == ["compromised"]


def test_key_that_may_only_read(service: Service, world: World, clock: MovedClock) -> None:
    """With a key that may only read, what it may read is shown, without buttons."""
    user_id = world.user("ada")
    session_id = login(world, "ada")
    _, secret = made(world, "read")
    with running(service.url, secret, clock) as console:
        browser = console.browser()
        browser.open()
        page = browser.read(place(world, user_id))
        assert session_id in page.text
        assert "write or admin key" in page.text
        assert page.forms == []
        assert not [link for link in page.links if link.endswith(("/end", "/disable", "/password"))]
        assert browser.read(f"/realms/{world.realm_id}").forms[0].buttons == []
        refused = browser.get("/keys")
        assert refused.status == 403
        assert refused.page is not None
        assert "start the console with another key" in refused.page.text
        form = [("form_token", console.desk.door.form_token)]
        assert browser.post(f"{place(world, user_id)}/end", form).status == 403
    assert world.active(user_id) == [session_id]


def test_key_that_may_write(service: Service, world: World, clock: MovedClock) -> None:
    """A realm's key with `write` ends sessions of that realm, and sees no other."""
    user_id = world.user("ada")
    login(world, "ada")
    world.admin("POST", "/v1/realms", {"name": "Other"})
    _, secret = made(world, "write", world.realm_id)
    with running(service.url, secret, clock) as console:
        browser = console.browser()
        browser.open()
        assert console.desk.holder.permission == "write"
        assert len(browser.rows("/")) == 1
        assert "Show what changes" not in browser.get(f"/realms/{world.realm_id}").content
        asked = browser.get(f"{place(world, user_id)}/end")
        assert browser.submit(asked, "End every session").status == 200
    assert world.active(user_id) == []


def test_service_that_does_not_answer(browser: Browser, service: Service) -> None:
    """What the API or its gateway refuses is said in words, at once, with when to try again."""
    later = problem(503, "unavailable", "DynamoDB did not answer")
    service.on("GET /v1/realms", later)
    got = browser.get("/")
    assert got.status == 503
    assert got.page is not None
    assert "DynamoDB did not answer" in got.page.text
    assert "Try again in a few seconds." in got.page.text
    assert service.calls()[-1:] == ["GET /v1/realms"]
    assert service.calls()[-2:] != ["GET /v1/realms"] * 2


def test_revoked_key(browser: Browser, world: World) -> None:
    """When the console's own key is revoked, each page says what to do."""
    browser.submit(browser.get(f"/keys/{world.key_id}/revoke"), "Revoke the key")
    got = browser.get("/")
    assert got.status == 403
    assert got.page is not None
    assert "Start the console with another one." in got.page.text


def test_doctor(browser: Browser) -> None:
    """The doctor's checks are there, and those that need AWS say what they need."""
    rows = {row[0]: row[1:] for row in browser.rows("/doctor")}
    assert len(rows) == 9
    assert rows["admin keys"] == ["ok", "There is 1 stack-wide admin key."]
    assert rows["signing keys"][0] == "ok"
    state, found = rows["ttl"]
    assert state == "unknown"
    assert "--stack-name" in found
