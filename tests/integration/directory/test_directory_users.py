"""Users: names, and the sessions that each change ends."""

from typing import Any
from urllib.parse import quote

import pytest

from sojourn.bootstrap import Resources
from sojourn.domain.errors import Unavailable
from sojourn.store.removal import DynamoRemoval
from tests.integration.service.test_races import meanwhile
from tests.support.http_world import PASSWORD, Answer, World
from tests.support.stores import store_of

LIGATURE = "\ufdfa"  # one character of which NFKC makes eighteen


def make(world: World, **body: object) -> Answer:
    """The answer to making a user."""
    return world.admin("POST", "/v1/users", {"realm_id": world.realm_id, **body})


REFUSED: list[dict[str, object]] = [
    {},
    {"username": ""},
    {"username": "a" * 129},
    {"username": "ada lovelace"},
    {"username": "ada@example.com"},
    {"username": "ada\u200d"},
    {"username": "\u0301da"},
    {"username": "\uff55\uff53\uff52_x"},
    {"username": LIGATURE},
    {"username": "a" * 1_017},
    {"username": "usr_x"},
    {"username": "KSS_x"},
    {"username": None},
    {"username": "ada", "email": "ada"},
    {"username": "ada", "email": "a@" + "b" * 253},
    {"username": "ada", "email": "ada @example.com"},
    {"username": "ada", "email": "ada@exam\u2028ple.com"},
    {"username": "ada", "name": "n" * 201},
    {"username": "ada", "custom": []},
    {"username": "ada", "custom": {"a": "x" * 8_200}},
    {"username": "ada", "password": "short"},
    {"username": "ada", "password": "x" * 1_025},
    {"username": "ada", "user_type": "robot"},
    {"user_type": "api", "password": PASSWORD},
]


@pytest.mark.parametrize("body", REFUSED, ids=lambda body: str(body)[:40])
def test_users_that_cannot_be(world: World, body: dict[str, object]) -> None:
    """Each field out of its bounds is 422 with a sentence, and makes nothing."""
    answer = make(world, **body)
    assert answer.status == 422
    assert answer.body["errors"]
    listed = world.admin("GET", f"/v1/users?realm_id={world.realm_id}").body
    assert listed["collection"] == []


def test_user_is_found_by_id_name_and_email(world: World) -> None:
    """A user's id, username and email, in whatever case, lead to the same user."""
    made = make(world, username="Ada", email="Ada@Example.com", custom={"plan": "pro"}).body
    for text in (made["id"], "ada", "ADA@example.COM"):
        found = world.admin("GET", f"/v1/users/{text}?realm_id={world.realm_id}")
        assert (found.status, found.body) == (200, made)
    assert made["custom"] == {"plan": "pro"}


@pytest.mark.parametrize("typed", ["Jos\u00e9", "JOSE\u0301", "\uff2a\uff4fs\u00e9", "jos\u00c9"])
def test_user_is_found_in_every_form_of_the_name(world: World, typed: str) -> None:
    """A name is kept composed, and logs in and is looked up in whatever form it is typed."""
    name = "Jose\u0301"
    sent = {"username": name, "email": f"{name}@Example.com", "password": PASSWORD}
    made = make(world, **sent).body
    assert (made["username"], made["email"]) == ("Jos\u00e9", "Jos\u00e9@Example.com")
    for kind, text in (("username", typed), ("email", f"{typed}@example.COM")):
        found = world.admin("GET", f"/v1/users/{quote(text)}?realm_id={world.realm_id}")
        assert (found.status, found.body) == (200, made)
        login = {"realm_id": world.realm_id, kind: text, "password": PASSWORD}
        assert world.call("POST", "/v1/login", login).status == 200


def test_name_in_another_form_is_no_other_name(world: World) -> None:
    """Another form of one's own name is a change of what is shown, and frees nothing."""
    user_id = make(world, username="Jos\u00e9").body["id"]
    renamed = world.admin("PATCH", f"/v1/users/{user_id}", {"username": "JOSE\u0301"})
    assert (renamed.status, renamed.body["username"]) == (200, "JOS\u00c9")
    assert make(world, username="jos\u00e9").body["code"] == "name_taken"


def test_name_beyond_any_name_is_not_looked_for(world: World) -> None:
    """A name in a path that is longer than a name can be is 404, and never somebody else's."""
    make(world, username="a" * 128)
    path = f"/v1/users/{'a' * 128}{{more}}?realm_id={world.realm_id}"
    assert world.admin("GET", path.format(more="")).status == 200
    for more in ("a", "\u00ad" * 1_000):
        assert world.admin("GET", path.format(more=quote(more))).status == 404


@pytest.mark.parametrize("field", ["username", "email"])
def test_conflict_names_the_field(world: World, field: str) -> None:
    """A name that is taken is 409, and the sentence names which of them it is."""
    make(world, username="ada", email="ada@example.com")
    body = {"username": "eve", "email": "eve@example.com"}
    body[field] = {"username": "ADA", "email": "ADA@example.com"}[field]
    user_id = make(world, username="bob", email="bob@example.com").body["id"]
    for refused in (make(world, **body), world.admin("PATCH", f"/v1/users/{user_id}", body)):
        assert (refused.status, refused.body["code"]) == (409, "name_taken")
        assert refused.body["errors"] == [f"Another user of the realm has this {field}."]


def test_refused_rename_changes_nothing(world: World) -> None:
    """A change whose new name is taken leaves the user, and their sessions, as they were."""
    world.user("eve")
    user_id = world.user("ada")
    token = world.login("ada").body["token"]
    changes = {"username": "eve", "password": "another password"}
    assert world.admin("PATCH", f"/v1/users/{user_id}", changes).status == 409
    assert world.call("GET", "/v1/session", bearer=token).status == 200
    assert world.login("ada").status == 200


def test_name_that_is_anothers_by_now_is_not_freed(
    world: World, resources: Resources, dynamodb: Any
) -> None:
    """A name that belongs to another, as where one table alone was restored, stays theirs."""
    user_id = world.user("ada")
    at = store_of(resources).realms.names.key(world.realm_id, "username", "ada")
    theirs = {**at.attributes, "user_id": {"S": "usr_" + "0" * 22}}
    dynamodb.put_item(TableName=at.table, Item=theirs)
    assert world.admin("PATCH", f"/v1/users/{user_id}", {"username": "eve"}).status == 409
    found = dynamodb.get_item(TableName=at.table, Key=at.attributes)
    assert found["Item"]["user_id"] == theirs["user_id"]


def test_long_names_are_names(world: World) -> None:
    """An email that folding makes longer than a key may be is claimed like any other."""
    email = LIGATURE * 200 + "@example.com"
    assert make(world, username="ada", email=email).status == 201
    assert make(world, username="eve", email=email).status == 409
    body = {"realm_id": world.realm_id, "username": LIGATURE * 320, "password": PASSWORD}
    assert world.call("POST", "/v1/login", body).status == 401


def test_null_clears_what_may_be_absent(world: World) -> None:
    """A null clears name, email and custom; what is not named stays."""
    made = make(world, username="ada", email="ada@example.com", name="Ada", custom={}).body
    cleared = world.admin("PUT", f"/v1/users/{made['id']}", {"email": None, "name": None}).body
    assert (cleared["email"], cleared["name"], cleared["custom"]) == (None, None, {})
    assert make(world, username="eve", email="ada@example.com").status == 201
    refused = world.admin("PUT", f"/v1/users/{made['id']}", {"username": None})
    assert refused.status == 422


@pytest.mark.parametrize(
    "field", ["id", "realm_id", "user_type", "generation", "sessions", "credentials"]
)
def test_change_takes_only_what_may_change(world: World, field: str) -> None:
    """Read-only members of a user cannot be changed."""
    user_id = world.user("ada")
    assert world.admin("PATCH", f"/v1/users/{user_id}", {field: "x"}).status == 422
    assert world.admin("PATCH", f"/v1/users/{user_id}", {"state": "deleted"}).status == 422


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"state": "inactive"}, "user_disabled"), ({"password": PASSWORD}, "password_changed")],
    ids=["disabled", "password"],
)
def test_administrators_change_ends_both_kinds(
    world: World, changes: dict[str, str], reason: str
) -> None:
    """Rule 8: disabling, and a password that is set, end managed and unmanaged sessions."""
    user_id = world.user("ada")
    managed = world.login("ada").body
    world.admin("PATCH", f"/v1/realms/{world.realm_id}", {"session_type": "unmanaged"})
    unmanaged = world.login("ada").body
    assert world.admin("PATCH", f"/v1/users/{user_id}", changes).status == 200
    assert world.reasons(user_id) == {managed["id"]: reason}
    for token in (managed["token"], unmanaged["token"]):
        assert world.call("GET", "/v1/session", bearer=token).status == 401


def test_user_who_is_enabled_again_has_no_session_of_before(world: World) -> None:
    """Rule 8: disabling ends an unmanaged token for good, and enabling does not revive it."""
    world.admin("PATCH", f"/v1/realms/{world.realm_id}", {"session_type": "unmanaged"})
    user_id = world.user("ada")
    token = world.login("ada").body["token"]
    assert world.call("GET", "/v1/session", bearer=token).status == 200
    for state in ("inactive", "active"):
        assert world.admin("PATCH", f"/v1/users/{user_id}", {"state": state}).status == 200
    refused = world.call("GET", "/v1/session", bearer=token)
    assert (refused.status, refused.body["code"]) == (401, "session_ended")
    assert world.call("GET", "/v1/session", bearer=world.login("ada").body["token"]).status == 200


def test_a_change_of_name_ends_nothing(world: World) -> None:
    """A change that is neither a password nor a disabling leaves every session."""
    user_id = world.user("ada")
    token = world.login("ada").body["token"]
    changes = {"name": "Ada", "state": "active", "username": "countess"}
    assert world.admin("PATCH", f"/v1/users/{user_id}", changes).status == 200
    assert world.call("GET", "/v1/session", bearer=token).status == 200


def test_deletion_is_done_although_its_rest_is_not(
    world: World, monkeypatch: pytest.MonkeyPatch, dynamodb: Any
) -> None:
    """A store that goes away after a deletion's commit leaves the rest to cleanup: 204."""
    named = {"email": "ada@example.com", "name": "Countess", "custom": {"plan": "pro"}}
    user_id = make(world, username="ada", password=PASSWORD, **named).body["id"]
    world.login("ada")
    world.clock.advance(1_000)

    def away(*_: object) -> None:
        raise Unavailable

    with monkeypatch.context() as patched:
        patched.setattr(DynamoRemoval, "finish_user", away)
        assert world.admin("DELETE", f"/v1/users/{user_id}").status == 204
    items = dynamodb.scan(TableName=world.environment["SESSIONS_TABLE"])["Items"]
    for gone in ("203.0.113.9", "tests/1.0", "ada", "Countess", "plan", "argon2id"):
        assert gone not in str(items), f"{gone} is kept after the deletion's commit"
    assert world.admin("GET", f"/v1/users/{user_id}").status == 404
    world.user("ada")
    world.clock.advance(1)
    assert world.clean_up()["oldest_overdue_seconds"] == 1
    items = dynamodb.scan(TableName=world.environment["SESSIONS_TABLE"])["Items"]
    assert not [i for i in items if i["pk"]["S"] == user_id and i["sk"]["S"] == "user"]


@pytest.mark.parametrize("changes", [{"state": "active"}, {"name": "Ada"}, {"password": PASSWORD}])
def test_change_of_a_user_who_is_deleted_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch, changes: dict[str, str]
) -> None:
    """No change that was under way revives a deleted user: it is 404, and the name is free."""
    user_id = world.user("ada")

    def delete() -> None:
        with monkeypatch.context() as patched:
            patched.setattr(DynamoRemoval, "finish_user", lambda *_: False)
            assert world.admin("DELETE", f"/v1/users/{user_id}").status == 204

    meanwhile(monkeypatch, delete)
    assert world.admin("PATCH", f"/v1/users/{user_id}", changes).status == 404
    assert world.admin("GET", f"/v1/users/{user_id}").status == 404
    assert world.user("ada") != user_id


def test_deleted_users_take_no_place_in_a_page(world: World) -> None:
    """A page is full of users who are there, whoever was deleted before them."""
    every = sorted(world.user(f"user{number}") for number in range(3))
    assert world.admin("DELETE", f"/v1/users/{every[0]}").status == 204
    page = world.admin("GET", f"/v1/users?realm_id={world.realm_id}&max_results=1").body
    assert [user["id"] for user in page["collection"]] == [every[1]]


def test_deleting_twice_is_not_found(world: World) -> None:
    """A user who is deleted is nowhere: not for a deletion, a change, or the list."""
    user_id = world.user("ada")
    assert world.admin("DELETE", f"/v1/users/{user_id}").status == 204
    assert world.admin("DELETE", f"/v1/users/{user_id}").status == 404
    assert world.admin("PATCH", f"/v1/users/{user_id}", {"name": "x"}).status == 404
    listed = world.admin("GET", f"/v1/users?realm_id={world.realm_id}").body
    assert listed == {"collection": [], "more_results": False}


def test_users_are_paged_both_ways(world: World) -> None:
    """The list goes by id, either way, from behind `after`, whether that exists or not."""
    every = sorted(world.user(f"user{number}") for number in range(5))
    base = f"/v1/users?realm_id={world.realm_id}&max_results=2"
    world.admin("DELETE", f"/v1/users/{every[1]}")
    seen: list[str] = []
    query = ""
    while True:
        page = world.admin("GET", base + query).body
        seen += [u["id"] for u in page["collection"]]
        if not page["more_results"]:
            break
        query = f"&after={seen[-1]}"
    assert seen == [every[0], *every[2:]]
    behind = world.admin("GET", f"{base}&after={every[1]}").body["collection"]
    assert [u["id"] for u in behind] == every[2:4]
    backwards = world.admin("GET", f"{base}&direction=desc").body["collection"]
    assert [u["id"] for u in backwards] == every[:2:-1]
    bad = world.admin("GET", f"{base}&after=ada")
    assert (bad.status, bad.body["code"]) == (400, "cursor_invalid")
