"""Counters of failed logins, in the form of the wire."""

from dataclasses import replace
from typing import Final

import pytest

from sojourn.domain.lockout import Bucket, counters_of, of_account
from sojourn.store.attempts import _read, counter_item
from sojourn.store.expressions import encode

COUNTER: Final = counters_of(of_account("usr_a"), "203.0.113.9")[0]
FULL: Final = Bucket(log=(10, 20), row=2, last_ms=20_000, successes=3, unlocks=4)


@pytest.mark.parametrize("bucket", [FULL, Bucket()], ids=["full", "empty"])
def test_counter_comes_back_as_it_was(bucket: Bucket) -> None:
    """What is written of a counter is what is read of it, with its version."""
    found = _read(COUNTER, encode(counter_item(bucket, "abc", kept_until=1)))
    assert (found.bucket, found.version) == (bucket, "abc")
    assert (found.digest, found.kind) == (COUNTER.digest, COUNTER.kind)


def test_counter_of_a_former_version_has_no_unlocks() -> None:
    """A counter that was stored before accounts could be unlocked is one of none."""
    item = encode(counter_item(FULL, "abc", kept_until=1))
    del item["unlocks"]
    assert _read(COUNTER, item).bucket == replace(FULL, unlocks=0)


def test_counter_that_is_not_stored_is_new() -> None:
    """Where there is no item, nothing is counted and there is no version."""
    known = replace(COUNTER, bucket=FULL, version="abc")
    found = _read(known, None)
    assert (found.bucket, found.version) == (Bucket(), None)
