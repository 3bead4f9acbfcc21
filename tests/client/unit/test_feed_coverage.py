"""Mode "feed": since when everything is known, how fresh it is, and what from before counts."""

from typing import Any

import pytest

from sojourn_client import InvalidToken, Rejected, Terminated
from tests.client.unit.feed_client import S, asked, client, warm
from tests.client.unit.feed_service import KEPT, FeedService
from tests.client.unit.service import KID


@pytest.mark.parametrize("news", [True, False])
def test_staleness_counts_from_when_the_poll_was_sent(news: bool) -> None:
    """A poll whose answer comes late does not make what is known younger."""
    service = FeedService()
    sojourn, poller = warm(service)
    begun = service.begin()
    if news:
        service.end(service.begin())
    service.passes(S)
    service.there, service.back = 1.0, 3.5
    poller.poll()
    service.there = service.back = 0.0
    service.passes(S - 4.5 - 0.1)
    before = asked(service)
    sojourn.verify(begun.token)
    assert asked(service) == before
    service.passes(0.1)
    sojourn.verify(begun.token)
    assert asked(service) == before + 1


def test_sweep_of_pages_counts_from_its_first() -> None:
    """A sweep that is cut in the middle is fresh from when its first page was asked for."""
    service = FeedService(page=1)
    sojourn, poller = warm(service)
    for _ in range(4):
        service.end(service.begin())
    pages = service.polls

    def torn() -> None:
        service.feed_away = True

    service.during = torn
    poller.poll()
    assert service.polls == pages + 1
    service.passes(S)
    service.feed_away = False
    poller.poll()
    assert sojourn.health().staleness == pytest.approx(S, abs=2)
    assert not sojourn.health().fresh
    poller.poll()
    assert sojourn.health().fresh


def test_feed_that_was_away_too_long() -> None:
    """When the cursor is older than what is kept, everything is validated anew."""
    service = FeedService()
    events: list[str] = []
    begun, ended = service.begin(), service.begin()
    sojourn, poller = warm(service, observe=lambda event, _: events.append(event))
    for each in (begun, ended):
        sojourn.verify(each.token)
    service.feed_away = True
    service.end(ended)
    service.passes(KEPT + 100)
    service.feed_away = False
    poller.poll()
    assert "coverage_lost" in events
    assert sojourn.health().fresh
    before = asked(service)
    with pytest.raises(Terminated):
        sojourn.verify(ended.token)
    sojourn.verify(begun.token)
    sojourn.verify(begun.token)
    assert asked(service) == before + 2


def test_key_that_was_confirmed_before_coverage() -> None:
    """A key of which a token was accepted before coverage began may have been stopped since."""
    service = FeedService()
    sojourn, poller = client(service)
    sojourn.verify(service.begin().token)
    service.stop(KID)
    service.passes(KEPT)
    poller.poll()
    service.passes(1)
    poller.poll()
    with pytest.raises(InvalidToken):
        sojourn.verify(service.forge(KID).token)


def test_answer_from_before_the_coverage_is_not_enough() -> None:
    """A session that was validated before the feed's coverage began is asked for again."""
    service = FeedService()
    begun = service.begin()
    sojourn, poller = client(service)
    sojourn.verify(begun.token)
    service.passes(S)
    service.end(begun)
    service.passes(KEPT)  # no feed will ever tell
    poller.poll()
    with pytest.raises(Terminated):
        sojourn.verify(begun.token)


def test_coverage_begins_anew_for_new_sessions_and_keys_too() -> None:
    """After coverage was lost, sessions that began within the former one are asked for."""
    service = FeedService()
    sojourn, poller = warm(service)
    ended = service.begin()
    sojourn.verify(ended.token)
    service.end(ended)
    service.stop(KID)
    service.passes(KEPT + 100)
    poller.poll()
    service.passes(1)
    poller.poll()
    for begun in (ended, service.forge(KID)):
        with pytest.raises(Rejected):
            sojourn.verify(begun.token)


def test_unfinished_sweep_makes_nothing_fresh() -> None:
    """While pages of a sweep are missing, the service is asked."""
    service = FeedService(page=1)
    sojourn, poller = client(service)
    for _ in range(3):
        service.end(service.begin())
    service.during = lambda: setattr(service, "feed_away", True)
    poller.poll()
    assert sojourn.health().staleness is None


def test_coverage_that_was_lost_is_not_fresh() -> None:
    """After a cursor expired, nothing is fresh until a new sweep is whole."""
    service = FeedService(page=1)
    sojourn, poller = warm(service)
    service.feed_away = True
    service.passes(KEPT + 100)
    service.feed_away = False
    service.during = lambda: setattr(service, "feed_away", True)
    poller.poll()
    assert sojourn.health().staleness is None


def test_cursor_is_renewed() -> None:
    """A feed in which nothing ends is answered by 304, and the cursor never grows old."""
    service = FeedService()
    sojourn, poller = client(service)
    for _ in range(int(3 * KEPT / 5)):
        poller.poll()
        service.passes(5)
    assert sojourn.health().fresh
    assert sojourn.health().failures == 0
    feed: Any = poller._feed
    assert feed.began.wall == pytest.approx(service.clock.wall - 3 * KEPT, abs=10)
