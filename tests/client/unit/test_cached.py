"""Mode "cached": what it accepts, for how long, and what it costs the service."""

import asyncio
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn_client import (
    Expired,
    InvalidToken,
    Refused,
    Rejected,
    Sojourn,
    SojournError,
    Terminated,
    Unavailable,
)
from sojourn_client.decisions.cached import JITTER, REFRESH, lifetime
from sojourn_client.modes import local
from tests.client.unit.script import REALM, USER, problem
from tests.client.unit.service import KID, LIFETIME, Begun, Service, session_id, signed

S = 100.0


def client(service: Service, **options: Any) -> Sojourn:
    """A client of that service in mode "cached"."""
    options = {"max_staleness": S, **options}
    return Sojourn(
        "https://sessions.example.com",
        REALM,
        mode="cached",
        transport=service,
        clock=service.clock,
        **options,
    )


def settle(sojourn: Sojourn) -> None:
    """Wait until what goes on in the background is done."""
    pool = sojourn._workers._background
    if pool is not None:
        pool.shutdown(wait=True)
        sojourn._workers._background = None


def waiting(go: threading.Event) -> Callable[[], None]:
    """What waits until the event."""

    def wait() -> None:
        go.wait(10)

    return wait


def test_second_verification_asks_nobody() -> None:
    """A session is asked for once, and its key set fetched once."""
    service = Service()
    sojourn, begun = client(service), service.login()
    first, second = sojourn.verify(begun.token), sojourn.verify(begun.token)
    assert first == second
    assert first.user is not None
    assert (first.id, first.user.username) == (begun.id, "ada")
    assert service.asked == [f"/v1/realms/{REALM}/.well-known/jwks.json", "/v1/session"]


def test_terminated_session_is_refused_in_time() -> None:
    """A session that ended is refused `max_staleness` later at the latest, and then for good."""
    service = Service()
    sojourn, begun = client(service), service.login()
    sojourn.verify(begun.token)
    service.end(begun)
    service.passes(lifetime(begun.id, S) * REFRESH - 0.1)
    sojourn.verify(begun.token)
    service.passes(S * (1 - REFRESH) + 0.1)
    for _ in range(2):
        with pytest.raises(Terminated) as caught:
            sojourn.verify(begun.token)
        assert caught.value.reason == "logout"
    assert service.validations() == 2


def test_realms_staleness_counts_if_it_is_less() -> None:
    """What the service advises in `revalidate_after` is kept, if it is less than one's own."""
    service = Service(revalidate_after=20)
    sojourn, begun = client(service), service.login()
    sojourn.verify(begun.token)
    service.end(begun)
    service.passes(20)
    with pytest.raises(Terminated):
        sojourn.verify(begun.token)


def test_request_may_ask_for_less_staleness() -> None:
    """`max_staleness` of a request counts for it, 0 asks the service, and more is not granted."""
    service = Service()
    sojourn, begun = client(service), service.login()
    sojourn.verify(begun.token)
    service.passes(10)
    sojourn.verify(begun.token, max_staleness=10.1)
    assert service.validations() == 1
    sojourn.verify(begun.token, max_staleness=10)
    assert service.validations() == 2
    sojourn.verify(begun.token, max_staleness=0)
    assert service.validations() == 3
    service.end(begun)
    service.passes(S)
    with pytest.raises(Terminated):
        sojourn.verify(begun.token, max_staleness=1e9)
    with pytest.raises(ValueError, match="max_staleness"):
        sojourn.verify(begun.token, max_staleness=-1)


def test_active_session_never_waits() -> None:
    """A session in use is asked for again in the background, before its answer is too old."""
    service = Service()
    sojourn, begun = client(service), service.login()
    sojourn.verify(begun.token)
    for _ in range(40):
        service.passes(20)
        before = service.validations()
        sojourn.verify(begun.token)
        assert service.validations() - before <= 1
        settle(sojourn)
    service.away = True
    service.passes(20)
    sojourn.verify(begun.token)  # known, so the service may be away
    assert 5 <= service.validations() <= 14


def test_nobody_waits_for_a_service_that_is_away_until_it_must() -> None:
    """A refresh that fails is tried again seconds later; then nothing is known, and said so."""
    service = Service()
    sojourn, begun = client(service), service.login()
    sojourn.verify(begun.token)
    service.away = True
    service.passes(0.9 * lifetime(begun.id, S))
    for _ in range(5):
        sojourn.verify(begun.token)
        settle(sojourn)
    assert service.validations() == 1 + 3  # one refresh of three tries
    service.passes(S)
    with pytest.raises(Unavailable):
        sojourn.verify(begun.token)
    service.away = False
    assert sojourn.verify(begun.token).id == begun.id


def test_herd_is_spread() -> None:
    """Ten thousand sessions that began within one second are not asked for within one second."""
    seconds = Counter(
        int(REFRESH * lifetime(session_id(1.79e9 + n / 10_000, number=n), 300.0))
        for n in range(10_000)
    )
    assert max(seconds.values()) < 350  # 10,000 in 45 seconds are 222 a second
    assert min(seconds) >= REFRESH * 300 * (1 - JITTER) - 1
    assert max(seconds) <= REFRESH * 300


def test_expired_session_needs_no_call() -> None:
    """A session expires by its token, without a call, also if it is remembered."""
    service = Service()
    sojourn, begun = client(service), service.login()
    sojourn.verify(begun.token)
    service.passes(LIFETIME)
    with pytest.raises(Expired):
        sojourn.verify(begun.token)
    assert service.validations() == 1


def test_garbage_is_no_load() -> None:
    """Forged tokens ask for nothing, and made-up keys for one key set in five seconds."""
    service = Service()
    sojourn, begun = client(service), service.login()
    sojourn.verify(begun.token)
    asked = len(service.asked)
    head, claims, _ = begun.token.split(".")
    for n in range(50):
        with pytest.raises(InvalidToken):
            sojourn.verify(f"{head}.{claims}.{'A' * 84}{n:02}")
    assert len(service.asked) == asked
    for n in range(100):
        service.passes(0.1)
        with pytest.raises(InvalidToken):
            sojourn.verify(signed(kid=f"jky_x{n:021}", sid=begun.id, iat=1, exp=2))
    assert 2 <= len(service.asked) - asked <= 3


def test_key_that_went_is_not_kept() -> None:
    """After a fetch, only the keys of the new set count."""
    service = Service()
    sojourn = client(service)
    sojourn.verify(service.login().token)
    old = service.login()
    other = "jky_" + "1" * 22
    service.keys = [other]
    service.passes(5)
    sojourn.verify(service.login(kid=other).token)
    with pytest.raises(InvalidToken):
        sojourn.verify(old.token)


def test_signature_is_checked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token's signature is checked when it is first seen, and not at each request."""
    service = Service()
    sojourn, begun = client(service), service.login()
    sojourn.verify(begun.token)
    monkeypatch.setattr(local, "verify", None)
    assert sojourn.verify(begun.token).id == begun.id


def test_new_key_is_fetched() -> None:
    """A token of a key that is new is accepted at once, and a key that went is not kept."""
    service = Service()
    sojourn = client(service)
    sojourn.verify(service.login().token)
    other = "jky_" + "1" * 22
    service.keys.append(other)
    service.passes(5)
    begun = service.login(kid=other)
    assert sojourn.verify(begun.token).id == begun.id


def test_keys_that_cannot_be_fetched() -> None:
    """Without keys nothing is known of any token, so none is called invalid or accepted."""
    service = Service(away=True)
    sojourn, begun = client(service), service.login()
    for _ in range(2):
        with pytest.raises(Unavailable):
            sojourn.verify(begun.token)
    service.away = False
    service.passes(5)
    assert sojourn.verify(begun.token).id == begun.id


def test_old_keys_are_fetched_in_the_background() -> None:
    """Keys are fetched again after 15 minutes, and no request waits for it."""
    service = Service()
    sojourn = client(service)
    sojourn.verify(service.login().token)
    jwks = f"/v1/realms/{REALM}/.well-known/jwks.json"
    service.passes(900)
    sojourn.verify(service.login().token)
    settle(sojourn)
    assert service.asked.count(jwks) == 2
    service.passes(900)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service, "answer", lambda _: problem(404, "not_found"))
        for _ in range(5):
            with pytest.raises(Refused):
                sojourn.verify(service.login().token)
            settle(sojourn)
    assert service.asked.count(jwks) == 3
    sojourn.verify(service.login().token)  # the former keys still count


def test_errors_are_not_remembered() -> None:
    """An answer that is no yes and no end is asked for again, and never a yes."""
    service = Service()
    sojourn, begun = client(service), service.login()
    service.keys = [KID]
    sojourn.verify(begun.token)
    service.lost = True
    service.passes(S)
    with pytest.raises(Unavailable):
        sojourn.verify(begun.token)
    service.lost = False
    assert sojourn.verify(begun.token).id == begun.id
    service.passes(S)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service, "answer", lambda _: problem(403, "edge_required"))
        with pytest.raises(Refused):
            sojourn.verify(begun.token)
    assert sojourn.verify(begun.token).id == begun.id


def test_refusal_outdates_what_is_remembered() -> None:
    """A token that the service calls invalid is not accepted by an earlier answer."""
    service = Service()
    sojourn, begun = client(service), service.login()
    sojourn.verify(begun.token)
    service.keys = []
    for max_staleness in (0, None):
        with pytest.raises(InvalidToken):
            sojourn.verify(begun.token, max_staleness)


def test_own_end_is_seen_at_once() -> None:
    """A session that this process ended is refused by it at once, whatever it remembers."""
    service = Service()
    sojourn, begun = client(service), service.login()
    other = service.login(user_id="usr_" + "5" * 22)
    sojourn.verify(begun.token)
    sojourn.verify(other.token)
    sojourn.end(token=begun.token)
    with pytest.raises(Terminated):
        sojourn.verify(begun.token)
    asked = len(service.asked)
    sojourn.verify(other.token)
    assert len(service.asked) == asked


def test_answer_from_before_an_end_is_not_remembered() -> None:
    """An answer that was asked for before this process ended the session does not outlive it."""
    service = Service()
    sojourn, begun = client(service), service.login()

    def ends() -> None:
        service.end(begun)
        sojourn._verifier.forget_user(USER)

    sojourn.verify(service.login().token)
    service.during = ends
    sojourn.verify(begun.token)  # it came before
    with pytest.raises(Terminated):
        sojourn.verify(begun.token)


def test_cache_is_bounded() -> None:
    """No more sessions are remembered than `cache_size`; the least used go first."""
    service = Service()
    sojourn = client(service, cache_size=2)
    first, second, third = (service.login() for _ in range(3))
    for begun in (first, second, first, third, first):
        sojourn.verify(begun.token)
    assert service.validations() == 3
    sojourn.verify(second.token)
    assert service.validations() == 4


def test_no_token_is_remembered() -> None:
    """Neither the cache nor the verified tokens hold the text of a token."""
    service = Service()
    sojourn, begun = client(service), service.login()
    sojourn.verify(begun.token)
    verifier: Any = sojourn._verifier
    held = f"{list(verifier._tokens.items())!r} {list(verifier._policy._kept.items())!r}"
    for part in begun.token.split("."):
        assert part not in held


def test_no_state_of_one_request_reaches_the_next() -> None:
    """What a request changes in the user's `custom` is not there for the next one."""
    service = Service()
    sojourn, begun = client(service), service.login()
    for _ in range(3):
        user = sojourn.verify(begun.token).user
        assert user is not None
        assert user.custom == {"plan": "pro"}
        assert isinstance(user.custom, dict)
        user.custom["plan"] = "free"


def test_threads_share_a_flight() -> None:
    """Threads that verify one session at once ask for it once."""
    service = Service()
    sojourn, begun = client(service), service.login()
    sojourn.verify(service.login().token)
    arrived, go = threading.Barrier(9), threading.Event()
    service.during = waiting(go)
    results: list[str] = []

    def verifies() -> None:
        arrived.wait(10)
        results.append(sojourn.verify(begun.token).id)

    threads = [threading.Thread(target=verifies) for _ in range(8)]
    for thread in threads:
        thread.start()
    arrived.wait(10)
    go.set()
    for thread in threads:
        thread.join(10)
    assert results == [begun.id] * 8
    assert service.validations() == 2


@pytest.mark.parametrize("max_staleness", [0, S])
def test_answer_for_another_request_is_not_enough(max_staleness: float) -> None:
    """A request takes the answer to an earlier one only while it counts; else it asks itself."""
    service = Service(revalidate_after=0 if max_staleness else 3_600)
    sojourn, begun = client(service), service.login()
    sojourn.verify(service.login().token)
    arrived, go, results = threading.Event(), threading.Event(), []

    def waits() -> None:
        arrived.set()
        go.wait(10)

    service.during = waits
    first = threading.Thread(target=lambda: results.append(sojourn.verify(begun.token)))
    first.start()
    arrived.wait(10)
    second = threading.Thread(
        target=lambda: results.append(sojourn.verify(begun.token, max_staleness))
    )
    second.start()
    go.set()
    first.join(10)
    second.join(10)
    assert len(results) == 2
    assert service.validations() == 3


def test_event_loop_shares_a_flight_and_survives_cancelling() -> None:
    """Requests of an event loop share a flight, which goes on if the first one is cancelled."""
    service = Service()
    sojourn, begun = client(service), service.login()
    go = threading.Event()

    async def run() -> None:
        await sojourn.averify(service.login().token)
        service.during = waiting(go)
        first = asyncio.create_task(sojourn.averify(begun.token))
        await asyncio.sleep(0)
        others = [asyncio.create_task(sojourn.averify(begun.token)) for _ in range(20)]
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        go.set()
        assert {session.id for session in await asyncio.gather(*others)} == {begun.id}

    asyncio.run(run())
    assert service.validations() == 2


def test_hit_never_leaves_the_event_loop() -> None:
    """A session that is known is accepted or refused without a thread or a pause."""
    service = Service()
    sojourn, begun, ended = client(service), service.login(), service.login()

    async def run() -> None:
        await sojourn.averify(begun.token)
        service.end(ended)
        with pytest.raises(Terminated):
            await sojourn.averify(ended.token)
        sojourn._workers.submit = None  # type: ignore[assignment,method-assign]
        steps = sojourn.averify(begun.token)
        with pytest.raises(StopIteration) as done:
            steps.send(None)
        assert done.value.value.id == begun.id
        with pytest.raises(Terminated):
            await sojourn.averify(ended.token)

    asyncio.run(run())


def test_flight_that_fails_fails_for_all() -> None:
    """Requests that waited for one that failed are told so, each by an error of its own."""
    service = Service()
    sojourn, begun = client(service), service.login()

    async def run() -> list[BaseException | Any]:
        await sojourn.averify(service.login().token)
        service.lost = True
        tasks = [sojourn.averify(begun.token) for _ in range(5)]
        return await asyncio.gather(*tasks, return_exceptions=True)

    errors = asyncio.run(run())
    assert {type(error) for error in errors} == {Unavailable}
    assert len({id(error) for error in errors}) == 5


@pytest.mark.skipif(not hasattr(os, "fork"), reason="This system has no fork")
def test_child_begins_anew() -> None:
    """After a fork in the middle of a flight, with every lock taken, the child verifies."""
    service = Service()
    sojourn, begun = client(service), service.login()
    sojourn.verify(service.login().token)
    verifier: Any = sojourn._verifier
    flight, _ = verifier._flights.join(b"somebody's")
    with verifier._lock, verifier._flights._lock, sojourn._workers._lock:
        child = os.fork()
        if child == 0:
            signal.alarm(20)  # a child that hangs is a failure
            code = 1
            try:
                verifier._flights.join(b"somebody's")[1] or os._exit(3)
                code = 0 if sojourn.verify(begun.token).id == begun.id else 2
                asyncio.run(sojourn.averify(begun.token))
            finally:
                os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    verifier._flights.land(b"somebody's", flight, None)
    assert sojourn.verify(begun.token).id == begun.id


STEPS: dict[str, Callable[[Service, Begun, float], None]] = {
    "passes": lambda service, _, x: service.passes(1.5 * S * x),
    "a little passes": lambda service, _, x: service.passes(3 * x),
    "ends": lambda service, begun, _: service.end(begun),
    "goes away": lambda service, *_: setattr(service, "away", True),
    "comes back": lambda service, *_: setattr(service, "away", False),
    "requests are late": lambda service, _, x: setattr(service, "there", 4 * x),
    "answers are late": lambda service, _, x: setattr(service, "back", 6 * x),
    "answers are lost": lambda service, _, x: setattr(service, "lost", x < 0.5),
}
CLOCK: dict[str, Callable[[Service, Begun, float], None]] = {
    "suspended": lambda service, _, x: service.suspends(3 * S * x),
    "suspended in a call": lambda service, _, x: setattr(
        service, "during", lambda: service.suspends(3 * S * x)
    ),
    "set back": lambda service, _, x: service.sets_back(3 * S * x),
    "set back in a call": lambda service, _, x: setattr(
        service, "during", lambda: service.sets_back(3 * S * x)
    ),
}


@settings(max_examples=200)
@given(
    kind=st.sampled_from(["suspended", "set back"]),
    steps=st.lists(
        st.tuples(st.sampled_from([*STEPS, "clock", "clock in a call"]), st.floats(0.01, 1)),
        max_size=25,
    ),
)
def test_bound(kind: str, steps: list[tuple[str, float]]) -> None:
    """No request that comes S after a termination was acknowledged, or later, is accepted.

    Whatever happens between: a network that is torn, late or loses answers, a process that was
    suspended, a wall clock that was set back.
    """
    service = Service()
    sojourn, begun = client(service), service.login()
    try:
        for name, how_much in steps:
            if name == "clock":
                CLOCK[kind](service, begun, how_much)
            elif name == "clock in a call":
                CLOCK[f"{kind} in a call"](service, begun, how_much)
            else:
                STEPS[name](service, begun, how_much)
            came = service.true
            try:
                sojourn.verify(begun.token)
            except SojournError:
                continue
            assert begun.ended is None or came < begun.ended + S
            settle(sojourn)
    finally:
        sojourn.close()


@settings(max_examples=50)
@given(st.lists(st.tuples(st.sampled_from(["passes", "ends"]), st.floats(0.01, 1)), max_size=10))
def test_always_has_no_gap(steps: list[tuple[str, float]]) -> None:
    """In mode "always" no request that comes after the acknowledgement is accepted."""
    service = Service()
    sojourn = Sojourn("https://s.example.com", REALM, transport=service, clock=service.clock)
    begun = service.login()
    for name, how_much in steps:
        STEPS[name](service, begun, how_much)
        try:
            sojourn.verify(begun.token)
        except Rejected:
            assert begun.ended is not None
        else:
            assert begun.ended is None
