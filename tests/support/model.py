"""A simple model of the session rules, independent of storage."""

from dataclasses import dataclass, field

DAY = 86_400
THIRTY_DAYS = 30 * DAY


@dataclass
class Began:
    """A session that began, and how it ended if it did. Times in epoch seconds."""

    id: str
    token: str
    created: float
    expires: int
    reason: str | None = None
    ended: float = 0.0
    stopped: bool = False
    """The key that signed its token was stopped: the token is none any more."""

    def live(self, now: float) -> bool:
        """Rule 4."""
        return self.reason is None and now < self.expires

    def recorded(self, now: float) -> bool:
        """Rule 9: until it would have expired or 30 days, whichever is first."""
        kept = min(self.expires, int(self.ended) + THIRTY_DAYS)
        return self.reason is not None and now < kept


@dataclass
class Person:
    """A user."""

    id: str
    username: str
    active: bool = True
    row: int = 0
    failed: float = 0.0
    began: list[Began] = field(default_factory=list)

    def live(self, now: float) -> list[Began]:
        """Active sessions, oldest first."""
        return [b for b in self.began if b.live(now)]

    def held_up(self, now: float) -> bool:
        """Whether a try is refused: 5 failures in a row, and the wait after the last not over."""
        if now >= self.failed + DAY:
            self.row = 0
        return self.row >= 5 and now < self.failed + min(900, 30 * 2 ** (self.row - 5))

    def end(self, which: list[Began], reason: str, now: float) -> None:
        """End the live ones of these."""
        for b in which:
            if b.live(now):
                b.reason, b.ended = reason, now


@dataclass
class Model:
    """What a realm must do."""

    cap: int
    at_limit: str

    def login(self, person: Person, now: float, replace: Began | None) -> tuple[int, list[Began]]:
        """The status that a right password gets, and which sessions end by it (rule 3)."""
        if person.held_up(now):
            return 429, []
        if not person.active:
            person.row, person.failed = person.row + 1, now
            return 401, []
        live = person.live(now)
        gone = []
        if replace is not None:
            if replace not in live:
                return 404, []
            gone.append(replace)
            live.remove(replace)
        excess = len(live) + 1 - self.cap
        if excess > 0 and self.at_limit == "deny" and replace is None:
            return 409, []
        person.row = 0
        return 200, gone + live[: max(0, excess)]

    def validate(self, b: Began, now: float) -> tuple[int, str | None, str | None]:
        """Status, code and reason that a token gets (rules 4, 5, 9)."""
        if b.stopped:
            return 401, "token_invalid", None
        if now >= b.expires:
            return 401, "session_expired", None
        if b.reason is not None:
            return 401, "session_ended", b.reason if b.recorded(now) else None
        return 200, None, None
