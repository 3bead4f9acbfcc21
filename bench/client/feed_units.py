"""What a poll of the feed reads, in DynamoDB's read units."""

from math import ceil
from types import SimpleNamespace
from typing import Any, Final

from bench.item_sizes import NOW_MS, value_size
from sojourn.domain import ids
from sojourn.domain.revocation import Revocation
from sojourn.store.feed import DynamoFeed

BLOCK: Final = 4_096
BESIDE: Final = 2
"""The realm and the access key, which each page reads too."""


def entry_bytes() -> int:
    """The size of the entry of one session that was ended, as the store writes it."""
    dynamo: Any = SimpleNamespace(skew=SimpleNamespace(off_ms=0))
    clock: Any = SimpleNamespace(wall_ms=lambda: NOW_MS)
    user_id = ids.new_id("usr", NOW_MS)
    revocation = Revocation(
        realm_id=ids.new_id("rl", NOW_MS),
        reason="logout",
        ended_ms=NOW_MS,
        shards=1,
        session_ids=("kss_" + "0" * 54,),
        user_id=user_id,
        expires_at=NOW_MS // 1_000 + 21_600,
    )
    write = DynamoFeed(dynamo, "sessions", clock, kept_seconds=86_400).entry(revocation)
    return sum(len(name) + value_size(value) for name, value in write["Put"]["Item"].items())


ENTRY_BYTES: Final = entry_bytes()


def poll_units(polls: float, entries: float) -> float:
    """Read units a second of so many pages that tell so many entries a second, in one shard."""
    if polls == 0:
        return 0.0
    each = max(1, ceil(entries / polls * ENTRY_BYTES / BLOCK))
    return polls * (BESIDE + each)
