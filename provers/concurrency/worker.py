"""One process of a crew: its own instances of the service, and threads that call them."""

import contextlib
import os
import threading
import time
import traceback
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Barrier
from random import Random
from typing import Any, Final

from local import in_process
from local.stack import FastPasswords
from local.turns import in_turns
from provers.concurrency.calls import OWN, PERFORM, RAISED, REALM, Ask, Lane, Record, Someone, seen
from provers.concurrency.clock import CrewClock
from provers.concurrency.strikes import Strikes
from sojourn.aws.client import Client, Response
from sojourn.aws.errors import Refused
from sojourn.bootstrap import Resources
from sojourn.domain.errors import Superseded
from sojourn.domain.user import Change
from sojourn.runtime import deadline, optimistic
from sojourn.store import users as store
from sojourn.store.client import DynamoDB
from sojourn.store.users import DynamoUsers
from tests.support.http_world import World
from tests.support.instance import Instance

PATIENCE: Final = 60.0
"""Seconds for the others to come to the start."""
PER_COMMIT: Final = store.ENDED_PER_COMMIT


@dataclass(frozen=True, slots=True)
class Stage:
    """Tables, a realm and an admin key."""

    environment: dict[str, str]
    key: str
    realm_id: str


@dataclass(frozen=True, slots=True)
class Opening:
    """Tables to make a realm in, with these settings. Answered by the `Stage`."""

    environment: dict[str, str]
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Round:
    """What this process does in a round."""

    lanes: Sequence[Lane] = ()
    together: bool = True
    """Whether all lanes of all processes begin at once."""
    turns: bool = False
    """Whether the lanes of a process take turns, as in one threaded server; else each is an
    instance of its own, as in Lambda."""
    per_commit: int = PER_COMMIT
    strikes: float = 0.0
    """The share of the requests to DynamoDB that meet a fault."""
    seconds: float = deadline.SECONDS
    """How long a call tries."""
    seed: str = ""


@dataclass(frozen=True, slots=True)
class Played:
    """The calls of a round, and what happened between the service and DynamoDB meanwhile."""

    records: Sequence[Record]
    counts: "Counter[str]" = field(default_factory=Counter)


class Worker:
    """The process's state."""

    def __init__(self, barrier: Barrier, clock: CrewClock) -> None:
        self._barrier = barrier
        self._clock = clock
        self._counts: Counter[str] = Counter()
        self._dying = threading.local()
        self._alone = optimistic.commit
        self._in_turns = in_turns(optimistic.commit)
        self._deadline = deadline.deadline
        self._worlds: list[World] = []
        self._stage: Stage | None = None
        self._strikes = Strikes(in_process.connect, self._counts)
        self._count()
        self._die()

    def open(self, opening: Opening) -> Stage:
        """Make a realm."""
        instance = Instance(self._resources(opening.environment))
        _, key = instance.directory.access_keys.create_first(name="concurrency", force=True)
        self.enter(Stage(opening.environment, key, ""))
        return self.realm(opening.settings)

    def realm(self, settings: Mapping[str, Any]) -> Stage:
        """Make another realm in the same tables."""
        (world,) = self._instances(1)
        made = world.admin("POST", "/v1/realms", {"name": REALM, **settings})
        assert self._stage is not None
        return replace(self._stage, realm_id=made.body["id"])

    def enter(self, stage: Stage) -> None:
        """Use that stage from now on; instances keep what they know of its tables."""
        if self._stage is None or stage.environment != self._stage.environment:
            self._worlds = []
        self._stage = stage
        for world in self._worlds:
            world.realm_id = stage.realm_id

    def user(self, username: str, password: str) -> Someone:
        """Make a user."""
        (world,) = self._instances(1)
        body = {"realm_id": world.realm_id, "username": username, "password": password}
        return Someone(world.admin("POST", "/v1/users", body).body["id"], username)

    def play(self, part: Round) -> Played:
        """Make a round's calls."""
        self._counts.clear()
        deadline.deadline = partial(self._deadline, seconds=part.seconds)
        optimistic.commit = self._in_turns if part.turns else self._alone
        store.ENDED_PER_COMMIT = part.per_commit  # type: ignore[misc]
        worlds = self._instances(len(part.lanes))
        records: list[Record] = []

        def meet() -> None:
            self._barrier.wait(PATIENCE)

        action = meet if part.together else None
        start = threading.Barrier(max(1, len(part.lanes)), action, timeout=PATIENCE)

        def run(world: World, lane: Lane, random: Random) -> None:
            with self._strikes.on(random, part.strikes):
                self._lane(world, lane, start, records)

        threads = [
            threading.Thread(target=run, args=(world, lane, Random(f"{part.seed}/{number}")))
            for number, (world, lane) in enumerate(zip(worlds, part.lanes, strict=True))
        ]
        for thread in threads:
            thread.start()
        if part.together and not part.lanes:
            self._barrier.wait(PATIENCE)
        for thread in threads:
            thread.join()
        self._strikes.settle()
        return Played(records, Counter(self._counts))

    def _instances(self, count: int) -> list[World]:
        """So many instances of the service, each with resources, caches and handlers of its own."""
        assert self._stage is not None
        stage = self._stage
        while len(self._worlds) < count:
            resources = self._resources(stage.environment)
            made = World.attached(
                resources, stage.environment, key=stage.key, realm_id=stage.realm_id
            )
            self._worlds.append(made)
        return self._worlds[:count]

    def _lane(
        self,
        world: World,
        lane: Lane,
        start: threading.Barrier,
        records: list[Record],
    ) -> None:
        tokens = dict(lane.tokens)
        own: str | None = None
        start.wait()
        for ask in lane.asks:
            given = dict(ask.given)
            if given.get("session") == OWN:
                if own is None:
                    continue
                given["session"] = own
            record = self._made(lane.user, world, Ask(ask.name, given, ask.dies), tokens)
            if ask.name in ("login", "begin") and "token" in record.answer:
                own = record.answer["id"]
                tokens[own] = record.answer["token"]
            records.append(record)
        world.answered.clear()

    def _made(self, user: Someone, world: World, ask: Ask, tokens: Mapping[str, str]) -> Record:
        self._dying.now = ask.dies
        began = time.monotonic_ns()
        try:
            answer = PERFORM[ask.name](world, user, ask.given, tokens)
            status, told = answer.status, seen(ask.name, answer)
        except Exception:  # noqa: BLE001 - whatever it is, it is a violation and must be told
            status, told = RAISED, {"error": traceback.format_exc()}
        return Record(user, ask.name, ask.given, began, time.monotonic_ns(), status, told)

    def _resources(self, environment: dict[str, str]) -> Resources:
        """An instance's resources; the connections are all instances'."""
        return FastPasswords(environment, clock=self._clock, connect=self._strikes.connect)

    def _answered(self, error: Refused) -> None:
        codes = {reason.get("Code") for reason in error.members.get("CancellationReasons", ())}
        if error.code == "ConditionalCheckFailedException" or "ConditionalCheckFailed" in codes:
            self._counts["conditions failed"] += 1
        if error.code == "TransactionConflictException" or "TransactionConflict" in codes:
            self._counts["transaction conflicts"] += 1

    def _count(self) -> None:
        """Count how often a change is decided anew, and how often a call is sent again."""
        commit, call, counts = DynamoUsers.commit_with, DynamoDB._call, self._counts

        def counted_commit(self: DynamoUsers, change: Change, others: Any) -> Change:
            try:
                return commit(self, change, others)
            except Superseded:
                counts["retries"] += 1
                raise

        def counted_call(self: DynamoDB, operation: str, **parameters: Any) -> Any:
            counts["wanted"] += 1
            return call(self, operation, **parameters)

        answered, sent = self._answered, Client.call

        def told(self: Client, operation: str, parameters: Mapping[str, Any]) -> Response:
            try:
                return sent(self, operation, parameters)
            except Refused as error:
                answered(error)
                raise

        DynamoUsers.commit_with = counted_commit  # type: ignore[method-assign]
        DynamoDB._call = counted_call  # type: ignore[method-assign]
        Client.call = told  # type: ignore[method-assign]

    def _die(self) -> None:
        """Have a function that is stopped after its commit archive nothing."""
        archive, dying = DynamoUsers.archive, self._dying

        def until_stopped(self: DynamoUsers, user_id: str) -> int:
            return 0 if getattr(dying, "now", False) else archive(self, user_id)

        DynamoUsers.archive = until_stopped  # type: ignore[method-assign]


def main(
    connection: Connection,
    barrier: Barrier,
    moved: "Synchronized[float]",
    environment: Mapping[str, str],
    ahead: float,
) -> None:
    """Do what the crew asks, until it goes; with clocks that are so many seconds ahead."""
    os.environ.update(environment)
    # The handlers log each call: as much work as in Lambda, and nothing that anybody reads.
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    worker = Worker(barrier, CrewClock(moved, ahead))
    with contextlib.suppress(EOFError):
        while True:
            name, *arguments = connection.recv()
            connection.send(getattr(worker, name)(*arguments))
