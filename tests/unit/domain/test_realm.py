"""The keys that a commit of a realm creates and removes."""

from dataclasses import replace

from sojourn.domain.realm import RealmChange
from tests.unit.domain.test_session_rules import NOW
from tests.unit.domain.test_signing_key import key, owner


def test_keys_of_a_change_are_those_that_come_and_go() -> None:
    """New keys come in the order of their numbers; a key that is there before and after is none."""
    old, kept, new, newer = (key(number, NOW + number) for number in range(1, 5))
    before = owner(old, kept)
    after = replace(owner(newer, replace(kept, signs_from_ms=NOW), new), id=before.id)
    change = RealmChange(before, after)
    assert change.new_keys == [new, newer]
    assert change.gone_keys == [old.id]
