"""Tokens are validated together, without waiting for each other to come."""

import itertools
import json
import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest

from sojourn_client.decisions.decision import Verdict
from sojourn_client.decisions.keys import keys_of
from sojourn_client.decisions.signature import verify
from sojourn_client.decisions.token import read
from sojourn_client.errors import Refused, Unavailable
from sojourn_client.modes.batch import AT_ONCE, Batches
from sojourn_client.modes.workers import Workers
from sojourn_client.service.calls import Calls
from sojourn_client.service.transport import Reply, Request
from sojourn_client.service.validation import Validation
from sojourn_client.session import Session
from tests.client.unit.script import REALM, problem
from tests.client.unit.service import KID, Begun, Service, jwk

KEYS = keys_of({"keys": [jwk(KID)]})


class Slow(Service):
    """A service that answers when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()
        self.sizes: list[int] = []
        self.at_once = self.most_at_once = 0

    def exchange(self, request: Request, *, seconds: float) -> Reply:
        with self.lock:
            self.sizes.append(len(json.loads(request.body or b"")["tokens"]))
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        self.go.wait(20)
        with self.lock:
            self.at_once -= 1
            return self.answer(request)


def asks(batches: Batches, sessions: list[Begun]) -> tuple[list[threading.Thread], list[Any]]:
    """A thread for each session, which asks for it; what each was told."""
    told: list[Any] = []

    def ask(begun: Begun) -> None:
        token = verify(read(begun.token, realm_id=REALM), KEYS[KID], realm_id=REALM)
        try:
            told.append(batches.one(begun.token, token))
        except (Unavailable, Refused) as error:
            told.append(error)

    threads = [threading.Thread(target=ask, args=[begun]) for begun in sessions]
    for thread in threads:
        thread.start()
    return threads, told


def batches_of(service: Service) -> tuple[Batches, Workers]:
    """Batches of a service."""
    workers = Workers()
    calls = Calls(service, REALM, service.clock, 20.0, "ks_secret")
    return Batches(Validation(calls), workers), workers


def test_tokens_that_come_meanwhile_go_together() -> None:
    """The first tokens go at once, alone; what comes meanwhile goes by hundreds."""
    service = Slow()
    batches, workers = batches_of(service)
    sessions = [service.login() for _ in range(250)]
    threads, told = asks(batches, sessions)
    limit = time.monotonic() + 20
    while len(service.sizes) < AT_ONCE or sum(service.sizes) + len(batches._waiting) < 250:
        assert time.monotonic() < limit
        time.sleep(0.005)
    first = sum(service.sizes)
    assert first < 100
    service.go.set()
    for thread in threads:
        thread.join(20)
    assert len(told) == 250
    for verdict in told:
        assert isinstance(verdict, Verdict)
        assert isinstance(verdict.outcome, Session)
    assert sum(service.sizes) == 250
    assert sorted(service.sizes[AT_ONCE:]) == [50 - first, 100, 100] or first > 50
    assert service.most_at_once <= AT_ONCE
    while batches._under_way:  # those that handed over may be done before the last worker is
        assert time.monotonic() < limit
        time.sleep(0.005)
    workers.close()


def test_request_does_not_wait_for_those_that_came_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever sent a batch has their answer when it comes, though more tokens wait."""
    service = Slow()
    batches, workers = batches_of(service)
    service.go.set()
    later = [service.login() for _ in range(5)]
    waiting: list[threading.Thread] = []
    held, sent = threading.Event(), itertools.count()
    many = Validation.many

    def watched(validation: Validation, tokens: Sequence[str]) -> list[Verdict]:
        if next(sent) == 0:
            with batches._lock:
                batches._under_way = AT_ONCE  # so that what comes now must wait
            waiting.extend(asks(batches, later)[0])
            while len(batches._waiting) < len(later):
                time.sleep(0.005)
        else:
            held.wait(20)
        return many(validation, tokens)

    monkeypatch.setattr(Validation, "many", watched)
    (first,), told = asks(batches, [service.login()])
    first.join(20)
    assert len(told) == 1
    held.set()
    for thread in waiting:
        thread.join(20)
    workers.close()


@pytest.mark.parametrize("error", [Unavailable, Refused])
def test_failure_is_told_to_each(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    """When a request fails, all whose tokens were in it are told, and the next one is tried."""
    service = Slow()
    service.go.set()
    batches, _ = batches_of(service)
    answer = problem(503, "unavailable", {"retry-after": "60"})
    if error is Refused:
        answer = problem(403, "permission_missing")
    with monkeypatch.context() as patch:
        patch.setattr(service, "answer", lambda _: answer)
        threads, told = asks(batches, [service.login() for _ in range(10)])
        for thread in threads:
            thread.join(20)
    assert [type(each) for each in told] == [error] * 10
    assert len({id(each) for each in told}) == 10
    threads, told = asks(batches, [service.login()])
    threads[0].join(20)
    assert isinstance(told[0], Verdict)
