"""A load, and the operations a second that it makes in each mode of the client."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from sojourn_cli.costs.counts import SESSIONS

Mode = Literal["always", "cached", "feed"]
MODES: Final[tuple[Mode, ...]] = ("always", "cached", "feed")
DAY: Final = 86_400
STALENESS: Final = {"always": 0.0, "cached": 300.0, "feed": 10.0}
"""The client's `max_staleness`, in seconds, where nothing else is told."""
KEPT: Final = 0.65
"""The part of `max_staleness` after which a cached session in use is asked for again: client and
service each take off 0 to 20 %, the smaller counts (0.867 on the mean), and at 75 % of it the
client asks in the background."""
POLLS: Final = 4 / 0.9
"""Polls of the feed in one `max_staleness`: a quarter of it apart, of which 0 to 20 % are off."""
OVERLAP: Final = 40
"""Seconds of the feed that each poll reads again."""
PAGE: Final = 2_000
"""Entries of a page of the feed, at most."""
SELDOM: Final = 1e-6
"""Below this, a probability is its first term."""
MOST_SESSIONS: Final = 100
"""Live sessions of a user, at most (`max_sessions`)."""
BEYOND: Final = 1e13
"""More of anything is a slip of the hand."""


class LoadInvalid(Exception):
    """There can be no such load; the message says why."""


@dataclass(frozen=True, slots=True)
class Load:
    """What users and applications do, on the mean of a month. Raises `LoadInvalid`.

    - `logouts_per_day`: sessions that are ended before they expire
    - `sessions_per_user`: live sessions of a user who has any; 1, 3 or 10, for which it is counted
    - `verifiers`: processes of applications that verify tokens
    - `restarts_per_day`: how often each of these begins anew
    - `peak`: the busiest second over the mean, for limits
    """

    users: float
    logins_per_day: float
    validations_per_second: float
    logouts_per_day: float
    failed_logins_per_day: float = 0.0
    machine_logins_per_day: float = 0.0
    lists_per_day: float = 0.0
    sessions_per_user: int = 3
    session_minutes: float = 360.0
    verifiers: int = 10
    restarts_per_day: float = 1.0
    max_staleness: float | None = None
    peak: float = 3.0

    def __post_init__(self) -> None:
        for name, value in vars_of(self).items():
            if value is not None and not 0 <= value <= BEYOND:
                raise LoadInvalid(f"{told(name)} must be a number from 0 to 10^13.")
        if self.sessions_per_user not in SESSIONS:
            raise LoadInvalid("--sessions-per-user must be 1, 3 or 10: these are counted.")
        if self.users == 0 and self.logins_per_day + self.machine_logins_per_day > 0:
            raise LoadInvalid("Without users nobody logs in: give --users.")
        if self.logouts_per_day > self.logins_per_day:
            raise LoadInvalid("--logouts-per-day cannot be more than --logins-per-day.")
        if self.validations_per_second > 0 and self.active == 0:
            raise LoadInvalid(
                "Validations need sessions: give --logins-per-day and --session-minutes of more "
                "than 0."
            )
        if self.active > MOST_SESSIONS * self.users:
            raise LoadInvalid(
                f"{self.logins_per_day:,.0f} logins a day of {self.session_minutes:g} minutes are "
                f"{self.active / self.users:,.0f} live sessions a user, and a user has at most "
                f"{MOST_SESSIONS}. Give more --users, fewer --logins-per-day, or shorter "
                "--session-minutes."
            )
        if self.verifiers < 1 and self.validations_per_second > 0:
            raise LoadInvalid("--verifiers must be 1 or more.")
        if self.max_staleness is not None and self.max_staleness <= 0:
            raise LoadInvalid("--max-staleness must be more than 0 seconds.")
        if self.peak < 1:
            raise LoadInvalid("--peak must be 1 or more: the busiest second over the mean.")

    @property
    def active(self) -> float:
        """Live sessions: as many as begin in one lifetime."""
        return self.logins_per_day * self.session_minutes / 1_440

    def staleness(self, mode: Mode) -> float:
        """The `max_staleness` of a mode, in seconds."""
        return STALENESS[mode] if self.max_staleness is None else self.max_staleness


@dataclass(frozen=True, slots=True)
class Rate:
    """How often a second an operation is done, and where that comes from."""

    per_second: float
    because: str


@dataclass(frozen=True, slots=True)
class Demand:
    """The operations of a load in one mode, and what polls read of the feed."""

    mode: Mode
    rates: Mapping[str, Rate]
    entries_per_poll: float = 0.0

    def per_second(self, operation: str) -> float:
        """How often an operation is done."""
        found = self.rates.get(operation)
        return 0.0 if found is None else found.per_second


def demand(load: Load, mode: Mode) -> Demand:
    """What a load asks of the service, if the applications verify in this mode."""
    rates = {
        name: Rate(daily / DAY, f"{daily:,.10g} a day / 86,400 s")
        for name, daily in (
            ("login", load.logins_per_day),
            ("api_key_login", load.machine_logins_per_day),
            ("login_failed", load.failed_logins_per_day),
            ("list", load.lists_per_day),
            ("terminate", load.logouts_per_day),
            ("expired_session", load.logins_per_day - load.logouts_per_day),
            ("ended_record", load.logouts_per_day),
            ("feed_entry", load.logouts_per_day),
        )
        if daily > 0
    }
    asked = load.validations_per_second
    if asked == 0:
        return Demand(mode, rates)
    if mode == "always":
        return Demand(mode, {**rates, "validate": Rate(asked, "each validation is a request")})
    if mode == "cached":
        return Demand(mode, {**rates, "validate": _cached(load, asked)})
    return _feed(load, asked, rates)


def _cached(load: Load, asked: float) -> Rate:
    """Each session once in each process, and again after a while if it is in use then.

    Sessions that are used alike are asked for most often: where some are used more than others,
    the requests are fewer.
    """
    pairs, kept = load.active * load.verifiers, KEPT * load.staleness("cached")
    return Rate(
        asked / (1 + asked * kept / pairs),
        f"{asked:g}/s / (1 + {asked:g}/s x {kept:g} s kept / ({load.active:,.10g} sessions x "
        f"{load.verifiers} processes))",
    )


def _feed(load: Load, asked: float, rates: Mapping[str, Rate]) -> Demand:
    """Polls, and each session that began before a process once in it, if it is seen there again.

    A session whose requests come `often` times in a lifetime to one process, and of which as much
    is left as can be, is seen again with the probability `1 - (1 - e^-often) / often`.
    """
    pause = load.staleness("feed") / POLLS
    entries = load.logouts_per_day / DAY * (pause + OVERLAP)
    pages = max(1, math.ceil(entries / PAGE))
    pairs = load.active * load.verifiers
    polls = Rate(
        load.verifiers * pages / pause,
        f"{load.verifiers} processes x {pages} page(s) / {pause:g} s",
    )
    often = asked * load.session_minutes * 60 / pairs
    seen = 1 + math.expm1(-often) / often if often > SELDOM else often / 2
    confirms = Rate(
        min(asked, load.restarts_per_day * pairs * seen / DAY),
        f"{load.restarts_per_day:g} restarts a day x {load.active:,.10g} sessions x "
        f"{load.verifiers} processes x {seen:.4g} seen again / 86,400 s, at most {asked:g}/s",
    )
    return Demand("feed", {**rates, "poll": polls, "confirm": confirms}, entries / pages)


def vars_of(load: Load) -> dict[str, float | None]:
    """A load's values by their names."""
    return {name: getattr(load, name) for name in Load.__dataclass_fields__}


def told(name: str) -> str:
    """The option that gives a value."""
    return f"--{name.replace('_', '-')}"
