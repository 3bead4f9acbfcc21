"""Mode "feed": ends of users, realms and keys, and what they could be about."""

from typing import Any

import pytest

from sojourn_client import Rejected, Terminated
from sojourn_client.decisions.feed import MARGIN, SETTLING
from tests.client.unit.feed_client import KEY2, OTHER, asked, warm
from tests.client.unit.feed_service import KEPT, FeedService
from tests.client.unit.script import USER
from tests.client.unit.service import KID, Begun, session_id, signed


@pytest.mark.parametrize("session_type", ["managed", "unmanaged"])
def test_end_of_a_user_has_their_sessions_asked_for(session_type: str) -> None:
    """After the end of a user's sessions, each is asked for once: one may have been spared."""
    service = FeedService()
    sojourn, poller = warm(service)
    ended = service.begin(session_type=session_type)
    spared = service.begin(session_type=session_type)
    others = service.begin(user_id=OTHER, session_type=session_type)
    for begun in (ended, spared, others):
        sojourn.verify(begun.token)
    before = asked(service)
    service.end_user(USER, spare=spared)
    service.passes(1)
    poller.poll()
    service.passes(0.1)
    for _ in range(3):
        with pytest.raises(Terminated):
            sojourn.verify(ended.token)
        sojourn.verify(spared.token)
        sojourn.verify(others.token)
        service.passes(1)
        poller.poll()  # which repeats the entry
    assert asked(service) == before + 2
    service.passes(MARGIN + 1)
    poller.poll()
    sojourn.verify(service.begin().token)
    assert asked(service) == before + 2


def test_end_of_the_realm_has_every_session_asked_for() -> None:
    """After the end of a realm each session is asked for, and again until that is settled."""
    service = FeedService(stale=True)
    sojourn, poller = warm(service)
    begun = service.begin()
    sojourn.verify(begun.token)
    service.end_realm()
    poller.poll()
    sojourn.verify(begun.token)  # an instance that does not know yet: good for this request
    service.passes(SETTLING)
    with pytest.raises(Terminated):
        sojourn.verify(begun.token)
    service.passes(SETTLING - 1)
    late = service.begin(old=True)
    with pytest.raises(Terminated):
        sojourn.verify(late.token)
    service.passes(MARGIN)
    poller.poll()
    before = asked(service)
    sojourn.verify(service.begin().token)
    assert asked(service) == before


def test_stop_of_a_key_ends_its_sessions_and_forgeries() -> None:
    """After a key was stopped, tokens that it signed, or now signs, are asked for."""
    service = FeedService(keys=[KID, KEY2])
    sojourn, poller = warm(service)
    stopped, other = service.begin(kid=KEY2), service.begin()
    for begun in (stopped, other):
        sojourn.verify(begun.token)
    service.stop(KEY2)
    poller.poll()
    service.passes(SETTLING + 1)
    poller.poll()
    before = asked(service)
    sojourn.verify(other.token)
    assert asked(service) == before
    for begun in (stopped, service.forge(KEY2), service.forge(KEY2)):
        with pytest.raises(Rejected):
            sojourn.verify(begun.token)


def test_knowledge_is_bounded_and_forgets_safely() -> None:
    """When ends are forgotten for want of room, the sessions they could be about are asked for."""
    service = FeedService()
    sojourn, poller = warm(service, cache_size=3)
    ended = service.begin()
    sojourn.verify(ended.token)
    service.end(ended)
    for _ in range(10):
        service.end(service.begin(user_id=OTHER))
        service.passes(0.1)
    poller.poll()
    feed: Any = poller._feed
    assert len(feed._ended) == 3
    with pytest.raises(Terminated):
        sojourn.verify(ended.token)


def test_end_of_a_user_outdates_answers() -> None:
    """Sessions of a user that were validated are asked for again after the user's end."""
    service = FeedService()
    ended, spared = service.begin(), service.begin()
    sojourn, poller = warm(service)
    for begun in (ended, spared):
        sojourn.verify(begun.token)
    service.passes(1)
    service.end_user(USER, spare=spared)
    poller.poll()
    service.passes(1)
    with pytest.raises(Terminated):
        sojourn.verify(ended.token)
    assert sojourn.verify(spared.token).id == spared.id


def test_session_of_a_login_that_met_the_end_is_asked_for() -> None:
    """A session that began within a minute of its user's end may have been ended by it."""
    service = FeedService()
    sojourn, poller = warm(service)
    service.end_user(USER)
    poller.poll()
    service.passes(MARGIN - 1)
    poller.poll()
    before = asked(service)
    sojourn.verify(service.begin().token)
    assert asked(service) == before + 1


@pytest.mark.parametrize("end", ["realm", "key"])
def test_answers_of_instances_that_do_not_know_yet(end: str) -> None:
    """Five seconds long after the end of a realm or key was read, an answer is for one request."""
    service = FeedService(stale=True, keys=[KID, KEY2])
    begun = service.begin(kid=KEY2)
    sojourn, poller = warm(service)
    sojourn.verify(begun.token)
    service.passes(1)
    if end == "realm":
        service.end_realm()
    else:
        service.stop(KEY2)
    poller.poll()
    service.passes(SETTLING - 1)
    before = asked(service)
    for n in range(3):
        sojourn.verify(begun.token)
        assert asked(service) == before + n + 1
    service.passes(1.1)
    with pytest.raises(Rejected):
        sojourn.verify(begun.token)


def test_many_users_ends_forget_safely() -> None:
    """When ends of users are forgotten for want of room, all answers from before count no more."""
    service = FeedService()
    ended = service.begin()
    sojourn, poller = warm(service, cache_size=3)
    sojourn.verify(ended.token)
    service.passes(1)
    service.end_user(USER)
    for n in range(5):
        service.end_user(f"usr_{n:022}")
    poller.poll()
    service.passes(1)
    with pytest.raises(Terminated):
        sojourn.verify(ended.token)


def test_session_that_is_dated_forward() -> None:
    """A session whose id is dated forward, after a wrong clock, counts from its token's `iat`."""
    service = FeedService()
    at = service.true
    sid = session_id(at + 3_600)
    token = signed(sid=sid, iat=int(at), exp=int(at) + 21_600)
    service.sessions[token] = begun = Begun(sid, USER, token, at + 3_600, int(at) + 21_600)
    service.passes(1)
    service.end(begun)
    service.passes(KEPT)
    sojourn, _ = warm(service)
    with pytest.raises(Terminated):
        sojourn.verify(token)


@pytest.mark.parametrize(
    "entry",
    [
        {"scope": "planet"},
        {"scope": "key"},
        {"scope": "user"},
        {"session_ids": "kss_1"},
        {"session_ids": [1]},
        {},
    ],
    ids=str,
)
def test_entry_that_is_not_understood_could_be_about_anybody(entry: dict[str, Any]) -> None:
    """An entry of a kind that this version does not know has every session asked for."""
    service = FeedService()
    sojourn, poller = warm(service)
    begun = service.begin()
    sojourn.verify(begun.token)
    service.write(0.0, **entry)
    service.passes(1)
    poller.poll()
    before = asked(service)
    sojourn.verify(begun.token)
    assert asked(service) == before + 1
