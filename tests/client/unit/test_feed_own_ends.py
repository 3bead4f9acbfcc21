"""Mode "feed": what this process ended itself, and answers that come late."""

from typing import Any

import pytest

from sojourn_client import InvalidToken, Terminated
from tests.client.unit.feed_client import asked, warm
from tests.client.unit.feed_service import FeedService
from tests.client.unit.service import KID


def test_late_answer_does_not_undo_an_end() -> None:
    """An answer from before an end that was read meanwhile is not remembered."""
    service = FeedService()
    begun = service.begin()
    sojourn, poller = warm(service)
    verifier: Any = sojourn._verifier

    def ends() -> None:
        service.end(begun)
        service.lock.release()
        try:
            poller.poll()
        finally:
            service.lock.acquire()

    service.during = ends
    sojourn.verify(begun.token)  # it came before
    with pytest.raises(Terminated):
        sojourn.verify(begun.token)
    assert verifier is not None


@pytest.mark.parametrize("validated", [True, False])
def test_own_end_is_seen_at_once(validated: bool) -> None:
    """What this process ended is refused at once, before the feed tells."""
    service = FeedService()
    old = service.begin()
    sojourn, poller = warm(service)
    begun, other = old if validated else service.begin(), service.begin()
    sojourn.verify(begun.token)
    sojourn.end(token=begun.token)
    with pytest.raises(Terminated):
        sojourn.verify(begun.token)
    service.passes(1)
    poller.poll()
    before = asked(service)
    sojourn.verify(other.token)
    assert asked(service) == before


def test_own_end_during_a_poll() -> None:
    """A poll that was asked for before this process ended a session does not make up for it."""
    service = FeedService()
    sojourn, poller = warm(service)
    begun = service.begin()
    sojourn.verify(begun.token)
    service.passes(1)

    def ends() -> None:
        service.passes(1)
        service.lock.release()
        try:
            sojourn.end(token=begun.token)
        finally:
            service.lock.acquire()

    service.during = ends
    poller.poll()
    with pytest.raises(Terminated):
        sojourn.verify(begun.token)


def test_refused_session_is_not_accepted_by_its_token() -> None:
    """A session that the service calls invalid is asked for again, and not accepted by itself."""
    service = FeedService()
    sojourn, _ = warm(service)
    forged = service.forge(KID)
    with pytest.raises(InvalidToken):
        sojourn.verify(forged.token, max_staleness=0)
    with pytest.raises(InvalidToken):
        sojourn.verify(forged.token)
