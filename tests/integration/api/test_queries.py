"""Query parameters: each has an effect for its caller, or is refused by name."""

import pytest

from tests.support.http_world import World

MEANINGLESS = [
    ("user", "GET", "/v1/sessions", "realm_id={realm}"),
    ("user", "GET", "/v1/sessions", "scope=all"),
    ("user", "GET", "/v1/sessions/{session}", "realm_id={realm}"),
    ("user", "GET", "/v1/sessions/{session}", "user_id={user}"),
    ("user", "DELETE", "/v1/sessions/{session}", "realm_id={realm}"),
    ("user", "DELETE", "/v1/sessions/{session}", "state=any"),
    ("user", "DELETE", "/v1/sessions", "scope=all&realm_id={realm}"),
    ("user", "DELETE", "/v1/sessions", "scope=all&user_id={user}"),
    ("user", "GET", "/v1/session", "realm_id={realm}"),
    ("user", "DELETE", "/v1/session", "realm_id={realm}"),
    ("server", "GET", "/v1/sessions", "user_id={user}&scope=all"),
    ("server", "GET", "/v1/sessions/{session}", "user_id={user}"),
    ("server", "DELETE", "/v1/sessions/{session}", "user_id={user}"),
    ("server", "DELETE", "/v1/sessions", "user_id={user}&scope=all"),
    ("server", "DELETE", "/v1/sessions", "user_id={user}&scope=others"),
    ("server", "POST", "/v1/realms", "realm_id={realm}"),
]


@pytest.mark.parametrize(("caller", "method", "path", "sent"), MEANINGLESS)
def test_parameter_without_a_meaning_is_refused(
    world: World, caller: str, method: str, path: str, sent: str
) -> None:
    """A parameter that means nothing to this caller is 422 by its name, and nothing is done."""
    user_id = world.user("ada")
    began = world.login("ada").body
    named = {"realm": world.realm_id, "user": user_id, "session": began["id"]}
    target = f"{path}?{sent}".format(**named)
    body = {"name": "Another"} if method == "POST" else None
    bearer = began["token"] if caller == "user" else world.key
    answer = world.call(method, target, body, bearer=bearer)
    assert (answer.status, answer.body["code"]) == (422, "invalid")
    name = sent.rpartition("&")[2].partition("=")[0]
    assert answer.body["errors"][0].startswith(f"Unknown query parameter '{name}'")
    assert world.active(user_id) == [began["id"]]


def test_user_may_name_themselves(world: World) -> None:
    """A user's own id in the query of their list means what it says; another's is not found."""
    ada, bob = world.user("ada"), world.user("bob")
    token = world.login("ada").body["token"]
    own = world.call("GET", f"/v1/sessions?user_id={ada}", bearer=token)
    assert (own.status, len(own.body["collection"])) == (200, 1)
    assert world.call("GET", f"/v1/sessions?user_id={bob}", bearer=token).status == 404


@pytest.mark.parametrize("state", ["active", "any", None])
def test_ended_session_is_found_only_where_it_is_asked_for(world: World, state: str | None) -> None:
    """A look-up finds an ended session with `state=any` alone, for its user and for a server."""
    world.user("ada")
    ended, mine = world.login("ada").body, world.login("ada").body
    query = "" if state is None else f"?state={state}"
    path = f"/v1/sessions/{ended['id']}{query}"
    for bearer in (mine["token"], world.key):
        assert world.call("GET", path, bearer=bearer).body["active"] is True
    assert world.admin("DELETE", f"/v1/sessions/{ended['id']}").status == 204
    for bearer in (mine["token"], world.key):
        answer = world.call("GET", path, bearer=bearer)
        if state == "any":
            assert (answer.status, answer.body["active"]) == (200, False)
            assert answer.body["reason"] == "terminated_by_admin"
        else:
            assert (answer.status, answer.body["code"]) == (404, "not_found")
    refused = world.admin("GET", f"/v1/sessions/{ended['id']}?state=ended")
    assert (refused.status, refused.body["errors"]) == (
        422,
        ["state must be active, or any to be given an ended one too."],
    )
