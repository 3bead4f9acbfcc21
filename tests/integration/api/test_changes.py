"""`PUT` and `PATCH`: the answer of a `GET` is accepted, changed read-only members are refused."""

from typing import Any

import pytest

from sojourn.store import expressions
from tests.integration.api.test_realm_in_body import made
from tests.support.http_world import Answer, World
from tests.support.stores import store_of

KINDS = ("realms", "users", "credentials", "access_keys", "jwt_keys")
FIXED = {
    "realms": {"object", "id", "created_at", "former_issuers", "state"},
    "users": {"object", "id", "created_at", "realm_id", "user_type"},
    "credentials": {"object", "id", "created_at", "realm_id", "user_id", "credential_type"},
    "access_keys": {"object", "id", "created_at", "realm_id", "permission", "last_used_at"},
    "jwt_keys": {
        *("object", "id", "created_at", "realm_id", "kid", "algo", "state", "public_key"),
        *("signs_from", "open_ended", "retire_after"),
    },
}
CASES = [(method, kind) for method in ("PUT", "PATCH") for kind in KINDS]


def get(world: World, kind: str, thing: str) -> dict[str, Any]:
    """A thing as it is shown."""
    found = world.call("GET", f"/v1/{kind}/{thing}", bearer=world.key, realm=world.realm_id)
    assert found.status == 200, found.body
    return dict(found.body)


def change(world: World, method: str, kind: str, thing: str, body: object) -> Answer:
    """A change of a thing."""
    return world.call(method, f"/v1/{kind}/{thing}", body, bearer=world.key, realm=world.realm_id)


@pytest.mark.parametrize(("method", "kind"), CASES)
def test_what_get_gave_is_accepted(world: World, method: str, kind: str) -> None:
    """`PUT` and `PATCH` of exactly what `GET` gave answer 200, and change nothing."""
    thing = made(world)[kind]
    before = get(world, kind, thing)
    answer = change(world, method, kind, thing, before)
    assert (answer.status, answer.body) == (200, before)
    assert get(world, kind, thing) == before


@pytest.mark.parametrize(("method", "kind"), CASES)
def test_what_cannot_change_is_refused_by_name(world: World, method: str, kind: str) -> None:
    """Each read-only member of another value has its sentence, all of them at once."""
    thing = made(world)[kind]
    before = get(world, kind, thing)
    others: dict[str, Any] = {name: "another" for name in before if name in FIXED[kind]}
    if "realm_id" in others:
        others["realm_id"] = None
    answer = change(world, method, kind, thing, {**before, **others})
    assert answer.status == 422
    assert sorted(answer.body["errors"]) == sorted(f"{n} cannot be changed." for n in FIXED[kind])
    assert get(world, kind, thing) == before


@pytest.mark.parametrize(("method", "kind"), CASES)
def test_a_change_beside_what_is_there(world: World, method: str, kind: str) -> None:
    """A member that may change does so, in a body that holds all the others as they are."""
    thing = made(world)[kind]
    before = get(world, kind, thing)
    new = {"compromised": True} if kind == "jwt_keys" else {"name": "Another"}
    answer = change(world, method, kind, thing, before | new)
    assert answer.status == 200, answer.body
    told = {"state": "compromised"} if kind == "jwt_keys" else new
    assert get(world, kind, thing).items() >= told.items()


def test_numbers_are_compared_as_numbers(world: World) -> None:
    """A time without a fraction may come back as a whole number, and true is not 1."""
    thing = made(world)["jwt_keys"]
    before = get(world, "jwt_keys", thing)
    assert change(world, "PUT", "jwt_keys", thing, before | {"open_ended": 0}).status == 422
    whole = {"created_at": int(before["created_at"])}
    expected = 200 if before["created_at"] == int(before["created_at"]) else 422
    assert change(world, "PUT", "jwt_keys", thing, before | whole).status == expected


def test_api_user_without_a_name(world: World) -> None:
    """An api user's username is null, and sent back as null; a human's cannot be."""
    body = {"realm_id": world.realm_id, "user_type": "api"}
    robot = world.call("POST", "/v1/users", body, bearer=world.key).body
    assert change(world, "PUT", "users", robot["id"], robot).body == robot
    ada = made(world)["users"]
    answer = change(world, "PUT", "users", ada, {"username": None})
    assert answer.body["errors"] == ["username is required for a human user."]


def test_use_of_a_key_since(world: World) -> None:
    """An access key's `last_used_at` of before is accepted, also after a use; a later is not."""
    body = {"name": "x", "permission": "admin", "realm_id": world.realm_id}
    key = world.call("POST", "/v1/access_keys", body, bearer=world.key).body
    before = get(world, "access_keys", key["id"])
    assert before["last_used_at"] is None
    world.call("GET", "/v1/users", bearer=key["secret"])
    used = get(world, "access_keys", key["id"])
    assert used["last_used_at"] is not None
    for sent, status in (
        (before, 200),
        (used | {"last_used_at": used["last_used_at"] - 1}, 200),
        (used | {"last_used_at": used["last_used_at"] + 1}, 422),
        (used | {"last_used_at": "x"}, 422),
    ):
        assert change(world, "PUT", "access_keys", key["id"], sent).status == status


def stored(world: World, user_id: str, **values: object) -> None:
    """Give a user values as another version stored them."""
    store = store_of(world.resources)
    user_key = store.users.user_key(user_id)
    store.realms.dynamo.write(
        expressions.update(user_key, changed=values, condition="attribute_exists(pk)")
    )


def test_what_a_former_version_stored_may_stay(world: World) -> None:
    """A value that is there is no change, also where it would be refused anew."""
    ada = made(world)["users"]
    bad = {"username": "..", "email": "a/b@x.example", "name": "\u202eada"}
    stored(world, ada, **bad)
    before = get(world, "users", ada)
    assert before.items() >= bad.items()
    answer = change(world, "PUT", "users", ada, before | {"custom": {"a": 1}})
    assert answer.body == before | {"custom": {"a": 1}}
    answer = change(world, "PUT", "users", ada, before | {"name": "\u202eeve"})
    (sentence,) = answer.body["errors"]
    assert sentence.startswith("name must not contain a character that changes")


BLANK = "name must contain a visible character."
LABELS = {
    "blanks": ("   ", BLANK),
    "what nobody sees": ("\u200b\u3164", BLANK),
    "a tab": ("a\tb", "name must not contain a control character"),
    "a line feed": ("a\nb", "name must not contain a control character"),
    "an escape": ("\x1b[31mred", "name must not contain a control character"),
    "C1": ("a\x9bb", "name must not contain a control character"),
    "right to left": ("\u202egnp.exe", "name must not contain a character that changes"),
    "an isolate": ("a\u2066b", "name must not contain a character that changes"),
    "a mark of direction": ("a\u200fb", "name must not contain a character that changes"),
    "an Arabic letter mark": ("a\u061cb", "name must not contain a character that changes"),
    "a line separator": ("a\u2028b", "name must not contain a line or paragraph separator"),
    "a paragraph separator": ("a\u2029b", "name must not contain a line or paragraph separator"),
}
MAKES: dict[str, dict[str, Any]] = {
    "realms": {},
    "users": {"username": "bob"},
    "credentials": {"credential_type": "api_key"},
    "access_keys": {"permission": "read"},
}


@pytest.mark.parametrize("kind", MAKES)
@pytest.mark.parametrize("what", LABELS)
def test_names_that_deceive(world: World, kind: str, what: str) -> None:
    """A name that people read holds nothing that hides or moves text, made or changed."""
    label, told = LABELS[what]
    thing = made(world)[kind]
    body = MAKES[kind] | {"name": label}
    if kind == "credentials":
        body["user_id"] = made_api_user(world)
    new = world.call("POST", f"/v1/{kind}", body, bearer=world.key, realm=world.realm_id)
    old = change(world, "PATCH", kind, thing, {"name": label})
    for answer in (new, old):
        assert answer.status == 422
        (sentence,) = answer.body["errors"]
        assert sentence.startswith(told)


def made_api_user(world: World) -> str:
    """The id of a new api user."""
    body = {"realm_id": world.realm_id, "user_type": "api"}
    return str(world.call("POST", "/v1/users", body, bearer=world.key).body["id"])


@pytest.mark.parametrize("label", ["Ada Lovelace", "👩‍💻 team", "می‌خواهم", "a b", " x ", "שלום"])
def test_names_of_any_language(world: World, label: str) -> None:
    """Joiners, scripts from right to left and blanks between words are names as they are sent."""
    answer = change(world, "PATCH", "users", made(world)["users"], {"name": label})
    assert (answer.status, answer.body["name"]) == (200, label)
