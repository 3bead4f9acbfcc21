"""Contract tests of every store: counters of failed logins."""

from dataclasses import replace

import pytest

from sojourn.domain import ids
from sojourn.domain.errors import Superseded
from sojourn.domain.lockout import Bucket, Counter, Failure, LoginAttempt, counters_of
from sojourn.domain.user import Candidate, Credential
from tests.integration.store.test_store_contract import NOW, a_user, at_once
from tests.support.lost_answers import lose_answers
from tests.support.stores import DynamoStore, Store


def anew() -> LoginAttempt:
    """A try in counters that nobody has counted in."""
    return LoginAttempt(counters_of(ids.new_id("usr", NOW), "203.0.113.9"))


def versions(attempt: LoginAttempt) -> list[str | None]:
    """What tells the writes of its counters apart."""
    return [counter.version for counter in attempt.counters]


def again(store: Store, attempt: LoginAttempt) -> LoginAttempt:
    """The try as the store has it now."""
    return attempt.read(store.attempts.read(attempt.counters))


def test_counters_begin_empty(store: Store) -> None:
    """An unused counter is read as an empty bucket without a version."""
    attempt = anew()
    assert again(store, attempt) == attempt
    assert versions(attempt) == [None] * 3
    assert list(store.attempts.read([])) == []


def test_failure_is_counted_in_all_of_its_counters(store: Store) -> None:
    """A failure is read as it was counted, in order, and by the place and kind of each counter."""
    attempt = anew()
    buckets = tuple(
        Bucket(log=(n + 1, n + 2), row=n, last_ms=NOW + n, successes=n, unlocks=2 * n)
        for n in range(3)
    )
    store.attempts.commit(Failure(attempt, buckets))
    found = again(store, attempt)
    assert [counter.bucket for counter in found.counters] == list(buckets)
    (version,) = set(versions(found))
    assert version is not None
    other_kind = replace(attempt.counters[0], kind="address")
    assert list(store.attempts.read([other_kind])) == [other_kind]


def test_counters_keep_what_their_account_says(store: Store) -> None:
    """Reading gives what was counted, and leaves the account's own numbers as they were asked."""
    (counter,) = store.attempts.read([Counter("0" * 64, "account", successes=3, unlocks=4)])
    assert (counter.successes, counter.unlocks) == (3, 4)


def test_failure_is_counted_on_what_was_read_alone(store: Store) -> None:
    """If a counter has changed, nothing is written, and the error has the new counters."""
    attempt = anew()
    first = LoginAttempt(attempt.counters[1:2])
    store.attempts.commit(first.failed(NOW))
    with pytest.raises(Superseded) as lost:
        store.attempts.commit(attempt.failed(NOW))
    now = lost.value.current
    assert now == again(store, attempt)
    assert [version is None for version in versions(now)] == [True, False, True]
    store.attempts.commit(now.failed(NOW))
    with pytest.raises(Superseded):
        store.attempts.commit(now.failed(NOW))
    rows = [counter.bucket.row for counter in again(store, attempt).counters]
    assert rows == [1, 2, 0]


def test_one_counter_alone_is_counted_in(store: Store) -> None:
    """A try that meets one counter is counted under the same condition."""
    attempt = LoginAttempt(anew().counters[:1])
    store.attempts.commit(attempt.failed(NOW))
    with pytest.raises(Superseded) as lost:
        store.attempts.commit(attempt.failed(NOW))
    assert lost.value.current == again(store, attempt)
    assert [counter.bucket.row for counter in lost.value.current.counters] == [1]


@pytest.mark.parametrize("counters", [1, 3], ids=["a write", "a transaction"])
def test_failure_whose_answer_was_lost_is_counted_once(
    dynamo_store: DynamoStore, monkeypatch: pytest.MonkeyPatch, counters: int
) -> None:
    """A failure that is asked to be counted again meets itself, and is counted."""
    store = dynamo_store
    attempt = LoginAttempt(anew().counters[:counters])
    sent = lose_answers(monkeypatch, store.client)
    store.attempts.commit(attempt.failed(NOW))
    assert len(sent) == 2
    assert again(store, attempt).counters[0].bucket.row == 1


def test_each_of_many_failures_at_once_is_counted_once(store: Store) -> None:
    """Eight simultaneous failures are all counted, each after its conflicts."""
    attempt = anew()

    def fail() -> None:
        found = attempt
        while True:
            try:
                store.attempts.commit(found.failed(NOW))
            except Superseded as error:
                found = error.current
            else:
                return

    assert at_once([fail] * 8) == [None] * 8
    first, here, address = again(store, attempt).counters
    assert (first.bucket.row, here.bucket.row, len(address.bucket.log)) == (8, 8, 8)


def test_candidate_is_as_much_as_a_password_is_tried_by(store: Store) -> None:
    """The user is read with the counters: whole, or without sessions; nobody is None."""
    credential = Credential(id="crd_a", type="password", created_ms=NOW, secret="phc")
    user = a_user(credentials={credential.id: credential}, successes=2, unlocks=1)
    store.add_user(user)
    counters = anew().counters
    candidate, read = store.attempts.read_with_candidate(user.id, counters)
    assert candidate == Candidate(
        id=user.id,
        realm_id=user.realm_id,
        state="active",
        credentials=user.credentials,
        successes=2,
        unlocks=1,
        known=(),
    )
    assert list(read) == list(counters)
    found, read = store.attempts.read_with_user(user.id, counters)
    assert (found, list(read)) == (user, list(counters))
    for nobody in (None, ids.new_id("usr", NOW)):
        assert store.attempts.read_with_candidate(nobody, counters)[0] is None
        assert store.attempts.read_with_user(nobody, counters)[0] is None
