"""Lists of sessions, on the in-memory store."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from msgspec import UNSET

from sojourn.api.paging import Page
from sojourn.api.parameters import queried
from sojourn.domain import ids
from sojourn.domain.errors import (
    CursorInvalid,
    Invalid,
    NotFound,
)
from sojourn.domain.session import Ended
from sojourn.domain.session_rules import end_all_for
from sojourn.sessions.answers import Actor, EndedSession
from sojourn.sessions.listing_routes import get_session
from sojourn.store import realm_cache
from tests.support.world import BY, MINUTES, World, meanwhile


@pytest.fixture
def world() -> World:
    """A world of its own for each test."""
    return World()


def test_own_list_marks_the_caller(world: World) -> None:
    """A user's own list is newest first and marks the session that asks; a server's marks none."""
    mine, other = world.login(world.ada), world.login(world.ada)
    world.login(world.bob)
    shown = world.listing.own(mine, state="active", page=Page()).collection
    assert [(s.id, s.current, s.active) for s in shown] == [
        (other.session.text, False, True),
        (mine.session.text, True, True),
    ]
    page = Page(ascending=True)
    seen = world.listing.of_user(world.stack, world.ada, state="active", page=page)
    assert [s.id for s in seen.collection] == [mine.session.text, other.session.text]
    assert [s.current for s in seen.collection] == [UNSET, UNSET]


@pytest.mark.parametrize("ascending", [True, False])
@pytest.mark.parametrize("state", ["active", "ended"])
def test_lists_are_paged_by_id(world: World, state: str, ascending: bool) -> None:
    """A list goes on behind its cursor, says whether there is more, and holds each once."""
    claims = [world.login(world.ada) for _ in range(3)]
    if state == "ended":
        world.terminator.all_of_user(world.stack, world.ada)
    ordered = sorted((c.session.text for c in claims), reverse=not ascending)

    def page(limit: int, after: str | None = None) -> tuple[list[str], bool]:
        wanted = Page(after=after, limit=limit, ascending=ascending)
        view = world.listing.of_user(world.stack, world.ada, state=state, page=wanted)
        return [item.id for item in view.collection], view.more_results

    assert page(3) == (ordered, False)
    assert page(2) == (ordered[:2], True)
    assert page(2, ordered[1]) == (ordered[2:], False)
    assert page(1, ordered[0]) == (ordered[1:2], True)
    assert page(1, ordered[2]) == ([], False)


def test_cursor_must_be_a_session_of_that_user(world: World) -> None:
    """`after` is an id of this very list."""
    claims = world.login(world.bob)
    for after in ("garbage", claims.session.text):
        with pytest.raises(CursorInvalid):
            world.listing.of_user(world.stack, world.ada, state="active", page=Page(after=after))


def test_expired_and_ended_are_not_listed_as_active(world: World) -> None:
    """A list holds what is active now, and a session alone tells that it has ended, by whom."""
    first, second = world.login(world.ada), world.login(world.ada)
    world.terminator.own(second, first.session.text)
    assert world.active(world.ada) == [second.session.text]
    with pytest.raises(NotFound):
        world.listing.one(world.stack, first.session.text)
    with pytest.raises(NotFound):
        world.listing.one_of_own(second, first.session.text)
    seen = world.listing.one(world.stack, first.session.text, state="any")
    assert isinstance(seen, EndedSession)
    assert (seen.active, seen.reason) == (False, "terminated_by_user")
    assert seen.ended_by == Actor(type="session", id=second.session.text)
    own = world.listing.one_of_own(second, first.session.text, state="any")
    assert isinstance(own, EndedSession)
    assert own.ended_by is UNSET
    assert (own.current, own.active) == (False, False)
    alive = world.listing.one_of_own(second, second.session.text)
    assert (alive.current, alive.active) == (True, True)
    world.clock.advance(60 * MINUTES)
    assert world.active(world.ada) == []
    for dead in (first, second):
        with pytest.raises(NotFound):
            world.listing.one(world.stack, dead.session.text, state="any")


@pytest.mark.parametrize("state", ["ended", "", "ACTIVE"])
def test_look_up_has_two_states(state: str) -> None:
    """A look-up is of an active session or of any; another value is refused with both."""
    with pytest.raises(Invalid) as refused:
        queried({"state": state}, get_session.parameters)
    sentence = "state must be active, or any to be given an ended one too."
    assert refused.value.errors == (sentence,)


def test_ended_list_holds_what_is_pending_and_what_the_realm_ended(world: World) -> None:
    """Endings are listed wherever they are: recorded, pending, or known from the realm alone."""
    world.settings(max_sessions=100)
    recorded, waiting, realms = (world.login(world.ada) for _ in range(3))
    world.terminator.by_server(world.stack, recorded.session.text)
    user = world.stored(world.ada)
    change = end_all_for(user, world.realm, "logout", by=BY, now_ms=world.clock.wall_ms())
    pending = tuple(e for e in change.ended if e.session.id == waiting.session.text)
    left = tuple(s for s in user.sessions if s.id == realms.session.text)
    world.store.users.remove(world.ada)
    world.store.users.add(replace(user, sessions=left, pending=pending))
    world.put(world.realm.ending_all(by="key_a", now_ms=world.clock.wall_ms()))

    def listed(page: Page) -> list[tuple[str, str]]:
        found = world.listing.of_user(world.stack, world.ada, state="ended", page=page).collection
        return [(s.id, s.reason) for s in found if isinstance(s, EndedSession)]

    expected = [
        (realms.session.text, "realm_ended"),
        (waiting.session.text, "logout"),
        (recorded.session.text, "terminated_by_admin"),
    ]
    assert listed(Page()) == expected
    assert listed(Page(after=expected[0][0])) == expected[1:]
    assert listed(Page(after=expected[1][0], ascending=True)) == expected[:1]
    world.clock.advance(60 * MINUTES)
    assert listed(Page()) == []


@pytest.mark.parametrize("alone", [False, True], ids=["the list", "one session"])
def test_reason_is_that_of_the_first_end(world: World, alone: bool) -> None:
    """A session that is ended, and its realm after it, between the reads of user and realm.

    The answer has the reason for which it ended, and not that of the realm.
    """
    claims = world.login(world.ada)

    def end_both() -> None:
        world.terminator.by_server(world.stack, claims.session.text)
        world.put(world.realm.ending_all(by="key_a", now_ms=world.clock.wall_ms()))
        world.clock.advance(realm_cache.SECONDS)

    meanwhile(world.cache, "get", end_both)
    found: list[object]
    if alone:
        found = [world.listing.one(world.stack, claims.session.text, state="any")]
    else:
        page = Page()
        listed = world.listing.of_user(world.stack, world.ada, state="ended", page=page)
        found = list(listed.collection)
    assert [one.reason for one in found if isinstance(one, EndedSession)] == ["terminated_by_admin"]


def test_records_past_their_time_are_passed_over(world: World) -> None:
    """Records that the TTL has not removed yet fill no page: those behind them are read too."""
    world.settings(max_sessions=100, session_minutes=1)
    for _ in range(100):
        world.begin(world.ada)
    world.terminator.all_of_user(world.stack, world.ada)
    world.clock.advance(60)
    world.settings(session_minutes=MINUTES)
    kept = [world.login(world.ada) for _ in range(2)]
    world.terminator.all_of_user(world.stack, world.ada)
    page = Page(ascending=True, limit=2)
    view = world.listing.of_user(world.stack, world.ada, state="ended", page=page)
    assert [item.id for item in view.collection] == [c.session.text for c in kept]
    assert view.more_results is False


@pytest.mark.parametrize(
    ("records", "reads"), [(99, [0]), (100, [0, 100]), (101, [0, 100]), (200, [0, 100, 200])]
)
def test_records_are_read_by_the_hundred(
    world: World, monkeypatch: pytest.MonkeyPatch, records: int, reads: list[int]
) -> None:
    """Each read goes on behind the last record of the one before, until one brings fewer."""
    world.settings(max_sessions=100, session_minutes=1)
    ended: list[str] = []
    while len(ended) < records:
        ended += [world.begin(world.ada).id for _ in range(min(records - len(ended), 50))]
        world.terminator.all_of_user(world.stack, world.ada)
    world.clock.advance(60)
    asked: list[tuple[str | None, int]] = []
    read = world.store.users.list_ended

    def noted(user_id: str, *, after: str | None, limit: int, ascending: bool) -> Sequence[Ended]:
        asked.append((after, limit))
        return read(user_id, after=after, limit=limit, ascending=ascending)

    monkeypatch.setattr(world.store.users, "list_ended", noted)
    page = Page(ascending=True)
    view = world.listing.of_user(world.stack, world.ada, state="ended", page=page)
    assert (view.collection, view.more_results) == ([], False)
    assert asked == [([None, *sorted(ended)][n], 100) for n in reads]


@pytest.mark.parametrize("ended", [99, 100, 101])
def test_full_page_says_whether_there_is_more(world: World, ended: int) -> None:
    """A page of a hundred ended sessions knows of the hundred and first."""
    world.settings(max_sessions=100)
    for _ in range(ended):
        session = world.begin(world.ada).id
        world.terminator.by_server(world.stack, session)
    page = Page(limit=100)
    view = world.listing.of_user(world.stack, world.ada, state="ended", page=page)
    assert (len(view.collection), view.more_results) == (min(ended, 100), ended > 100)


def test_deleted_user_has_no_list(world: World) -> None:
    """For servers a user who is being deleted is 404, like an unknown one."""
    session = world.login(world.ada).session.text
    user = world.stored(world.ada)
    world.store.users.remove(world.ada)
    world.store.users.add(replace(user, state="deleted"))
    calls: list[Callable[[], object]] = [
        lambda: world.listing.of_user(world.stack, world.ada, state="active", page=Page()),
        lambda: world.listing.of_user(world.stack, world.ada, state="ended", page=Page()),
        lambda: world.listing.one(world.stack, session),
    ]
    for call in calls:
        with pytest.raises(NotFound):
            call()


def test_record_is_shown_until_its_time(world: World) -> None:
    """A record is listed up to the second that it is kept until, and from then on no more."""
    world.settings(session_minutes=1)
    for _ in range(2):
        world.begin(world.ada)
    world.terminator.all_of_user(world.stack, world.ada)

    def shown() -> int:
        view = world.listing.of_user(world.stack, world.ada, state="ended", page=Page())
        return len(view.collection)

    world.clock.advance(60 - world.clock.wall_ms() % 1_000 / 1_000 - 0.001)
    assert shown() == 2
    world.clock.advance(0.001)
    assert shown() == 0


def test_realm_is_remembered_for_five_seconds(world: World) -> None:
    """A realm is read once in five seconds, and never served when it is older."""
    first = world.cache.get(world.realm_id)
    world.store.realms.add(replace(world.realm, version=2))
    world.clock.advance(realm_cache.SECONDS - 0.001)
    assert world.cache.get(world.realm_id) == first
    world.clock.advance(0.001)
    found = world.cache.get(world.realm_id)
    assert found is not None
    assert found.version == 2


def test_realm_that_is_gone_lists_nothing(world: World) -> None:
    """The users of a realm that is gone are nobody's to end or to list."""
    claims = world.login(world.ada)
    world.store.users.remove(world.ada)
    orphan = world.user(realm_id=ids.new_id("rl", 1))
    calls: list[Callable[[], object]] = [
        lambda: world.terminator.all_of_user(world.stack, orphan),
        lambda: world.listing.of_user(world.stack, orphan, state="active", page=Page()),
        lambda: world.terminator.by_server(world.stack, claims.session.text),
    ]
    for call in calls:
        with pytest.raises(NotFound):
            call()
