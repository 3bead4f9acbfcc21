"""Entries of the feed: their order, their shards, and for how long one may come late."""

from dataclasses import replace
from itertools import pairwise

import pytest

from sojourn.domain import ids
from sojourn.domain import revocation as revocations
from sojourn.domain.realm import (
    FEED_KEPT_MS,
    REMEMBERED_SECONDS,
    SHARDS_LINGER_MS,
    Realm,
)
from sojourn.domain.revocation import (
    CONFIRMED_SECONDS,
    OVERLAP_MS,
    SLICE_MS,
    FormerShards,
    Revocation,
    first_id,
    slice_of,
)
from sojourn.domain.session_rules import CLOCKS_APART_MS
from sojourn.runtime import deadline
from sojourn.runtime.settings import MOST_HOURS
from sojourn.store import realm_cache
from tests.unit.domain.test_signing_key import owner

NOW = 2_500_000_000_000
ONE = Revocation(realm_id="rl_1", reason="logout", ended_ms=NOW, shards=1, user_id="usr_1")


# How late an entry may come.


def test_entry_is_acknowledged_within_the_overlap() -> None:
    """From the time of an entry to the answer, by the clocks of two instances, is less than that.

    A request tries for its deadline and one attempt more, and may wait for cached realms.
    """
    assert CONFIRMED_SECONDS == deadline.SECONDS + deadline.ATTEMPT_SECONDS
    waits = realm_cache.SECONDS + realm_cache.EXPIRY_MARGIN
    assert 1000 * (CONFIRMED_SECONDS + waits) + CLOCKS_APART_MS < OVERLAP_MS


def test_former_shards_are_read_as_long_as_a_writer_may_use_them() -> None:
    """A writer's realm may have been cached when its request began, and its clock be ahead."""
    longest = 1000 * (REMEMBERED_SECONDS + CONFIRMED_SECONDS) + CLOCKS_APART_MS
    assert longest < SHARDS_LINGER_MS
    assert REMEMBERED_SECONDS == realm_cache.SECONDS


def test_former_shards_are_known_as_long_as_their_entries_are_kept() -> None:
    """What a realm remembers of its shards outlives the entries that are in them."""
    assert MOST_HOURS * 3_600_000 + SLICE_MS + SHARDS_LINGER_MS < FEED_KEPT_MS


# Order.


def test_ids_of_entries_sort_by_time() -> None:
    """The first id of a time is before every entry of it, and after every one of before."""
    times_ms = [0, 1, NOW - 1, NOW, NOW + 1, (1 << 48) - 1]
    for before, after in pairwise(times_ms):
        for made in (ids.new_id("rev", before), f"rev_{ids.encode(((before + 1) << 80) - 1, 22)}"):
            assert first_id(before) <= made < first_id(after)
            assert ids.created_ms(made) == before
    assert first_id(-5) == first_id(0)


def test_slice_is_an_hour() -> None:
    """A slice begins with its hour and ends before the next."""
    assert SLICE_MS == 3_600_000
    assert [slice_of(SLICE_MS * 7 + ms) for ms in (-1, 0, SLICE_MS - 1, SLICE_MS)] == [6, 7, 7, 8]


# Shards.


def test_shard_is_one_of_those_there_are() -> None:
    """Entries of many users are spread over all shards, and those of one user are in one."""
    for shards in (1, 2, 16):
        made = [replace(ONE, user_id=f"usr_{n}", shards=shards).shard for n in range(300)]
        assert {*made} == {*range(shards)}
        assert max(map(made.count, range(shards))) < 2 * 300 / shards or shards == 1
    assert replace(ONE, shards=16, reason="evicted").shard == replace(ONE, shards=16).shard


def test_entry_of_no_user_is_in_a_shard_of_its_realm() -> None:
    """The end of a realm or the stop of a key is in one shard."""
    ended = replace(ONE, user_id=None, shards=16, scope="realm")
    assert ended.shard == replace(ended, scope="key", key_id="jky_1").shard
    assert len({replace(ended, realm_id=f"rl_{n}").shard for n in range(99)}) == 16


def changed(*steps: tuple[int, int]) -> Realm:
    """A realm that got each number of shards at its time."""
    realm = owner()
    for count, at in steps:
        former = realm.leaving_shards(at)
        settings = replace(realm.settings, revocation_shards=count)
        realm = replace(realm, settings=settings, former_shards=former)
    return realm


HOUR = SLICE_MS
START = slice_of(NOW) * SLICE_MS


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([], [1, 1, 1, 1]),
        ([(4, START + HOUR)], [4, 4, 4, 4]),
        ([(4, START), (2, START + HOUR)], [4, 4, 2, 2]),
        ([(4, START), (2, START + 2 * HOUR - SHARDS_LINGER_MS - 1)], [4, 4, 2, 2]),
        ([(4, START), (2, START + 2 * HOUR - SHARDS_LINGER_MS)], [4, 4, 4, 2]),
        ([(4, START), (2, START + HOUR), (1, START + 2 * HOUR)], [4, 4, 4, 1]),
        ([(4, START), (1, START + HOUR), (2, START + HOUR + 1)], [4, 4, 2, 2]),
        ([(4, START - FEED_KEPT_MS), (1, START - FEED_KEPT_MS), (2, START)], [4, 2, 2, 2]),
        ([(4, START - FEED_KEPT_MS), (1, START - FEED_KEPT_MS), (2, START + 1)], [2, 2, 2, 2]),
    ],
)
def test_slice_is_read_in_as_many_shards_as_it_may_have(
    steps: list[tuple[int, int]], expected: list[int]
) -> None:
    """Slices of before a change, and of a minute after it, are read in the most shards of then."""
    realm = changed(*steps)
    first = slice_of(START)
    assert [realm.shards_of(first + n) for n in range(4)] == expected


def test_realm_remembers_the_most_shards_and_the_last_change() -> None:
    """However often the number changes, one number and one time are enough."""
    assert changed((4, NOW)).former_shards == FormerShards(count=1, left_ms=NOW)
    assert changed((4, NOW), (2, NOW + 1)).former_shards == FormerShards(4, NOW + 1)
    assert changed((4, 1), (2, 2), (3, 3)).former_shards == FormerShards(4, 3)


def test_limits_are_those_of_the_contract() -> None:
    """A realm's feed has one shard by default, and at most sixteen."""
    assert revocations.SHARDS == (1, 16)
    assert owner().settings.revocation_shards == 1
