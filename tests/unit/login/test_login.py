"""Login and validation, on the in-memory store."""

import json
import threading
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from sojourn.crypto import unsigned_token
from sojourn.crypto.signing_keys import PrivateKey, SigningKeys
from sojourn.crypto.tokens import Claims, verify
from sojourn.crypto.unsigned_token import UnsignedToken
from sojourn.domain import ids
from sojourn.domain.errors import (
    Invalid,
    LoginFailed,
    NotFound,
    SessionEnded,
    SessionExpired,
    SessionLimit,
    Superseded,
    TokenInvalid,
    Unavailable,
    UserInactive,
)
from sojourn.domain.lockout import counters_of
from sojourn.domain.realm import Deletion, Realm
from sojourn.domain.session_rules import begin, end_all_for
from sojourn.domain.user import Change, Credential
from sojourn.runtime import deadline
from sojourn.sessions.answers import BegunSession, Origin
from tests.support.clock import MovedClock
from tests.support.world import BY, LOGIN, MINUTES, World


@pytest.fixture
def world() -> World:
    """A world of its own for each test."""
    return World()


def test_login_validates(world: World) -> None:
    """A session validates with its user, from one read, until it expires."""
    claims = world.login(world.ada)
    view = world.validator.validate(claims)
    assert (view.active, view.id) == (True, claims.session.text)
    assert view.user.id == world.ada == claims.user_id
    assert view.request == Origin(ip="203.0.113.9", client="tests/1.0", reported=False)
    assert view.auth_method == "server"
    assert 240 <= view.revalidate_after <= 300
    world.clock.advance(60 * MINUTES - 0.001)
    assert world.validator.validate(claims).active
    world.clock.advance(0.001)
    with pytest.raises(SessionExpired):
        world.validator.validate(claims)


def test_unmanaged_login_leaves_no_record(world: World) -> None:
    """An unmanaged session is its token alone, and where it began is shown once."""
    world.settings(session_type="unmanaged")
    before = world.stored(world.ada)
    view = world.logins.of_server(world.realm, before, LOGIN)
    assert world.stored(world.ada) == before
    assert view.request == Origin(ip="203.0.113.9", client="tests/1.0", reported=False)
    claims = verify(view.token, world.cache, world.clock)
    seen = world.validator.validate(claims)
    assert (seen.session_type, seen.request) == ("unmanaged", None)
    assert (seen.expires_at, seen.auth_method) == (view.expires_at, "server")
    assert view.expires_at == world.clock.wall_ms() // 1000 + 60 * MINUTES


@pytest.mark.parametrize(
    ("user_type", "settings", "minutes"),
    [
        ("api", {"api_key_minutes": 5}, 5),
        ("api", {"api_key_minutes": 0}, None),
        ("human", {"session_type": "unmanaged", "session_minutes": 0}, None),
    ],
    ids=["api user", "api user, open-ended", "human, open-ended"],
)
def test_lifetime_is_the_realms_for_that_kind(
    world: World, user_type: str, settings: dict[str, Any], minutes: int | None
) -> None:
    """An api user's session is unmanaged whatever the realm says; 0 minutes have no end."""
    changed = replace(world.realm.settings, **settings)
    realm = replace(world.realm, settings=changed).remembering(world.clock.wall_ms())
    world.put(realm)
    claims = world.login(world.user(user_type=user_type))
    assert claims.session_type == "unmanaged"
    expected = None if minutes is None else world.clock.wall_ms() // 1000 + 60 * minutes
    assert claims.expires_at == expected
    found = world.store.realms.get(world.realm_id)
    assert found is not None
    marked = {key.kind: key.open_ended for key in found.keys.values()}
    assert marked == {"expiring": False, "open_ended": minutes is None}


@pytest.mark.parametrize("session_type", ["managed", "unmanaged"])
def test_token_says_from_when_until_when(world: World, session_type: str) -> None:
    """`iat` is the second in which the session began, and `exp` is a realm's minutes after it."""
    world.settings(session_type=session_type)
    world.clock.advance(0.999)
    claims = world.login(world.ada)
    began = world.clock.wall_ms() // 1000
    assert (claims.issued_at, claims.expires_at) == (began, began + 60 * MINUTES)


API_KEY = Credential(id="cred_a", type="api_key", created_ms=1, secret="")


HOME = "203.0.113.9"


def failures(world: World) -> int:
    """How many tries from an address have failed."""
    (counter,) = world.store.attempts.read(counters_of(None, HOME))
    return len(counter.bucket.log)


@pytest.mark.parametrize(
    ("user", "credential", "realm"),
    [
        ({}, {"type": "password"}, {}),
        ({}, {"secret": "0" * 64}, {}),
        ({"user_type": "human"}, {}, {}),
        ({"state": "inactive"}, {}, {}),
        ({"state": "deleted"}, {}, {}),
        ({"realm_id": ids.new_id("rl", 1)}, {}, {}),
        ({}, {}, {"unknown": True}),
    ],
    ids=["password", "other key", "human", "inactive", "deleted", "other realm", "no realm"],
)
def test_api_key_opens_an_api_user_in_its_realm_alone(
    world: World, user: dict[str, Any], credential: dict[str, Any], realm: dict[str, Any]
) -> None:
    """A key that fits in all but one thing is refused as one that is not known, and counted."""

    def login(changes: dict[str, Any], held: dict[str, Any], realm_id: str) -> BegunSession:
        user_id = world.user(user_type="api")
        secret = ids.new_secret("ak", user_id)
        made = replace(API_KEY, secret=ids.digest(secret).hex())
        there = world.stored(user_id)
        world.store.users.remove(user_id)
        credentials = {made.id: replace(made, **held)}
        world.store.users.add(replace(there, credentials=credentials, **changes))
        return world.logins.with_api_key(realm_id, secret, LOGIN, ip=HOME)

    assert login({}, {}, world.realm_id).token
    assert failures(world) == 0
    with pytest.raises(LoginFailed):
        login(user, credential, ids.new_id("rl", 1) if realm else world.realm_id)
    assert failures(world) == 1


def test_disabled_user_neither_begins_nor_validates(world: World) -> None:
    """A disabled or deleted user begins no session, and their unmanaged tokens tell why."""
    world.settings(session_type="unmanaged")
    for state, reason in (("inactive", "user_disabled"), ("deleted", "user_deleted")):
        user_id = world.user()
        claims = world.login(user_id)
        user = world.stored(user_id)
        world.store.users.remove(user_id)
        world.store.users.add(replace(user, state=state))  # type: ignore[arg-type]
        assert world.reason(claims) == reason
        with pytest.raises(UserInactive if state == "inactive" else NotFound):
            world.login(user_id)
        world.store.users.remove(user_id)
        assert world.reason(claims) == "user_deleted"


def test_user_who_is_disabled_meanwhile_begins_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server whose user turns inactive between the read and the commit gets that error."""
    commit = world.store.users.commit

    def disabled(_change: Change) -> None:
        monkeypatch.setattr(world.store.users, "commit", commit)
        found = world.stored(world.ada)
        change = end_all_for(found, world.realm, "user_disabled", by=BY, now_ms=1)
        commit(replace(change, after=replace(change.after, state="inactive")))
        raise Superseded(world.stored(world.ada))

    monkeypatch.setattr(world.store.users, "commit", disabled)
    with pytest.raises(UserInactive):
        world.login(world.ada)
    assert world.active(world.ada) == []


@pytest.mark.parametrize("who", ["a human where the realm is unmanaged", "an api user"])
def test_unmanaged_login_replaces_nothing(world: World, who: str) -> None:
    """A login that names one to replace and would be unmanaged is refused, and says why."""
    replaced = world.login(world.ada).session.text
    user_id = world.ada
    if who == "an api user":
        user_id = world.user(user_type="api")
    else:
        world.settings(session_type="unmanaged")
    with pytest.raises(Invalid) as refused:
        world.login(user_id, replace=replaced)
    assert "leave replace out" in refused.value.errors[0]
    assert world.active(world.ada) == [replaced]


def test_token_of_another_realm_is_none(world: World) -> None:
    """A token whose user belongs to another realm than signed it is no token."""
    claims = world.login(world.ada)
    other = world.new_realm()
    with pytest.raises(TokenInvalid):
        world.validator.validate(replace(claims, realm=other))


@pytest.mark.parametrize("session_type", ["managed", "unmanaged"])
def test_end_of_the_realm_ends_both_kinds(world: World, session_type: str) -> None:
    """Sessions that began before an end of the realm have ended; later ones are active."""
    world.settings(session_type=session_type)
    claims = world.login(world.ada)
    ended_ms = world.clock.wall_ms()
    world.put(world.realm.ending_all(by="key_a", now_ms=ended_ms))
    with pytest.raises(SessionEnded) as told:
        world.validator.validate(world.again(claims))
    assert (told.value.reason, told.value.ended_ms) == ("realm_ended", ended_ms)
    assert world.reason(world.login(world.ada)) is None


def test_end_of_everything_refuses_unmanaged_tokens_from_before(world: World) -> None:
    """An unmanaged token from before its user's last end says that, and no more is known."""
    world.settings(session_type="unmanaged")
    claims = world.login(world.ada)
    world.terminator.all_of_user(world.stack, world.ada)
    with pytest.raises(SessionEnded, match="from before were ended"):
        world.validator.validate(claims)
    assert world.reason(world.login(world.ada)) is None


def test_session_that_nobody_recorded_has_ended(world: World) -> None:
    """A managed token without a record is refused, and nothing is shown that is not known."""
    claims = world.login(world.ada)
    user = world.stored(world.ada)
    world.store.users.remove(world.ada)
    assert world.reason(claims) == "nothing known"
    world.store.users.add(replace(user, sessions=()))
    assert world.reason(claims) == "nothing known"


def test_why_is_told_as_long_as_the_record_is_kept(world: World) -> None:
    """Rule 9: the reason is shown from the user or the record, until the session had expired."""
    claims = world.login(world.ada)
    ended_ms = world.clock.wall_ms()
    world.terminator.by_server(world.stack, claims.session.text)
    with pytest.raises(SessionEnded) as told:
        world.validator.validate(claims)
    assert (told.value.reason, told.value.ended_ms) == ("terminated_by_admin", ended_ms)
    world.clock.advance(60 * MINUTES - 0.001)
    assert world.reason(claims) == "terminated_by_admin"
    world.clock.advance(0.001)
    assert world.reason(claims) == "nothing known"


def test_login_at_the_cap(world: World) -> None:
    """The newest sessions stay, the oldest is evicted; where the realm denies it is refused."""
    began = [world.login(world.ada) for _ in range(4)]
    assert world.active(world.ada) == [c.session.text for c in began[:0:-1]]
    assert world.reason(began[0]) == "evicted"
    world.settings(at_limit="deny")
    with pytest.raises(SessionLimit):
        world.login(world.ada)
    last = world.login(world.ada, replace=began[1].session.text)
    assert world.reason(began[1]) == "replaced"
    assert world.active(world.ada)[0] == last.session.text


def test_refusal_of_a_server_knows_the_user_as_the_realm_now_has_them(world: World) -> None:
    """A refusal is decided on a user who was read after the realm."""
    began = [world.login(world.ada) for _ in range(3)]
    read = world.stored(world.ada)
    for claims in began[:2]:
        world.terminator.by_server(world.stack, claims.session.text)
    world.settings(at_limit="deny")
    view = world.logins.of_server(world.realm, read, LOGIN)
    assert world.active(world.ada) == [view.id, began[2].session.text]


def test_token_that_would_be_too_long_begins_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A login whose token may not be signed is refused before anything is committed."""
    monkeypatch.setattr(unsigned_token, "LONGEST", 100)
    before = world.stored(world.ada)
    with pytest.raises(Invalid, match="over the limit"):
        world.login(world.ada)
    assert world.stored(world.ada) == before


def test_login_signs_one_token_however_often_it_is_superseded(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After conflicts only one token is signed, that of the committed session."""
    signed: list[Any] = []
    sign, commit = UnsignedToken.sign, world.store.users.commit
    left = [2]

    def noted(token: UnsignedToken) -> str:
        signed.append(json.loads(token.payload)["sid"])
        return sign(token)

    def lost(change: Change) -> Change:
        if left[0]:
            left[0] -= 1
            raise Superseded(world.stored(world.ada))
        return commit(change)

    monkeypatch.setattr(UnsignedToken, "sign", noted)
    monkeypatch.setattr(world.store.users, "commit", lost)
    claims = world.login(world.ada)
    assert signed == [claims.session.text] == world.active(world.ada)


@pytest.mark.parametrize("session_type", ["managed", "unmanaged"])
@pytest.mark.parametrize("user_type", ["human", "api"])
def test_key_outlives_what_it_signs(
    world: World, monkeypatch: pytest.MonkeyPatch, session_type: str, user_type: str
) -> None:
    """The key that signs is asked for by how long the token lives."""
    world.settings(session_type=session_type, api_key_minutes=7)
    asked: list[int] = []
    signing = world.logins.keys.for_realm

    def noted(_keys: SigningKeys, realm: Realm, *, seconds: int) -> PrivateKey:
        asked.append(seconds)
        return signing(realm, seconds=seconds)

    monkeypatch.setattr(SigningKeys, "for_realm", noted)
    world.login(world.user(user_type=user_type))
    assert asked == [60 * (7 if user_type == "api" else MINUTES)]


def test_simultaneous_logins_leave_exactly_the_cap(world: World) -> None:
    """Twenty logins at once, each anew on what came between, leave three sessions."""
    barrier = threading.Barrier(20)
    began: list[Claims] = []

    def login() -> None:
        barrier.wait()
        began.append(world.login(world.ada))

    threads = [threading.Thread(target=login) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    newest = sorted((c.session.text for c in began), reverse=True)
    assert len(set(newest)) == 20
    assert world.active(world.ada) == newest[:3]


def test_login_that_was_held_up_begins_by_the_realm_as_it_is_now(world: World) -> None:
    """A login that missed an end of its realm evicts nothing that began after it, and is active."""
    world.settings(max_sessions=1)
    then, user = world.realm, world.stored(world.ada)
    with deadline.deadline(world.clock):
        world.put(then.ending_all(by="key_a", now_ms=world.clock.wall_ms()))
        with deadline.deadline(world.clock):
            other = world.login(world.ada)
        view = world.logins.of_server(then, user, LOGIN)
    claims = verify(view.token, world.cache, world.clock)
    assert world.reason(claims) is None
    assert world.reason(other) == "evicted"


@pytest.mark.parametrize("gone", [False, True], ids=["unmanaged", "gone"])
def test_login_that_was_held_up_begins_nothing_in_another_realm(world: World, gone: bool) -> None:
    """If the realm has become unmanaged or is gone, the login is refused."""
    then, user = world.realm, world.stored(world.ada)
    with deadline.deadline(world.clock):
        world.settings(session_type="unmanaged")
        if gone:
            world.put(replace(then, deletion=Deletion(started_ms=1, by="key_a")))
        with pytest.raises(NotFound if gone else Unavailable):
            world.logins.of_server(then, user, LOGIN)
    assert world.stored(world.ada) == user


def test_login_reads_its_realm_once_in_five_seconds(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that takes less long reads it no more, and one that is always superseded as seldom."""
    user, read, reads = world.stored(world.ada), world.store.realms.get, list[float]()
    began = world.clock.stopwatch()

    def noted(realm_id: str) -> Realm | None:
        reads.append(world.clock.stopwatch() - began)
        return read(realm_id)

    def lost(_change: Change) -> None:
        world.clock.advance(0.5)
        raise Superseded(user)

    monkeypatch.setattr(world.store.realms, "get", noted)
    with deadline.deadline(world.clock):
        world.clock.advance(4.999)
        world.logins.of_server(world.realm, user, LOGIN)
        assert reads == []
    monkeypatch.setattr(world.store.users, "commit", lost)
    began = world.clock.stopwatch()
    with deadline.deadline(world.clock), pytest.raises(Unavailable):
        world.logins.of_server(world.realm, world.stored(world.ada), LOGIN)
    assert 5 <= reads[0] < 6
    assert all(later - earlier >= 5 for earlier, later in pairwise(reads))


def test_instance_whose_clock_is_ahead_ends_nothing_for_others(world: World) -> None:
    """A session that is past its time by the clock of another login is valid until it truly is."""
    claims = world.login(world.ada)
    world.clock.advance(60 * MINUTES - 3)
    ahead = MovedClock(world.clock.wall_ms() + 5_000)
    keys = SigningKeys(world.store.realms, world.cipher, ahead)
    replace(world.logins, clock=ahead, keys=keys).of_server(
        world.realm, world.stored(world.ada), LOGIN
    )
    assert world.reason(claims) is None
    world.clock.advance(2.999)
    assert world.reason(claims) is None
    world.clock.advance(0.001)
    with pytest.raises(SessionExpired):
        world.validator.validate(claims)


def test_login_reads_its_realm_again_after_its_clock_went_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wall clock that was corrected makes what was read old, and hinders no later reading."""
    world.settings(max_sessions=1)
    then, user, commit = world.realm, world.stored(world.ada), world.store.users.commit

    def held_up(_change: Change) -> None:
        monkeypatch.setattr(world.store.users, "commit", commit)
        world.clock.advance(6)
        world.put(then.ending_all(by="key_a", now_ms=world.clock.wall_ms()))
        now_ms = world.clock.wall_ms()
        commit(begin(user, world.realm, LOGIN, key_number=1, now_ms=now_ms)[0])
        raise Superseded(world.stored(world.ada))

    monkeypatch.setattr(world.store.users, "commit", held_up)
    with deadline.deadline(world.clock, seconds=60):
        world.clock.set_back(0.05)
        view = world.logins.of_server(then, user, LOGIN)
    claims = verify(view.token, world.cache, world.clock)
    assert world.reason(claims) is None
