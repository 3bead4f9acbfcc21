"""Writers: each ends the sessions of its own user in every way; one changes the realm."""

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any, Final

from provers.feed.clock import SPEED
from provers.feed.process import Part, running
from provers.feed.records import End, Kind, Played
from tests.support.http_world import PASSWORD, Answer, World

CAP: Final = 3
"""The realm's `max_sessions`."""
TRIES: Final = 6
"""How often a call is sent again that was answered by 503."""
SHARDS: Final = (4, 2, 1)
"""The numbers of shards, one after the other, again and again."""


@dataclass(slots=True)
class Acked:
    """A call that was answered by other than 503."""

    answer: Answer
    first_ns: int
    acked_ns: int
    tries: int

    @property
    def ok(self) -> bool:
        """Whether it was done."""
        return self.answer.status < 300

    def end(self, way: str, kind: Kind, target: str, **more: Any) -> End:
        """It as an ending."""
        return End(way, kind, target, self.first_ns, self.acked_ns, self.tries, **more)


@dataclass
class Calls:
    """Calls by one instance, each sent again while it is answered by 503."""

    world: World
    played: Played

    def __call__(
        self, method: str, path: str, body: object = None, *, bearer: str | None = None
    ) -> Acked | None:
        """One call; None if it was never answered."""
        first = time.monotonic_ns()
        for tries in range(1, TRIES + 1):
            answer = self.world.call(
                method,
                path,
                body,
                bearer=bearer or self.world.key,
                realm=None if bearer else self.world.realm_id,
            )
            self.world.answered.clear()
            self.played.counts["calls"] += 1
            if answer.status != 503:
                assert answer.status < 500, answer
                return Acked(answer, first, time.monotonic_ns(), tries)
            self.played.counts["503"] += 1
        return None


class _Writing:
    """One writer's user, and the ways to end its sessions."""

    def __init__(self, calls: Calls, name: str) -> None:
        self._calls = calls
        self._ends = calls.played.ends
        self._names = (f"{name}-{number}" for number in itertools.count())
        self._user = ""
        self._tokens: dict[str, str] = {}
        """The tokens of the sessions that may be active, the oldest first."""

    def end(self, way: "Way") -> None:
        """End sessions in that way, if there are two of them by then."""
        if not self._user:
            body = {"username": next(self._names), "password": PASSWORD}
            made = self._calls("POST", "/v1/users", body)
            if made is None or not made.ok:
                return
            self._user, self._tokens = made.answer.body["id"], {}
        while len(self._tokens) < 2:
            if not self._begin():
                return
        way(self)

    def _begin(self) -> Acked | None:
        """Begin a session; None if that was not answered."""
        begun = self._calls("POST", "/v1/sessions", {"user_id": self._user})
        if begun is None or not begun.ok:
            return None
        self._tokens[begun.answer.body["id"]] = begun.answer.body["token"]
        return begun

    def own(self) -> None:
        """Log out."""
        session, token = next(iter(self._tokens.items()))
        done = self._calls("DELETE", "/v1/session", bearer=token)
        self._ended("log out", session, done)

    def other(self) -> None:
        """End another session of the same user."""
        session, caller = list(self._tokens)[:2]
        done = self._calls("DELETE", f"/v1/sessions/{session}", bearer=self._tokens[caller])
        if done is not None and done.answer.status == 401:
            self._tokens.pop(caller)
        self._ended("by another of the user", session, done)

    def by_server(self) -> None:
        """End a session as an administrator."""
        session = next(iter(self._tokens))
        self._ended("by a server", session, self._calls("DELETE", f"/v1/sessions/{session}"))

    def _ended(self, way: str, session: str, done: Acked | None) -> None:
        self._tokens.pop(session)
        if done is not None and done.ok:
            self._ends.append(done.end(way, "session", session, user_id=self._user))

    def evict(self) -> None:
        """Log in at the limit, which ends the oldest session."""
        while True:
            seen = self._calls("GET", f"/v1/sessions?user_id={self._user}")
            if seen is None or not seen.ok:
                return
            active = [session["id"] for session in seen.answer.body["collection"]]
            if len(active) == CAP:
                break
            if not self._begin():
                return
        begun = self._begin()
        if begun is not None:
            way, oldest = "login that evicts", active[-1]
            end = begun.end(way, "session", oldest, user_id=self._user, beside=True)
            self._ends.append(end)
        self._tokens.pop(active[-1], None)

    def all_own(self, scope: str) -> None:
        """End all of one's own, or all others."""
        caller, token = list(self._tokens.items())[-1]
        path = f"/v1/sessions?scope={scope}"
        done = self._calls("DELETE", path, bearer=token)
        self._all_ended(f"{scope} of one's own", done)
        if done is not None and done.ok and scope == "others":
            self._tokens = {caller: token}

    def change_password(self) -> None:
        """Have the user change the password, which keeps the caller's session alone."""
        caller, token = list(self._tokens.items())[-1]
        body = {"current_password": PASSWORD, "password": PASSWORD}
        done = self._calls("POST", "/v1/password", body, bearer=token)
        self._all_ended("password changed", done)
        if done is not None and done.ok:
            self._tokens = {caller: token}

    def by_server_all(self) -> None:
        """End all of the user's as an administrator."""
        path = f"/v1/users/{self._user}/end_sessions"
        self._all_ended("all by a server", self._calls("POST", path))

    def set_password(self) -> None:
        """Set the user's password."""
        body = {"password": PASSWORD}
        self._all_ended("password set", self._calls("PUT", f"/v1/users/{self._user}", body))

    def disable(self) -> None:
        """Disable the user, and enable it again."""
        path = f"/v1/users/{self._user}"
        self._all_ended("user disabled", self._calls("PATCH", path, {"state": "inactive"}))
        back = self._calls("PATCH", path, {"state": "active"})
        if back is None or not back.ok:
            self._user = ""

    def delete(self) -> None:
        """Delete the user, and go on with another."""
        self._all_ended("user deleted", self._calls("DELETE", f"/v1/users/{self._user}"))
        self._user = ""

    def _all_ended(self, way: str, done: Acked | None) -> None:
        self._tokens = {}
        if done is not None and done.ok:
            self._ends.append(done.end(way, "user", self._user))


Way = Callable[[_Writing], None]
WAYS: Final[Sequence[Way]] = (
    *(_Writing.own, _Writing.other, _Writing.by_server, _Writing.evict, _Writing.evict),
    *(partial(_Writing.all_own, scope="others"), partial(_Writing.all_own, scope="all")),
    *(_Writing.by_server_all, _Writing.set_password, _Writing.change_password),
    *(_Writing.disable, _Writing.delete),
)


@dataclass(frozen=True, slots=True)
class Writer:
    """Ends the sessions of a user of its own, in one way after the other."""

    name: str
    ahead: Sequence[float]

    def run(self, part: Part, worlds: Sequence[World], random: Random, played: Played) -> None:
        (world,) = worlds
        writing = _Writing(Calls(world, played), self.name)
        ways = list(WAYS)
        while running(part):
            random.shuffle(ways)
            for way in ways:
                if running(part):
                    writing.end(way)


@dataclass(frozen=True, slots=True)
class Admin:
    """Ends the realm, stops its keys, and changes the number of the feed's shards."""

    ahead: Sequence[float]
    every: float
    """Seconds of the service between two changes."""

    def run(self, part: Part, worlds: Sequence[World], random: Random, played: Played) -> None:
        (world,) = worlds
        calls, shards = Calls(world, played), itertools.cycle(SHARDS)
        change: Callable[[Calls], None] = partial(_change_shards, shards)
        for step in itertools.cycle((_end_realm, change, _stop_key, change)):
            if not running(part):
                return
            step(calls)
            time.sleep(random.uniform(0.5, 1.5) * self.every / SPEED)


def _change_shards(shards: Iterator[int], calls: Calls) -> None:
    path = f"/v1/realms/{calls.world.realm_id}"
    done = calls("PATCH", path, {"revocation_shards": next(shards)})
    calls.played.counts["shards changed"] += done is not None and done.ok


def _end_realm(calls: Calls) -> None:
    realm_id = calls.world.realm_id
    done = calls("POST", f"/v1/realms/{realm_id}/end_sessions")
    if done is not None and done.ok:
        calls.played.ends.append(done.end("realm ended", "realm", realm_id))


def _stop_key(calls: Calls) -> None:
    realm = f"realm_id={calls.world.realm_id}"
    found = calls("GET", f"/v1/jwt_keys?{realm}")
    if found is None or not found.ok:
        return
    keys = found.answer.body["collection"]
    key_id = next(
        key["id"] for key in keys if (key["state"], key["kind"]) == ("signing", "expiring")
    )
    done = calls("PATCH", f"/v1/jwt_keys/{key_id}?{realm}", {"compromised": True})
    if done is not None and done.ok:
        calls.played.ends.append(done.end("key stopped", "key", key_id))
