"""A service in memory for drills, and verifiers that behave as a test says."""

import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.cli.stub import Asked, Say, Stub, page, problem
from tests.cli.tool import REALM

FOREVER = float("inf")


@dataclass
class Session:
    """A session, and since when it is ended, monotonic."""

    id: str
    user_id: str
    client: str
    ended: float = FOREVER

    @property
    def since(self) -> float:
        """Seconds since the end; less than 0 before it."""
        return time.monotonic() - self.ended


Behave = Callable[[Session], Say]
"""The answer of a verifier to a request with a session's token."""
OK, NO = Say(200, {"object": "session"}), problem(401, "session_ended", "Ended")


def at_once(session: Session) -> Say:
    """Refuse from the end on."""
    return NO if session.since >= 0 else OK


def always(answer: Say) -> Behave:
    """Answer the same, whatever happens."""
    return lambda _: answer


def then(answer: Say) -> Behave:
    """Accept, and from the end on answer this."""
    return lambda session: answer if session.since >= 0 else OK


@dataclass
class Service(Stub):
    """Users and sessions of one realm; `verifiers` are by path."""

    settings: dict[str, Any] = field(default_factory=dict)
    verifiers: dict[str, Behave] = field(default_factory=dict)

    def __post_init__(self) -> None:
        Stub.__init__(self)
        self.users: dict[str, dict[str, Any]] = {}
        self.sessions: dict[str, Session] = {}
        self.verifiers.setdefault("/v1/session", at_once)
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def realm(self) -> dict[str, Any]:
        """The realm."""
        view = {"object": "realm", "id": REALM, "session_type": "managed", "session_minutes": 360}
        return {**view, "max_sessions": 10, "max_staleness_seconds": 1, **self.settings}

    def add_user(self, username: str, **fields: Any) -> dict[str, Any]:
        """A user who is there."""
        user_id = f"usr_{next(self._numbers):022}"
        user = {"object": "user", "id": user_id, "username": username, **fields}
        self.users[user_id] = user
        return user

    def begin(self, user_id: str, client: str) -> Session:
        """A session that begins."""
        session = Session(f"kss_{next(self._numbers):054}", user_id, client)
        self.sessions[session.id] = session
        return session

    def active(self) -> list[Session]:
        """The sessions that are not ended."""
        return [session for session in self.sessions.values() if session.since < 0]

    def answer(self, asked: Asked) -> Say:
        told = self._answers.get(f"{asked.method} {asked.path}")
        if told is not None:
            return super().answer(asked)
        self.asked.append(asked)
        self.arrived.set()
        with self._lock:
            if asked.path in self.verifiers:
                return self._verify(asked)
            return self._operate(asked)

    def _verify(self, asked: Asked) -> Say:
        cookie = asked.headers.get("cookie", "").rpartition("=")[2]
        token = cookie or asked.headers.get("authorization", "").removeprefix("Bearer ")
        return self.verifiers[asked.path](self.sessions[token.removeprefix("token-")])

    def _operate(self, asked: Asked) -> Say:
        last = asked.path.rpartition("/")[2]
        match asked.method, asked.path.split("/")[2:]:
            case "GET", ["realms"]:
                return page(self.realm())
            case "GET", ["realms", _]:
                return Say(200, self.realm())
            case "POST", ["users"]:
                if any(user["username"] == asked.body["username"] for user in self.users.values()):
                    return problem(409, "name_taken", "Taken")
                return Say(201, self.add_user(**asked.body))
            case "GET", ["users", _]:
                for user in self.users.values():
                    if last in (user["id"], user["username"]):
                        return Say(200, user)
            case "DELETE", ["users", _] if last in self.users:
                del self.users[last]
                for session in self.active():
                    if session.user_id == last:
                        session.ended = time.monotonic()
                return Say(204)
            case "GET", ["sessions"]:
                mine = [s for s in self.active() if s.user_id == asked.query["user_id"]]
                return page(*({"id": s.id, "request": {"client": s.client}} for s in mine))
            case "POST", ["sessions"] if asked.body["user_id"] in self.users:
                session = self.begin(asked.body["user_id"], asked.body["request"]["client"])
                human = self.users[session.user_id].get("user_type") != "api"
                view = {"object": "session", "id": session.id, "token": f"token-{session.id}"}
                kind = {"session_type": "managed" if human else "unmanaged"}
                return Say(201, view | kind)
            case "DELETE", ["sessions", _] if last in self.sessions:
                session = self.sessions[last]
                session.ended = min(session.ended, time.monotonic())
                return Say(204)
        return problem(404, "not_found", "Not found")
