"""Processes share what they learned by a store, which is believed no more than it should."""

import json
from typing import Any

import pytest

from sojourn_client import Sojourn, Terminated, Unavailable
from sojourn_client.clock import Instant
from sojourn_client.decisions.cached import REFRESH, lifetime
from sojourn_client.decisions.decision import Verdict
from sojourn_client.decisions.keys import keys_of
from sojourn_client.decisions.signature import verify
from sojourn_client.decisions.token import read
from sojourn_client.session import session_of
from sojourn_client.store import packed, unpacked
from tests.client.unit.script import REALM, FakeClock, valid
from tests.client.unit.service import KID, Begun, Service, jwk, session_id
from tests.client.unit.test_cached import settle

S = 100.0


class Memory:
    """A store whose clock is the true time."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.kept: dict[str, tuple[bytes, float]] = {}
        self.fails = False

    def get(self, key: str) -> tuple[bytes, float] | None:
        if self.fails:
            raise ConnectionError("away")
        value, until = self.kept.get(key, (b"", 0.0))
        left = until - self.service.true
        return (value, left) if left > 0 else None

    def set(self, key: str, value: bytes, seconds: float) -> None:
        if self.fails:
            raise ConnectionError("away")
        self.kept[key] = value, self.service.true + seconds


def clients(service: Service) -> tuple[Sojourn, Sojourn, Memory]:
    """Two processes with one store."""
    store = Memory(service)
    first, second = (
        Sojourn(
            "https://s.example.com",
            REALM,
            mode="cached",
            max_staleness=S,
            store=store,
            transport=service,
            clock=service.clock,
        )
        for _ in range(2)
    )
    return first, second, store


def test_session_is_asked_for_once_for_all() -> None:
    """What one process learned is known to another, with everything that the service said."""
    service = Service()
    first, second, store = clients(service)
    begun = service.login()
    assert first.verify(begun.token) == second.verify(begun.token)
    assert service.validations() == 1
    (key,) = store.kept
    assert key.startswith("sojourn:")
    for part in begun.token.split("."):
        assert part not in key
        assert part.encode() not in store.kept[key][0]


def test_session_is_refreshed_once_for_all() -> None:
    """Of processes that have a session in use, one asks for it again; the others see its answer."""
    service = Service()
    first, second, _ = clients(service)
    begun = service.login()
    for count in (1, 2, 3):
        for _ in range(3):
            for sojourn in (first, second):
                sojourn.verify(begun.token)
                settle(sojourn)
        assert service.validations() == count
        service.passes(REFRESH * lifetime(begun.id, S) + 1)


@pytest.mark.parametrize("clock_is_back", [0.0, 5_000.0])
def test_age_is_the_answers(clock_is_back: float) -> None:
    """The bound counts from when the first process asked, also if the second's clock is behind."""
    service = Service()
    first, second, _ = clients(service)
    begun = service.login()
    first.verify(begun.token)
    service.end(begun)
    service.passes(0.7 * S)
    service.sets_back(clock_is_back)
    second.verify(begun.token)
    service.passes(0.3 * S)
    with pytest.raises(Terminated):
        second.verify(begun.token)


def test_end_is_known_to_all() -> None:
    """What one process was refused, another refuses without a call."""
    service = Service()
    first, second, _ = clients(service)
    begun = service.login()
    service.end(begun)
    with pytest.raises(Terminated):
        first.verify(begun.token)
    with pytest.raises(Terminated) as caught:
        second.verify(begun.token)
    assert caught.value.reason == "logout"
    assert service.validations() == 1


def test_own_end_counts_more_than_the_store() -> None:
    """A process that ended a session does not believe the store's earlier answer."""
    service = Service()
    first, _, _ = clients(service)
    begun = service.login()
    first.verify(begun.token)
    first.end(token=begun.token)
    with pytest.raises(Terminated):
        first.verify(begun.token)


def test_request_that_wants_to_know_now_does_not_ask_the_store() -> None:
    """`max_staleness=0` asks the service alone."""
    service = Service()
    first, second, _ = clients(service)
    begun = service.login()
    first.verify(begun.token)
    second.verify(begun.token, max_staleness=0)
    assert service.validations() == 2


def test_store_that_is_away_stops_nobody() -> None:
    """Without the store the service is asked; without both nothing is known."""
    service = Service()
    first, second, store = clients(service)
    begun = service.login()
    store.fails = True
    assert first.verify(begun.token).id == second.verify(begun.token).id == begun.id
    service.away = True
    service.passes(S)
    with pytest.raises(Unavailable):
        first.verify(begun.token)


def token_of(begun: Begun) -> Any:
    """A verified token."""
    return verify(
        read(begun.token, realm_id=REALM), keys_of({"keys": [jwk()]})[KID], realm_id=REALM
    )


def test_values_of_another_form_are_not_believed() -> None:
    """A value that is damaged, of another version or of another session is as none."""
    service = Service()
    begun = service.login()
    token, now = token_of(begun), FakeClock().now()
    about = valid(id=begun.id)
    good = packed(Verdict(session_of(about), now, 60.0), now, S)
    assert good is not None
    assert unpacked(good, S, token, now) is not None
    told = json.loads(good)
    other = session_id(5.0)
    for bad in (
        b"",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 100_000,
        json.dumps({**told, "form": 2}).encode(),
        json.dumps({**told, "age": "0"}).encode(),
        json.dumps({**told, "session": {**told["session"], "id": other}}).encode(),
        json.dumps({**told, "session": None}).encode(),
        json.dumps({k: v for k, v in told.items() if k != "session"}).encode(),
    ):
        assert unpacked(bad, S, token, now) is None, bad


def test_age_in_the_store_counts() -> None:
    """An answer's age is the time before it was stored and the time in the store, together."""
    begun = Service().login()
    token, clock = token_of(begun), FakeClock()
    sent = clock.now()
    clock.move(7)
    value = packed(Verdict(session_of(valid(id=begun.id)), sent, 60.0), clock.now(), S)
    assert value is not None
    found = unpacked(value, S - 30, token, Instant(0.0, 99.0))
    assert found is not None
    assert Instant(0.0, 99.0).since(found.sent) == pytest.approx(37)
    # The store's clock stood still, or was set back.
    later = Instant(clock.now().wall + 80, clock.now().monotonic + 1)
    found = unpacked(value, S, token, later)
    assert found is not None
    assert later.since(found.sent) == pytest.approx(87)
