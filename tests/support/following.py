"""Follow the feed of a `World`, as an application does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from sojourn.domain.ports import RevocationFeed
from sojourn.domain.revocation import Entry
from sojourn.feed.revocations import RevocationReader, Revocations
from tests.support.world import World


class Watched:
    """A feed whose queries are counted. `ahead_ms`: how far the clock of its instance is ahead."""

    def __init__(self, feed: RevocationFeed, *, ahead_ms: int = 0) -> None:
        self._feed = feed
        self.ahead_ms = ahead_ms
        self.queries: list[tuple[int, int]] = []
        """The slices and shards that were read."""
        self.before_read: Callable[[], object] = lambda: None

    def now_ms(self) -> int:
        return self._feed.now_ms() + self.ahead_ms

    def read(
        self, realm_id: str, number: int, shard: int, *, after: str, limit: int
    ) -> tuple[Sequence[Entry], bool]:
        self.before_read()
        self.queries.append((number, shard))
        return self._feed.read(realm_id, number, shard, after=after, limit=limit)


@dataclass
class Follower:
    """A reader of the feed: where it is, and the ids of the entries that it was told of."""

    world: World
    limit: int = 500
    cursor: str | None = None
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.feed = Watched(self.world.store.feed)

    def page(self) -> Revocations:
        """Ask for one page."""
        reader: RevocationReader = replace(self.world.reader, feed=self.feed)
        page = reader.page(self.world.server, after=self.cursor, limit=self.limit)
        self.cursor = page.cursor
        self.told += [entry.id for entry in page.collection]
        return page

    def poll(self) -> list[str]:
        """Ask for pages until there is no other; the ids that they have."""
        first = len(self.told)
        while self.page().more_results:
            pass
        return self.told[first:]

    def from_here(self) -> "Follower":
        """Another reader who goes on from this one's cursor."""
        return Follower(self.world, self.limit, self.cursor)
