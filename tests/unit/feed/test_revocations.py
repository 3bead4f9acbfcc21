"""Pages of the feed, on the in-memory store."""

from dataclasses import replace

import msgspec
import pytest

from sojourn.domain import ids
from sojourn.domain.errors import CursorExpired, NotFound
from sojourn.domain.realm import Deletion
from sojourn.domain.revocation import OVERLAP_MS, SLICE_MS, Revocation, slice_of
from sojourn.domain.session_rules import CLOCKS_APART_MS
from sojourn.feed import revocations
from tests.support.following import Follower
from tests.unit.directory.world import World

OVERLAP = OVERLAP_MS / 1000
HOUR = 3_600


@pytest.fixture
def world() -> World:
    """A realm in the middle of an hour."""
    world = World()
    to_an_hour(world, HOUR / 2)
    return world


def to_an_hour(world: World, after: float) -> None:
    """Go on to so many seconds after the next hour begins."""
    now_ms = world.clock.wall_ms()
    world.clock.advance(((slice_of(now_ms) + 1) * SLICE_MS - now_ms) / 1000 + after)


def end(world: World, *, sessions: int = 1, late: float = 0.0) -> str:
    """An ending of a user of its own, committed now, and sent `late` seconds before; its id."""
    now_ms = world.clock.wall_ms()
    user_id = ids.new_id("usr", now_ms)
    told = Revocation(
        realm_id=world.realm_id,
        reason="terminated_by_admin",
        ended_ms=now_ms,
        shards=world.realm.settings.revocation_shards,
        session_ids=tuple(
            ids.new_session_id(
                created_ms=now_ms, user_id=user_id, user_generation=0, realm_generation=0
            )
            for _ in range(sessions)
        ),
        user_id=user_id,
        expires_at=now_ms // 1000 + HOUR,
    )
    before = {entry.id for entry in world.store.feed.entries}
    world.clock.set_back(late)
    world.store.feed.add(told)
    world.clock.set_back(-late)
    (entry,) = [entry for entry in world.store.feed.entries if entry.id not in before]
    return entry.id


def later(world: World, count: int, **how: int) -> list[str]:
    """So many endings, each a millisecond after the one before."""
    made = []
    for _ in range(count):
        world.clock.advance(0.001)
        made.append(end(world, **how))
    return made


# What a reader is told.


def test_new_reader_is_complete_since_now(world: World) -> None:
    """Without a cursor, a page has the last 40 seconds, and says since when nothing is missed."""
    end(world)
    world.clock.advance(OVERLAP + 0.001)
    kept = end(world, late=OVERLAP)
    page = Follower(world).page()
    assert [entry.id for entry in page.collection] == [kept]
    assert page.complete_since == world.clock.wall_ms() / 1000
    assert not page.more_results


def test_reader_stays_complete_since_its_first_page(world: World) -> None:
    """However many pages follow, what a reader has seen began with its first."""
    reader = Follower(world, limit=1)
    since = reader.page().complete_since
    for _ in range(3):
        later(world, 2)
        world.clock.advance(OVERLAP)
        assert reader.page().complete_since == since


def test_entry_tells_what_one_commit_ended(world: World) -> None:
    """An entry has the ids of its sessions, or a scope, and says when they would have expired."""
    entry_id = end(world, sessions=2)
    (told,) = [entry.revocation for entry in world.store.feed.entries]
    world.clock.advance(0.001)
    world.store.feed.add(
        replace(told, scope="key", session_ids=(), user_id=None, key_id="jky_1", expires_at=None)
    )
    one, other = Follower(world).page().collection
    assert (one.id, one.session_ids, one.scope) == (entry_id, told.session_ids, msgspec.UNSET)
    assert (one.user_id, one.key_id) == (told.user_id, msgspec.UNSET)
    assert (one.reason, one.ended_at) == ("terminated_by_admin", told.ended_ms / 1000)
    assert one.expires_at == told.expires_at
    assert (other.session_ids, other.scope) == (msgspec.UNSET, "key")
    assert (other.user_id, other.key_id, other.expires_at) == (None, "jky_1", None)


def test_entry_is_repeated_until_nothing_older_can_come(world: World) -> None:
    """Each sweep begins 40 seconds before the last one did."""
    reader = Follower(world)
    reader.poll()
    made = end(world)
    assert reader.poll() == [made]
    world.clock.advance(OVERLAP)
    assert reader.poll() == [made]
    assert reader.poll() == [made]
    world.clock.advance(0.001)
    reader.poll()
    assert reader.poll() == []


@pytest.mark.parametrize("realm", ["gone", "leaving"])
def test_feed_of_a_realm_that_is_gone_is_not_found(world: World, realm: str) -> None:
    """A realm that does not exist or is being deleted has no feed."""
    if realm == "gone":
        world.store.realms.remove(world.realm_id)
    else:
        leaving = Deletion(started_ms=world.clock.wall_ms(), by="key_1")
        world.store.realms.add(replace(world.realm, deletion=leaving))
    with pytest.raises(NotFound):
        Follower(world).page()


# What comes late.


@pytest.mark.parametrize("limit", [1, 3, 2000])
def test_entry_that_is_committed_late_is_found(world: World, limit: int) -> None:
    """An entry of up to 40 seconds before a cursor is after it, also if it was committed later."""
    reader = Follower(world, limit)
    later(world, 5)
    world.clock.advance(OVERLAP)
    reader.poll()
    late = end(world, late=OVERLAP)
    assert late in reader.poll()


def test_entries_behind_the_position_of_a_sweep_come_in_the_next(world: World) -> None:
    """A page is cut after one entry; what is then committed before it is not lost."""
    reader = Follower(world, limit=1)
    reader.page()
    first, second = later(world, 2)
    assert reader.page().more_results
    behind = end(world, late=0.002)
    assert reader.told == [first]
    assert reader.poll() == [second]
    assert reader.poll() == sorted([behind, first, second])


def test_next_sweep_begins_by_the_first_page_of_this_one(world: World) -> None:
    """While a sweep takes its pages time passes; the next one begins 40 seconds before it began."""
    reader = Follower(world, limit=1)
    made = later(world, 3)
    assert reader.page().more_results
    world.clock.advance(10 * OVERLAP)
    behind = end(world, late=11 * OVERLAP - 1)
    assert reader.poll() == made[1:]
    assert behind in reader.poll()


def test_sweep_ends_however_many_entries_come(world: World) -> None:
    """What is sent after a sweep began is left to the next, so that a sweep ends."""
    reader = Follower(world, limit=1)
    reader.poll()
    first = later(world, 3)
    assert reader.page().more_results
    world.clock.advance(CLOCKS_APART_MS / 1000 + 0.001)
    after = later(world, 3)
    assert [*reader.told, *reader.poll()][-3:] == first
    assert reader.poll() == [*first, *after]


def test_time_is_noted_before_anything_is_read(world: World) -> None:
    """A reader who takes long to read points its cursor to before it began."""
    reader = Follower(world)
    reader.feed.before_read = lambda: world.clock.advance(OVERLAP)
    reader.page()
    late = end(world, late=2 * OVERLAP)
    reader.feed.before_read = lambda: None
    assert reader.poll() == [late]


@pytest.mark.parametrize("ahead", [-CLOCKS_APART_MS, CLOCKS_APART_MS])
def test_clocks_may_be_ten_seconds_apart(world: World, ahead: int) -> None:
    """An entry is in the first page after its commit, and one sent 30 seconds ago is found late."""
    reader = Follower(world)
    reader.feed.ahead_ms = ahead
    reader.poll()
    made = end(world)
    assert reader.poll() == [made]
    late = end(world, late=OVERLAP - CLOCKS_APART_MS / 1000)
    assert late in reader.poll()


def test_instances_of_different_clocks_answer_one_reader(world: World) -> None:
    """A cursor of an instance that is ahead is followed by one that is behind, and back."""
    reader = Follower(world, limit=2)
    made = []
    for ahead in (5_000, -5_000, 5_000, -5_000):
        reader.feed.ahead_ms = ahead
        made += later(world, 3)
        reader.page()
        world.clock.advance(3)
        made.append(end(world, late=20))
    reader.poll()
    reader.poll()
    assert {*reader.told} == {*made}


# Slices and shards.


def test_slices_edge_is_no_edge_to_a_reader(world: World) -> None:
    """Entries on both sides of an hour's edge come in order, and late ones of the hour before."""
    to_an_hour(world, -0.005)
    reader = Follower(world, limit=2)
    reader.poll()
    made = later(world, 10)
    assert [slice_of(ids.created_ms(m)) for m in (made[0], made[-1])] == [
        slice_of(world.clock.wall_ms()) - 1,
        slice_of(world.clock.wall_ms()),
    ]
    assert reader.poll() == made
    world.clock.advance(OVERLAP - 0.1)
    late = end(world, late=OVERLAP - 0.05)
    assert slice_of(ids.created_ms(late)) == slice_of(world.clock.wall_ms()) - 1
    assert late in reader.poll()


@pytest.mark.parametrize("limit", [1, 2, 7, 2000])
def test_shards_are_merged_in_order(world: World, limit: int) -> None:
    """Entries of several shards come by their time, each once in a sweep, whatever a page has."""
    world.change(revocation_shards=4)
    reader = Follower(world, limit)
    reader.poll()
    made = later(world, 20)
    assert len({entry.revocation.shard for entry in world.store.feed.entries}) > 1
    assert reader.poll() == made


def test_shards_may_change_at_any_time(world: World) -> None:
    """Whatever the number of shards was and is, every cursor of before has everything after it."""
    readers: list[tuple[Follower, int]] = []
    made: list[str] = []
    for shards in (1, 4, 2, 16, 1, 3):
        world.change(revocation_shards=shards)
        for _ in range(3):
            readers.append((Follower(world, limit=3), len(made)))
            readers[-1][0].page()
            made += later(world, 9)
            world.clock.advance(HOUR / 3)
    for reader, known in readers:
        followed = reader.from_here()
        followed.poll()
        assert {*made[known:]} <= {*followed.told}


def test_former_shards_are_read_for_a_minute_more(world: World) -> None:
    """A writer may have read the realm before a change: its entry is read in the former shard."""
    world.change(revocation_shards=16)
    to_an_hour(world, -30)
    (former,) = {world.realm.settings.revocation_shards}
    world.change(revocation_shards=1)
    reader = Follower(world)
    reader.poll()
    world.clock.advance(40)
    now_ms = world.clock.wall_ms()
    for number in range(40):
        user_id = f"usr_{number}"
        told = Revocation(world.realm_id, "logout", now_ms, former, user_id=user_id)
        world.store.feed.add(told)
    assert len({*reader.poll()}) == 40


def test_reader_sees_a_new_shard_before_anybody_writes_to_it(world: World) -> None:
    """The realm is read for each page, and not from a cache, which may be five seconds old."""
    reader = Follower(world)
    reader.poll()
    world.cache.get(world.realm_id)
    realm = world.realm
    settings = replace(realm.settings, revocation_shards=16)
    world.store.realms.add(replace(realm, version=realm.version + 1, settings=settings))
    assert {*(made := later(world, 40))} == {*reader.poll()}, made


# What a page costs.


def test_idle_poll_queries_each_shard_once(world: World) -> None:
    """While nothing happens, a poll is one query a shard, and two near the edge of an hour."""
    for shards in (1, 4):
        world.change(revocation_shards=shards)
        to_an_hour(world, 2 * HOUR)
        reader = Follower(world)
        for seconds, slices in ((HOUR / 2, 1), (HOUR / 2 - 5, 2), (10, 2), (OVERLAP, 1)):
            world.clock.advance(seconds)
            reader.poll()
            reader.feed.queries.clear()
            reader.poll()
            assert len(reader.feed.queries) == slices * shards


@pytest.mark.parametrize(("shards", "pages"), [(1, 1), (2, 1), (4, 2), (16, 8)])
def test_reader_who_was_away_for_a_day_has_it_in_pages(
    world: World, shards: int, pages: int
) -> None:
    """A cursor of 23 hours ago has all since then, in pages of at most 48 queries each."""
    world.change(revocation_shards=shards)
    reader = Follower(world)
    reader.poll()
    made = []
    for _ in range(23):
        world.clock.advance(HOUR)
        made += later(world, 3)
    reader.feed.queries.clear()
    count = 0
    while True:
        count += 1
        queries = len(reader.feed.queries)
        page = reader.page()
        assert len(reader.feed.queries) - queries <= revocations.QUERIES
        if not page.more_results:
            break
    assert (reader.told, count) == (made, pages)
    world.clock.advance(24 * HOUR + 1)
    with pytest.raises(CursorExpired):
        reader.page()


def test_page_ends_when_it_has_thousands_of_sessions(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer stays far below six megabytes, however many sessions each commit ended."""
    many = Follower(world)
    many.page()
    later(world, 60, sessions=100)
    page = many.page()
    assert len(page.collection) == revocations.SESSIONS / 100
    assert page.more_results
    assert len(msgspec.json.encode(page)) < 1_000_000
    world.clock.advance(2 * OVERLAP)
    monkeypatch.setattr(revocations, "SESSIONS", 20)
    reader = Follower(world)
    reader.page()
    made = later(world, 5, sessions=10)
    sizes = []
    while True:
        page = reader.page()
        sizes.append(len(page.collection))
        if not page.more_results:
            break
    assert (sizes, reader.told) == ([2, 2, 1], made)


def test_full_page_that_is_the_last_one_says_so(world: World) -> None:
    """A page with as many entries as it may have says that there are more only if there are."""
    reader = Follower(world, limit=3)
    reader.page()
    made = later(world, 3)
    page = reader.page()
    assert [entry.id for entry in page.collection] == made
    assert not page.more_results
