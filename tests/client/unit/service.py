"""A simulated service with its own true time, and a network that is late, torn, or both."""

import functools
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from sojourn_client.service.transport import NoReply, Reply, Request
from tests.client.unit.script import REALM, USER, FakeClock, problem, reply, valid

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ISSUER = f"https://sessions.example.com/v1/realms/{REALM}"
KID = "jky_" + "0" * 22
START = 1_790_000_000.0
LIFETIME = 21_600


@functools.cache
def private_key(kid: str) -> Any:
    """A key pair, which is made once."""
    del kid
    return ec.generate_private_key(ec.SECP256R1())


def session_id(created_at: float, *, number: int = 0, user_id: str = USER) -> str:
    """A session's id, as the service makes them."""
    value = (round(created_at * 1000) << 80) | number
    digits = []
    for _ in range(22):
        value, rest = divmod(value, 62)
        digits.append(DIGITS[rest])
    return f"kss_{''.join(reversed(digits))}{user_id.removeprefix('usr_')}{'0' * 10}"


def signed(*, kid: str = KID, headers: dict[str, Any] | None = None, **claims: Any) -> str:
    """A token that the realm's key signed."""
    told = {
        "iss": ISSUER,
        "sub": USER,
        "aud": REALM,
        "rid": REALM,
        "session_type": "managed",
        "preferred_username": "ada",
        **claims,
    }
    told = {name: value for name, value in told.items() if value is not None}
    return jwt.encode(told, private_key(kid), algorithm="ES256", headers=headers or {"kid": kid})


def jwk(kid: str = KID) -> dict[str, Any]:
    """A public key as the realm's key set has it."""
    members = jwt.algorithms.ECAlgorithm.to_jwk(private_key(kid).public_key(), as_dict=True)
    return {**members, "kid": kid, "alg": "ES256", "use": "sig"}


@dataclass
class Begun:
    """A session at the service. `ended` is when its end was acknowledged, by true time."""

    id: str
    user_id: str
    token: str
    created_at: float
    expires_at: int | None
    session_type: str = "managed"
    kid: str = KID
    ended: float | None = None


@dataclass
class Service:
    """True time, the sessions, and the client's clocks, which are moved with it."""

    clock: FakeClock = field(default_factory=lambda: FakeClock(wall=START))
    true: float = START
    sessions: dict[str, Begun] = field(default_factory=dict)
    keys: list[str] = field(default_factory=lambda: [KID])
    away: bool = False
    lost: bool = False
    """Whether answers are lost on their way back."""
    there: float = 0.0
    """Seconds until a request arrives, and then `back` until its answer does."""
    back: float = 0.0
    revalidate_after: float = 3_600
    asked: list[str] = field(default_factory=list)
    during: Callable[[], None] | None = None
    """What happens while an answer is on its way."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def passes(self, seconds: float) -> None:
        """Time passes, for everybody."""
        self.true += seconds
        self.clock.move(seconds)

    def suspends(self, seconds: float) -> None:
        """The client's process sleeps: only its wall clock shows it."""
        self.true += seconds
        self.clock.wall += seconds

    def sets_back(self, seconds: float) -> None:
        """Somebody sets the client's wall clock back."""
        self.clock.wall -= seconds

    def login(
        self,
        *,
        user_id: str = USER,
        kid: str = KID,
        expires: bool = True,
        session_type: str = "managed",
    ) -> Begun:
        """Begin a session."""
        sid = session_id(self.true, number=len(self.sessions), user_id=user_id)
        expires_at = int(self.true) + LIFETIME if expires else None
        token = signed(
            kid=kid,
            sid=sid,
            sub=user_id,
            iat=int(self.true),
            exp=expires_at,
            session_type=session_type,
        )
        begun = Begun(sid, user_id, token, self.true, expires_at, session_type, kid)
        self.sessions[token] = begun
        return begun

    def end(self, session: Begun) -> None:
        """End a session; the acknowledgement is there when this returns."""
        if session.ended is None:
            session.ended = self.true

    def judge(self, token: str) -> dict[str, Any]:
        """What a validation says now."""
        begun = self.sessions.get(token)
        if begun is None or begun.kid not in self.keys:
            return {"active": False, "code": "token_invalid"}
        if begun.expires_at is not None and self.true >= begun.expires_at:
            return {"active": False, "code": "session_expired"}
        if begun.ended is not None:
            ended = {"reason": "logout", "ended_at": begun.ended}
            return {"active": False, "code": "session_ended", **ended}
        about = valid(
            id=begun.id,
            user_id=begun.user_id,
            session_type=begun.session_type,
            created_at=begun.created_at,
            expires_at=begun.expires_at,
            revalidate_after=self.revalidate_after,
        )
        about["user"]["id"] = begun.user_id
        return about

    def exchange(self, request: Request, *, seconds: float) -> Reply:
        """One exchange: the service decides when the request arrives."""
        with self.lock:
            self.asked.append(request.path)
            if self.away:
                self.passes(min(seconds, 0.5))
                raise NoReply("The service cannot be reached.", sent=False)
            self.passes(self.there)
            answer = self.answer(request)
            self.passes(self.back)
            if self.during is not None:
                during, self.during = self.during, None
                during()
            if self.lost or self.there + self.back > seconds:
                raise NoReply("The service did not answer in time.", sent=True)
            return answer

    def answer(self, request: Request) -> Reply:
        """The answer of a route."""
        if request.path.endswith("/jwks.json"):
            return reply(200, {"keys": [jwk(kid) for kid in self.keys]})
        if request.path == "/v1/sessions/validate":
            sent = json.loads(request.body or b"")["tokens"]
            return reply(200, {"collection": [self.judge(each) for each in sent]})
        if request.path != "/v1/session":
            return problem(404, "not_found")
        token = request.headers["authorization"].removeprefix("Bearer ")
        if request.method == "DELETE":
            self.end(self.sessions[token])
            return Reply(204, {}, b"")
        about = self.judge(token)
        if about["active"]:
            return reply(200, about)
        more = {name: about[name] for name in ("reason", "ended_at") if name in about}
        return problem(401, about["code"], **more)

    def close(self) -> None:
        """There is nothing to close."""

    def validations(self) -> int:
        """How often a session was asked for."""
        return self.asked.count("/v1/session")
