"""The promise of the feed, over made-up histories: nothing that was acknowledged is missed."""

from dataclasses import dataclass, field

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis.errors import NoSuchExample

from sojourn.domain import ids
from sojourn.domain.realm import SHARDS_LINGER_MS, Realm
from sojourn.domain.revocation import SLICE_MS, Entry, Revocation, slice_of
from sojourn.domain.session_rules import CLOCKS_APART_MS
from sojourn.feed import cursor as cursors
from tests.support.following import Follower
from tests.unit.directory.world import World

LONGEST_MS = 19_000
"""From the time of an entry to the acknowledgement, by the writer's clock: the longest allowed."""
OFF_MS = CLOCKS_APART_MS // 2
"""How far a clock is off."""
offs = st.sampled_from([-OFF_MS, 0, OFF_MS])
delays = st.sampled_from([0, 1_000, LONGEST_MS - 1, LONGEST_MS])


@dataclass(frozen=True)
class End:
    """A commit that is sent now: by which clock, and how long it and its acknowledgement take."""

    off_ms: int
    commit_ms: int
    answer_ms: int
    user: int


@dataclass(frozen=True)
class Read:
    """One reader's next page, by an instance with that clock; `begins`: it is a new reader."""

    off_ms: int
    reader: int
    limit: int
    begins: bool


@dataclass(frozen=True)
class Shards:
    """Another number of shards. Some writers use the former one for a while."""

    count: int


@dataclass(frozen=True)
class Wait:
    """Time passes."""

    ms: int


steps = st.one_of(
    st.tuples(offs, delays, delays, st.integers(0, 40)).map(
        lambda t: End(t[0], min(t[1:3]), max(t[1:3]), t[3])
    ),
    st.builds(
        Read,
        off_ms=offs,
        reader=st.integers(0, 2),
        limit=st.sampled_from([1, 2, 2000]),
        begins=st.sampled_from([False, False, True]),
    ),
    st.builds(Shards, st.sampled_from([1, 2, 4])),
    st.builds(Wait, st.sampled_from([1, 500, 9_000, 18_000, 60_000])),
)
histories = st.lists(steps, max_size=40)


@dataclass
class Play:
    """A history as it is played, on a world's true time."""

    world: World
    waiting: list[tuple[int, Entry]] = field(default_factory=list)
    """Commits that are under way, by the time at which they are carried out."""
    answered: dict[str, int] = field(default_factory=dict)
    """When each entry's ending is acknowledged."""
    readers: dict[int, Follower] = field(default_factory=dict)
    handed_out: list[tuple[int, str]] = field(default_factory=list)
    """Every cursor, and when it was handed out."""
    former: tuple[int, int] = (1, 0)

    def pass_time(self, ms: int) -> None:
        """Time passes, and what is to be carried out meanwhile is."""
        end = self.now_ms + ms
        for at, entry in sorted(self.waiting, key=lambda w: w[0]):
            if at <= end:
                self.waiting.remove((at, entry))
                self._commit(entry)
        self.world.clock.advance((end - self.now_ms) / 1000)

    @property
    def now_ms(self) -> int:
        return self.world.clock.wall_ms()

    def _commit(self, entry: Entry) -> None:
        sent_ms = ids.created_ms(entry.id)
        told = entry.revocation
        kept = self.world.store.feed._entries
        at = told.realm_id, slice_of(sent_ms), told.shard
        kept.setdefault(at, {})[entry.id] = entry

    def end(self, step: End) -> None:
        """Send a commit."""
        count, left_ms = self.former
        shards = self.world.realm.settings.revocation_shards
        # A writer whose request began before the number of shards was changed.
        if self.now_ms - left_ms < SHARDS_LINGER_MS - LONGEST_MS - 2 * CLOCKS_APART_MS:
            shards = count
        told = Revocation(
            self.world.realm_id, "logout", self.now_ms, shards, user_id=f"usr_{step.user}"
        )
        entry = Entry(ids.new_id("rev", self.now_ms + step.off_ms), told)
        self.waiting.append((self.now_ms + step.commit_ms, entry))
        self.answered[entry.id] = self.now_ms + step.answer_ms
        if step.commit_ms == 0:
            self.pass_time(0)

    def read(self, step: Read) -> None:
        """Ask for a page."""
        if step.begins or step.reader not in self.readers:
            self.readers[step.reader] = Follower(self.world)
        reader = self.readers[step.reader]
        reader.limit, reader.feed.ahead_ms = step.limit, step.off_ms
        reader.page()
        assert reader.cursor is not None
        self.handed_out.append((self.now_ms, reader.cursor))

    def change(self, step: Shards) -> None:
        """Change the number of shards."""
        if step.count != self.world.realm.settings.revocation_shards:
            self.former = self.world.realm.settings.revocation_shards, self.now_ms
            self.world.change(revocation_shards=step.count)

    def missed(self) -> list[str]:
        """What some reader does not find at or after some cursor."""
        found: dict[str, set[str]] = {}
        for _, cursor in self.handed_out:
            if cursor not in found:
                reader = Follower(self.world, 3, cursor)
                reader.poll()
                reader.poll()
                found[cursor] = {*reader.told}
        return [
            entry
            for at, cursor in self.handed_out
            for entry, answered in self.answered.items()
            if at < answered and entry not in found[cursor]
        ]


def missed(history: list[End | Read | Shards | Wait]) -> list[str]:
    """What is missed in a history that begins shortly before the edge of an hour."""
    play = Play(World())
    now_ms = play.now_ms
    play.world.clock.advance(((slice_of(now_ms) + 1) * SLICE_MS - now_ms) / 1000 - 60)
    for step in history:
        match step:
            case End():
                play.end(step)
            case Read():
                play.read(step)
            case Shards():
                play.change(step)
            case Wait():
                play.pass_time(step.ms)
    play.pass_time(LONGEST_MS)
    return play.missed()


@given(histories)
@settings(max_examples=150)
def test_every_ending_is_after_every_cursor_of_before(
    history: list[End | Read | Shards | Wait],
) -> None:
    """An acknowledged ending is at or after each cursor that was handed out before it.

    The clocks of writers and of a reader's instances are up to five seconds off, commits are late,
    pages are cut, the number of shards changes, and an hour ends.
    """
    assert missed(history) == []


QUICKLY = settings(
    max_examples=3_000,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)


@pytest.mark.parametrize(
    ("owner", "name", "value"),
    [
        (cursors, "OVERLAP_MS", LONGEST_MS + CLOCKS_APART_MS - 1_000),
        (cursors, "OVERLAP_MS", 0),
        (Realm, "shards_of", lambda realm, _: realm.settings.revocation_shards),
    ],
    ids=["overlap", "no overlap", "former shards"],
)
def test_histories_find_what_is_missed(
    monkeypatch: pytest.MonkeyPatch, owner: object, name: str, value: object
) -> None:
    """With a shorter overlap, or former shards forgotten, such histories show what is missed."""
    monkeypatch.setattr(owner, name, value)
    try:
        find(histories, lambda history: bool(missed(history)), settings=QUICKLY)
    except NoSuchExample:
        pytest.fail("nothing was missed")
