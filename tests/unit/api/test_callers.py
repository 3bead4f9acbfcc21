"""The caller and the realm of a request, on the in-memory store."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from sojourn.api import callers as auth
from sojourn.api.callers import Callers
from sojourn.api.request import Request
from sojourn.domain import ids
from sojourn.domain.access_key import AccessKey, Permission, Server
from sojourn.domain.errors import (
    AccessKeyInvalid,
    CredentialsAmbiguous,
    Invalid,
    NotFound,
    PermissionMissing,
    RealmForbidden,
    RealmIdInvalid,
    RealmNotNamed,
    SojournError,
    TokenInvalid,
    TokenMissing,
    TwoRealmsNamed,
    WrongCaller,
)
from sojourn.domain.realm import Realm
from tests.support.world import LOGIN, World

RANKS: tuple[Permission, ...] = ("read", "write", "admin")
ONE, OTHER = "rl_" + "1" * 22, "rl_" + "2" * 22
SECRET = "ks_" + "0" * 22 + "a" * 43


def request(**headers: str) -> Request:
    """A request with these headers; underscores become hyphens."""
    named: Mapping[str, str] = {name.replace("_", "-"): text for name, text in headers.items()}
    return Request("GET /v1/x", {}, {}, named, None, "203.0.113.9", "tests", "x.example")


def key(secret: str = SECRET, **changes: object) -> AccessKey:
    """The access key of a secret: stack-wide, and never used."""
    made = AccessKey(
        id=str(ids.secret_owner("ks", "key", secret)),
        realm_id=None,
        name="tests",
        permission="write",
        created_ms=1,
        secret_hash=ids.digest(secret).hex(),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.fixture
def world() -> World:
    """A world of its own for each test."""
    return World()


@pytest.fixture
def callers(world: World) -> Callers:
    """What tells the world's callers."""
    return Callers(world.store.keys, world.cache, world.clock)


# The credential.


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({}, None),
        ({"authorization": "Bearer a.b.c"}, "a.b.c"),
        ({"authorization": " bEARER   a.b.c "}, "a.b.c"),
        ({"authrocket_api_key": f" {SECRET} "}, SECRET),
        ({"x_authrocket_api_key": SECRET}, SECRET),
    ],
    ids=str,
)
def test_request_has_one_credential(headers: dict[str, str], found: str | None) -> None:
    """It is a bearer token or an access key in a header of its own; or there is none."""
    assert auth.bearer(request(**headers)) == found


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer a,Bearer b"},
        {"authorization": "Bearer a", "authrocket_api_key": SECRET},
        {"authorization": "Bearer a", "x_authrocket_api_key": SECRET},
        {"authrocket_api_key": SECRET, "x_authrocket_api_key": SECRET},
        {"authrocket_api_key": f"{SECRET},{SECRET}"},
    ],
    ids=str,
)
def test_two_credentials_are_none(headers: dict[str, str]) -> None:
    """Two credentials are refused, even if they are equal."""
    with pytest.raises(CredentialsAmbiguous):
        auth.bearer(request(**headers))


@pytest.mark.parametrize("text", ["", "Bearer", "Bearer ", "Basic YTpi", "a.b.c", SECRET])
def test_another_scheme_is_no_token(text: str) -> None:
    """Any other form than `Bearer` and a token is refused, with the right form in the message."""
    with pytest.raises(TokenInvalid, match="Authorization: Bearer <token>"):
        auth.bearer(request(authorization=text))


def test_only_an_access_key_goes_into_its_header() -> None:
    """A login token in the place of an access key is refused as a key."""
    with pytest.raises(AccessKeyInvalid, match="ks_"):
        auth.bearer(request(authrocket_api_key="a.b.c"))


def test_routes_of_users_and_of_servers(world: World, callers: Callers) -> None:
    """A login token makes a user, an access key a server; each is refused in the other's place."""
    world.store.keys.add(key())
    token = world.logins.of_server(world.realm, world.stored(world.ada), LOGIN).token
    by_token, by_key = request(authorization=f"Bearer {token}"), request(authrocket_api_key=SECRET)
    assert callers.user(by_token).user_id == world.ada
    assert callers.either(by_token) == callers.user(by_token)
    assert callers.server(by_key).key.id == key().id
    assert isinstance(callers.either(by_key), Server)
    with pytest.raises(WrongCaller, match="not a user's login token"):
        callers.server(by_token)
    with pytest.raises(WrongCaller, match="not an access key"):
        callers.user(by_key)
    for refusing in (callers.user, callers.server, callers.either):
        with pytest.raises(TokenMissing):
            refusing(request())


def test_access_key_is_known_by_its_digest(world: World, callers: Callers) -> None:
    """A secret that is not a key's own, or is shaped otherwise, opens nothing."""
    world.store.keys.add(key())
    another = SECRET[:-1] + ("0" if SECRET[-1] != "0" else "1")
    for secret in (another, ids.new_secret("ks", ids.new_id("key", 2)), "ks_x", SECRET + "0"):
        with pytest.raises(AccessKeyInvalid, match="not known"):
            callers.server(request(authorization=f"Bearer {secret}"))


@pytest.mark.parametrize("place", [0, 7, 8, 31, 32, 63])
def test_whole_digest_is_compared(world: World, callers: Callers, place: int) -> None:
    """A key whose digest differs in any one digit is another key."""
    digest = ids.digest(SECRET).hex()
    digit = "0" if digest[place] != "0" else "1"
    world.store.keys.add(key(secret_hash=digest[:place] + digit + digest[place + 1 :]))
    with pytest.raises(AccessKeyInvalid, match="not known"):
        callers.server(request(authrocket_api_key=SECRET))


# The realm.


@pytest.mark.parametrize("name", ["authrocket_realm", "x_authrocket_realm"])
def test_realm_is_the_headers_or_the_keys(world: World, callers: Callers, name: str) -> None:
    """A stack-wide key names its realm in a header; a bound one is about its own, also named."""
    world.store.keys.add(key())
    assert callers.server(request(authrocket_api_key=SECRET)).realm_id is None
    sent = request(authrocket_api_key=SECRET, **{name: f" {ONE} "})
    assert callers.server(sent).realm_id == ONE
    world.store.keys.add(key(realm_id=ONE))
    assert callers.server(request(authrocket_api_key=SECRET)).realm_id == ONE
    assert callers.server(sent).realm_id == ONE
    world.store.keys.add(key(realm_id=OTHER))
    with pytest.raises(RealmForbidden):
        callers.server(sent)


@pytest.mark.parametrize(
    "headers",
    [
        {"authrocket_realm": ""},
        {"authrocket_realm": "usr_" + "1" * 22},
        {"authrocket_realm": f"{ONE},{ONE}"},
        {"authrocket_realm": ONE, "x_authrocket_realm": OTHER},
        {"authrocket_realm": ONE, "x_authrocket_realm": "x"},
    ],
    ids=str,
)
def test_header_names_one_realm(world: World, callers: Callers, headers: dict[str, str]) -> None:
    """A header that is no realm's id, and two that differ, are refused."""
    world.store.keys.add(key())
    with pytest.raises(Invalid) as refused:
        callers.server(request(authrocket_api_key=SECRET, **headers))
    assert refused.value.errors == ("Authrocket-Realm must be one realm's id, rl_….",)


def test_same_realm_twice_is_one(world: World, callers: Callers) -> None:
    """Both headers may name one realm."""
    world.store.keys.add(key())
    sent = request(authrocket_api_key=SECRET, authrocket_realm=ONE, x_authrocket_realm=ONE)
    assert callers.server(sent).realm_id == ONE


@pytest.mark.parametrize(
    ("bound", "header", "named", "found"),
    [
        (None, None, None, None),
        (None, None, ONE, ONE),
        (None, ONE, None, ONE),
        (None, ONE, ONE, ONE),
        (None, ONE, OTHER, TwoRealmsNamed),
        (None, None, "x", RealmIdInvalid),
        (ONE, ONE, None, ONE),
        (ONE, ONE, ONE, ONE),
        (ONE, ONE, OTHER, RealmForbidden),
        (ONE, ONE, "x", RealmIdInvalid),
    ],
)
def test_request_is_about_one_realm(
    bound: str | None, header: str | None, named: str | None, found: str | type[SojournError] | None
) -> None:
    """What a request names agrees with its header and lies within its key's realm."""
    server = Server(key=key(realm_id=bound), realm_id=header)
    if isinstance(found, type):
        with pytest.raises(found):
            server.narrow(named)
        return
    assert server.narrow(named) == replace(server, realm_id=found)


def test_request_that_must_name_a_realm() -> None:
    """On a route that needs a realm, a stack-wide key without one is refused."""
    assert Server(key=key(), realm_id=ONE).in_realm() == ONE
    assert Server(key=key(), realm_id=None).narrow(ONE).in_realm() == ONE
    with pytest.raises(RealmNotNamed):
        Server(key=key(), realm_id=None).in_realm()


def test_server_sees_its_realm_alone() -> None:
    """A server with a realm sees only that realm's objects; a stack-wide one sees all."""
    assert Server(key=key(), realm_id=None).sees(ONE)
    about = Server(key=key(), realm_id=ONE)
    about.must_see(ONE)
    assert [about.sees(ONE), about.sees(OTHER)] == [True, False]
    with pytest.raises(NotFound):
        about.must_see(OTHER)


@pytest.mark.parametrize("held", RANKS)
def test_permissions_are_ranked(held: str) -> None:
    """Each permission has those below it."""
    server = Server(key=key(permission=held), realm_id=None)
    for permission in RANKS:
        if RANKS.index(permission) <= list[str](RANKS).index(held):
            assert server.may(permission) is server
        else:
            with pytest.raises(PermissionMissing, match=f"'{permission}'.*'{held}'"):
                server.may(permission)


# The use.


def test_use_is_written_when_the_last_is_an_hour_old(world: World, callers: Callers) -> None:
    """The first use is written, and another when that was an hour ago and more; or none of it."""
    world.store.keys.add(key())
    sent = request(authrocket_api_key=SECRET)

    def written() -> int | None:
        found = world.store.keys.access_key(key().id)
        assert found is not None
        return found.last_used_ms

    callers.server(sent, recorded=False)
    assert written() is None
    callers.server(sent)
    first = world.clock.wall_ms()
    assert written() == first
    world.clock.advance(3_600)
    callers.server(sent)
    assert written() == first
    world.clock.advance(0.001)
    callers.server(sent)
    assert written() == world.clock.wall_ms()


def test_realm_that_is_too_old_verifies_and_nothing_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A signature is checked by the realm at hand; one that it does not know has it read anew."""
    world = World()
    callers = Callers(world.store.keys, world.cache, world.clock)
    view = world.logins.of_server(world.realm, world.stored(world.ada), LOGIN)
    sent = request(authorization=f"Bearer {view.token}")
    assert callers.user(sent).session.text == view.id
    reads: list[str] = []
    get = world.store.realms.get

    def noted(realm_id: str) -> Realm | None:
        reads.append(realm_id)
        return get(realm_id)

    monkeypatch.setattr(world.store.realms, "get", noted)
    world.clock.advance(60)
    assert callers.user(sent).session.text == view.id
    assert reads == []
    world.put(replace(world.realm, issuer="https://elsewhere.example.com", version=2))
    reads.clear()
    later = world.logins.of_server(world.realm, world.stored(world.ada), LOGIN)
    moved = request(authorization=f"Bearer {later.token}")
    assert callers.user(moved).session.text == later.id
    assert reads == [world.realm_id]
