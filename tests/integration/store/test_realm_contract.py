"""Contract tests of every store: realms and signing keys."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from sojourn.domain import ids
from sojourn.domain.due import Due, Progress, settlement_job
from sojourn.domain.errors import Superseded
from sojourn.domain.realm import Deletion, Realm, RealmChange
from sojourn.domain.signing_key import PublicKey
from sojourn.runtime import optimistic
from tests.integration.store.test_due_contract import due
from tests.integration.store.test_store_contract import NOW, at_once, realm
from tests.support import histories
from tests.support.clock import MovedClock
from tests.support.lost_answers import lose_answers
from tests.support.stores import DynamoStore, Store

LEAVING = Deletion(started_ms=NOW, by="key_tests")


def made(store: Store, **changes: object) -> Realm:
    """A realm in the store, with the private half of its key."""
    found = realm(**changes)
    store.realms.create_realm(found, dict.fromkeys(found.keys, b"old"))
    return found


def renamed(found: Realm, name: str = "New") -> RealmChange:
    """A change of a realm's name."""
    return RealmChange(found, replace(found, name=name))


def rekeyed(found: Realm) -> RealmChange:
    """A change that replaces the realm's keys by a new one, and adds a settlement for cleanup."""
    key = PublicKey(
        id=ids.new_id("jky", NOW),
        algo="eddsa",
        pem="new",
        signs_from_ms=NOW,
        created_ms=NOW,
        number=found.key_count + 1,
    )
    after = replace(found, keys={key.id: key}, key_count=key.number)
    job = settlement_job(found.id, key.id, now_ms=NOW)
    return RealmChange(found, after, private={key.id: b"new"}, due=(job,))


def untouched(store: Store, change: RealmChange) -> bool:
    """Whether nothing of a change was written beside its realm."""
    realm_id = change.before.id
    halves = [store.realms.private_key(realm_id, key.id) for key in change.new_keys]
    kept = [store.realms.private_key(realm_id, key_id) for key_id in change.gone_keys]
    settlements = [store.settlements.progress(realm_id, job.name) for job in change.due]
    return [*halves, *settlements] == [None] * len([*halves, *settlements]) and None not in kept


# Realms that are made, and the list of them.


def test_created_realm_is_there_with_its_private_halves(store: Store) -> None:
    """A new realm is read as it was written, is listed, and has the private half of each key."""
    found = made(store)
    (key_id,) = found.keys
    assert store.realms.get(found.id) == store.realms.find(found.id) == found
    assert store.realms.private_key(found.id, key_id) == b"old"
    assert list(store.realms.each_realm()) == [found]
    assert store.realms.realms(after=None, limit=9, ascending=True) == ([found], False)


@pytest.mark.parametrize("up", [True, False], ids=["ascending", "descending"])
def test_realms_are_paged_by_id(store: Store, up: bool) -> None:
    """Realms come by id in both directions, those being deleted too, behind a cursor."""
    ids_of = [ids.new_id("rl", NOW + n) for n in range(4)]
    gone = ids_of.pop(1)
    all_of = [made(store, id=i, deletion=LEAVING if i == ids_of[0] else None) for i in ids_of]
    ordered = all_of if up else all_of[::-1]

    def page(limit: int, after: str | None = None) -> tuple[list[Realm], bool]:
        found, more = store.realms.realms(after=after, limit=limit, ascending=up)
        return list(found), more

    assert page(3) == (ordered, False)
    assert page(2) == (ordered[:2], True)
    assert page(2, ordered[1].id) == (ordered[2:], False)
    assert page(9, ordered[2].id) == ([], False)
    assert page(9, gone) == ([r for r in ordered if (r.id > gone) == up], False)
    assert list(store.realms.each_realm()) == all_of


def test_realm_that_is_being_deleted_is_found_as_such_alone(store: Store) -> None:
    """It is gone to all but who asks for it with its deletion."""
    leaving = made(store, deletion=LEAVING)
    assert store.realms.find(leaving.id) == leaving
    assert store.realms.get(leaving.id) is None
    assert store.realms.find(ids.new_id("rl", NOW)) is None


# Changes.


@settings(
    max_examples=15,
    # A failure is told by its differing fields; to shrink two realms takes minutes.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(before=histories.realms(), after=histories.realms())
def test_any_change_comes_back_as_it_was_done(store: Store, before: Realm, after: Realm) -> None:
    """Every change of a realm is read back, with the next version."""
    before = replace(before, id=ids.new_id("rl", NOW), deletion=None)
    after = replace(after, id=before.id)
    store.add_realm(before)
    done = store.realms.commit(RealmChange(before, after))
    assert done.before == before
    assert done.after == store.realms.find(before.id) == replace(after, version=before.version + 1)


def test_change_of_keys_takes_their_private_halves_along(store: Store) -> None:
    """A new key's private half is written, a removed key's is gone, and the settlement is added."""
    found = made(store)
    change = rekeyed(found)
    (old,), (new,) = found.keys, change.after.keys
    done = store.realms.commit(change)
    assert store.realms.get(found.id) == done.after
    assert store.realms.private_key(found.id, old) is None
    assert store.realms.private_key(found.id, new) == b"new"
    assert store.settlements.progress(found.id, new) == Progress(change.due[0].due_at)


def test_deletion_is_left_to_cleanup_with_its_commit(store: Store) -> None:
    """The commit that marks a realm as being deleted leaves the rest to cleanup."""
    found = made(store)
    job = Due("realm_deletion", found.id, NOW // 1000)
    store.realms.commit(RealmChange(found, replace(found, deletion=LEAVING), due=(job,)))
    assert store.realms.get(found.id) is None
    assert due(store, NOW // 1000) == [job]


@pytest.mark.parametrize("behind", [-1, 1], ids=["older", "newer"])
def test_change_of_another_version_is_superseded(store: Store, behind: int) -> None:
    """A change of another state than the realm's writes nothing, and carries what is there."""
    found = replace(made(store, version=5))
    for change in (renamed, rekeyed):
        decided = change(replace(found, version=5 + behind))
        with pytest.raises(Superseded) as lost:
            store.realms.commit(decided)
        assert lost.value.current == found == store.realms.get(found.id)
        assert untouched(store, decided)


def test_change_does_not_revive_a_realm(store: Store) -> None:
    """A realm that is gone, or being deleted, carries None: it is neither made nor changed."""
    absent, leaving = realm(), made(store, deletion=LEAVING, version=2)
    for change in (renamed, rekeyed):
        for before in (absent, leaving, replace(leaving, deletion=None, version=1)):
            with pytest.raises(Superseded) as lost:
                store.realms.commit(change(before))
            assert lost.value.current is None
    assert store.realms.find(absent.id) is None
    assert store.realms.find(leaving.id) == leaving


def test_one_change_of_a_version_wins(store: Store) -> None:
    """Of six simultaneous changes of one version exactly one is done, completely."""
    found = made(store)
    changes = [renamed(found, str(n)) for n in range(3)] + [rekeyed(found) for _ in range(3)]
    outcomes = at_once([lambda c=c: store.realms.commit(c) for c in changes])  # type: ignore[misc]
    (won,) = [outcome for outcome in outcomes if isinstance(outcome, RealmChange)]
    assert store.realms.get(found.id) == won.after
    pairs = zip(changes, outcomes, strict=True)
    lost = [(change, outcome) for change, outcome in pairs if isinstance(outcome, Superseded)]
    assert [outcome.current for _, outcome in lost] == [won.after] * 5
    for change, _ in lost:
        assert [store.realms.private_key(found.id, k.id) for k in change.new_keys] in ([], [None])
        assert [store.settlements.progress(found.id, job.name) for job in change.due] in (
            [],
            [None],
        )


def test_no_change_is_lost(store: Store, clock: MovedClock) -> None:
    """Four who each end the realm's sessions, anew on what came between, leave four ends."""
    found = made(store)

    def end() -> object:
        return optimistic.commit(
            store.realms,
            found,
            lambda r: RealmChange(r, r.ending_all(by="key_tests", now_ms=NOW)),
            clock=clock,
        )

    assert all(isinstance(done, RealmChange) for done in at_once([end] * 4))
    after = store.realms.get(found.id)
    assert after is not None
    assert (after.generation, after.version, len(after.ends)) == (4, found.version + 4, 4)


@pytest.mark.parametrize("change", [renamed, rekeyed], ids=["alone", "with keys"])
def test_change_whose_answer_was_lost_is_done_once(
    dynamo_store: DynamoStore, monkeypatch: pytest.MonkeyPatch, change: object
) -> None:
    """A change that was done and asked again is answered as done, and is not done twice."""
    store = dynamo_store
    found = made(store)
    decided = renamed(found) if change is renamed else rekeyed(found)
    sent = lose_answers(monkeypatch, store.client)
    done = store.realms.commit(decided)
    assert len(sent) == 2
    assert store.realms.get(found.id) == done.after
    assert done.after.version == found.version + 1
    halves = [store.realms.private_key(found.id, key.id) for key in decided.new_keys]
    assert halves == [b"new"] * len(halves)


def test_mark_of_a_key_and_a_change_meet(store: Store) -> None:
    """A change that was decided before a key was marked open-ended is superseded by the mark."""
    found = made(store)
    (key_id,) = found.keys
    store.realms.record_open_ended(found.id, key_id)
    with pytest.raises(Superseded) as lost:
        store.realms.commit(rekeyed(found))
    assert isinstance(lost.value.current, Realm)
    assert lost.value.current.keys[key_id].open_ended
