"""The local stack's turns: one thread at a time changes a value, and all of them get to it."""

import threading
from dataclasses import dataclass
from typing import Any

import pytest

from local.turns import in_turns
from sojourn.domain.errors import Unavailable
from sojourn.runtime import deadline
from sojourn.runtime.clock import SystemClock


@dataclass(frozen=True, slots=True)
class Value:
    """Something with an id."""

    id: str


def test_threads_change_a_value_one_after_the_other() -> None:
    """Of those who want the same value one is at it at a time; another value waits for nobody."""
    at_it: list[str] = []
    most: list[int] = []
    other = threading.Event()

    def commit(_store: Any, value: Value, _decide: Any, *, clock: Any) -> None:
        if value.id == "other":
            other.set()
            return
        at_it.append(value.id)
        most.append(len(at_it))
        other.wait(10)
        at_it.remove(value.id)

    turned = in_turns(commit)
    threads = [
        threading.Thread(
            target=turned, args=(None, Value(i), None), kwargs={"clock": SystemClock()}
        )
        for i in ("one", "one", "one", "other")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert other.is_set()
    assert most == [1, 1, 1]


def test_turn_that_does_not_come_in_time() -> None:
    """Who waits for a turn beyond the request's deadline is told to try again; the turn is free."""
    clock = SystemClock()

    def commit(_store: Any, value: Value, _decide: Any, **_: Any) -> str:
        with deadline.deadline(clock, seconds=0.05), pytest.raises(Unavailable):
            turned(None, value, None, clock=clock)
        return "done"

    turned = in_turns(commit)
    for _ in range(2):
        assert turned(None, Value("one"), None, clock=clock) == "done"
