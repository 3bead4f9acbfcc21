"""A clock that tests move, and a transport that answers as it was told."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sojourn_client import Sojourn
from sojourn_client.clock import Instant
from sojourn_client.service.transport import NoReply, Reply, Request

REALM = "rl_" + "0" * 22
USER = "usr_" + "1" * 22
SESSION = "kss_" + "2" * 22 + "1" * 22 + "0" * 10
Answer = Reply | NoReply | Callable[[Request], Reply]


@dataclass
class FakeClock:
    """Both clocks stand still until they are moved."""

    wall: float = 1_790_000_000.0
    monotonic: float = 500.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> Instant:
        return Instant(self.wall, self.monotonic)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.move(seconds)

    def move(self, seconds: float) -> None:
        """Let time pass."""
        self.wall += seconds
        self.monotonic += seconds


@dataclass
class Script:
    """A transport: each answer once and in order, the last one again and again.

    Each exchange takes `takes` seconds of the clock.
    """

    answers: list[Answer]
    clock: FakeClock
    takes: float = 0.0
    asked: list[Request] = field(default_factory=list)
    allowed: list[float] = field(default_factory=list)

    def exchange(self, request: Request, *, seconds: float) -> Reply:
        self.asked.append(request)
        self.allowed.append(seconds)
        self.clock.move(self.takes)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, NoReply):
            raise answer
        return answer if isinstance(answer, Reply) else answer(request)

    def close(self) -> None:
        """There is nothing to close."""


def answering(
    *answers: Answer, access_key: str | None = None, timeout: float = 5.0
) -> tuple[Sojourn, Script]:
    """A client of a service that gives these answers, and what it asks."""
    clock = FakeClock()
    script = Script(list(answers), clock)
    made = Sojourn(
        "https://sessions.example.com",
        REALM,
        access_key,
        transport=script,
        clock=clock,
        timeout=timeout,
    )
    return made, script


def reply(status: int = 200, body: object = None, **headers: str) -> Reply:
    """An answer with JSON; a header's name has `_` for `-`."""
    raw = b"" if body is None else json.dumps(body).encode()
    return Reply(status, {name.replace("_", "-"): text for name, text in headers.items()}, raw)


def problem(status: int, code: str, headers: Mapping[str, str] | None = None, **more: Any) -> Reply:
    """A problem document."""
    body = {"status": status, "code": code, "title": "T", "detail": "D", "errors": ["E"], **more}
    return Reply(status, headers or {}, json.dumps(body).encode())


def token(**claims: object) -> str:
    """A token's text, with a signature that nobody could verify."""
    told = {"rid": REALM, "sid": SESSION, "sub": USER, **claims}
    return f"{_part({'alg': 'ES256', 'kid': 'jky_1', 'typ': 'JWT'})}.{_part(told)}.c2ln"


def valid(**more: Any) -> dict[str, Any]:
    """The answer of a validation for the session of `token()`."""
    return {
        "object": "session",
        "id": SESSION,
        "user_id": USER,
        "realm_id": REALM,
        "session_type": "managed",
        "auth_method": "password",
        "created_at": 1_790_000_000.123,
        "expires_at": 1_790_021_600,
        "request": {"ip": "203.0.113.9", "client": "Firefox", "reported": True},
        "active": True,
        "user": {
            "object": "user",
            "id": USER,
            "username": "ada",
            "name": None,
            "email": None,
            "custom": {"plan": "pro"},
        },
        "revalidate_after": 270,
        **more,
    }


def _part(told: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(told).encode()).rstrip(b"=").decode()


ENDED = problem(401, "session_ended", reason="evicted", ended_at=5.0)
AWAY = NoReply("away", sent=True)
