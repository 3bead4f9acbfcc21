"""Mode "feed": no history of clocks, networks and ends breaks the bound."""

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn_client import SojournError
from sojourn_client.decisions.feed import SETTLING
from tests.client.unit.feed_client import KEY2, OTHER, S, client
from tests.client.unit.feed_service import KEPT, LATEST, FeedService
from tests.client.unit.script import USER
from tests.client.unit.service import KID, Begun

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
    "long pages": lambda service, _: setattr(service, "page", 2000),
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
