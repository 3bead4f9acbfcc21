"""The cache of realms: at most five seconds old, and newer for tokens with an unknown key."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from sojourn.domain.realm import Realm
from sojourn.domain.signing_key import StoppedKey
from sojourn.store.realm_cache import KEY_SECONDS, SECONDS, wait_for_expiry
from tests.support.clock import MovedClock
from tests.support.world import World


@pytest.fixture
def world() -> World:
    """A world of its own for each test."""
    return World()


@pytest.fixture
def reads(world: World, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The realms that were read, by call."""
    made: list[list[str]] = []
    one = world.store.realms.get

    def get(realm_id: str) -> Realm | None:
        made.append([realm_id])
        return one(realm_id)

    def get_many(realm_ids: Sequence[str]) -> Sequence[Realm | None]:
        made.append(list(realm_ids))
        return [one(realm_id) for realm_id in realm_ids]

    monkeypatch.setattr(world.store.realms, "get", get)
    monkeypatch.setattr(world.store.realms, "get_many", get_many)
    return made


def with_new_key(world: World) -> tuple[Realm, str]:
    """The realm as an emergency leaves it: a key that signs already; and that key's id."""
    key = world.realm.signing_key(world.clock.wall_ms())
    new = replace(key, id="jky_new", number=3)
    changed = replace(world.realm, keys={**world.realm.keys, new.id: new}, version=2)
    world.store.realms.add(changed)
    return changed, new.id


def test_key_that_is_not_known_is_looked_for(world: World, reads: list[list[str]]) -> None:
    """A realm without the key is read again, unless it was read within a quarter of a second."""
    before = world.realm
    assert world.cache.get(before.id) == before
    changed, new = with_new_key(world)
    assert world.cache.with_key(before.id, new, before.issuer) == before
    world.clock.advance(KEY_SECONDS - 0.001)
    assert world.cache.with_keys([(before.id, new, before.issuer)]) == {before.id: before}
    assert len(reads) == 1
    world.clock.advance(0.001)
    assert world.cache.with_key(before.id, new, before.issuer) == changed
    assert len(reads) == 2


def test_keys_of_many_are_looked_for_at_once(world: World, reads: list[list[str]]) -> None:
    """Of a batch, only realms that lack a key are read again, in one call."""
    other, third = world.new_realm(), world.new_realm()
    wanted = [(r.id, next(iter(r.keys)), r.issuer) for r in (world.realm, other, third)]
    assert world.cache.with_keys(wanted) == {r.id: r for r in (world.realm, other, third)}
    assert [len(read) for read in reads] == [3]
    changed, new = with_new_key(world)
    world.clock.advance(KEY_SECONDS)
    asked = [*wanted, (world.realm_id, new, changed.issuer)]
    asked += [(other.id, "jky_made_up", other.issuer), ("rl_none", "jky_x", "")]
    found = world.cache.with_keys(asked)
    assert found == {changed.id: changed, other.id: other, third.id: third, "rl_none": None}
    assert [sorted(read) for read in reads[1:]] == [["rl_none"], sorted([changed.id, other.id])]


def test_known_and_stopped_keys_are_not_looked_for(world: World, reads: list[list[str]]) -> None:
    """A key never comes back, so what the realm knows of one is not asked again."""
    key = world.realm.signing_key(world.clock.wall_ms())
    stopped = StoppedKey(key=replace(key, id="jky_old"), ended_ms=1, by="key_a", compromised=True)
    world.store.realms.add(replace(world.realm, stopped={"jky_old": stopped}))
    for seconds in (0.0, KEY_SECONDS):
        world.clock.advance(seconds)
        for name in (key.id, "jky_old"):
            assert world.cache.with_key(world.realm_id, name, world.realm.issuer) is not None
            known = world.realm_id, name, world.realm.issuer
            assert world.cache.with_keys([known])[world.realm_id] is not None
    assert len(reads) == 1


def test_made_up_keys_cost_four_reads_a_second(world: World, reads: list[list[str]]) -> None:
    """Garbage that names a realm and made-up keys is bounded; a realm made up costs one read."""
    for n in range(100):
        world.cache.with_key(world.realm_id, f"jky_{n}", world.realm.issuer)
        world.cache.with_key("rl_none", f"jky_{n}", "")
        world.clock.advance(0.01)
    assert len([read for read in reads if read == [world.realm_id]]) == 4
    assert len([read for read in reads if read == ["rl_none"]]) == 1


@pytest.mark.parametrize("spent", [0.0, 2.0])
def test_wait_outlasts_every_cache(spent: float) -> None:
    """Waiting for caches allows for clocks that run one per cent slower."""
    clock = MovedClock()
    since = clock.monotonic()
    clock.advance(spent)
    wait_for_expiry(clock, since=since if spent else None)
    waited = clock.monotonic() - since
    assert SECONDS < waited * 0.99 < SECONDS + 0.1


def test_wait_that_is_over_takes_no_time() -> None:
    """A caller that has already spent the time does not wait again."""
    clock = MovedClock()
    since = clock.monotonic()
    clock.advance(SECONDS + 1)
    wait_for_expiry(clock, since=since)
    assert clock.monotonic() == since + SECONDS + 1


def test_realm_of_any_age_is_good_for_a_signature(world: World, reads: list[list[str]]) -> None:
    """A realm that is too old to decide by still has its keys; nothing is read for it."""
    issuer = world.realm.issuer
    key = world.realm.signing_key(world.clock.wall_ms()).id
    assert world.cache.last_with_key(world.realm_id, key, issuer) is None
    assert world.cache.get(world.realm_id) == world.realm
    world.clock.advance(3_600)
    assert world.cache.last_with_key(world.realm_id, key, issuer) == world.realm
    assert world.cache.last_with_key(world.realm_id, "jky_other", issuer) is None
    assert world.cache.last_with_key(world.realm_id, key, "https://other.example.com") is None
    assert world.cache.get("rl_none") is None
    assert world.cache.last_with_key("rl_none", key, issuer) is None
    assert reads == [[world.realm_id], ["rl_none"]]


def test_realm_is_read_with_something_else(world: World, reads: list[list[str]]) -> None:
    """The caller's `load` is called only if the cached realm is too old."""
    loaded: list[int] = []

    def load() -> Realm | None:
        loaded.append(1)
        return world.realm

    for seconds, times in ((0, 1), (4.999, 1), (0.001, 2)):
        world.clock.advance(seconds)
        assert world.cache.get(world.realm_id, load) == world.realm
        assert len(loaded) == times
    assert reads == []


def test_issuer_that_is_not_known_is_looked_for(world: World, reads: list[list[str]]) -> None:
    """A realm that does not know a token's issuer is read again, as one without its key is."""
    key_id = world.realm.signing_key(world.clock.wall_ms()).id
    before = world.realm
    assert world.cache.get(before.id) == before
    changed = before.naming("https://new.example.com", now_ms=world.clock.wall_ms())
    world.store.realms.add(changed)
    new = world.realm_id, key_id, changed.issuer
    assert world.cache.with_key(*new) == before
    world.clock.advance(KEY_SECONDS)
    assert world.cache.with_keys([new]) == {changed.id: changed}
    for issuer in changed.issuers:
        world.clock.advance(KEY_SECONDS)
        assert world.cache.with_key(changed.id, key_id, issuer) == changed
    assert len(reads) == 2
