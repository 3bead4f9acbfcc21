"""Delayed calls act on the state at the time of their commit, not of their beginning."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from sojourn.crypto.passwords import Hasher
from sojourn.store.users import DynamoUsers
from tests.support.http_world import PASSWORD, Answer, World


def stop(world: World) -> None:
    """Stop every key; the answer comes when every instance has read the realm anew."""
    of_realm = f"realm_id={world.realm_id}"
    keys = world.admin("GET", f"/v1/jwt_keys?{of_realm}").body["collection"]
    for key in keys:
        path = f"/v1/jwt_keys/{key['id']}?{of_realm}"
        assert world.admin("PATCH", path, {"compromised": True}).status == 200


def delete(world: World) -> None:
    """Delete the realm."""
    path = f"/v1/realms/{world.realm_id}"
    name = world.admin("GET", path).body["name"]
    assert world.admin("DELETE", path, {"name": name}).status in (202, 204)


@contextmanager
def held_up(owner: type, name: str, between: Callable[[], None]) -> Iterator[None]:
    """What happens while a call waits behind that function's first answer."""
    original = getattr(owner, name)
    waiting = [between]

    def held(*args: Any, **more: Any) -> Any:
        answer = original(*args, **more)
        if waiting:
            waiting.pop()()
        return answer

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(owner, name, held)
        yield


ACTS: list[tuple[str, str, str]] = [
    ("managed", "DELETE", "/v1/session"),
    ("managed", "DELETE", "/v1/sessions/{other}"),
    ("managed", "DELETE", "/v1/sessions?scope=all"),
    ("unmanaged", "DELETE", "/v1/sessions?scope=all"),
    ("unmanaged", "DELETE", "/v1/sessions?scope=others"),
    ("unmanaged", "GET", "/v1/session"),
    ("unmanaged", "GET", "/v1/sessions"),
]


@pytest.mark.parametrize("change", [stop, delete])
@pytest.mark.parametrize(("kind", "method", "path"), ACTS)
def test_call_held_up_beyond_its_keys_stop_does_not_act(
    world: World, kind: str, method: str, path: str, change: Callable[[World], None]
) -> None:
    """A token whose key was stopped, or whose realm went, while it waited is no token any more."""
    world.admin("PATCH", f"/v1/realms/{world.realm_id}", {"session_type": kind})
    user_id = world.user("ada")
    mine, other = world.login("ada").body, world.login("ada").body
    assert world.call("GET", "/v1/session", bearer=mine["token"]).status == 200
    before = world.resources.seen_users.get(user_id)
    with held_up(DynamoUsers, "get", lambda: change(world)):
        target = path.format(other=other["id"])
        answer = world.call(method, target, bearer=mine["token"])
    assert (answer.status, answer.body["code"]) == (401, "token_invalid")
    if change is stop:
        assert world.resources.seen_users.get(user_id) == before


@pytest.mark.parametrize("kind", ["managed", "unmanaged"])
def test_password_change_held_up_beyond_its_keys_stop(world: World, kind: str) -> None:
    """The token's key must still verify in the very commit that changes the password."""
    world.admin("PATCH", f"/v1/realms/{world.realm_id}", {"session_type": kind})
    world.user("ada")
    token = world.login("ada").body["token"]
    body = {"current_password": PASSWORD, "password": "a password of the thief's"}

    def change() -> Answer:
        return world.call("POST", "/v1/password", body, bearer=token)

    with held_up(Hasher, "hash", lambda: stop(world)):
        answer = change()
    assert (answer.status, answer.body["code"]) == (401, "token_invalid")
    assert world.login("ada").status == 200


def test_key_that_is_new_is_no_reason_to_refuse(world: World) -> None:
    """A token of a key that stepped in a moment ago acts, though the realm at hand is older."""
    world.user("ada")
    world.call("GET", "/v1/session", bearer=world.login("ada").body["token"])
    stop(world)
    token = world.login("ada").body["token"]
    assert world.call("GET", "/v1/session", bearer=token).status == 200
    assert world.call("DELETE", "/v1/sessions?scope=all", bearer=token).status == 204
