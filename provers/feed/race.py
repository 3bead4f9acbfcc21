"""Run a race on a DynamoDB Local, and follow its cursors when it is over."""

import logging
import multiprocessing
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from random import Random
from typing import Any, Final

import boto3
import pytest
from moto.server import ThreadedMotoServer

from local import aws, dynamodb_local, in_process
from local.stack import FastPasswords
from local.template import Template
from provers.feed import process
from provers.feed.checker import Checker, Findings
from provers.feed.clock import SPEED, RaceClock, Start
from provers.feed.process import Lane, Part, Stage
from provers.feed.reader import Reader, path
from provers.feed.records import Played, together
from provers.feed.writer import CAP, Admin, Writer
from sojourn.domain.revocation import SHARDS, Entry, slice_of
from tests.support.http_world import World
from tests.support.instance import Instance

AHEAD: Final = (-4.5, 4.5, -1.5)
"""Seconds by which the clocks of instances are ahead."""
STRIKES: Final = 0.06
"""The share of the writers' requests to DynamoDB that meet a fault."""
LANES: Final[Sequence[Sequence[Lane]]] = (
    *([Writer(f"writer-{n}-{ahead}", [ahead]) for ahead in AHEAD] for n in range(2)),
    [Admin([4.5], every=8.0)],
    [Reader(f"pages of {limit}", limit, [4.5, -4.5]) for limit in (1, 3, 2000)],
)
"""The lanes of each process."""
PATIENCE: Final = 120.0
"""Seconds that a process may take to begin and to end, beside the race."""


@dataclass(frozen=True, slots=True)
class Race:
    """What a race came to."""

    played: Played
    entries: Sequence[Entry]
    slices: int
    shards: int
    findings: Findings


@dataclass(frozen=True, slots=True)
class Course:
    """Where races are run: a DynamoDB, a KMS, and processes that are ready."""

    endpoint: str
    kms: str
    connections: Sequence[Connection]

    def race(self, *, seconds: float, most: int, broken: str | None = None) -> Race:
        """Run a race of so many seconds, and check it after `most` cursors at most."""
        stage = _stage(self.endpoint, self.kms, RaceClock(Start.now()))
        clock = RaceClock(Start.before_an_hour(SPEED * seconds / 2))
        until_ns = clock.start.ns + round(1e9 * seconds)
        part = Part(stage, clock.start, until_ns, broken or "race", STRIKES, broken)
        for number, (connection, lanes) in enumerate(zip(self.connections, LANES, strict=True)):
            # Only writers meet faults.
            reads = any(isinstance(lane, Reader) for lane in lanes)
            strikes = 0.0 if reads else part.strikes
            connection.send(replace(part, seed=f"{part.seed}/{number}", strikes=strikes))
        played = together([_answer(one, seconds + PATIENCE) for one in self.connections])
        assert not played.errors, played.errors[0]
        return _checked(stage, clock, played, most)


@contextmanager
def course(endpoint: str) -> Iterator[Course]:
    """The processes of a race, ready, until the block ends."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    host, port = server.get_host_and_port()
    kms = f"http://{host}:{port}"
    where = {"AWS_ENDPOINT_URL_DYNAMODB": endpoint, "AWS_ENDPOINT_URL_KMS": kms}
    environment = {**aws.ENVIRONMENT, **where}
    spawn = multiprocessing.get_context("spawn")
    started, connections = [], []
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        try:
            for lanes in LANES:
                ours, theirs = spawn.Pipe()
                given = (theirs, environment, lanes)
                one = spawn.Process(target=process.main, args=given, daemon=True)
                one.start()
                theirs.close()
                started.append(one)
                connections.append(ours)
            for connection in connections:
                _answer(connection, PATIENCE)
            yield Course(endpoint, kms, connections)
        finally:
            for connection in connections:
                connection.close()
            for one in started:
                one.join(timeout=5)
                one.kill()
            server.stop()


def _answer(connection: Connection, seconds: float) -> Any:
    if not connection.poll(seconds):
        raise TimeoutError("A process of the race did not answer")
    return connection.recv()


def _stage(endpoint: str, keys: str, clock: RaceClock) -> Stage:
    """Fresh tables, a realm and an admin key."""
    of_aws: dict[str, Any] = {
        "region_name": aws.REGION,
        "aws_access_key_id": "local",
        "aws_secret_access_key": "local",
    }
    dynamodb = boto3.client("dynamodb", endpoint_url=endpoint, **of_aws)
    kms_client: Any = boto3.client("kms", endpoint_url=keys, **of_aws)
    run, names = uuid.uuid4().hex[:8], {}
    for logical_id, table in Template.read().resources("AWS::DynamoDB::Table").items():
        names[logical_id] = f"{run}-{logical_id}"
        aws.create_table(dynamodb, names[logical_id], dynamodb_local.known(table))
    environment = {
        "DIRECTORY_TABLE": names["DirectoryTable"],
        "SESSIONS_TABLE": names["SessionsTable"],
        "ATTEMPTS_TABLE": names["AttemptsTable"],
        "KMS_KEY_ID": kms_client.create_key()["KeyMetadata"]["Arn"],
        "PUBLIC_URL": "https://sessions.example.com",
    }
    first = Instance(FastPasswords(environment, clock=clock))
    _, key = first.directory.access_keys.create_first(name="race", force=True)
    world = process.instance(Stage(environment, key, ""), clock, in_process.connect)
    settings = {"name": "Race", "jwt_algo": "eddsa", "max_sessions": CAP}
    realm = world.admin("POST", "/v1/realms", settings)
    return Stage(environment, key, realm.body["id"])


def _checked(stage: Stage, clock: RaceClock, played: Played, most: int) -> Race:
    world = process.instance(stage, clock, in_process.connect)
    feed = world.resources.feed
    numbers = range(slice_of(clock.start.wall_ms), slice_of(clock.wall_ms()) + 1)
    entries: list[Entry] = []
    used: set[tuple[int, int]] = set()
    for number in numbers:
        for shard in range(SHARDS[1]):
            after, more = "rev_", True
            while more:
                page, more = feed.read(stage.realm_id, number, shard, after=after, limit=1_000)
                entries += page
                after = page[-1].id if page else after
                used |= {(number, shard)} if page else set()

    def follow(cursor: str, wanted: Sequence[frozenset[str]]) -> set[str]:
        return followed(world, cursor, wanted)

    checker = Checker(clock.start, played.ends, played.polls, entries)
    findings = checker.check(follow, most=most, random=Random("cursors"))
    return Race(
        played=played,
        entries=entries,
        slices=len({number for number, _ in used}),
        shards=len({shard for _, shard in used}),
        findings=findings,
    )


def followed(world: World, cursor: str, wanted: Sequence[frozenset[str]]) -> set[str]:
    """What is at and after a cursor: until it has one of each set, or two sweeps have ended."""
    found: set[str] = set()
    sweeps = 0
    while sweeps < 2 and not all(one & found for one in wanted):
        answer = world.call("GET", path(world.realm_id, after=cursor, limit=2000), bearer=world.key)
        world.answered.clear()
        assert answer.status == 200, answer
        found |= {entry["id"] for entry in answer.body["collection"]}
        cursor = answer.body["cursor"]
        sweeps += not answer.body["more_results"]
    return found
