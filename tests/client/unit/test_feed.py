"""Mode "feed": what it accepts by itself, and that nobody's end is missed."""

import gc
import os
import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn_client import (
    Expired,
    InvalidToken,
    Rejected,
    Sojourn,
    SojournError,
    Terminated,
    Unavailable,
)
from sojourn_client.feed import MARGIN, SETTLING
from sojourn_client.poller import Poller
from tests.client.unit.feed_service import KEPT, LATEST, FeedService
from tests.client.unit.script import REALM, USER, reply
from tests.client.unit.service import KID, Begun, session_id, signed

S = 20.0
OTHER = "usr_" + "5" * 22
KEY2 = "jky_" + "1" * 22


def client(service: FeedService, **options: Any) -> tuple[Sojourn, Poller]:
    """A client in mode "feed", which polls when it is told."""
    sojourn = Sojourn(
        "https://sessions.example.com",
        REALM,
        "ks_secret",
        mode="feed",
        transport=service,
        clock=service.clock,
        **{"max_staleness": S, **options},
    )
    poller = sojourn._machine.poller
    assert poller is not None
    verifier: Any = sojourn._verifier
    verifier._ensure = None
    return sojourn, poller


def asked(service: FeedService) -> int:
    """How often the service was asked about sessions."""
    return service.asked.count("/v1/sessions/validate")


def warm(service: FeedService, **options: Any) -> tuple[Sojourn, Poller]:
    """A client that has polled, and has seen a token of the key."""
    sojourn, poller = client(service, **options)
    poller.poll()
    sojourn.verify(service.begin(user_id="usr_" + "7" * 22).token)
    service.passes(1)
    poller.poll()
    return sojourn, poller


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


def test_refused_session_is_not_accepted_by_its_token() -> None:
    """A session that the service calls invalid is asked for again, and not accepted by itself."""
    service = FeedService()
    sojourn, _ = warm(service)
    forged = service.forge(KID)
    with pytest.raises(InvalidToken):
        sojourn.verify(forged.token, max_staleness=0)
    with pytest.raises(InvalidToken):
        sojourn.verify(forged.token)


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


def test_copy_of_a_session_is_not_the_session() -> None:
    """Another token with the id of a session that is known, by whoever has a key, is asked for."""
    service = FeedService(keys=[KID, KEY2])
    begun = service.begin(user_id=USER)
    sojourn, _ = warm(service)
    sojourn.verify(begun.token)
    copied = signed(kid=KEY2, sid=begun.id, iat=int(begun.created_at), exp=begun.expires_at)
    with pytest.raises(InvalidToken):
        sojourn.verify(copied)


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


def test_feed_needs_a_key() -> None:
    """Mode "feed" without an access key is a mistake that is told at once."""
    with pytest.raises(ValueError, match="needs an access_key"):
        Sojourn("https://s.example.com", REALM, mode="feed")


STEPS: dict[str, Callable[[FeedService, float], None]] = {
    "passes": lambda service, x: service.passes(1.5 * S * x),
    "a little passes": lambda service, x: service.passes(4 * x),
    "much passes": lambda service, x: service.passes(2 * KEPT * x),
    "goes away": lambda service, _: setattr(service, "away", True),
    "feed goes away": lambda service, _: setattr(service, "feed_away", True),
    "comes back": lambda service, _: service.heals(),
    "requests are late": lambda service, x: setattr(service, "there", 4 * x),
    "answers are late": lambda service, x: setattr(service, "back", 6 * x),
    "in time": lambda service, _: service.hurries(),
    "answers are lost": lambda service, _: setattr(service, "lost", True),
    "ends realm": lambda service, _: service.end_realm(),
    "ends user": lambda service, x: service.end_user(USER, LATEST * x),
    "stops key": lambda service, _: service.stop(KEY2),
    "short pages": lambda service, _: setattr(service, "page", 1),
    "long pages": lambda service, _: setattr(service, "page", 500),
}
ACTS = ("polls", "begins", "begins old", "ends", "forges", "passes", "a little passes")


class Run:
    """One history: a service, a client, and some sessions."""

    def __init__(self, skews: list[float], *, stale: bool, size: int, kind: str) -> None:
        self.service = FeedService(skews=skews or [0.0], stale=stale, keys=[KID, KEY2])
        self.sojourn, self.poller = client(self.service, cache_size=size)
        self.kind = kind
        self.begun = [self.service.begin(), self.service.begin(user_id=OTHER, kid=KEY2)]
        self.poller.poll()
        for begun in self.begun:
            self.verify(begun)

    def goes_on(self) -> None:
        """The poller does its work, and requests come."""
        self.service.passes(S / 4)
        self.poller.poll()
        for begun in self.begun:
            self.verify(begun)

    def step(self, name: str, x: float) -> None:
        """One step."""
        service = self.service
        if name in STEPS:
            STEPS[name](service, x)
        elif name == "polls":
            self.poller.poll()
        elif name == "clock":
            self.clock(x)
        elif name == "clock in a call":
            service.during = lambda: self.clock(x)
        elif name in ("begins", "begins old"):
            user_id, kid = (USER, KID) if x < 0.5 else (OTHER, KEY2)
            if kid not in service.stops:
                old = name == "begins old"
                self.begun.append(service.begin(user_id=user_id, kid=kid, old=old))
        elif name == "forges":
            if KEY2 in service.stops:
                forged = service.forge(KEY2)
                forged.ended = service.stops[KEY2] + SETTLING
                self.begun.append(forged)
        else:
            some = self.begun[int(x * len(self.begun)) % len(self.begun)]
            if name == "ends" and some.token in service.sessions:
                service.end(some, LATEST * x)
        for begun in self.begun:
            self.verify(begun)

    def clock(self, x: float) -> None:
        """What happens to the client's clocks."""
        if self.kind == "suspended":
            self.service.suspends(3 * S * x)
        else:
            self.service.sets_back(3 * S * x)

    def verify(self, begun: Begun) -> None:
        """The bound."""
        came = self.service.true
        try:
            self.sojourn.verify(begun.token)
        except SojournError:
            return
        assert begun.ended is None or came < begun.ended + S


@settings(max_examples=150)
@given(
    kind=st.sampled_from(["suspended", "set back"]),
    skews=st.lists(st.floats(-5, 5), max_size=5),
    stale=st.booleans(),
    size=st.sampled_from([2, 100]),
    busy=st.booleans(),
    steps=st.lists(
        st.tuples(
            st.sampled_from([*STEPS, *ACTS, *ACTS, "clock", "clock in a call"]),
            st.floats(0.01, 0.99),
        ),
        max_size=20,
    ),
)
def test_bound(
    kind: str,
    skews: list[float],
    stale: bool,
    size: int,
    busy: bool,
    steps: list[tuple[str, float]],
) -> None:
    """No request that comes S after a termination was acknowledged, or later, is accepted.

    Whatever happens between: ends of sessions, users, realms and keys by instances whose clocks are
    five seconds off, commits that are late, forged tokens of a stopped key, a network that is torn,
    late or loses answers, short pages, a process that was suspended, a wall clock that was set
    back, a feed that was away for longer than it is kept, and a cache without room.
    """
    run = Run(skews, stale=stale, size=size, kind=kind)
    try:
        for name, x in steps:
            run.step(name, x)
            if busy:
                run.goes_on()
        for _ in range(8):
            run.goes_on()
    finally:
        run.sojourn.close()
