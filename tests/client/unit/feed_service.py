"""A simulated service with the feed of what ended, as the service's decision 22 has it.

Each request meets an instance of its own, whose clock is up to five seconds off. Commits may be
late, and the ends of realms and keys reach every instance only five seconds after their entry.
"""

import hashlib
import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sojourn_client.service.transport import NoReply, Reply, Request
from tests.client.unit.script import USER, problem, reply
from tests.client.unit.service import KID, Begun, Service, session_id, signed

OVERLAP = 40.0
AHEAD = 10.0
SETTLING = 5.0
LATEST = 14.0
"""The most seconds from an entry's time to its commit."""
KEPT = 600.0
"""How long entries are kept: ten minutes in place of a day."""


@dataclass(frozen=True)
class Written:
    """An entry, under the time at which its commit was sent."""

    time: float
    body: dict[str, Any]


@dataclass
class FeedService(Service):
    """`skews` are the clocks' errors, one after another, again and again."""

    skews: Sequence[float] = (0.0,)
    page: int = 2000
    stale: bool = False
    """Whether validations meet instances that have cached the realm for up to five seconds."""
    feed_away: bool = False
    entries: list[Written] = field(default_factory=list)
    stops: dict[str, float] = field(default_factory=dict)
    """Keys that were stopped, and when that was committed."""
    realm_ends: list[float] = field(default_factory=list)
    polls: int = 0
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _errors: Iterator[float] | None = None

    def heals(self) -> None:
        """The network is whole again."""
        self.away = self.feed_away = self.lost = False

    def hurries(self) -> None:
        """The network is fast again."""
        self.there = self.back = 0.0

    def now(self) -> float:
        """The time by the clock of some instance."""
        self._errors = self._errors or itertools.cycle(self.skews)
        return self.true + next(self._errors)

    def begin(
        self,
        *,
        user_id: str = USER,
        kid: str = KID,
        session_type: str = "managed",
        old: bool = False,
    ) -> Begun:
        """Begin a session by an instance's clock.

        `old`: by a login that had read the realm before it was ended, so that end ends it too.
        """
        at = self.now()
        sid = session_id(at, number=next(self._numbers), user_id=user_id)
        expires = int(at) + 21_600
        token = signed(
            kid=kid, sid=sid, sub=user_id, iat=int(at), exp=expires, session_type=session_type
        )
        begun = Begun(sid, user_id, token, at, expires, session_type, kid)
        ends = [end for end in self.realm_ends if self.true < end + 10]
        if old and ends:
            begun.ended = max(ends[-1] + SETTLING, self.true)
        self.sessions[token] = begun
        return begun

    def write(self, late: float, **body: Any) -> None:
        """An entry whose commit was sent some seconds ago."""
        number = f"rev_{next(self._numbers)}"
        at = self.now() - late
        told = {"object": "revocation", "id": number, "user_id": None, "ended_at": at}
        self.entries.append(Written(at, {**told, "reason": "logout", "expires_at": None, **body}))

    def end(self, session: Begun, late: float = 0.0) -> None:
        if session.ended is None:
            session.ended = self.true
            self.write(late, session_ids=[session.id], user_id=session.user_id)

    def end_user(self, user_id: str, late: float = 0.0, spare: Begun | None = None) -> None:
        """End all sessions and tokens of a user, perhaps but one."""
        self.write(late, scope="user", user_id=user_id, reason="user_disabled")
        for begun in self.sessions.values():
            if begun.user_id == user_id and begun is not spare and begun.ended is None:
                begun.ended = self.true

    def end_realm(self) -> None:
        """End all sessions of the realm; acknowledged five seconds later."""
        self.write(0.0, scope="realm", reason="realm_ended")
        self.realm_ends.append(self.true)
        for begun in self.sessions.values():
            if begun.ended is None:
                begun.ended = self.true + SETTLING

    def stop(self, kid: str) -> None:
        """Stop a key; acknowledged five seconds later."""
        self.write(0.0, scope="key", key_id=kid, reason="terminated_by_admin")
        self.stops[kid] = self.true
        for begun in self.sessions.values():
            if begun.kid == kid and begun.ended is None:
                begun.ended = self.true + SETTLING

    def forge(self, kid: str) -> Begun:
        """A token of whoever has a key's private half: for a session that never began."""
        at = self.now()
        sid = session_id(at, number=next(self._numbers))
        claims: dict[str, Any] = {"sid": sid, "iat": int(at), "exp": int(at) + 21_600}
        return Begun(sid, USER, signed(kid=kid, **claims), at, None, kid=kid)

    def judge(self, token: str) -> dict[str, Any]:
        begun = self.sessions.get(token)
        if begun is None:
            return {"active": False, "code": "token_invalid"}
        # A commit counts at once, or when the last instance knows of it.
        stop = self.stops.get(begun.kid)
        if stop is not None and not (self.stale and self.true < stop + SETTLING):
            return {"active": False, "code": "token_invalid"}
        ended, begun.ended = begun.ended, None
        try:
            if ended is not None and self.true < ended and self.stale:
                return super().judge(token)
            begun.ended = ended
            return super().judge(token)
        finally:
            begun.ended = ended

    def answer(self, request: Request) -> Reply:
        if not request.path.startswith("/v1/revocations"):
            return super().answer(request)
        if self.feed_away:
            raise NoReply("The service did not answer in time.", sent=True)
        self.polls += 1
        now = self.now()
        after = parse_qs(urlsplit(request.path).query).get("after")
        cursor: dict[str, Any] = {"floor": now - OVERLAP, "since": now}
        if after is not None:
            cursor = json.loads(after[0])
            if now - cursor["floor"] > KEPT:
                return problem(410, "cursor_expired")
        sweep = cursor.pop("sweep", None) or {
            "until": now + AHEAD,
            "next": max(cursor["floor"], now - OVERLAP),
            "at": [cursor["floor"], ""],
        }
        found = sorted(
            (entry.time, entry.body["id"], entry.body)
            for entry in self.entries
            if entry.time <= sweep["until"] and now - entry.time < KEPT + 60
        )
        left = [each for each in found if [each[0], each[1]] > sweep["at"]]
        shown = left[: self.page]
        more = len(left) > self.page
        if more:
            cursor["sweep"] = {**sweep, "at": list(shown[-1][:2])}
        else:
            cursor["floor"] = sweep["next"]
        bodies = [body for _, _, body in shown]
        seen = json.dumps([[b["id"] for b in bodies], cursor["since"], more]).encode()
        etag = f'W/"{hashlib.sha256(seen).hexdigest()}"'
        if request.headers.get("if-none-match") == etag:
            return Reply(304, {"etag": etag}, b"")
        return reply(
            200,
            {
                "collection": bodies,
                "cursor": json.dumps(cursor),
                "complete_since": cursor["since"],
                "more_results": more,
            },
            etag=etag,
        )
