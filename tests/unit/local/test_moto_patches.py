"""The changes of moto that can be tested without moto."""

import threading
from importlib.metadata import version

import pytest

from local import moto_patches


def test_changes_are_to_the_moto_that_is_installed() -> None:
    """A new version of moto is a reason to look at each change to it again."""
    assert version("moto") == moto_patches.VERSION


def test_one_call_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """While moto's DynamoDB is in a call, another call waits; a call may make calls of its own."""
    inside: list[str] = []
    come, go = threading.Event(), threading.Event()

    class Handler:
        def call_action(self, name: str) -> str:
            if name == "again":
                return self.call_action("the last")
            inside.append(name)
            come.set()
            go.wait(20)
            return name

    monkeypatch.setattr(moto_patches, "DynamoHandler", Handler)
    moto_patches._one_call_at_a_time()
    first, second = (
        threading.Thread(target=Handler().call_action, args=(name,)) for name in ("first", "second")
    )
    first.start()
    assert come.wait(20)
    second.start()
    second.join(0.2)
    assert inside == ["first"]
    go.set()
    first.join(20)
    second.join(20)
    assert Handler().call_action("again") == "the last"
    assert inside == ["first", "second", "the last"]
