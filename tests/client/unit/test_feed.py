"""Mode "feed": what it accepts by itself, asks for, and refuses."""

from functools import partial

import pytest

from sojourn_client import Expired, InvalidToken, Sojourn, Terminated, Unavailable
from tests.client.unit.feed_client import KEY2, S, asked, client, warm
from tests.client.unit.feed_service import KEPT, FeedService
from tests.client.unit.script import REALM, USER
from tests.client.unit.service import KID, signed


def test_session_from_before_is_asked_for_once() -> None:
    """A session that began before the feed's coverage is validated once, and then accepted."""
    service = FeedService()
    begun = service.begin()
    sojourn, poller = client(service)
    poller.poll()
    for _ in range(50):
        service.passes(5)
        poller.poll()
        assert sojourn.verify(begun.token).id == begun.id
    assert asked(service) == 1


def test_session_that_began_since_is_not_asked_for() -> None:
    """A session that began after coverage is accepted by its token alone, for its whole life."""
    service = FeedService()
    sojourn, poller = warm(service)
    before = asked(service)
    service.passes(5)
    poller.poll()
    begun = service.begin()
    session = sojourn.verify(begun.token)
    assert (session.id, session.user_id, session.realm_id) == (begun.id, USER, REALM)
    assert session.user is not None
    assert session.user.username == "ada"
    assert asked(service) == before


def test_first_token_of_a_key_is_asked_for() -> None:
    """Until the service has confirmed a key since coverage began, its tokens are asked for.

    The key may have been stopped before, and whoever has it could make tokens of new sessions.
    """
    service = FeedService()
    sojourn, poller = client(service)
    service.stop(KID)
    service.passes(KEPT)
    poller.poll()
    service.passes(1)
    poller.poll()
    with pytest.raises(InvalidToken):
        sojourn.verify(service.forge(KID).token)
    with pytest.raises(InvalidToken):
        sojourn.verify(service.forge(KID).token)


def test_ended_session_is_refused_after_the_next_poll() -> None:
    """A session in the feed is refused with its reason, without a question, and for good."""
    service = FeedService()
    sojourn, poller = warm(service)
    begun = service.begin()
    sojourn.verify(begun.token)
    before = asked(service)
    service.end(begun)
    service.passes(1)
    poller.poll()
    service.away = True
    service.passes(1_000)
    with pytest.raises(Terminated) as caught:
        sojourn.verify(begun.token)
    assert caught.value.reason == "logout"
    assert asked(service) == before


def test_without_the_feed_the_service_is_asked_and_without_both_nobody_is_accepted() -> None:
    """A feed that is away costs a question for each session in S seconds, and never a yes."""
    service = FeedService()
    sojourn, _ = warm(service)
    begun = service.begin()
    service.feed_away = True
    service.passes(S)
    before = asked(service)
    for _ in range(10):
        sojourn.verify(begun.token)
        service.passes(S / 5)
    assert asked(service) == before + 2
    service.away = True
    service.passes(S)
    with pytest.raises(Unavailable):
        sojourn.verify(begun.token)


def test_request_may_want_to_know_now() -> None:
    """`max_staleness=0` asks the service; a smaller one counts for its request."""
    service = FeedService()
    sojourn, poller = warm(service)
    begun = service.begin()
    poller.poll()
    before = asked(service)
    sojourn.verify(begun.token, max_staleness=0)
    assert asked(service) == before + 1
    service.passes(5)
    sojourn.verify(begun.token, max_staleness=6)
    assert asked(service) == before + 1
    sojourn.verify(begun.token, max_staleness=5)
    assert asked(service) == before + 2


@pytest.mark.parametrize("seen_before", [True, False])
def test_wall_clock_set_back_revives_nobody(seen_before: bool) -> None:
    """A session that expired does not begin anew when the wall clock is set back."""
    service = FeedService()
    old = service.begin()
    sojourn, poller = warm(service)
    begun = old if seen_before else service.begin()
    sojourn.verify(begun.token)
    for _ in range(44):
        service.passes(500)
        poller.poll()
    sojourn.verify(service.begin().token)
    for back in (0, 3_600):
        service.sets_back(back)
        poller.poll()
        with pytest.raises(Expired):
            sojourn.verify(begun.token)


def test_copy_of_a_session_is_not_the_session() -> None:
    """Another token with the id of a session that is known, by whoever has a key, is asked for."""
    service = FeedService(keys=[KID, KEY2])
    begun = service.begin(user_id=USER)
    sojourn, _ = warm(service)
    sojourn.verify(begun.token)
    copied = signed(kid=KEY2, sid=begun.id, iat=int(begun.created_at), exp=begun.expires_at)
    with pytest.raises(InvalidToken):
        sojourn.verify(copied)


def test_batch_that_is_mixed_up_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer about another session than the one that was asked for is none."""
    service = FeedService()
    sojourn, _ = warm(service)
    first, second = service.begin(), service.begin()
    monkeypatch.setattr(
        service, "judge", partial(lambda judge, _: judge(second.token), service.judge)
    )
    with pytest.raises(Unavailable):
        sojourn.verify(first.token, max_staleness=0)


def test_feed_needs_a_key() -> None:
    """Mode "feed" without an access key is a mistake that is told at once."""
    with pytest.raises(ValueError, match="needs an access_key"):
        Sojourn("https://s.example.com", REALM, mode="feed")
