"""Users, credentials and keys, as the session rules need them."""

import json
from typing import Any

import pytest
from click.testing import CliRunner

from sojourn.domain.errors import AlreadyInitialised
from sojourn_cli import main as cli
from tests.integration.conftest import empty, resources_of
from tests.integration.service.test_races import all_at_once
from tests.support.http_world import PASSWORD, Answer, World
from tests.support.instance import Instance

FORMS = {
    "case": ["Ada", "ADA", "ada", "aDa"],
    "resources_of": ["Jos\u00e9", "JOSE\u0301", "jose\u0301", "jos\u00c9"],
    "width": ["ada1", "\uff21\uff24\uff211", "ada\uff11", "\uff41\uff44\uff41\uff11"],
    "letters": ["stra\u00dfe-fi", "STRASSE-FI", "stra\u1e9ee-\ufb01", "strasse-\ufb01"],
}


@pytest.mark.parametrize("kind", FORMS)
@pytest.mark.parametrize("field", ["username", "email"])
def test_one_of_sixteen_gets_the_name(world: World, field: str, kind: str) -> None:
    """Of sixteen simultaneous users of one name, in any form, one gets it; fifteen get 409."""
    end = "@example.com" if field == "email" else ""

    def make(number: int) -> Answer:
        body = {"realm_id": world.realm_id, "username": f"user{number}"}
        return world.admin("POST", "/v1/users", body | {field: FORMS[kind][number % 4] + end})

    answers = all_at_once(16, make)
    assert sorted(a.status for a in answers) == [201] + [409] * 15
    assert {a.body["code"] for a in answers if a.status == 409} == {"name_taken"}
    assert len(world.admin("GET", f"/v1/users?realm_id={world.realm_id}").body["collection"]) == 1


def test_one_of_eight_renamed_gets_the_name(world: World) -> None:
    """Of eight simultaneous renames to one name, in any form, one succeeds; seven get 409."""
    forms = [form for forms in FORMS.values() for form in forms][4:8] * 2
    users = [world.user(f"user{number}") for number in range(8)]

    def rename(number: int) -> Answer:
        return world.admin("PATCH", f"/v1/users/{users[number]}", {"username": forms[number]})

    answers = all_at_once(8, rename)
    assert sorted(a.status for a in answers) == [200] + [409] * 7
    for form in forms[:4]:
        assert world.login(form).status == 200


def test_a_changed_name_frees_the_old(world: World) -> None:
    """A user renamed logs in by the new name alone, and another may take the old."""
    user_id = world.user("ada")
    assert world.admin("PATCH", f"/v1/users/{user_id}", {"username": "countess"}).status == 200
    assert world.login("ada").status == 401
    assert world.login("countess").status == 200
    world.user("ada")
    taken = world.admin("PATCH", f"/v1/users/{user_id}", {"username": "ADA"})
    assert (taken.status, taken.body["code"]) == (409, "name_taken")


def test_deleting_strips_where_sessions_began(world: World, dynamodb: Any) -> None:
    """Rule 10: what remains of a deleted user's sessions says nothing of where they began."""
    user_id = world.user("ada")
    ended, live = world.login("ada").body, world.login("ada").body
    world.call("DELETE", "/v1/session", bearer=ended["token"])
    assert world.admin("DELETE", f"/v1/users/{user_id}").status == 204
    items = dynamodb.scan(TableName=world.environment["SESSIONS_TABLE"])["Items"]
    kept = {item["sk"]["S"] for item in items if not item["sk"]["S"].startswith("rev_")}
    assert kept == {f"ended#{ended['id']}", f"ended#{live['id']}"}
    assert "203.0.113.9" not in json.dumps(items, default=str)
    assert "tests/1.0" not in json.dumps(items, default=str)
    answer = world.call("GET", "/v1/session", bearer=live["token"])
    assert (answer.status, answer.body["reason"]) == (401, "user_deleted")


def test_deletion_that_died_half_way_is_finished_by_cleanup(
    world: World, monkeypatch: pytest.MonkeyPatch, dynamodb: Any
) -> None:
    """A deletion that died after its commit is definite; cleanup strips and removes the rest."""
    user_id = world.user("ada")
    token = world.login("ada").body["token"]
    world.call("DELETE", "/v1/session", bearer=token)

    def dies(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(type(world.instance.directory.users.removal), "finish_user", dies)
        with pytest.raises(MemoryError):
            world.admin("DELETE", f"/v1/users/{user_id}")
    assert world.admin("GET", f"/v1/users/{user_id}").status == 404
    assert world.login("ada").status == 401
    world.clock.advance(1)
    world.clean_up()
    items = dynamodb.scan(TableName=world.environment["SESSIONS_TABLE"])["Items"]
    assert {item["sk"]["S"].partition("_")[0] for item in items} == {"ended#kss", "rev"}
    assert "203.0.113.9" not in json.dumps(items, default=str)


def test_reenabling_revives_nothing(world: World) -> None:
    """A user disabled and enabled again has no session from before."""
    user_id = world.user("ada")
    token = world.login("ada").body["token"]
    for state in ("inactive", "active"):
        world.admin("PATCH", f"/v1/users/{user_id}", {"state": state})
    assert world.call("GET", "/v1/session", bearer=token).status == 401
    assert world.login("ada").status == 200


def test_hash_is_made_again_when_parameters_rise(world: World) -> None:
    """A login whose hash is weaker than today's stores a new one in the same commit."""
    user_id = world.user("ada")
    before = world.resources.users.get(user_id)
    stronger = world.instance.login.password_logins.hasher.__class__(memory_kib=128, iterations=1)
    object.__setattr__(world.instance.login.password_logins, "hasher", stronger)
    assert world.login("ada").status == 200
    after = world.resources.users.get(user_id)
    assert before is not None
    assert after is not None
    assert before.password is not None
    assert after.password is not None
    assert stronger.outdated(before.password.secret)
    assert not stronger.outdated(after.password.secret)
    assert after.version == before.version + 1
    assert world.login("ada").status == 200


MATRIX = [
    ("read", "GET", "/v1/users?realm_id={realm}", None, 200),
    ("read", "POST", "/v1/users", {"username": "eve", "password": PASSWORD}, 403),
    ("read", "DELETE", "/v1/sessions?user_id={user}", None, 403),
    ("write", "DELETE", "/v1/sessions?user_id={user}", None, 204),
    ("write", "PATCH", "/v1/realms/{realm}", {"max_sessions": 2}, 403),
    ("write", "GET", "/v1/access_keys", None, 403),
    ("admin", "PATCH", "/v1/realms/{realm}", {"max_sessions": 2}, 200),
    ("admin", "POST", "/v1/realms", {"name": "another"}, 403),
]


@pytest.mark.parametrize(("permission", "method", "path", "body", "status"), MATRIX, ids=str)
def test_permissions_of_a_realm_bound_key(
    world: World, permission: str, method: str, path: str, body: object, status: int
) -> None:
    """`read` reads, `write` changes sessions and users, `admin` keys and its own realm alone."""
    wanted = {"name": "tests", "permission": permission, "realm_id": world.realm_id}
    secret = world.admin("POST", "/v1/access_keys", wanted).body["secret"]
    where = path.format(realm=world.realm_id, user=world.user("ada"))
    assert world.call(method, where, body, bearer=secret).status == status


def test_another_realms_things_do_not_exist(world: World) -> None:
    """A realm-bound key gets the same 404 for another realm's user as for none, 403 by name."""
    other = world.admin("POST", "/v1/realms", {"name": "other", "jwt_algo": "eddsa"}).body["id"]
    wanted = {"name": "tests", "permission": "admin", "realm_id": other}
    secret = world.admin("POST", "/v1/access_keys", wanted).body["secret"]
    user_id = world.user("ada")
    foreign = world.call("GET", f"/v1/users/{user_id}", bearer=secret)
    unknown = world.call("GET", f"/v1/users/{user_id[:-4]}zzzz", bearer=secret)
    assert foreign.status == unknown.status == 404
    assert {**foreign.body, "request_id": ""} == {**unknown.body, "request_id": ""}
    named = world.call("GET", f"/v1/users?realm_id={world.realm_id}", bearer=secret)
    assert named.status == 403
    sessions = world.call("DELETE", f"/v1/sessions?user_id={user_id}", bearer=secret)
    assert sessions.status == 404


@pytest.mark.parametrize("field", ["id", "realm", "generation", "state", "sessions", "credentials"])
def test_mass_assignment_is_refused(world: World, field: str) -> None:
    """A new user takes just the fields of the contract."""
    body = {"realm_id": world.realm_id, "username": "ada", field: "x"}
    assert world.admin("POST", "/v1/users", body).status == 422


def test_deleted_access_key_is_refused_at_once(world: World) -> None:
    """An access key is read each time, so a deleted one is refused by the next request."""
    made = world.admin("POST", "/v1/access_keys", {"name": "k", "permission": "read"}).body
    assert world.call("GET", "/v1/realms", bearer=made["secret"]).status == 200
    assert world.admin("DELETE", f"/v1/access_keys/{made['id']}").status == 204
    assert world.call("GET", "/v1/realms", bearer=made["secret"]).status == 403


def test_first_key_is_made_once(world: World, environment: dict[str, str]) -> None:
    """Of eight simultaneous first keys one is created; later ones need force."""
    empty(environment)
    keys = Instance(resources_of(environment, world.clock)).directory.access_keys

    def make(_number: int) -> Answer:
        try:
            return Answer(201, keys.create_first(name="first")[0].id)
        except AlreadyInitialised:
            return Answer(409, None)

    answers = all_at_once(8, make)
    assert sorted(a.status for a in answers) == [201] + [409] * 7
    with pytest.raises(AlreadyInitialised):
        keys.create_first(name="second")
    keys.create_first(name="second", force=True)


def test_init_needs_a_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    """`sojourn init` without a stack says what to give, and with one that is not there, why."""
    runner = CliRunner()
    missing = runner.invoke(cli.main, ["init"])
    assert missing.exit_code == 2
    assert "--stack-name" in missing.output
    monkeypatch.setenv("DIRECTORY_TABLE", "nowhere")
    away = runner.invoke(cli.main, ["init", "--endpoint", "http://127.0.0.1:9"])
    assert away.exit_code == 1
    assert "make dev" in away.output
