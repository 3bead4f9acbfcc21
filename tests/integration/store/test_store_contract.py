"""Contract tests of every store, in memory and on DynamoDB: users and their sessions."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from sojourn.domain import ids
from sojourn.domain import session_rules as rules
from sojourn.domain.access_key import AccessKey
from sojourn.domain.errors import AlreadyInitialised, NotFound, Superseded, Unavailable
from sojourn.domain.policy import Settings
from sojourn.domain.realm import Deletion, Realm
from sojourn.domain.session import Actor, Ended, Login, Origin, Session
from sojourn.domain.signing_key import PublicKey
from sojourn.domain.user import Change, User
from tests.support import histories
from tests.support.memory.store import MemoryStore
from tests.support.memory.users import recorded
from tests.support.stores import Store

NOW = histories.NOW
BY = Actor(type="access_key", id="key_tests")
ORIGIN = Origin(ip="203.0.113.9", client="tests/1.0", reported=True)
HOUR = 3_600_000


def realm(**changes: object) -> Realm:
    """A realm with one key."""
    made = ids.new_id("jky", NOW)
    key = PublicKey(id=made, algo="eddsa", pem="pem", signs_from_ms=NOW, created_ms=NOW)
    known = Realm(
        id=ids.new_id("rl", NOW),
        name="Tests",
        issuer="https://sessions.example.com",
        created_ms=NOW,
        version=1,
        settings=Settings(max_sessions=100),
        keys={made: key},
    )
    return replace(known, **changes)  # type: ignore[arg-type]


OWNER = realm()


def a_user(**changes: object) -> User:
    """A human of the realm."""
    made = User(id=ids.new_id("usr", NOW), realm_id=OWNER.id, user_type="human", created_ms=NOW)
    return replace(made, **changes)  # type: ignore[arg-type]


def login(found: User, now_ms: int = NOW) -> tuple[Change, Session]:
    """The change that a login is."""
    return rules.begin(found, OWNER, Login("password", ORIGIN), key_number=3, now_ms=now_ms)


def with_sessions(store: Store, count: int) -> User:
    """A user in the store who has so many sessions."""
    found = a_user()
    for n in range(count):
        found = login(found, NOW + n)[0].after
    store.add_user(found)
    return found


def end_all(found: User) -> Change:
    """The change that ends every session."""
    return rules.end_all_for(found, OWNER, "terminated_by_admin", by=BY, now_ms=NOW + 1_000)


def with_ended(store: Store, count: int) -> tuple[User, list[Ended]]:
    """A user with so many ended records, at most 99, and the records in the order of their ids."""
    found = with_sessions(store, count)
    change = end_all(found)
    done = store.users.commit(change)
    return done.after, [recorded(e) for e in change.ended]


def must_get(store: Store, user_id: str) -> User:
    """The user, which must be there."""
    found = store.users.get(user_id)
    assert found is not None
    return found


def at_once(acts: Sequence[Callable[[], object]]) -> list[object]:
    """What each gives, or the `Superseded` that it raises, when all begin together."""
    barrier = threading.Barrier(len(acts))
    outcomes: list[object] = [None] * len(acts)

    def run(number: int, act: Callable[[], object]) -> None:
        barrier.wait()
        try:
            outcomes[number] = act()
        except Superseded as error:
            outcomes[number] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


# Reads of users.


def test_unknown_user_is_none(store: Store) -> None:
    """Nobody is None, alone and among many."""
    assert store.users.get(ids.new_id("usr", NOW)) is None
    assert list(store.users.get_many([ids.new_id("usr", NOW)])) == [None]
    assert list(store.users.get_many([])) == []


def test_many_are_in_order(store: Store) -> None:
    """Users come in the order that was asked, None where nobody is, a user asked twice twice."""
    ada, bob = with_sessions(store, 1), with_sessions(store, 2)
    nobody = ids.new_id("usr", NOW)
    found = store.users.get_many([bob.id, nobody, ada.id, bob.id])
    assert list(found) == [bob, None, ada, bob]


def test_hundred_users_in_one_read(store: Store) -> None:
    """A hundred users can be asked for at once."""
    users = [with_sessions(store, 0) for _ in range(100)]
    wanted = [user.id for user in reversed(users)]
    assert list(store.users.get_many(wanted)) == list(reversed(users))


def test_what_was_read_is_a_copy(store: Store) -> None:
    """A caller who changes what they read changes nothing in the store."""
    user = with_sessions(store, 1)
    dict.clear(must_get(store, user.id).credentials)  # type: ignore[arg-type]
    found = must_get(store, user.id)
    found.credentials["crd_x"] = None  # type: ignore[index]
    assert must_get(store, user.id) == user


# Commits.


@settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(change=histories.changes())
def test_users_come_back_as_they_were(store: Store, change: Change) -> None:
    """Any user that the rules can make is read as it was written, and so is each ending."""
    before = replace(change.before, id=ids.new_id("usr", NOW))
    after = replace(change.after, id=before.id)
    store.add_user(before)
    assert store.users.get(before.id) == before
    store.users.commit(replace(change, before=before, after=after))
    assert store.users.get(before.id) == replace(after, version=before.version + 1)
    for ended in change.ended:
        assert store.users.ended(before.id, ended.session.id) == recorded(ended)


def test_commit_of_an_old_version_is_superseded(store: Store) -> None:
    """A commit whose user has changed writes nothing, and carries the user as it is."""
    user = with_sessions(store, 2)
    first, session = login(user)
    done = store.users.commit(first)
    with pytest.raises(Superseded) as lost:
        store.users.commit(end_all(user))
    assert lost.value.current == done.after == store.users.get(user.id)
    assert done.after.find(session.id) == session
    assert store.users.ended(user.id, user.sessions[0].id) is None


def test_commit_of_a_version_that_is_not_yet_is_superseded(store: Store) -> None:
    """The condition is the very version that was read, and not that of any older user."""
    user = with_sessions(store, 1)
    ahead = replace(user, version=user.version + 1)
    with pytest.raises(Superseded) as lost:
        store.users.commit(end_all(ahead))
    assert lost.value.current == user == store.users.get(user.id)


def test_commit_does_not_revive_a_user_who_is_gone(store: Store) -> None:
    """A commit on a user who is no more carries None, and makes neither user nor record."""
    user = with_sessions(store, 1)
    store.remove_user(user.id)
    for change in (login(user)[0], end_all(user)):
        with pytest.raises(Superseded) as lost:
            store.users.commit(change)
        assert lost.value.current is None
    assert store.users.get(user.id) is None
    assert store.users.ended(user.id, user.sessions[0].id) is None


@pytest.mark.parametrize("sessions", [0, 3], ids=["login", "login and endings"])
def test_one_commit_of_a_version_wins(store: Store, sessions: int) -> None:
    """Of eight simultaneous commits on one version exactly one is done; the others see it."""
    user = with_sessions(store, sessions)
    changes = [login(user, NOW + 100 + n)[0] for n in range(4)]
    changes += [end_all(user) for _ in range(4)]
    outcomes = at_once([lambda c=c: store.users.commit(c) for c in changes])  # type: ignore[misc]
    pairs = list(zip(changes, outcomes, strict=True))
    ((wanted, done),) = [(c, o) for c, o in pairs if not isinstance(o, Superseded)]
    now = replace(wanted.after, version=user.version + 1)
    assert store.users.get(user.id) == now
    assert done == replace(wanted, after=now)
    lost = [outcome for outcome in outcomes if isinstance(outcome, Superseded)]
    assert [outcome.current for outcome in lost] == [now] * 7
    ended = [s.id for s in user.sessions if store.users.ended(user.id, s.id) is not None]
    assert ended == [e.session.id for e in wanted.ended]


def test_no_commit_is_lost(store: Store) -> None:
    """Five who each begin a session, anew on what came between, leave five sessions."""
    user = with_sessions(store, 0)

    def begin() -> int:
        found, lost = must_get(store, user.id), 0
        while True:
            try:
                store.users.commit(login(found)[0])
            except Superseded as error:
                found, lost = error.current or found, lost + 1
            else:
                return lost

    assert all(isinstance(lost, int) for lost in at_once([begin] * 5))
    found = must_get(store, user.id)
    assert len(found.sessions) == found.version == 5


def test_endings_are_recorded_with_the_commit(store: Store) -> None:
    """When a commit returns, the sessions are gone from the user and their records are there."""
    user, records = with_ended(store, 3)
    assert store.users.get(user.id) == user
    assert (user.sessions, user.pending) == ((), ())
    for session, ended in zip(records, records, strict=True):
        assert store.users.ended(user.id, session.session.id) == ended
        assert ended.session.origin == ORIGIN
        assert ended.session.key_number == 0
        assert (ended.reason, ended.by, ended.ended_ms) == ("terminated_by_admin", BY, NOW + 1_000)


def test_stripped_ending_says_nothing_of_where_it_began(store: Store) -> None:
    """Rule 10: the ending of a deleted user's session is recorded without its request."""
    user = with_sessions(store, 1)
    change = end_all(user)
    stripped = tuple(replace(e, strip=True) for e in change.ended)
    store.users.commit(replace(change, ended=stripped))
    found = store.users.ended(user.id, user.sessions[0].id)
    assert found is not None
    assert found.strip
    assert found.session.origin == Origin(ip=None, client=None)


# What does not fit a commit, and is resumed.


@pytest.mark.parametrize(("ended", "pending"), [(98, 0), (100, 2)])
def test_endings_beyond_ninety_eight_are_pending(store: Store, ended: int, pending: int) -> None:
    """A commit records 98 endings; those beyond are in the user, and ended all the same."""
    user = with_sessions(store, ended)
    store.users.commit(end_all(user))
    found = must_get(store, user.id)
    assert found.sessions == ()
    late = user.sessions[98:]
    assert [e.session.id for e in found.pending] == [s.id for s in late]
    assert len(found.pending) == pending
    assert [store.users.ended(user.id, s.id) for s in late] == [None] * pending
    assert store.users.ended(user.id, user.sessions[97].id) is not None
    assert store.users.archive(user.id) == pending


def test_archive_records_what_is_pending_once(store: Store) -> None:
    """Archiving records what is pending as it would have been, and has nothing to do again."""
    user = with_sessions(store, 99)
    change = end_all(user)
    store.users.commit(change)
    waiting = must_get(store, user.id)
    assert store.users.archive(user.id) == 1
    late = change.ended[98]
    assert store.users.ended(user.id, late.session.id) == recorded(late)
    found = must_get(store, user.id)
    assert found == replace(waiting, pending=(), version=waiting.version + 1)
    assert store.users.archive(user.id) == 0
    assert store.users.get(user.id) == found
    assert store.users.archive(ids.new_id("usr", NOW)) == 0


def test_archive_takes_as_many_commits_as_it_needs(store: Store) -> None:
    """All pending endings are recorded, 99 at a time."""
    ended = [recorded(e) for e in end_all(with_sessions(MemoryStore(), 100)).ended]
    late = replace(ended[0], session=replace(ended[0].session, id=ended[0].session.id[:-1] + "x"))
    user = a_user(pending=(*ended, late))
    store.add_user(user)
    assert store.users.archive(user.id) == 101
    found = must_get(store, user.id)
    assert (found.pending, found.version) == ((), user.version + 2)
    where = [(user.id, e.session.id) for e in (late, ended[98], ended[99])]
    assert list(store.users.ended_many(where)) == [late, ended[98], ended[99]]


def test_next_commit_records_what_is_pending(store: Store) -> None:
    """The next commit of any kind writes the ended records that an earlier one left pending."""
    user = with_sessions(store, 100)
    store.users.commit(end_all(user))
    found = must_get(store, user.id)
    assert found.pending
    store.users.commit(login(found)[0])
    assert must_get(store, user.id).pending == ()
    assert store.users.ended(user.id, user.sessions[99].id) is not None


def test_two_archive_at_once(store: Store) -> None:
    """Two simultaneous archive calls record each ending, and neither fails."""
    user = with_sessions(store, 99)
    store.users.commit(end_all(user))
    written = at_once([lambda: store.users.archive(user.id)] * 2)
    assert written in ([0, 1], [1, 0])
    assert must_get(store, user.id).pending == ()
    assert store.users.ended(user.id, user.sessions[98].id) is not None


# Ended records.


def test_unknown_ending_is_none(store: Store) -> None:
    """A session that has not ended, or is another user's, has no ended record."""
    user, records = with_ended(store, 1)
    other = with_sessions(store, 1)
    (session,) = other.sessions
    ended = records[0].session.id
    assert store.users.ended(other.id, session.id) is None
    assert store.users.ended(other.id, ended) is None
    where = [(other.id, ended), (user.id, ended), (other.id, session.id), (user.id, ended)]
    assert list(store.users.ended_many(where)) == [None, records[0], None, records[0]]
    assert list(store.users.ended_many([])) == []


@pytest.mark.parametrize("ascending", [True, False])
def test_ended_are_listed_by_id(store: Store, ascending: bool) -> None:
    """Ended records come by session id in both directions, no more than the limit."""
    user, records = with_ended(store, 3)
    with_ended(store, 2)
    ordered = records if ascending else records[::-1]

    def listed(limit: int, after: str | None = None) -> list[Ended]:
        found = store.users.list_ended(user.id, after=after, limit=limit, ascending=ascending)
        return list(found)

    assert listed(5) == listed(3) == ordered
    assert listed(2) == ordered[:2]
    assert listed(2, ordered[1].session.id) == ordered[2:]
    assert listed(1, ordered[0].session.id) == ordered[1:2]
    assert listed(5, ordered[2].session.id) == []


@pytest.mark.parametrize("ascending", [True, False])
def test_cursor_need_not_exist(store: Store, ascending: bool) -> None:
    """A page begins behind a session whose record is not there, or never was."""
    user, records = with_ended(store, 2)
    low, high = (e.session.id for e in records)

    def behind(after: str) -> list[str]:
        found = store.users.list_ended(user.id, after=after, limit=5, ascending=ascending)
        return [e.session.id for e in found]

    between = low[:-1] + chr(ord(low[-1]) + 1)
    assert low < between < high
    assert behind(between) == ([high] if ascending else [low])
    assert behind("kss_" + "0" * (len(low) - 4)) == ([low, high] if ascending else [])
    assert behind("kss_" + "z" * (len(low) - 4)) == ([] if ascending else [high, low])


def test_nobody_has_no_endings(store: Store) -> None:
    """A user without ended records has an empty list, and a session is not in it."""
    user = with_sessions(store, 1)
    for user_id in (user.id, ids.new_id("usr", NOW)):
        found = store.users.list_ended(user_id, after=None, limit=5, ascending=True)
        assert list(found) == []


# Realms.


@settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(found=histories.realms())
def test_realms_come_back_as_they_were(store: Store, found: Realm) -> None:
    """Any realm is read as it was written; one that is being deleted is gone."""
    store.add_realm(found)
    assert store.find_realm(found.id) == found
    expected = None if found.deletion else found
    assert store.realms.get(found.id) == expected
    assert list(store.realms.get_many([found.id])) == [expected]
    assert store.realms.get_with_login(found.id, username="x", email=None) == (expected, None)


def test_many_realms_are_in_order(store: Store) -> None:
    """Realms come in the order that was asked, None where none is or one is being deleted."""
    one, other = realm(), realm(name="Other")
    leaving = realm(deletion=Deletion(started_ms=NOW, by="key_tests"))
    for made in (one, other, leaving):
        store.add_realm(made)
    wanted = [other.id, ids.new_id("rl", NOW), one.id, leaving.id, other.id]
    assert list(store.realms.get_many(wanted)) == [other, None, one, None, other]
    assert list(store.realms.get_many([])) == []
    assert [store.realms.get(realm_id) for realm_id in wanted] == [other, None, one, None, other]


def test_realm_comes_with_the_user_of_a_name(store: Store) -> None:
    """A name gives its user, whatever its case, in its realm and as its kind alone."""
    one, other = realm(), realm()
    store.add_realm(one)
    store.add_realm(other)
    store.add_name(one.id, "username", "Ada", "usr_ada")
    store.add_name(one.id, "email", "ada@example.com", "usr_mail")
    by_name = store.realms.get_with_login
    assert by_name(one.id, username="aDA", email=None) == (one, "usr_ada")
    assert by_name(one.id, username=None, email="Ada@Example.com") == (one, "usr_mail")
    assert by_name(one.id, username="ada@example.com", email=None) == (one, None)
    assert by_name(one.id, username=None, email="ada") == (one, None)
    assert by_name(other.id, username="ada", email=None) == (other, None)
    assert by_name(ids.new_id("rl", NOW), username="ada", email=None) == (None, None)
    assert by_name(one.id, username=None, email=None) == (one, None)


def test_name_of_any_length_is_asked_for(store: Store) -> None:
    """A name that is longer than a key may be is found as any other, and is no other."""
    store.add_realm(OWNER)
    long = "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 120
    store.add_name(OWNER.id, "username", long, "usr_long")
    found = store.realms.get_with_login(OWNER.id, username=long, email=None)
    assert found == (OWNER, "usr_long")
    found = store.realms.get_with_login(OWNER.id, username=long[:-1], email=None)
    assert found == (OWNER, None)


def test_private_key_is_its_realms(store: Store) -> None:
    """A signing key's ciphertext is found by realm and key together."""
    store.add_private_key("rl_one", "jky_one", b"\x00secret\xff")
    assert store.realms.private_key("rl_one", "jky_one") == b"\x00secret\xff"
    assert store.realms.private_key("rl_two", "jky_one") is None
    assert store.realms.private_key("rl_one", "jky_two") is None


def test_key_remembers_that_it_is_open_ended(store: Store) -> None:
    """A key that is marked is open-ended, the others are not, and the realm's version moves."""
    known = realm()
    other = replace(next(iter(known.keys.values())), id=ids.new_id("jky", NOW), number=2)
    known = replace(known, keys={**known.keys, other.id: other}, key_count=2)
    store.add_realm(known)
    marked = replace(other, open_ended=True)
    for version in (2, 3):
        store.realms.record_open_ended(known.id, other.id)
        expected = replace(known, version=version, keys={**known.keys, other.id: marked})
        assert store.realms.get(known.id) == expected


def test_key_that_is_gone_cannot_be_marked(store: Store) -> None:
    """A key that was stopped meanwhile, or whose realm is gone, is `Unavailable`, and not made."""
    store.add_realm(OWNER)
    (key_id,) = OWNER.keys
    nowhere = ids.new_id("rl", NOW)
    for realm_id, key in ((OWNER.id, ids.new_id("jky", NOW)), (nowhere, key_id)):
        with pytest.raises(Unavailable):
            store.realms.record_open_ended(realm_id, key)
    assert store.realms.get(OWNER.id) == OWNER
    assert store.find_realm(nowhere) is None


# Access keys.


def access_key(**changes: object) -> AccessKey:
    """A stack-wide key."""
    made = AccessKey(
        id=ids.new_id("key", NOW),
        realm_id=None,
        name="tests",
        permission="read",
        created_ms=NOW,
        secret_hash="0" * 64,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [{}, {"realm_id": OWNER.id}, {"expires_at": NOW // 1000, "last_used_ms": NOW + 1}],
    ids=["stack-wide", "of a realm", "with an end"],
)
def test_access_keys_come_back_as_they_were(store: Store, changes: dict[str, object]) -> None:
    """An access key is read as it was written, and only by its own id."""
    key = access_key(**changes)
    store.add_access_key(key)
    assert store.keys.access_key(key.id) == key
    assert store.keys.access_key(ids.new_id("key", NOW)) is None


def test_use_is_written_once_in_a_period(store: Store) -> None:
    """A use is written when there was none, or the last one is older than the period; not else."""
    key = access_key()
    store.add_access_key(key)

    def used(at: int) -> AccessKey | None:
        store.keys.record_use(key.id, now_ms=at, unless_since_ms=at - HOUR)
        return store.keys.access_key(key.id)

    assert used(NOW) == replace(key, last_used_ms=NOW)
    assert used(NOW + 1) == replace(key, last_used_ms=NOW)
    assert used(NOW + HOUR) == replace(key, last_used_ms=NOW)
    assert used(NOW + HOUR + 1) == replace(key, last_used_ms=NOW + HOUR + 1)


def test_use_revives_no_deleted_key(store: Store) -> None:
    """The use of a key that was deleted meanwhile makes no key, and is no error."""
    key_id = ids.new_id("key", NOW)
    store.keys.record_use(key_id, now_ms=NOW, unless_since_ms=NOW - HOUR)
    assert store.keys.access_key(key_id) is None


def listed(
    store: Store, realm_id: str | None, limit: int = 9, after: str | None = None, *, up: bool = True
) -> tuple[list[str], bool]:
    """The ids of a page of access keys, and whether there are more."""
    found, more = store.keys.access_keys(realm_id, after=after, limit=limit, ascending=up)
    return [key.id for key in found], more


def test_created_access_key_is_its_owners(store: Store) -> None:
    """A new key is read as it was written, and listed with its realm's keys or the stack's."""
    store.add_realm(OWNER)
    bound, stack = access_key(realm_id=OWNER.id), access_key(permission="admin")
    for key in (bound, stack):
        store.keys.create_access_key(key)
        assert store.keys.access_key(key.id) == key
        assert list(store.keys.each_access_key(key.realm_id)) == [key]
        assert listed(store, key.realm_id) == ([key.id], False)
    assert listed(store, ids.new_id("rl", NOW)) == ([], False)
    assert list(store.keys.each_access_key(ids.new_id("rl", NOW))) == []


@pytest.mark.parametrize("up", [True, False], ids=["ascending", "descending"])
def test_access_keys_are_paged_by_id(store: Store, up: bool) -> None:
    """Keys come by id in both directions, behind a cursor that need not exist, with `more`."""
    made = [access_key(id=ids.new_id("key", NOW + n)) for n in range(4)]
    gone = made.pop(1)
    for key in reversed(made):
        store.keys.create_access_key(key)
    ordered = [key.id for key in (made if up else made[::-1])]
    assert listed(store, None, 3, up=up) == (ordered, False)
    assert listed(store, None, 2, up=up) == (ordered[:2], True)
    assert listed(store, None, 2, ordered[1], up=up) == (ordered[2:], False)
    assert listed(store, None, 9, ordered[2], up=up) == ([], False)
    behind = [i for i in ordered if (i > gone.id) == up]
    assert listed(store, None, 9, gone.id, up=up) == (behind, False)


def test_access_key_needs_its_realm(store: Store) -> None:
    """A key of a realm that is gone, or being deleted, is not made, nor listed."""
    leaving = realm(deletion=Deletion(started_ms=NOW, by="key_tests"))
    store.add_realm(leaving)
    for realm_id in (leaving.id, ids.new_id("rl", NOW)):
        key = access_key(realm_id=realm_id)
        with pytest.raises(NotFound):
            store.keys.create_access_key(key)
        assert store.keys.access_key(key.id) is None
        assert listed(store, realm_id) == ([], False)


def test_one_first_key_is_made(store: Store) -> None:
    """Of four simultaneous first keys exactly one is created and found."""
    keys = [access_key(permission="admin") for _ in range(4)]
    assert store.keys.first_key_id() is None

    def make(key: AccessKey) -> object:
        try:
            store.keys.create_first_key(key, replaced=None)
        except AlreadyInitialised:
            return "refused"
        return None

    outcomes = at_once([lambda k=key: make(k) for key in keys])  # type: ignore[misc]
    assert sorted(map(str, outcomes)) == ["None", *["refused"] * 3]
    (made,) = [key for key, outcome in zip(keys, outcomes, strict=True) if outcome is None]
    assert store.keys.first_key_id() == made.id
    assert list(store.keys.each_access_key(None)) == [made]


def test_first_key_is_replaced_where_it_still_is_that_one(store: Store) -> None:
    """A first key takes the place of the one that was known, and of no other."""
    first, second, third = (access_key(permission="admin") for _ in range(3))
    store.keys.create_first_key(first, replaced=None)
    store.keys.delete_access_key(first)
    assert store.keys.first_key_id() == first.id
    for replaced in (None, third.id):
        with pytest.raises(AlreadyInitialised):
            store.keys.create_first_key(second, replaced=replaced)
    store.keys.create_first_key(second, replaced=first.id)
    assert store.keys.first_key_id() == second.id
    with pytest.raises(AlreadyInitialised):
        store.keys.create_first_key(third, replaced=first.id)
    assert list(store.keys.each_access_key(None)) == [second]


def test_change_of_an_access_key_writes_what_it_names(store: Store) -> None:
    """Two who change different fields of a key at once both do; None removes a field."""
    key = access_key(expires_at=NOW)
    store.keys.create_access_key(key)
    at_once(
        [
            lambda: store.keys.change_access_key(key.id, {"name": "Batch"}),
            lambda: store.keys.change_access_key(key.id, {"expires_at": None}),
            lambda: store.keys.record_use(key.id, now_ms=NOW, unless_since_ms=NOW - HOUR),
        ]
    )
    expected = replace(key, name="Batch", expires_at=None, last_used_ms=NOW)
    assert store.keys.access_key(key.id) == expected


def test_access_key_is_deleted_once_and_for_all(store: Store) -> None:
    """A deleted key is neither found nor listed, also deleted again; no change revives it."""
    store.add_realm(OWNER)
    key, other = access_key(realm_id=OWNER.id), access_key(realm_id=OWNER.id)
    for made in (key, other):
        store.keys.create_access_key(made)
    at_once([lambda: store.keys.delete_access_key(key)] * 2)
    with pytest.raises(NotFound):
        store.keys.change_access_key(key.id, {"name": "Late"})
    assert store.keys.access_key(key.id) is None
    assert list(store.keys.each_access_key(OWNER.id)) == [other]


@pytest.mark.parametrize("realm_id", [None, OWNER.id], ids=["stack-wide", "of a realm"])
def test_deleted_access_key_takes_no_place_in_a_page(store: Store, realm_id: str | None) -> None:
    """A page of one key has the next one, with nothing behind it."""
    store.add_realm(OWNER)
    keys = [access_key(id=ids.new_id("key", NOW + n), realm_id=realm_id) for n in range(2)]
    for made in keys:
        store.keys.create_access_key(made)
    store.keys.delete_access_key(keys[0])
    assert listed(store, realm_id, 1) == ([keys[1].id], False)
