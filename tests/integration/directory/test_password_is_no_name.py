"""A password that equals the username or the email is refused, wherever it is set."""

import pytest

from tests.support.http_world import PASSWORD, Answer, World

NAME, EMAIL = "ada.lovelace", "ada.lovelace@example.com"
SAME = [NAME, NAME.upper(), "ａda.lovelace", EMAIL, EMAIL.upper()]


def person(world: World) -> str:
    """A user with a username and an email."""
    body = {"realm_id": world.realm_id, "username": NAME, "email": EMAIL, "password": PASSWORD}
    return str(world.admin("POST", "/v1/users", body).body["id"])


def created(world: World, password: str) -> Answer:
    """A new user."""
    body = {"realm_id": world.realm_id, "username": NAME, "email": EMAIL, "password": password}
    return world.admin("POST", "/v1/users", body)


def set_for_user(world: World, password: str) -> Answer:
    """A user who has a password."""
    return world.admin("PATCH", f"/v1/users/{person(world)}", {"password": password})


def set_with_a_new_name(world: World, password: str) -> Answer:
    """A user who is renamed in the same call."""
    body = {"realm_id": world.realm_id, "username": "grace", "password": PASSWORD}
    user_id = world.admin("POST", "/v1/users", body).body["id"]
    changes = {"username": NAME, "email": EMAIL, "password": password}
    return world.admin("PUT", f"/v1/users/{user_id}", changes)


def set_as_credential(world: World, password: str) -> Answer:
    """The password as a credential."""
    user_id = person(world)
    path = f"/v1/credentials?user_id={user_id}"
    (credential,) = world.admin("GET", path).body["collection"]
    return world.admin("PUT", f"/v1/credentials/{credential['id']}", {"password": password})


def first_credential(world: World, password: str) -> Answer:
    """A first password, as a credential."""
    body = {"realm_id": world.realm_id, "username": NAME, "email": EMAIL}
    user_id = world.admin("POST", "/v1/users", body).body["id"]
    new = {"user_id": user_id, "credential_type": "password", "password": password}
    return world.admin("POST", "/v1/credentials", new)


def changed_by_the_user(world: World, password: str) -> Answer:
    """The user's own change."""
    person(world)
    token = world.login(NAME).body["token"]
    body = {"current_password": PASSWORD, "password": password}
    return world.call("POST", "/v1/password", body, bearer=token)


WAYS = [
    created,
    set_for_user,
    set_with_a_new_name,
    set_as_credential,
    first_credential,
    changed_by_the_user,
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("password", SAME)
def test_password_that_is_a_name_is_refused(world: World, way: object, password: str) -> None:
    """A password that is the user's username or email, compared as names are, is 422."""
    assert callable(way)
    answer = way(world, password)
    assert (answer.status, answer.body["code"]) == (422, "invalid"), answer
    assert "must not be the username or the email" in answer.body["errors"][0]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_password_that_holds_a_name_is_taken(world: World, way: object) -> None:
    """A password that only begins with the name is allowed."""
    assert callable(way)
    assert way(world, NAME + "!").status in (200, 201, 204)
