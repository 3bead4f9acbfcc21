"""Usernames and emails: white space, domains, and names stored by earlier versions."""

from typing import Any
from urllib.parse import quote

import pytest

from sojourn.store import expressions
from tests.support.http_world import PASSWORD, Answer, World
from tests.support.stores import store_of

SHOWN, ASCII = "ada@münchen.de", "ada@xn--mnchen-3ya.de"


def create(world: World, username: str, email: str | None = None) -> Answer:
    """Make a user."""
    body = {"realm_id": world.realm_id, "username": username, "password": PASSWORD}
    return world.call("POST", "/v1/users", body | {"email": email}, bearer=world.key)


def log_in(world: World, **named: str) -> int:
    """The status of a login."""
    body = {"realm_id": world.realm_id, "password": PASSWORD, **named}
    return world.call("POST", "/v1/login", body).status


def on_behalf(world: World, name: str) -> int:
    """The status of a login for a server."""
    path = f"/v1/users/{quote(name, safe='')}/authenticate"
    return world.call(
        "POST", path, {"password": PASSWORD}, bearer=world.key, realm=world.realm_id
    ).status


def look_up(world: World, name: str) -> Answer:
    """A user by a name in the path."""
    path = f"/v1/users/{quote(name, safe='')}"
    return world.call("GET", path, bearer=world.key, realm=world.realm_id)


def find(world: World, query: str) -> Answer:
    """The list of users that a query asks for."""
    return world.call("GET", f"/v1/users?{query}", bearer=world.key, realm=world.realm_id)


@pytest.mark.parametrize("blank", [" ", "\t", "\n", "\u00a0", "\u3000"], ids=ascii)
def test_white_space_around_names(world: World, blank: str) -> None:
    """White space around a name is ignored wherever one is sent, and not stored."""
    made = create(world, f"{blank}ada{blank}", f"{blank}ada@example.com{blank}")
    assert (made.body["username"], made.body["email"]) == ("ada", "ada@example.com")
    for name in (f"{blank}ada{blank}", f"{blank}Ada@Example.com{blank}"):
        kind = "email" if "@" in name else "username"
        assert log_in(world, **{kind: name}) == 200
        assert on_behalf(world, name) == 200
        assert look_up(world, name).body["id"] == made.body["id"]
        assert find(world, f"{kind}={quote(name)}").body["collection"] == [made.body]
    path = f"/v1/users/{made.body['id']}"
    changed = world.call("PATCH", path, {"username": f"{blank}eve{blank}"}, bearer=world.key)
    assert changed.body["username"] == "eve"
    assert create(world, f"eve{blank}").status == 409


@pytest.mark.parametrize(("stored", "sent"), [(SHOWN, ASCII), (ASCII, SHOWN)])
def test_one_mailbox_is_one_user(world: World, stored: str, sent: str) -> None:
    """A domain in its own script and in ASCII is one: to take, to log in by and to look up."""
    made = create(world, "ada", stored)
    assert made.body["email"] == stored
    refused = create(world, "eve", sent)
    assert refused.body["errors"] == ["Another user of the realm has this email."]
    assert (log_in(world, email=sent), on_behalf(world, sent)) == (200, 200)
    assert look_up(world, sent).body["id"] == made.body["id"]


def test_other_domains_are_others(world: World) -> None:
    """`ß` is a letter of its own in a domain."""
    assert create(world, "ada", "ada@strasse.de").status == 201
    assert create(world, "eve", "ada@straße.de").status == 201
    assert log_in(world, email="ada@xn--strae-oqa.de") == 200


def test_domain_that_is_none(world: World) -> None:
    """A domain that IDNA refuses is 422 to take, and nobody's at a login."""
    assert create(world, "ada", "ada@☃.net").status == 422
    for email in ("ada@☃.net", "ada@xn--a.de", "ada@" + "ü" * 900, "ada@example.com."):
        assert log_in(world, email=email) == 401
        assert find(world, f"email={quote(email)}").body["collection"] == []


def former(world: World, username: str, email: str, key: str) -> str:
    """The id of a user with an email as the version before IDNA claimed it."""
    made = create(world, username, "other@example.com").body["id"]
    store = store_of(world.resources)
    at = store.realms
    at.dynamo.write(expressions.delete(at.names.key(world.realm_id, "email", "other@example.com")))
    claim = expressions.Key(at.table, f"{world.realm_id}#email#{key}", "claim")
    at.dynamo.write(expressions.put(claim, {"user_id": made}))
    user_key = store.users.user_key(made)
    changed = {"email": email}
    at.dynamo.write(expressions.update(user_key, changed=changed, condition="attribute_exists(pk)"))
    return str(made)


def claimed(world: World, key: str) -> Any:
    """What is stored at the place of an email."""
    at = store_of(world.resources).realms
    return at.dynamo.get(expressions.Key(at.table, f"{world.realm_id}#email#{key}", "claim"))


def test_user_of_the_former_version(world: World) -> None:
    """An email that the former version stored is found by each form, and stays its user's."""
    ada = former(world, "ada", SHOWN, SHOWN)
    for sent in (SHOWN, ASCII, "ADA@MÜNCHEN.DE"):
        assert (log_in(world, email=sent), on_behalf(world, sent)) == (200, 200)
        assert look_up(world, sent).body["id"] == ada
        taken = create(world, "eve", sent)
        assert taken.body["errors"] == ["Another user of the realm has this email."]
    eve = create(world, "eve", "eve@example.com").body["id"]
    path = f"/v1/users/{eve}"
    assert world.call("PATCH", path, {"email": ASCII}, bearer=world.key).status == 409
    path = f"/v1/users/{ada}"
    assert world.call("PATCH", path, {"email": ASCII}, bearer=world.key).body["email"] == ASCII
    assert log_in(world, email=SHOWN) == 200


@pytest.mark.parametrize("way", ["rename", "clear", "delete"])
def test_email_of_the_former_version_is_freed(world: World, way: str) -> None:
    """A change or deletion frees an email in the form that the former version stored, too."""
    ada = former(world, "ada", SHOWN, SHOWN)
    path = f"/v1/users/{ada}"
    if way == "delete":
        assert world.call("DELETE", path, bearer=world.key).status == 204
    else:
        body = {"email": "ada@example.com" if way == "rename" else None}
        assert world.call("PATCH", path, body, bearer=world.key).status == 200
    assert claimed(world, SHOWN) is None
    assert create(world, "eve", ASCII).status == 201


def test_realm_of_the_former_version_is_deleted_whole(world: World) -> None:
    """The deletion of a realm leaves no email of the former version behind."""
    former(world, "ada", SHOWN, SHOWN)
    path = f"/v1/realms/{world.realm_id}?name=Tests"
    assert world.call("DELETE", path, bearer=world.key).status == 204
    assert claimed(world, SHOWN) is None


def test_email_whose_former_form_is_anothers_now(world: World) -> None:
    """Of two emails that earlier versions took for one, each now has its own owner."""
    assert create(world, "eve", "ada@strasse.de").status == 201
    assert log_in(world, email="ada@straße.de") == 401
    ada = create(world, "ada", "ada@straße.de").body["id"]
    assert look_up(world, "ada@straße.de").body["id"] == ada
    assert world.call("DELETE", f"/v1/users/{ada}", bearer=world.key).status == 204
    assert look_up(world, "ada@strasse.de").body["username"] == "eve"
    assert claimed(world, "ada@strasse.de") is not None


def test_change_to_what_was_ones_former_form(world: World) -> None:
    """A user may take the very form in which the former version stored their email."""
    ada = former(world, "ada", "ada@straße.de", "ada@strasse.de")
    assert log_in(world, email="ada@straße.de") == 200
    path = f"/v1/users/{ada}"
    changed = world.call("PATCH", path, {"email": "ada@strasse.de"}, bearer=world.key)
    assert changed.status == 200
    assert (log_in(world, email="ada@strasse.de"), log_in(world, email="ada@straße.de")) == (
        200,
        401,
    )
    assert create(world, "eve", "ada@straße.de").status == 201


def test_list_of_one(world: World) -> None:
    """`GET /v1/users?username=` and `?email=` find one user, whatever the case, or none."""
    ada = create(world, "ada", "ada@example.com").body
    create(world, "bob", "bob@example.com")
    for query in ("username=ADA", "email=Ada%40Example.com", "username=ada&max_results=1"):
        found = find(world, query)
        assert (found.status, found.body) == (200, {"collection": [ada], "more_results": False})
    for query in ("username=eve", "email=ada", "username=", "username=ada%40example.com"):
        assert find(world, query).body == {"collection": [], "more_results": False}
    assert find(world, "username=" + "x" * 2_000).body["collection"] == []
    world.call("DELETE", f"/v1/users/{ada['id']}", bearer=world.key)
    assert find(world, "username=ada").body["collection"] == []


@pytest.mark.parametrize(
    "query", ["username=ada&email=a%40b.example", f"username=ada&after=usr_{'0' * 22}"]
)
def test_list_of_one_asks_for_one(world: World, query: str) -> None:
    """Two names, or a name and a page of the list, are 422."""
    assert find(world, query).status == 422


def test_list_of_one_in_no_realm(world: World) -> None:
    """A name is looked up in a realm that there is."""
    absent = f"realm_id=rl_{'0' * 22}"
    answer = world.call("GET", f"/v1/users?username=ada&{absent}", bearer=world.key)
    assert answer.status == 404


@pytest.mark.parametrize(
    "name", ["a/b@x.com", "ada?x@evil.example", "a%2fb@x.com", "a#b@x.com", "ada@x.com."]
)
def test_emails_that_a_path_would_cut(world: World, name: str) -> None:
    """An email that API Gateway would cut or split is 422, on creation and on change."""
    made = create(world, "ada").body["id"]
    assert create(world, "eve", name).status == 422
    path = f"/v1/users/{made}"
    assert world.call("PATCH", path, {"email": name}, bearer=world.key).status == 422


@pytest.mark.parametrize("name", [".", ".."])
def test_usernames_of_dots(world: World, name: str) -> None:
    """A username that a path drops is 422."""
    assert create(world, name).status == 422


@pytest.mark.parametrize(
    ("name", "decoded"), [("xn--mnchen-3ya", "münchen"), ("a.xn--mnchen-3ya", "a.münchen")]
)
def test_username_that_looks_like_a_domain_is_nobody_elses(
    world: World, name: str, decoded: str
) -> None:
    """A username has no domain: one that IDNA would decode to another's reaches nobody."""
    other = create(world, decoded).body["id"]
    assert look_up(world, name).status == 404
    assert log_in(world, username=name) == 401
    assert find(world, f"username={name}").body["collection"] == []
    mine = create(world, name)
    assert mine.status == 201
    assert look_up(world, name).body["id"] == mine.body["id"]
    for status in (204, 404):
        path = f"/v1/users/{name}"
        deleted = world.call("DELETE", path, bearer=world.key, realm=world.realm_id)
        assert deleted.status == status
    assert look_up(world, decoded).body["id"] == other


def test_email_of_the_former_version_is_not_another_domains(world: World) -> None:
    """A stored `ada@strasse.de` is not found by `ada@straße.de`, whose domain is another."""
    user_id = former(world, "ada", "ada@strasse.de", "ada@strasse.de")
    assert look_up(world, "ada@strasse.de").body["id"] == user_id
    for email in ("ada@straße.de", "ada@xn--strae-oqa.de"):
        assert look_up(world, email).status == 404
        assert find(world, f"email={quote(email)}").body["collection"] == []


def test_domain_is_the_same_in_each_normal_form(world: World) -> None:
    """A user logs in by the very text that they registered with, resources_of or not."""
    email = "ada@\u1f80\u0301x.de"
    assert create(world, "ada", email).status == 201
    assert log_in(world, email=email) == 200
