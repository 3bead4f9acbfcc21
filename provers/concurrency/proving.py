"""Run the rounds of a scenario, and check each user's history."""

import statistics
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Final

import jwt

from provers.concurrency import checker, history, signing_keys
from provers.concurrency.calls import CHANGES, LOST, Ask, Lane, Record, Someone
from provers.concurrency.checker import Operation
from provers.concurrency.crew import Crew
from provers.concurrency.plans import Scenario, Sight
from provers.concurrency.realm import Version
from provers.concurrency.state import Call, State
from provers.concurrency.user import Rules
from provers.concurrency.worker import Round
from tests.support.http_world import PASSWORD

HELD_UP: Final = 429
PATIENCE: Final = 0.5
"""Seconds that a call tries where it meets faults, so that it gives up while others race."""
FILLING: Final = 12
"""Lanes that fill up a new user's sessions."""


@dataclass(slots=True)
class Tally:
    """What the rounds of a scenario came to."""

    scenario: str
    rounds: int = 0
    calls: int = 0
    lost: int = 0
    held_up: int = 0
    counts: "Counter[str]" = field(default_factory=Counter)
    at_once: list[int] = field(default_factory=list)
    """For each round, how many calls were under way at its busiest."""
    violations: list[str] = field(default_factory=list)

    def add(self, records: Sequence[Record]) -> None:
        """Count a user's round in."""
        self.rounds += 1
        self.calls += len(records)
        self.lost += sum(record.status == LOST for record in records)
        self.held_up += sum(record.status == HELD_UP for record in records)
        self.at_once.append(busiest(records))

    @property
    def conflicts(self) -> int:
        """Writes that DynamoDB refused, since another came between."""
        return self.counts["conditions failed"] + self.counts["transaction conflicts"]

    @property
    def retries(self) -> int:
        """Changes decided anew, and calls to DynamoDB sent again."""
        return self.counts["retries"] + self.counts["calls"] - self.counts["wanted"]

    @property
    def usually_at_once(self) -> int:
        """The median of the rounds' busiest moments."""
        return round(statistics.median(self.at_once)) if self.at_once else 0


def busiest(records: Sequence[Record]) -> int:
    """The most calls that were under way at one moment."""
    moments = sorted(
        [(record.start, 1) for record in records] + [(record.end, -1) for record in records]
    )
    most = now = 0
    for _, change in moments:
        now += change
        most = max(most, now)
    return most


@dataclass(slots=True)
class Life:
    """One user over the rounds of a chain."""

    user: Someone
    state: State
    expired: frozenset[str] = frozenset()
    tokens: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    """The key of each token."""
    expires: dict[str, float] = field(default_factory=dict)

    def pass_time(self, now: float) -> None:
        """Let go of the sessions and the records whose time is over."""
        over = {session for session, at in self.expires.items() if at <= now}
        self.expired |= over
        live = tuple(session for session in self.state.live if session not in over)
        ended = frozenset(pair for pair in self.state.ended if pair[0] not in over)
        self.state = replace(self.state, live=live, ended=ended)

    def learn(self, records: Sequence[Record]) -> None:
        """Remember the tokens of what began, and until when there is anything of what is listed."""
        for record in records:
            self.expires.update(record.answer.get("expires", {}))
            if "token" in record.answer:
                token = record.answer["token"]
                self.tokens[record.answer["id"]] = token
                self.keys[record.answer["id"]] = jwt.get_unverified_header(token)["kid"]
                self.expires[record.answer["id"]] = record.answer["expires_at"]

    def sight(self) -> Sight:
        """What can be acted on."""
        live = [session for session in self.state.live if session in self.tokens]
        return Sight(live, [session for session in self.tokens if session not in live])


class Prover:
    """Plays one scenario with a crew."""

    def __init__(self, crew: Crew, scenario: Scenario, random: Random) -> None:
        self._crew = crew
        self._scenario = scenario
        self._random = random
        self._keys: dict[str, float | None] = {}
        self.tally = Tally(scenario.name)

    def play(self, rounds: int) -> Tally:
        """At least so many rounds; as many users as that takes."""
        self._crew.open(self._scenario.settings)
        while self.tally.rounds < rounds and not self.tally.violations:
            self._chain(rounds - self.tally.rounds)
        return self.tally

    def _chain(self, wanted: int) -> None:
        """Some users' lives, side by side, over so many rounds if a chain has as many."""
        scenario = self._scenario
        if scenario.changes is not None and self.tally.rounds:
            self._crew.realm(scenario.settings)
        users = self._crew.users(scenario.users, PASSWORD)
        before = State(password=PASSWORD, versions=(Version(scenario.realm),))
        lives = [Life(user, before) for user in users]
        if self._has_keys:
            self._keys = self._keys_now(users[0])["keys"]
        fill = scenario.cap if scenario.fill is None else scenario.fill
        if fill:
            width = min(fill, FILLING)
            logins = [Ask("begin")] * -(-fill // width)
            self._round(lives, [[logins] * width] * len(lives), Round(turns=True), counted=False)
        part = Round(turns=scenario.turns, per_commit=scenario.per_commit)
        if scenario.strikes:
            part = replace(part, strikes=scenario.strikes, seconds=PATIENCE)
        for _ in range(min(scenario.chain, -(-wanted // scenario.users))):
            if self.tally.violations:
                return
            self._crew.advance(scenario.advance)
            for life in lives:
                life.pass_time(time.time() + self._crew.moved)
            plans = [scenario.plan(self._random, life.sight(), scenario.lanes) for life in lives]
            if scenario.changes is not None:
                (signing,) = self._keys_now(users[0])["signing"]
                plans[0] += scenario.changes(self._random, signing)
            self._round(lives, plans, part)

    def _keys_now(self, user: Someone) -> Mapping[str, Any]:
        """The realm's signing keys."""
        told = self._crew.play(Round(together=False), [Lane(user, [Ask("keys")])])
        (record,) = told.records
        assert record.status == 200, record
        return record.answer

    def _round(
        self,
        lives: Sequence[Life],
        plans: Sequence[Sequence[Sequence[Ask]]],
        part: Round,
        *,
        counted: bool = True,
    ) -> None:
        lanes = [
            Lane(life.user, asks, life.tokens)
            for life, plan in zip(lives, plans, strict=True)
            for asks in plan
        ]
        self._random.shuffle(lanes)
        seed = f"{self._scenario.name}/{self.tally.rounds}"
        played = self._crew.play(replace(part, seed=seed), lanes)
        if counted:
            self.tally.counts.update(played.counts)
        after = [*(self._scenario.after if counted else ()), Ask("list"), Ask("records")]
        looks = [Lane(life.user, after) for life in lives]
        told = self._crew.play(Round(together=False, per_commit=part.per_commit), looks)
        for life in lives:
            mine = [record for record in played.records if record.user == life.user]
            shared = [r for r in played.records if r.user != life.user and r.name in CHANGES]
            seen = [record for record in told.records if record.user == life.user]
            if counted:
                self.tally.add(mine)
            life.learn([*mine, *seen])
            self._check(life, [*mine, *shared, *seen])

    @property
    def _has_keys(self) -> bool:
        return any(ask.name in signing_keys.NAMES for ask in self._scenario.after)

    def _check(self, life: Life, records: Sequence[Record]) -> None:
        if self._has_keys:
            of_keys = [record for record in records if record.name in signing_keys.NAMES]
            records = [record for record in records if record.name not in signing_keys.NAMES]
            self._check_keys(of_keys)
        known = {*life.state.live, *(session for session, _ in life.state.ended), *life.expired}
        rules = Rules(life.expired, life.keys)
        for operations in history.readings(records, known):
            verdict = checker.check(operations, life.state, rules.step)
            if verdict.linearizable:
                break
        if not verdict.linearizable:
            self.tally.violations.append(told_of(operations, life.state, verdict))
        life.state = verdict.state.settled()

    def _check_keys(self, records: Sequence[Record]) -> None:
        now = time.time() + self._crew.moved
        verdict, operations = signing_keys.check(records, self._keys, now=now)
        if not verdict.linearizable:
            self.tally.violations.append(told_of(operations, self._keys, verdict))
        (last,) = [record for record in records if record.name == "keys"][-1:]
        self._keys = last.answer["keys"]


def told_of(
    operations: Sequence[Operation[Call]], initial: object, verdict: "checker.Verdict[Any]"
) -> str:
    """A history that no order explains: what is explained, and what is left."""
    base = min(operation.start for operation in operations)

    def line(number: int) -> str:
        operation = operations[number]
        call = operation.call
        answer = {name: value for name, value in call.answer.items() if name != "token"}
        start, end = ((at - base) / 1e6 for at in (operation.start, operation.end))
        given = dict(call.given)
        return f"  {start:9.2f} to {end:9.2f} ms  {call.name} {given} -> {call.status} {answer}"

    left = [number for number in range(len(operations)) if number not in verdict.order]
    return "\n".join(
        [
            f"No order of these {len(operations)} calls explains every answer.",
            f"Before: {initial}",
            *("Explained:", *(line(number) for number in verdict.order)),
            f"Then: {verdict.state}",
            *("Left:", *(line(number) for number in sorted(left))),
        ]
    )
