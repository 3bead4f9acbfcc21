"""`prefetch`: what a first verification needs is there before it, and what is wrong is told."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from sojourn_client import Refused, Sojourn, Unavailable
from sojourn_client.service.transport import Reply, Request
from tests.client.unit.feed_service import FeedService
from tests.client.unit.script import REALM, problem, reply

Mode = Literal["always", "cached", "feed"]
MODES: list[Mode] = ["always", "cached", "feed"]
KEYS = f"/v1/realms/{REALM}/.well-known/jwks.json"
FEED = "/v1/revocations"


@dataclass
class Answers(FeedService):
    """A service that gives the answers of `told` to paths that begin so."""

    told: dict[str, Reply] = field(default_factory=dict)

    def answer(self, request: Request) -> Reply:
        for path, answer in self.told.items():
            if request.path.startswith(path):
                return answer
        return super().answer(request)

    def count(self, path: str) -> int:
        """How often a path was asked for."""
        return sum(each.startswith(path) for each in self.asked)


@pytest.fixture
def service() -> Answers:
    """A service in which nothing has happened yet."""
    return Answers()


@pytest.fixture
def made(service: Answers) -> Iterator[Any]:
    """Makes clients, whose threads end with the test."""
    clients: list[Sojourn] = []

    def make(mode: Mode, **options: Any) -> Sojourn:
        sojourn = Sojourn(
            "https://sessions.example.com",
            REALM,
            "ks_secret",
            mode=mode,
            transport=service,
            clock=service.clock,
            **options,
        )
        clients.append(sojourn)
        return sojourn

    yield make
    for each in clients:
        each.close()


def test_feed_is_read(service: Answers, made: Any) -> None:
    """In mode "feed" it returns when the keys are there and the feed has been read to its end."""
    sojourn = made("feed")
    for _ in range(3):
        service.end(service.begin())
    service.page = 1
    sojourn.prefetch()
    health = sojourn.health()
    assert (health.fresh, health.polling, health.error) == (True, True, None)
    assert service.count(KEYS) == 1
    assert service.count(FEED) == 3


def test_next_verification_waits_for_one_question(service: Answers, made: Any) -> None:
    """After it, the first session costs its own question and nothing else, and a second none."""
    sojourn = made("feed")
    sojourn.prefetch()
    service.passes(1)
    service.asked.clear()
    for _ in range(2):
        sojourn.verify(service.begin().token)
    assert [path for path in service.asked if not path.startswith(FEED)] == [
        "/v1/sessions/validate"
    ]


def test_cached_has_its_keys(service: Answers, made: Any) -> None:
    """In mode "cached" the keys are fetched, once however often it is called."""
    sojourn = made("cached")
    sojourn.prefetch()
    sojourn.prefetch()
    assert service.asked == [KEYS]
    sojourn.verify(service.begin().token)
    assert service.asked == [KEYS, "/v1/session"]


def test_fresh_feed_is_not_waited_for(service: Answers, made: Any) -> None:
    """Called again while the feed is fresh, it returns without a question."""
    sojourn = made("feed", max_staleness=1_000)
    sojourn.prefetch()
    before = list(service.asked)
    sojourn.prefetch()
    assert service.asked == before


@pytest.mark.parametrize("mode", MODES)
def test_service_that_is_away_is_told(service: Answers, made: Any, mode: Mode) -> None:
    """A service that cannot be reached is `Unavailable`, whatever the mode."""
    service.away = True
    with pytest.raises(Unavailable, match=r"cannot be reached"):
        made(mode).prefetch()


@pytest.mark.parametrize("mode", MODES)
def test_realm_that_is_not_there_is_told(service: Answers, made: Any, mode: Mode) -> None:
    """A realm that the service does not know is `Refused`, with the service's code."""
    service.told = {KEYS: problem(404, "not_found")}
    with pytest.raises(Refused) as caught:
        made(mode).prefetch()
    assert caught.value.code == "not_found"


def test_key_that_may_not_read_the_feed_is_told(service: Answers, made: Any) -> None:
    """An access key that is not accepted is `Refused`: nobody would notice before an end is missed.

    The service is asked about each session then, so all else would work.
    """
    service.told = {FEED: problem(403, "access_key_invalid")}
    with pytest.raises(Refused) as caught:
        made("feed").prefetch()
    assert (caught.value.status, caught.value.code) == (403, "access_key_invalid")


def test_feed_that_is_away_is_told(service: Answers, made: Any) -> None:
    """A feed that does not answer is `Unavailable`, and after it is back the next call succeeds."""
    service.feed_away = True
    sojourn = made("feed")
    with pytest.raises(Unavailable):
        sojourn.prefetch()
    service.heals()
    sojourn.prefetch()
    assert sojourn.health().fresh


@pytest.mark.parametrize("path", [KEYS, FEED])
def test_answer_of_another_server_is_told(service: Answers, made: Any, path: str) -> None:
    """Something else than Sojourn at the base URL is `Unavailable`, and the message says where."""
    service.told = {path: reply(200, {"hello": "world"})}
    with pytest.raises(Unavailable, match="base_url"):
        made("feed").prefetch()


def test_thread_that_cannot_be_started_is_told(
    service: Answers, made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a thread there is no feed, which is told here, though sessions are still verified."""

    def start(_: object) -> None:
        raise RuntimeError("can't start new thread")

    sojourn = made("feed")
    monkeypatch.setattr("threading.Thread.start", start)
    with pytest.raises(Unavailable, match="thread"):
        sojourn.prefetch()
    assert sojourn.verify(service.begin().token)


def test_asyncio(service: Answers, made: Any) -> None:
    """`aprefetch` does the same beside an event loop."""
    sojourn = made("feed")
    asyncio.run(sojourn.aprefetch())
    assert sojourn.health().fresh
    assert service.count(KEYS) == 1
