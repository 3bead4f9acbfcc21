"""The queue of the local server's threads: one change of a user at a time."""

import threading
from dataclasses import dataclass
from typing import Any

import pytest

from local.turns import in_turns
from sojourn.runtime import deadline
from tests.support.clock import MovedClock


@dataclass(frozen=True, slots=True)
class Value:
    """What has an id, as a user has."""

    id: str


@dataclass(frozen=True, slots=True)
class Holder:
    """What has a user."""

    user: Value


ADA, BOB = Value("usr_ada"), Value("usr_bob")


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        (ADA, ADA, False),
        (Holder(ADA), ADA, False),
        (Holder(ADA), Holder(ADA), False),
        (ADA, BOB, True),
        (Holder(ADA), Holder(BOB), True),
        (object(), object(), True),
    ],
)
def test_one_change_of_a_user_at_a_time(first: object, second: object, together: bool) -> None:
    """While one thread changes a user, another waits; changes of other users do not."""
    meeting = threading.Barrier(2)
    met: list[bool] = []

    def commit(*_given: Any, **_more: Any) -> None:
        try:
            meeting.wait(timeout=5 if together else 0.2)
        except threading.BrokenBarrierError:
            met.append(False)
        else:
            met.append(True)

    waiting, clock = in_turns(commit), MovedClock()

    def run(value: object) -> None:
        with deadline.deadline(clock):
            waiting(None, value, None, clock=clock)

    threads = [threading.Thread(target=run, args=(value,)) for value in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert met == [together] * 2
