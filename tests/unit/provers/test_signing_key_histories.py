"""The checker on histories of a realm's signing keys."""

from typing import Any

from provers.concurrency import signing_keys
from provers.concurrency.calls import Record, Someone

NOW = 1_000.0
KNOWN = {"jky_1": 500.0, "jky_2": None}
"""Two keys, of which the first may go."""
ADA = Someone("usr_ada", "ada")


def record(start: int, end: int, name: str, status: int = 200, **answer: Any) -> Record:
    """A call as a worker records it."""
    return Record(ADA, name, {}, start, end, status, answer)


def rotated(start: int, end: int, *, rotated: int, removed: int) -> Record:
    """A run of the schedule."""
    return record(start, end, "rotate", rotated=rotated, removed=removed)


def listed(start: int, end: int, *keys: str) -> Record:
    """A list of the realm's keys."""
    return record(start, end, "keys", keys=dict.fromkeys(keys))


def explained(*records: Record) -> bool:
    """Whether some order explains these."""
    return signing_keys.check(records, KNOWN, now=NOW)[0].linearizable


def test_two_runs_make_one_key() -> None:
    """Of two simultaneous runs one creates a key; a history with two keys or none is an error."""
    one = rotated(0, 10, rotated=1, removed=1)
    other = rotated(0, 10, rotated=0, removed=0)
    assert explained(one, other, listed(11, 12, "jky_2", "jky_3"))
    twice = rotated(0, 10, rotated=1, removed=0)
    assert not explained(one, twice, listed(11, 12, "jky_2", "jky_3", "jky_4"))
    assert not explained(one, twice, listed(11, 12, "jky_2", "jky_3"))
    assert not explained(other, listed(11, 12, "jky_1", "jky_2"))


def test_one_run_removes_and_the_other_makes() -> None:
    """The two commits of a run may come before and after those of another."""
    runs = rotated(0, 10, rotated=0, removed=1), rotated(0, 10, rotated=1, removed=0)
    assert explained(*runs, listed(11, 12, "jky_2", "jky_3"))


def test_lost_key() -> None:
    """A key that was made, and that another change of the realm undid, is found."""
    made = record(0, 10, "make_key", 201, id="jky_3")
    run = rotated(0, 10, rotated=1, removed=1)
    assert explained(run, made, listed(11, 12, "jky_2", "jky_3", "jky_4"))
    assert not explained(run, made, listed(11, 12, "jky_2", "jky_4"))


def test_key_that_makes_a_rotation_needless() -> None:
    """A run that begins after a key was made makes none."""
    made = record(0, 10, "make_key", 201, id="jky_3")
    keys = listed(21, 22, "jky_2", "jky_3")
    assert explained(made, rotated(11, 20, rotated=0, removed=1), keys)
    late = rotated(11, 20, rotated=1, removed=1)
    assert not explained(made, late, listed(21, 22, "jky_2", "jky_3", "jky_4"))


def test_run_without_an_answer() -> None:
    """A run that failed may have done its work, or a part of it."""
    lost = record(0, 10, "rotate", 503)
    for keys in (("jky_1", "jky_2"), ("jky_2",), ("jky_2", "jky_3")):
        assert explained(lost, listed(11, 12, *keys))
    assert not explained(lost, listed(11, 12, "jky_1"))
