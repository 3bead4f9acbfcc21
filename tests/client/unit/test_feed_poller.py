"""Mode "feed": its thread, forks, failures, and what is told of them."""

import gc
import os
import signal
import threading
import time
from typing import Any

import pytest

from sojourn_client import Terminated, Unavailable
from tests.client.unit.feed_client import S, client, warm
from tests.client.unit.feed_service import FeedService
from tests.client.unit.script import reply


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"collection": []},
        {"collection": [], "cursor": ""},
        {"collection": [], "cursor": "c"},
        {"collection": [7], "cursor": "c", "complete_since": 1.0},
        {"collection": [{"id": "rev_1"}], "cursor": "c", "complete_since": 1.0},
        {"collection": [], "cursor": "c", "complete_since": "now"},
    ],
    ids=str,
)
def test_page_that_is_none_is_a_failure(body: dict[str, Any], monkeypatch: Any) -> None:
    """What is not a page of the feed makes nothing fresh."""
    service = FeedService()
    sojourn, poller = client(service)
    monkeypatch.setattr(service, "answer", lambda _: reply(200, body))
    poller.poll()
    assert not sojourn.health().fresh
    assert sojourn.health().failures == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="This system has no fork")
def test_child_polls_by_itself() -> None:
    """A process that is forked in the middle of a poll, with all locks taken, begins its own."""
    service = FeedService()
    sojourn, poller = warm(service)
    begun = service.begin()
    verifier: Any = sojourn._verifier
    children: list[int] = []

    def forks() -> None:
        with poller.lock, verifier._flights._lock, sojourn._workers._lock, poller._starting:
            child = os.fork()
            if child:
                children.append(child)
                return
            signal.alarm(20)  # a child that hangs is a failure
            code = 1
            try:
                service.lock = threading.Lock()
                assert not sojourn.health().polling
                assert sojourn.health().staleness is None
                assert sojourn.verify(begun.token).id == begun.id
                poller.ensure()
                while not sojourn.health().fresh:
                    time.sleep(0.01)
                assert sojourn.health().polling
                assert sojourn.verify(begun.token).id == begun.id
                code = 0
            finally:
                os._exit(code)

    service.during = forks
    poller.poll()
    _, status = os.waitpid(children[0], 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert sojourn.health().fresh


def test_thread_ends_with_its_client() -> None:
    """The poller's thread ends when the client is closed, or when nobody has it any more."""
    service = FeedService()
    for closes in (True, False):
        sojourn, poller = client(service, max_staleness=0.1)
        poller.ensure()
        thread = poller._thread
        assert thread is not None
        poller.ensure()
        assert poller._thread is thread
        if closes:
            sojourn.close()
        del sojourn, poller
        gc.collect()
        thread.join(20)
        assert not thread.is_alive()


def test_failures_are_told_and_tried_again_later_each_time() -> None:
    """A poll that fails is tried again after a backoff, which `health` and `observe` tell of."""
    service = FeedService(feed_away=True)
    events: list[str] = []
    sojourn, poller = client(service, observe=lambda event, _: events.append(event))
    pauses = [poller.poll() for _ in range(8)]
    for n, pause in enumerate(pauses):
        assert 0.5 * min(S, 0.5 * 2**n) <= pause <= min(S, 0.5 * 2**n)
    assert events == ["poll_failed"] * 8
    health = sojourn.health()
    assert (health.mode, health.fresh, health.failures) == ("feed", False, 8)
    assert health.error
    service.feed_away = False
    assert 0 < poller.poll() <= S / 4
    assert sojourn.health().failures == 0
    assert sojourn.health().error is None


def test_what_happens_is_observed() -> None:
    """Verifications, questions and ends are told to `observe`, with their numbers."""
    service = FeedService()
    events: list[tuple[str, float]] = []
    sojourn, poller = client(service, observe=lambda event, x: events.append((event, x)))
    begun = service.begin()
    service.there = 0.5
    sojourn.verify(begun.token)
    service.end(begun)
    poller.poll()
    for _ in range(2):
        with pytest.raises(Terminated):
            sojourn.verify(begun.token)
    service.passes(S)
    service.away = True
    with pytest.raises(Unavailable):
        sojourn.verify(service.begin().token)
    assert [event for event, _ in events] == [
        "asked",
        "accepted",
        "ended",
        "polled",
        "rejected",
        "rejected",
        "unavailable",
    ]
    assert events[0][1] == pytest.approx(0.5)


def test_observer_that_fails_harms_nobody() -> None:
    """What `observe` raises changes no verification."""

    def observe(_event: str, _number: float) -> None:
        raise RuntimeError("metrics are away")

    service = FeedService()
    sojourn, _ = warm(service, observe=observe)
    begun = service.begin()
    assert sojourn.verify(begun.token).id == begun.id
    assert sojourn.health().fresh
