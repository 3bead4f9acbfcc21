"""The steps of a case, and what the service answers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tools.client_vectors.tokens import REALM, SESSIONS, START

JWKS: Final = f"GET /v1/realms/{REALM}/.well-known/jwks.json"
SESSION: Final = "GET /v1/session"
VALIDATE: Final = "POST /v1/sessions/validate"
FEED: Final = "GET /v1/revocations"
Answer = dict[str, Any]
AWAY: Final[Answer] = {"lost": False}
"""The connection cannot be opened."""
LOST: Final[Answer] = {"lost": True}
"""The answer does not come."""


def answer(status: int, body: Any = None, **more: Any) -> Answer:
    """An answer. `takes`: seconds that it takes; `suspended`: by the wall clock alone."""
    return {"status": status, **({} if body is None else {"body": body}), **more}


def problem(status: int, code: str, **more: Any) -> Answer:
    """A problem document."""
    return answer(status, {"status": status, "code": code, "detail": "Told.", **more})


def valid(name: str, *, revalidate_after: float = 3_600, **changed: Any) -> dict[str, Any]:
    """What a validation says of a session that stands."""
    begun = SESSIONS[name]
    managed = begun.session_type == "managed"
    origin = {"ip": "203.0.113.9", "client": "Firefox", "reported": True}
    user = {"object": "user", "id": begun.user_id, "username": begun.user, "name": None}
    return {
        "object": "session",
        "id": begun.id,
        "user_id": begun.user_id,
        "realm_id": REALM,
        "session_type": begun.session_type,
        "auth_method": "password" if managed else "api_key",
        "created_at": begun.created_at,
        "expires_at": begun.expires_at,
        "request": origin if managed else None,
        "active": True,
        "user": {**user, "email": f"{begun.user}@example.com", "custom": {"plan": ["pro"]}},
        "revalidate_after": revalidate_after,
        **changed,
    }


def stands(name: str, **more: Any) -> Answer:
    """The answer to a user's question about a session that stands."""
    told = {key: more.pop(key) for key in ("takes", "suspended", "headers") if key in more}
    return answer(200, valid(name, **more), **told)


def ended(at: float, reason: str = "evicted") -> Answer:
    """The answer to a user's question about a session that ended."""
    return problem(401, "session_ended", reason=reason, ended_at=START + at)


def validated(*names: str, **more: Any) -> Answer:
    """The answer to a server's question about sessions that stand."""
    told = {key: more.pop(key) for key in ("takes", "suspended") if key in more}
    return answer(200, {"collection": [valid(name, **more) for name in names]}, **told)


def inactive(code: str, **more: Any) -> Answer:
    """The answer to a server's question about one session that does not stand."""
    return answer(200, {"collection": [{"active": False, "code": code, **more}]})


def page(cursor: str, *entries: dict[str, Any], more: bool = False, **told: Any) -> Answer:
    """A page of the feed. `since`: when it is complete, in seconds after `START`."""
    body = {
        "collection": list(entries),
        "cursor": cursor,
        "complete_since": START + told.pop("since", 0),
        "more_results": more,
    }
    return answer(200, body, **told)


def entry(number: int, at: float, **told: Any) -> dict[str, Any]:
    """An entry of the feed."""
    return {
        "object": "revocation",
        "id": f"rev_{number}",
        "user_id": None,
        "ended_at": START + at,
        "reason": "logout",
        "expires_at": None,
        **told,
    }


@dataclass
class Course:
    """A case under construction. `S` of most cases is 20 seconds."""

    mode: str
    name: str
    max_staleness: float | None = None
    cache_size: int | None = None
    steps: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.mode != "always":
            self.max_staleness = self.max_staleness or 20.0

    def answers(self, route: str, *told: Answer) -> None:
        """From now on, what a route answers: in this order, the last one again and again."""
        self.steps.append({"answers": route, "with": list(told)})

    def passes(self, seconds: float) -> None:
        """Time passes."""
        self.steps.append({"passes": seconds})

    def suspended(self, seconds: float) -> None:
        """The machine sleeps: only the wall clock shows it."""
        self.steps.append({"suspended": seconds})

    def set_back(self, seconds: float) -> None:
        """The wall clock is set back."""
        self.steps.append({"set_back": seconds})

    def verify(
        self,
        name: str,
        verdict: str = "accepted",
        asks: Sequence[str] = (),
        *,
        within: float | None = None,
        **told: Any,
    ) -> None:
        """Verify a token: what comes of it, and what the service is asked."""
        step: dict[str, Any] = {"verify": name, "verdict": verdict, "asks": list(asks), **told}
        self.steps.append(step if within is None else {**step, "max_staleness": within})

    def accepts(self, name: str, asks: Sequence[str] = (), **told: Any) -> None:
        """Verify a token that is accepted."""
        self.verify(name, "accepted", asks, **told)

    def polls(self, cursor: str | None = None, *, etag: str | None = None, **told: Any) -> None:
        """Poll the feed: from which cursor, and what the client knows then."""
        asks = told.pop("asks", None)
        if asks is None:
            path = FEED if cursor is None else f"{FEED}?after={cursor}"
            asks = [path if etag is None else f"{path} If-None-Match {etag}"]
        self.steps.append({"poll": told, "asks": asks})

    def ends(self, name: str) -> None:
        """This process ends a token's session."""
        self.answers("DELETE /v1/session", answer(204))
        self.steps.append({"end": name, "asks": ["DELETE /v1/session"]})

    def told(self) -> dict[str, Any]:
        """The case, as the document has it."""
        told: dict[str, Any] = {"name": self.name, "max_staleness": self.max_staleness}
        if self.cache_size is not None:
            told["cache_size"] = self.cache_size
        return {**told, "steps": self.steps}
