"""A service in memory, for the tests of an application: no network, no stack, no waiting.

with FakeService().behind(app.sojourn) as service:
    token = service.begin("ada").token

It answers what the client's methods ask for. The application's own code, its cookies and its
answers to refusals run as they are. Signatures are not made, so nothing else would accept a token.
"""

import base64
import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from sojourn_client.client import Sojourn
from sojourn_client.service.transport import NoReply, Reply, Request
from sojourn_client.session import Session, session_of

PASSWORD: Final = "correct horse battery staple"  # noqa: S105 - of users that do not exist
LIFETIME: Final = 21_600
_LETTERS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_WRONG: Final = "The user does not exist, the password is wrong, or the user is inactive."


@dataclass
class _Begun:
    """A session, as an answer shows it, and its user."""

    body: dict[str, Any]
    user: dict[str, Any]
    token: str
    ended: dict[str, Any] | None = None

    @property
    def problem(self) -> dict[str, Any] | None:
        """Why it is not accepted; None if it stands."""
        if self.ended is not None:
            return {"code": "session_ended", **self.ended}
        if time.time() >= self.body["expires_at"]:  # noqa: TID251 - as a service would
            return {"code": "session_expired"}
        return None


@dataclass
class FakeService:
    """Users, their sessions and what ended, in memory. Safe for threads.

    - `away`: while it is true, nothing is answered: every call is `Unavailable`
    - `realm_id`: `behind` takes that of the client
    """

    realm_id: str = f"rl_{'0' * 22}"
    away: bool = False
    _users: dict[str, dict[str, Any]] = field(default_factory=dict, repr=False)
    _passwords: dict[str, str] = field(default_factory=dict, repr=False)
    _sessions: dict[str, _Begun] = field(default_factory=dict, repr=False)
    _refusal: Reply | None = field(default=None, repr=False)
    _lock: Any = field(default_factory=threading.RLock, repr=False)

    def sojourn(self) -> Sojourn:
        """A client of this service."""
        return Sojourn("https://sojourn.invalid", self.realm_id, "ks_fake", transport=self)

    @contextmanager
    def behind(self, sojourn: Sojourn) -> Iterator["FakeService"]:
        """Have an application's client talk to this service until the block ends.

        Whatever its mode, the client then asks at each verification, so an end is seen at once.
        """
        self.realm_id = sojourn.realm_id
        own, sojourn.__dict__ = sojourn.__dict__, self.sojourn().__dict__
        try:
            yield self
        finally:
            sojourn.__dict__ = own

    def add_user(
        self,
        username: str,
        password: str = PASSWORD,
        *,
        email: str | None = None,
        name: str | None = None,
        custom: Mapping[str, Any] | None = None,
    ) -> str:
        """A user who may log in; returns the user's id."""
        with self._lock:
            user_id = f"usr_{_random(22)}"
            known: dict[str, Any] = {"object": "user", "id": user_id, "username": username}
            known |= {"email": email, "name": name, "custom": custom and dict(custom)}
            self._users[user_id] = known
            self._passwords[user_id] = password
            return user_id

    def begin(self, username: str, *, client: str | None = None, ip: str | None = None) -> Session:
        """A session with its `token`; the user is added if nobody has that name."""
        with self._lock:
            user = self._named(username) or self._users[self.add_user(username)]
            return session_of(self._begin(user, {"ip": ip, "client": client}))

    def end(self, session_id: str, reason: str = "terminated_by_admin") -> None:
        """End a session, as somebody else would."""
        with self._lock:
            self._end([self._sessions[session_id]], reason)

    def expire(self, session_id: str) -> None:
        """Let a session expire."""
        with self._lock:
            self._sessions[session_id].body["expires_at"] = 0

    def refuse_logins(self, code: str, status: int, *, retry_after: int | None = None) -> None:
        """Refuse every log-in from now on, for instance by `too_many_attempts` and 429."""
        headers = {} if retry_after is None else {"retry-after": str(retry_after)}
        self._refusal = replace(_reply(status, {"code": code, "detail": code}), headers=headers)

    def exchange(self, request: Request, *, seconds: float) -> Reply:
        """Answer a request: this is the client's transport."""
        del seconds
        if self.away:
            raise NoReply("The service cannot be reached.", sent=False)
        with self._lock:
            return self._answer(request)

    def close(self) -> None:
        """There is nothing to close."""

    def _answer(self, request: Request) -> Reply:
        url = urlsplit(request.path)
        parts = [unquote(part) for part in url.path.removeprefix("/v1/").split("/")]
        body = json.loads(request.body or b"{}")
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        match (request.method, *parts):
            case ("POST", "login"):
                return self._log_in(body.get("username") or body.get("email"), body, 401)
            case ("POST", "users", name, "authenticate"):
                return self._log_in(name, body, 422)
            case ("POST", "sessions", "validate"):
                return _reply(200, {"collection": [self._validated(t) for t in body["tokens"]]})
            case ("GET", "realms", _, ".well-known", "jwks.json"):
                return _reply(200, {"keys": []})
        caller = self._of(bearer)
        if not bearer.startswith("ks_") and (caller is None or caller.problem is not None):
            return _refused(caller)
        match (request.method, *parts):
            case ("GET", "session"):
                return _reply(200, self._validated(bearer))
            case ("DELETE", "session") if caller is not None:
                return self._end([caller], "logout")
            case ("GET", "sessions"):
                return self._listed(caller, query)
            case ("DELETE", "sessions") if caller is not None:
                spared = caller if query.get("scope") == "others" else None
                mine = [each for each in self._theirs(caller) if each is not spared]
                return self._end(mine, "terminated_by_user")
            case ("DELETE", "sessions", session_id):
                return self._end_one(caller, session_id)
        return _reply(404, {"code": "not_found", "detail": "FakeService has no such route."})

    def _log_in(self, name: str | None, body: dict[str, Any], wrong: int) -> Reply:
        if self._refusal is not None:
            return self._refusal
        user = self._named(name or "")
        if user is None or self._passwords[user["id"]] != body.get("password"):
            code = "login_failed" if wrong == 401 else "credential_wrong"
            return _reply(wrong, {"code": code, "detail": _WRONG})
        replaced = self._sessions.get(body.get("replace", ""))
        if replaced is not None:
            self._end([replaced], "replaced")
        return _reply(200, self._begin(user, body.get("request") or {}))

    def _begin(self, user: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
        now = time.time()  # noqa: TID251 - as a service would
        session_id = f"kss_{_random(22)}{user['id'].removeprefix('usr_')}{_random(10)}"
        body = {
            "object": "session",
            "id": session_id,
            "user_id": user["id"],
            "realm_id": self.realm_id,
            "session_type": "managed",
            "auth_method": "password",
            "created_at": now,
            "expires_at": int(now) + LIFETIME,
            "request": {"ip": request.get("ip"), "client": request.get("client"), "reported": True},
        }
        claims = {"sub": user["id"], "aud": self.realm_id, "rid": self.realm_id, "sid": session_id}
        claims |= {"iat": int(now), "exp": body["expires_at"], "session_type": "managed"}
        claims |= {"preferred_username": user["username"]}
        head = {"alg": "none", "kid": f"jky_{'0' * 22}", "typ": "JWT"}
        token = f"{_part(head)}.{_part(claims)}.{_random(8)}"
        self._sessions[session_id] = _Begun(body, user, token)
        return {**body, "token": token, "user": user}

    def _end_one(self, caller: _Begun | None, session_id: str) -> Reply:
        found = self._sessions.get(session_id)
        if found is None or (caller is not None and found.user is not caller.user):
            return _reply(404, {"code": "not_found", "detail": "Nothing with this id was found."})
        by_user = "logout" if found is caller else "terminated_by_user"
        return self._end([found], "terminated_by_admin" if caller is None else by_user)

    def _end(self, sessions: list[_Begun], reason: str) -> Reply:
        for each in sessions:
            if each.problem is None:
                each.ended = {"reason": reason, "ended_at": time.time()}  # noqa: TID251 - as above
        return Reply(204, {}, b"")

    def _listed(self, caller: _Begun | None, query: dict[str, str]) -> Reply:
        of = query.get("user_id") if caller is None else caller.user["id"]
        if of not in self._users:
            return _reply(404, {"code": "not_found", "detail": "Nothing with this id was found."})
        ended = query.get("state") == "ended"
        shown = [
            {**each.body, **(each.ended or {}), "active": not ended, "current": each is caller}
            for each in self._sessions.values()
            if each.user["id"] == of and (each.ended is not None if ended else not each.problem)
        ]
        shown.sort(key=lambda each: each["created_at"], reverse=True)
        return _reply(200, {"collection": shown, "more_results": False})

    def _theirs(self, caller: _Begun) -> list[_Begun]:
        return [each for each in self._sessions.values() if each.user is caller.user]

    def _validated(self, token: str) -> dict[str, Any]:
        found = self._of(token)
        problem = {"code": "token_invalid"} if found is None else found.problem
        if found is None or problem is not None:
            return {"active": False, **(problem or {})}
        return {**found.body, "active": True, "user": found.user, "revalidate_after": 0}

    def _of(self, token: str) -> _Begun | None:
        return next((each for each in self._sessions.values() if each.token == token), None)

    def _named(self, name: str) -> dict[str, Any] | None:
        for user in self._users.values():
            if name and name in (user["id"], user["username"], user["email"]):
                return user
        return None


def _random(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def _part(told: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(told).encode()).rstrip(b"=").decode()


def _refused(caller: _Begun | None) -> Reply:
    problem = None if caller is None else caller.problem
    return _reply(401, problem or {"code": "token_invalid"})


def _reply(status: int, body: dict[str, Any]) -> Reply:
    return Reply(status, {}, json.dumps({"status": status, **body}).encode())
