"""A change that would make a token too long is refused, with the excess in the message."""

import re
from typing import Any

import pytest

from sojourn.crypto import token_sizes
from sojourn.crypto.unverified_token import LONGEST
from sojourn.store.realms import DynamoDirectory
from tests.integration.service.test_budgets import READS, calls
from tests.integration.service.test_races import meanwhile
from tests.support.http_world import PASSWORD, Answer, World

METHODS = ("PUT", "PATCH")
WIDE = ["username", "name", "email", "custom"]


def realm(world: World, **changes: object) -> Answer:
    """The answer to a change of the realm."""
    return world.admin("PATCH", f"/v1/realms/{world.realm_id}", changes)


def make(world: World, **fields: object) -> Answer:
    """The answer to making a user."""
    body = {"realm_id": world.realm_id, "username": "ada", "password": PASSWORD}
    return world.admin("POST", "/v1/users", body | fields)


def change(world: World, user_id: str, method: str = "PATCH", **changes: object) -> Answer:
    """The answer to a change of a user."""
    return world.admin(method, f"/v1/users/{user_id}", changes)


def custom(size: int) -> dict[str, str]:
    """A custom whose text is of so many bytes."""
    return {"a": "x" * (size - 8)}


def told(answer: Answer) -> tuple[int, int]:
    """The size that a refusal tells, and by how much that is over."""
    assert (answer.status, answer.body["code"]) == (422, "invalid"), answer
    (sentence,) = answer.body["errors"]
    found = re.search(r"would be (\d+) bytes, (\d+) over the limit of 4000", sentence)
    assert found, sentence
    return int(found[1]), int(found[2])


def test_limit_is_exact_to_the_byte(world: World) -> None:
    """The largest custom that is taken logs in by a token of up to 4,000 bytes; one more is 422."""
    assert realm(world, jwt_fields=WIDE).status == 200
    low, high = 100, 8_000
    user_id = make(world, custom=custom(low)).body["id"]
    while high - low > 1:
        middle = (low + high) // 2
        if change(world, user_id, custom=custom(middle)).status == 200:
            low = middle
        else:
            high = middle
    refused = change(world, user_id, custom=custom(high))
    size, over = told(refused)
    assert (size, over) in ((4_001, 1), (4_002, 2))
    assert 3_998 <= len(world.login("ada").body["token"]) <= LONGEST


@pytest.mark.parametrize("field", WIDE)
def test_each_field_counts_when_tokens_carry_it(world: World, field: str) -> None:
    """Whichever field makes a token too long is refused, and nothing is made or changed."""
    values: dict[str, Any] = {
        "username": "\u8a9e" * 128,
        "name": "\u8a9e" * 200,
        "email": "\u8a9e" * 200 + "@b.c",
        "custom": custom(2_800),
    }
    assert realm(world, jwt_fields=WIDE).status == 200
    full = {"username": "ada", "custom": custom(2_100)}
    made = make(world, **full).body
    for refused in (
        make(world, **full | {"username": "eve", field: values[field]}),
        *(change(world, made["id"], method, **{field: values[field]}) for method in METHODS),
    ):
        size, over = told(refused)
        assert size - over == LONGEST
    listed = world.admin("GET", f"/v1/users?realm_id={world.realm_id}").body["collection"]
    assert listed == [made]


def test_field_that_tokens_do_not_carry_is_free(world: World) -> None:
    """What `jwt_fields` does not name may be as long as it may be."""
    user_id = make(world, name="n" * 200, custom=custom(8_000)).body["id"]
    assert change(world, user_id, custom=custom(8_100)).status == 200
    assert world.login("ada").status == 200


def test_change_of_something_else_is_taken(world: World) -> None:
    """A user whose token is too long by the realm's doing may be disabled, and made shorter."""
    user_id = make(world, custom=custom(5_000)).body["id"]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(token_sizes, "SECONDS", 0)
        assert realm(world, jwt_fields=WIDE).status == 200
    assert change(world, user_id, custom=custom(4_900)).status == 200
    assert change(world, user_id, state="inactive", password="another password").status == 200
    told(change(world, user_id, custom=custom(4_901)))


def test_realm_is_held_to_its_users(world: World) -> None:
    """A change of the realm that makes a user's token too long names that user, and is not made."""
    make(world, username="eve")
    user_id = make(world, custom=custom(3_000)).body["id"]
    before = world.admin("GET", f"/v1/realms/{world.realm_id}").body
    refused = realm(world, jwt_fields=["custom"], max_sessions=3)
    told(refused)
    assert f"of user {user_id} would" in refused.body["errors"][0]
    assert world.admin("GET", f"/v1/realms/{world.realm_id}").body == before
    assert realm(world, max_sessions=3).status == 200
    assert change(world, user_id, custom=custom(100)).status == 200
    assert realm(world, jwt_fields=["custom"]).status == 200
    assert world.login("ada").status == 200


def test_larger_signatures_are_held_to_the_users(world: World) -> None:
    """A change of algorithm, or a new key, by which tokens get larger is held to the users too."""
    small = world.admin("POST", "/v1/realms", {"name": "Small", "jwt_algo": "es256"}).body["id"]
    path, fields = f"/v1/realms/{small}", {"jwt_fields": ["custom"]}
    assert world.admin("PATCH", path, fields).status == 200
    assert make(world, realm_id=small, custom=custom(2_450)).status == 201
    told(world.admin("PATCH", path, {"jwt_algo": "rs256"}))
    told(world.admin("POST", "/v1/jwt_keys", {"realm_id": small, "algo": "rs256"}))
    assert world.admin("PATCH", path, {"jwt_algo": "eddsa"}).status == 200
    assert world.admin("POST", "/v1/jwt_keys", {"realm_id": small}).status == 201


def test_users_beyond_the_bound_are_refused_at_login(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A realm's change looks at so many users; one beyond them is 422 at login, with the reason."""
    make(world, username="eve")
    world.clock.advance(1)
    make(world, custom=custom(3_000))
    monkeypatch.setattr(token_sizes, "USERS", 1)
    monkeypatch.setattr(token_sizes, "PAGE", 1)
    assert realm(world, jwt_fields=["custom"]).status == 200
    told(world.login("ada"))
    assert world.login("eve").status == 200


def test_realm_that_does_not_grow_looks_at_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change by which no token grows reads no user."""
    make(world, custom=custom(3_000))
    monkeypatch.setattr(token_sizes.TokenSizes, "_users", None)
    assert realm(world, name="Other", session_minutes=5, max_sessions=1).status == 200
    assert realm(world, jwt_fields=[]).status == 200


def test_user_changed_while_the_realm_was(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's change is held to the realm that is there when it is committed."""
    user_id = make(world).body["id"]
    between: list[Answer] = []
    meanwhile(monkeypatch, lambda: between.append(realm(world, jwt_fields=["custom"])))
    told(change(world, user_id, custom=custom(3_000)))
    assert between[0].status == 200
    assert world.admin("GET", f"/v1/users/{user_id}").body["custom"] is None
    meanwhile(monkeypatch, lambda: between.append(realm(world, jwt_fields=["name"])))
    assert change(world, user_id, custom=custom(2_000)).status == 200


def test_user_made_while_the_realm_was_changed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user is made for the realm that is there when it is committed, or not at all."""
    original = DynamoDirectory.realm_unchanged
    changes: list[dict[str, object]] = [{"jwt_fields": ["custom"]}]

    def then_change(self: DynamoDirectory, found: Any) -> Any:
        if changes:
            assert realm(world, **changes.pop()).status == 200
        return original(self, found)

    monkeypatch.setattr(DynamoDirectory, "realm_unchanged", then_change)
    told(make(world, custom=custom(3_000)))
    assert realm(world, jwt_fields=["username"]).status == 200
    changes[:] = [{"max_sessions": 2}]
    assert make(world, custom=custom(3_000)).status == 201
    assert changes == []


def test_user_made_while_the_realm_is_deleted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user whose token may be a matter of the realm is 404 too when that goes meanwhile."""
    original = DynamoDirectory.realm_unchanged
    deleted: list[Answer] = []

    def then_delete(self: DynamoDirectory, found: Any) -> Any:
        deleted.append(world.admin("DELETE", f"/v1/realms/{world.realm_id}?name=Tests"))
        return original(self, found)

    monkeypatch.setattr(DynamoDirectory, "realm_unchanged", then_delete)
    assert make(world, custom=custom(3_000)).status == 404
    assert deleted[0].status == 204


def test_changes_that_cross_are_refused_at_login(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user changed after the realm's change looked at them is refused at the next login."""
    user_id = make(world).body["id"]
    look = token_sizes.TokenSizes.check_realm
    between: list[Answer] = []

    def then_change(self: Any, before: Any, after: Any) -> None:
        look(self, before, after)
        between.append(change(world, user_id, custom=custom(3_000)))

    monkeypatch.setattr(token_sizes.TokenSizes, "check_realm", then_change)
    assert realm(world, jwt_fields=["custom"]).status == 200
    assert between[0].status == 200
    told(world.login("ada"))


def test_small_users_do_not_hang_on_the_realm(world: World) -> None:
    """A change that no setting could make too much is one write to the user, with no condition."""
    user_id = make(world).body["id"]
    with calls() as made:
        assert change(world, user_id, name="Ada", custom=custom(500)).status == 200
    assert [name for name in made if name not in READS] == ["UpdateItem"]
