"""The feed over HTTP: who may read it, what its answers look like, and what is not sent twice."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.support.http_world import Answer, World

HOUR = 3_600


def poll(world: World, after: str | None = None, *, tag: str | None = None, **more: Any) -> Answer:
    """One page, asked for with the admin key."""
    query = {"realm_id": world.realm_id, **more} | ({} if after is None else {"after": after})
    text = "&".join(f"{name}={quote(str(value))}" for name, value in query.items())
    headers = [] if tag is None else [("if-none-match", tag)]
    return world.call("GET", f"/v1/revocations?{text}", bearer=world.key, headers=headers)


def log_out(world: World) -> str:
    """Begin a session of ada's and end it; its id."""
    session = world.login("ada").body
    assert world.call("DELETE", "/v1/session", bearer=session["token"]).status == 204
    return str(session["id"])


@pytest.fixture(autouse=True)
def ada(world: World) -> str:
    """A user's id."""
    return world.user("ada")


def test_feed_tells_what_ended(world: World, ada: str) -> None:
    """A log-out, the end of all of a user and of the realm are entries, each as it is described."""
    cursor = poll(world).body["cursor"]
    session = log_out(world)
    world.clock.advance(1)
    assert world.admin("POST", f"/v1/users/{ada}/end_sessions").status == 200
    world.clock.advance(1)
    assert world.admin("POST", f"/v1/realms/{world.realm_id}/end_sessions").status == 200
    answer = poll(world, cursor)
    assert answer.status == 200
    one, user, realm = answer.body["collection"]
    assert (one["session_ids"], one["user_id"], one["reason"]) == ([session], ada, "logout")
    assert (user["scope"], user["user_id"], user["reason"]) == ("user", ada, "terminated_by_admin")
    assert (realm["scope"], realm["user_id"], realm["reason"]) == ("realm", None, "realm_ended")
    assert "session_ids" not in user
    assert "session_ids" not in realm
    assert answer.body["more_results"] is False


def test_pages_follow_each_other(world: World) -> None:
    """With one result a page, each cursor leads to the next entry, until there is none."""
    cursor = poll(world).body["cursor"]
    ended = []
    for _ in range(3):
        ended.append(log_out(world))
        world.clock.advance(1)
    found = []
    more = True
    while more:
        page = poll(world, cursor, max_results=1).body
        found += [s for entry in page["collection"] for s in entry["session_ids"]]
        cursor, more = page["cursor"], page["more_results"]
    assert found == ended


def test_idle_poll_is_not_sent_again(world: World) -> None:
    """With the tag of the answer before, a poll is 304 while nothing new is in its answer."""
    log_out(world)
    first = poll(world)
    cursor = first.body["cursor"]
    known = poll(world, cursor)
    tag = known.headers["etag"]
    assert tag.startswith('W/"')
    assert known.headers["cache-control"] == "private, no-cache"
    world.clock.advance(1)
    again = poll(world, cursor, tag=tag)
    assert (again.status, again.body) == (304, None)
    assert again.headers["etag"] == tag
    log_out(world)
    fresh = poll(world, cursor, tag=tag)
    assert fresh.status == 200
    assert fresh.headers["etag"] != tag
    assert len(fresh.body["collection"]) == 2


def test_end_that_is_asked_for_again_is_announced_again(world: World) -> None:
    """Who is told 204 for a session that had ended finds it in the feed after that answer, too."""
    session = world.login("ada").body
    for _ in range(2):
        assert world.call("DELETE", "/v1/session", bearer=session["token"]).status == 204
        world.clock.advance(41)
        cursor = poll(world).body["cursor"]
    assert world.call("DELETE", "/v1/session", bearer=session["token"]).status == 204
    (entry,) = poll(world, cursor).body["collection"]
    assert entry["session_ids"] == [session["id"]]


def test_answers_of_other_readers_have_other_tags(world: World) -> None:
    """A reader that began later has seen less: the tag of another reader's answer is not its."""
    tag = poll(world, poll(world).body["cursor"]).headers["etag"]
    world.clock.advance(1)
    assert poll(world, poll(world).body["cursor"], tag=tag).status == 200


def test_poller_that_is_told_304_gets_a_new_cursor_each_hour(world: World) -> None:
    """Nothing ends for days, and who polls with its last cursor and tag is never too late."""
    cursor = poll(world).body["cursor"]
    tag = poll(world, cursor).headers["etag"]
    statuses = []
    for _ in range(3 * 24 * 4):
        world.clock.advance(HOUR / 4)
        answer = poll(world, cursor, tag=tag)
        statuses.append(answer.status)
        if answer.status == 200:
            cursor, tag = answer.body["cursor"], answer.headers["etag"]
    assert statuses.count(304) >= 3 * 24 * 2
    assert set(statuses) == {200, 304}
    session = log_out(world)
    found = poll(world, cursor, tag=tag)
    assert [entry["session_ids"] for entry in found.body["collection"]] == [[session]]


@pytest.mark.parametrize("after", ["", "x", "rvc_", "rvc_" + "z" * 20, "kss_1", "rvc_" + "z" * 60])
def test_malformed_cursor_is_a_bad_request(world: World, after: str) -> None:
    """What is no cursor of this feed is 400 with its code."""
    answer = poll(world, after)
    assert (answer.status, answer.body["code"]) == (400, "cursor_invalid")


def test_cursor_expires_after_a_day(world: World) -> None:
    """A cursor of 24 hours ago is 410, and a new reader begins without one."""
    cursor = poll(world).body["cursor"]
    world.clock.advance(24 * HOUR - 60)
    assert poll(world, cursor).status == 200
    world.clock.advance(61)
    answer = poll(world, cursor)
    assert (answer.status, answer.body["code"]) == (410, "cursor_expired")
    assert poll(world).body["complete_since"] == world.clock.wall_ms() / 1000


@pytest.mark.parametrize(("results", "status"), [("0", 422), ("2001", 422), ("2000", 200)])
def test_page_has_at_most_2000_results(world: World, results: str, status: int) -> None:
    """`max_results` is 1 to 2000."""
    assert poll(world, max_results=results).status == status


def test_feed_is_for_servers(world: World) -> None:
    """A user's token and no credential are refused; a key with `read` and its realm are enough."""
    path = f"/v1/revocations?realm_id={world.realm_id}"
    assert world.call("GET", path).status == 401
    token = world.login("ada").body["token"]
    assert world.call("GET", "/v1/revocations", bearer=token).status == 403
    made = world.admin("POST", "/v1/access_keys", {"name": "r", "permission": "read"}).body
    assert world.call("GET", path, bearer=made["secret"]).status == 200
    assert world.call("GET", "/v1/revocations", bearer=world.key).status == 422


def test_key_of_one_realm_does_not_read_anothers(world: World) -> None:
    """A key that is bound to a realm reads its feed alone, and sees nothing of another's."""
    other = world.admin("POST", "/v1/realms", {"name": "Other"}).body["id"]
    body = {"name": "r", "permission": "read", "realm_id": other}
    key = world.admin("POST", "/v1/access_keys", body).body["secret"]
    log_out(world)
    assert world.call("GET", "/v1/revocations", bearer=key).body["collection"] == []
    path = f"/v1/revocations?realm_id={world.realm_id}"
    assert world.call("GET", path, bearer=key).status == 403


def test_deleted_realm_has_no_feed(world: World) -> None:
    """The feed of a realm that is gone is 404: whoever follows it refuses all of the realm."""
    cursor = poll(world).body["cursor"]
    assert world.admin("DELETE", f"/v1/realms/{world.realm_id}?name=Tests").status < 300
    for after in (None, cursor):
        assert poll(world, after).status == 404
