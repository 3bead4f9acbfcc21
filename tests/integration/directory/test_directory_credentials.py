"""Credentials, and a user's change of their own password."""

import unicodedata
from dataclasses import replace
from typing import Any

import pytest

from sojourn.bootstrap import Resources
from sojourn.crypto.passwords import Hasher
from sojourn.directory.credentials import API_KEYS
from sojourn.domain import ids
from sojourn.domain.user import Change
from sojourn.store.removal import DynamoRemoval
from tests.integration.service.test_races import meanwhile
from tests.support.http_world import PASSWORD, Answer, World

NEW = "a new password"
METHODS = ("PUT", "PATCH")


def robot(world: World) -> str:
    """A new api user's id."""
    body = {"realm_id": world.realm_id, "user_type": "api"}
    return str(world.admin("POST", "/v1/users", body).body["id"])


def api_key(world: World, user_id: str, **more: object) -> Answer:
    """The answer to giving an api user a key."""
    body = {"user_id": user_id, "credential_type": "api_key", **more}
    return world.admin("POST", "/v1/credentials", body)


def credentials(world: World, user_id: str, query: str = "") -> Any:
    """The list of a user's credentials."""
    return world.admin("GET", f"/v1/credentials?user_id={user_id}{query}").body


def by_key(world: World, secret: str) -> Answer:
    """A login by API key."""
    return world.call("POST", "/v1/login", {"realm_id": world.realm_id, "api_key": secret})


def test_api_key_is_shown_once(world: World, dynamodb: Any) -> None:
    """An API key is in the answer that makes it and nowhere else, not in the store either."""
    user_id = robot(world)
    made = api_key(world, user_id, name="main")
    assert made.status == 201
    secret = made.body.pop("api_key")
    assert by_key(world, secret).status == 200
    path = f"/v1/credentials/{made.body['id']}"
    assert world.admin("GET", path).body == made.body
    assert world.admin("PATCH", path, {"name": "other"}).body == made.body | {"name": "other"}
    items = str(dynamodb.scan(TableName=world.environment["SESSIONS_TABLE"])["Items"])
    digest = ids.digest(secret).hex()
    assert secret not in items
    assert digest in items
    assert digest not in str(credentials(world, user_id))


def test_each_kind_of_user_has_its_kind_of_credential(world: World) -> None:
    """A human has no API key and an api user no password, by whatever route."""
    human, api = world.user("ada"), robot(world)
    assert api_key(world, human).status == 422
    password = {"user_id": api, "credential_type": "password", "password": PASSWORD}
    assert world.admin("POST", "/v1/credentials", password).status == 422
    assert world.admin("PATCH", f"/v1/users/{api}", {"password": PASSWORD}).status == 422
    key = api_key(world, api).body["id"]
    refused = world.admin("PATCH", f"/v1/credentials/{key}", {"password": PASSWORD})
    assert refused.status == 422
    assert api_key(world, api, password=PASSWORD).status == 422


def test_second_password_is_a_conflict(world: World) -> None:
    """A human has one password; a second is 409."""
    body = {"user_id": world.user("ada"), "credential_type": "password", "password": NEW}
    refused = world.admin("POST", "/v1/credentials", body)
    assert (refused.status, refused.body["code"]) == (409, "conflict")


def test_first_password_ends_what_began_without_it(world: World) -> None:
    """Rule 8: a password that an administrator sets ends all, also when there was none before."""
    body = {"realm_id": world.realm_id, "username": "ada"}
    user_id = world.admin("POST", "/v1/users", body).body["id"]
    token = world.admin("POST", "/v1/sessions", {"user_id": user_id}).body["token"]
    body = {"user_id": user_id, "credential_type": "password", "password": PASSWORD}
    assert world.admin("POST", "/v1/credentials", body).status == 201
    assert world.call("GET", "/v1/session", bearer=token).body["reason"] == "password_changed"
    assert world.login("ada").status == 200


def test_password_set_by_its_credential(world: World) -> None:
    """A password set through its credential ends all sessions; the old one is of no use."""
    user_id = world.user("ada")
    session = world.login("ada").body
    (credential,) = credentials(world, user_id)["collection"]
    path = f"/v1/credentials/{credential['id']}"
    assert world.admin("PUT", path, {"name": "main"}).status == 200
    assert world.call("GET", "/v1/session", bearer=session["token"]).status == 200
    assert world.admin("PUT", path, {"password": NEW}).body["name"] == "main"
    assert world.reasons(user_id) == {session["id"]: "password_changed"}
    assert world.login("ada").status == 401
    assert world.login("ada", password=NEW).status == 200


@pytest.mark.parametrize("by", ["user", "credential"])
def test_password_that_is_set_is_the_same_credential(world: World, by: str) -> None:
    """A new password keeps its credential's id and name, by whichever route it is set."""
    user_id = world.user("ada")
    (known,) = credentials(world, user_id)["collection"]
    path = f"/v1/credentials/{known['id']}"
    known = world.admin("PATCH", path, {"name": "main"}).body
    path = f"/v1/users/{user_id}" if by == "user" else path
    assert world.admin("PATCH", path, {"password": NEW}).status == 200
    assert credentials(world, user_id)["collection"] == [known]


def test_credential_of_a_user_who_is_deleted_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A credential that was being made when its user was deleted is 404, and logs nobody in."""
    user_id = robot(world)

    def delete() -> None:
        with monkeypatch.context() as patched:
            patched.setattr(DynamoRemoval, "finish_user", lambda *_: False)
            assert world.admin("DELETE", f"/v1/users/{user_id}").status == 204

    meanwhile(monkeypatch, delete)
    assert api_key(world, user_id).status == 404


def test_deletions_of_a_credential_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two deletions one is 204 and one 404, which ends no later session."""
    user_id = robot(world)
    lost, kept = api_key(world, user_id).body, api_key(world, user_id).body
    path = f"/v1/credentials/{lost['id']}"
    tokens: list[str] = []

    def first() -> None:
        assert world.admin("DELETE", path).status == 204
        tokens.append(by_key(world, kept["api_key"]).body["token"])

    meanwhile(monkeypatch, first)
    assert world.admin("DELETE", path).status == 404
    assert world.call("GET", "/v1/session", bearer=tokens[0]).status == 200


def test_deleted_api_key_takes_its_tokens_along(world: World) -> None:
    """A deleted API key logs nobody in, and its tokens are not valid; other keys still work."""
    user_id = robot(world)
    first, second = api_key(world, user_id).body, api_key(world, user_id).body
    token = by_key(world, first["api_key"]).body["token"]
    assert world.call("GET", "/v1/session", bearer=token).status == 200
    assert world.admin("DELETE", f"/v1/credentials/{first['id']}").status == 204
    assert world.call("GET", "/v1/session", bearer=token).status == 401
    assert by_key(world, first["api_key"]).status == 401
    assert by_key(world, second["api_key"]).status == 200
    assert world.admin("DELETE", f"/v1/credentials/{first['id']}").status == 404


@pytest.mark.parametrize("place", [0, 8, 63])
def test_whole_digest_of_an_api_key_is_compared(
    world: World, resources: Resources, place: int
) -> None:
    """A key whose digest differs in any one digit logs nobody in."""
    made = api_key(world, robot(world)).body
    users = resources.users
    user = users.get(made["user_id"])
    assert user is not None
    known = user.credentials[made["id"]]
    digit = "0" if known.secret[place] != "0" else "1"
    other = replace(known, secret=known.secret[:place] + digit + known.secret[place + 1 :])
    after = replace(user, version=user.version + 1, credentials={other.id: other})
    assert by_key(world, made["api_key"]).status == 200
    users.commit(Change(before=user, after=after))
    assert by_key(world, made["api_key"]).status == 401


def test_api_keys_are_bounded_and_paged(world: World) -> None:
    """An api user has at most 20 API keys, listed in pages as every list is."""
    user_id = robot(world)
    every = sorted(api_key(world, user_id).body["id"] for _ in range(API_KEYS))
    assert api_key(world, user_id).status == 409
    page = credentials(world, user_id, f"&max_results=5&after={every[2]}")
    assert ([c["id"] for c in page["collection"]], page["more_results"]) == (every[3:8], True)
    newest = credentials(world, user_id, "&direction=desc&max_results=1")["collection"]
    assert [c["id"] for c in newest] == every[-1:]
    other = ids.new_credential_id(ids.new_id("usr", 1), 1)
    assert credentials(world, user_id, f"&after={other}")["code"] == "cursor_invalid"


def test_credentials_of_another_realm_do_not_exist(world: World) -> None:
    """A key of another realm finds no credential here, by id or by user."""
    user_id = world.user("ada")
    (credential,) = credentials(world, user_id)["collection"]
    other = world.admin("POST", "/v1/realms", {"name": "other", "jwt_algo": "eddsa"}).body["id"]
    wanted = {"name": "tests", "permission": "write", "realm_id": other}
    secret = world.admin("POST", "/v1/access_keys", wanted).body["secret"]
    path = f"/v1/credentials/{credential['id']}"
    assert world.call("GET", path, bearer=secret).status == 404
    assert world.call("PATCH", path, {"password": NEW}, bearer=secret).status == 404
    assert world.call("DELETE", path, bearer=secret).status == 404
    listed = world.call("GET", f"/v1/credentials?user_id={user_id}", bearer=secret)
    assert listed.status == 404
    assert world.login("ada").status == 200


def change(world: World, token: str, **more: object) -> Answer:
    """The answer to `POST /v1/password`."""
    body = {"current_password": PASSWORD, "password": NEW, **more}
    return world.call("POST", "/v1/password", body, bearer=token)


@pytest.mark.parametrize(
    ("keep", "own", "others"),
    [(None, 200, 401), ("current", 200, 401), ("none", 401, 401), ("all", 200, 200)],
)
@pytest.mark.parametrize("session_type", ["managed", "unmanaged"])
def test_own_password_ends_what_it_should(
    world: World, session_type: str, keep: str | None, own: int, others: int
) -> None:
    """Rule 8: all end but the one that did it, or as `keep_sessions` says, of either type."""
    world.admin("PATCH", f"/v1/realms/{world.realm_id}", {"session_type": session_type})
    user_id = world.user("ada")
    first, second = world.login("ada").body, world.login("ada").body
    more = {} if keep is None else {"keep_sessions": keep}
    assert change(world, second["token"], **more).status == 204
    assert world.call("GET", "/v1/session", bearer=second["token"]).status == own
    assert world.call("GET", "/v1/session", bearer=first["token"]).status == others
    assert set(world.reasons(user_id).values()) <= {"password_changed"}
    assert world.login("ada").status == 401
    assert world.login("ada", password=NEW).status == 200


def test_wrong_current_password_changes_nothing(world: World) -> None:
    """A wrong current password is 422 `credential_wrong`, and a poor new one is 422 too."""
    world.user("ada")
    token = world.login("ada").body["token"]
    wrong = change(world, token, current_password="not it at all")
    assert (wrong.status, wrong.body["code"]) == (422, "credential_wrong")
    assert change(world, token, password="short").status == 422
    assert change(world, token, keep_sessions="some").status == 422
    assert world.login("ada").status == 200


@pytest.mark.parametrize("password", ["Password1", "short", "x" * 1_025])
def test_poor_passwords_are_refused_wherever_one_is_set(world: World, password: str) -> None:
    """A password that is common, too short or too long is 422 by each way to set one."""
    user_id = world.user("ada")
    token = world.login("ada").body["token"]
    bare = {"realm_id": world.realm_id, "username": "bob"}
    bob = world.admin("POST", "/v1/users", bare).body["id"]
    (credential,) = credentials(world, user_id)["collection"]
    one, other = f"/v1/users/{user_id}", f"/v1/credentials/{credential['id']}"
    refused = [
        world.admin("POST", "/v1/users", bare | {"username": "eve", "password": password}),
        *(world.admin(m, path, {"password": password}) for path in (one, other) for m in METHODS),
        world.admin(
            "POST",
            "/v1/credentials",
            {"user_id": bob, "credential_type": "password", "password": password},
        ),
        change(world, token, password=password),
    ]
    assert [a.status for a in refused] == [422] * 7
    assert len({str(a.body["errors"]) for a in refused}) == 1
    assert refused[0].body["errors"][0].startswith("password ")
    assert world.login("ada").status == 200
    assert world.call("GET", "/v1/session", bearer=token).status == 200


def test_password_is_one_however_it_is_typed(world: World) -> None:
    """A password set in one normal form logs in in another, also the longest there is."""
    longest = "\u1f82" * 1_024
    user_id = world.user("ada")
    path = f"/v1/users/{user_id}"
    for password in ("cafe\u0301 au lait", longest):
        assert world.admin("PATCH", path, {"password": password}).status == 200
        for form in ("NFC", "NFD"):
            typed = unicodedata.normalize(form, password)
            assert world.login("ada", password=typed).status == 200


def test_access_key_changes_no_own_password(world: World) -> None:
    """`POST /v1/password` is a user's: an access key is 403."""
    assert change(world, world.key).body["code"] == "wrong_caller"


def test_password_set_between_refuses_the_older_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change that verified a password which an administrator replaced meanwhile does nothing."""
    user_id = world.user("ada")
    token = world.login("ada").body["token"]
    path, other = f"/v1/users/{user_id}", "the administrator's"
    meanwhile(monkeypatch, lambda: world.admin("PATCH", path, {"password": other}))
    assert change(world, token, keep_sessions="all").status == 401
    assert world.login("ada", password=NEW).status == 401
    assert world.login("ada", password=other).status == 200


def test_two_changes_at_once_verify_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two changes that verified the same password one wins; for the other it is now wrong."""
    world.user("ada")
    first, second = world.login("ada").body["token"], world.login("ada").body["token"]
    between: list[Answer] = []
    won = {"password": "between us", "keep_sessions": "all"}
    meanwhile(monkeypatch, lambda: between.append(change(world, first, **won)))
    late = change(world, second, keep_sessions="all")
    assert between[0].status == 204
    assert (late.status, late.body["code"]) == (422, "credential_wrong")


def test_deletion_between_is_a_reasoned_401(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change whose user was deleted meanwhile is 401, as every call of theirs is."""
    user_id = world.user("ada")
    token = world.login("ada").body["token"]
    meanwhile(monkeypatch, lambda: world.admin("DELETE", f"/v1/users/{user_id}"))
    answer = change(world, token)
    assert (answer.status, answer.body["code"]) == (401, "session_ended")


def test_hash_is_made_before_the_commit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A password is hashed once, however often its commit is tried."""
    user_id = world.user("ada")
    hashed: list[str] = []
    original = Hasher.hash

    def counted(self: Hasher, password: str) -> str:
        hashed.append(password)
        return original(self, password)

    monkeypatch.setattr(Hasher, "hash", counted)
    meanwhile(monkeypatch, lambda: world.login("ada"))
    assert world.admin("PATCH", f"/v1/users/{user_id}", {"password": NEW}).status == 200
    assert hashed == [NEW]
    assert world.active(user_id) == []
