"""What the store makes of bad connections: true sockets below, the store's errors above."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local import tls
from sojourn.aws.client import DYNAMODB, Client
from sojourn.aws.connection import Timeouts
from sojourn.aws.credentials import Credentials, Keys
from sojourn.aws.endpoints import Endpoint
from sojourn.aws.pool import Pool
from sojourn.domain.errors import Unavailable
from sojourn.store import expressions
from sojourn.store.client import ConditionFailed, DynamoDB
from sojourn.store.expressions import Key
from tests.support.clock import MovedClock
from tests.support.loopback import (
    Loopback,
    Step,
    bodies,
    checked,
    closes,
    holds,
    resets,
    sends,
    shuts,
    trickles,
    whole,
)

KEY = Key("sessions", "usr_1", "user")
ITEM = {"pk": {"S": "usr_1"}, "sk": {"S": "user"}, "blob": {"B": "AAH/"}}
VALUES = {"pk": "usr_1", "sk": "user", "blob": b"\x00\x01\xff"}
FOUND = checked(json.dumps({"Item": ITEM}).encode())
DONE = sends(checked(b"{}"))
UNMET = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"


def unmet(**members: Any) -> Step:
    """A failed condition, as DynamoDB answers it."""
    return sends(checked(json.dumps({"__type": UNMET, **members}).encode(), status=400))


def over(endpoint: Endpoint, clock: MovedClock, *, ca_file: str | None = None) -> DynamoDB:
    """The store's calls over that endpoint, with hasty time-outs."""
    credentials = Credentials({}, fetch=lambda: Keys("id", "secret"), now_ms=clock.machine_ms)
    pool = Pool(endpoint, Timeouts(connect=5, read=0.3), ca_file=ca_file)
    client = Client(DYNAMODB, endpoint, credentials, pool, now_ms=clock.machine_ms)
    return DynamoDB(client, clock)


class Waiting(MovedClock):
    """A clock that counts waits."""

    waits = 0

    def sleep(self, seconds: float) -> None:
        self.waits += 1
        super().sleep(seconds)


@pytest.fixture
def clock() -> Waiting:
    """A clock by which waits take no time."""
    return Waiting()


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Closes the servers."""
    with ExitStack() as stack:
        yield stack


Scripted = Callable[..., tuple[DynamoDB, Loopback]]


@pytest.fixture
def scripted(stack: ExitStack, clock: Waiting) -> Scripted:
    """The store over a server with a script."""

    def make(*script: Step) -> tuple[DynamoDB, Loopback]:
        server = stack.enter_context(Loopback(*script))
        return over(server.endpoint, clock), server

    return make


BAD: dict[str, Step] = {
    "reset": resets,
    "closed": closes,
    "half closed": shuts(FOUND[:-20]),
    "silent": holds,
    "trickled": trickles(FOUND, seconds=0.02),
    "cut": sends(FOUND[:-1], then_closes=True),
    "longer than announced": sends(FOUND + b"x"),
    "another checksum": sends(FOUND.replace(b"usr_1", b"usr_2")),
    "garbage": sends(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 9 + b"\r\n\r\n"),
    "HTML": sends(whole(b"<html>busy</html>", status=503)),
    "a JSON list": sends(whole(b"[]")),
    "an internal error": sends(whole(b'{"__type": "x#InternalServerError"}', status=500)),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_answer_is_asked_again(scripted: Scripted, kind: str) -> None:
    """A read that got no whole answer is repeated, and gives the item as it is."""
    store, server = scripted(BAD[kind], sends(FOUND))
    assert store.get(KEY) == VALUES
    first, second = bodies(server.requests)
    assert first == second


@pytest.mark.parametrize("kind", BAD)
def test_write_with_a_bad_answer_may_have_been_done(scripted: Scripted, kind: str) -> None:
    """Its repetition meets its own result: what failed tells what is there, and that it may be us.

    If nothing is there, it is not known what became of the write, and nobody says that it failed.
    """
    store, _ = scripted(BAD[kind], unmet(Item=ITEM))
    with pytest.raises(ConditionFailed) as failed:
        store.write(expressions.put(KEY, {}, condition="attribute_not_exists(pk)"))
    assert (failed.value.item, failed.value.maybe_done) == (ITEM, True)
    store, _ = scripted(BAD[kind], unmet())
    with pytest.raises(ConditionFailed) as failed:
        store.write(expressions.put(KEY, {}, condition="attribute_not_exists(pk)"))
    with pytest.raises(Unavailable):
        failed.value.found()


@pytest.mark.parametrize("kind", BAD)
def test_transaction_with_a_bad_answer_is_asked_by_the_same_token(
    scripted: Scripted, kind: str
) -> None:
    """The repetition is byte for byte the same, so DynamoDB does it once."""
    store, server = scripted(BAD[kind], DONE)
    store.transact([expressions.put(KEY, {}), expressions.delete(KEY)])
    first, second = bodies(server.requests)
    assert first == second
    assert len(json.loads(first)["ClientRequestToken"]) == 32


@pytest.mark.parametrize("kind", ["reset", "closed", "another checksum", "garbage", "HTML"])
def test_store_that_never_answers_is_unavailable(scripted: Scripted, kind: str) -> None:
    """Retries end with the deadline."""
    store, server = scripted(BAD[kind])
    with pytest.raises(Unavailable, match="did not answer in time"):
        store.get(KEY)
    assert len(server.requests) > 10


def test_connection_that_was_closed_while_idle_costs_nothing(
    scripted: Scripted, clock: Waiting
) -> None:
    """No error, no wait, and no doubt whether a write was done."""
    store, server = scripted(DONE, unmet())
    store.write(expressions.put(KEY, {}))
    server.hang_up()
    ((connection, _, _),) = store.client.transport._kept  # type: ignore[attr-defined]
    while connection.is_quiet():
        pass
    with pytest.raises(ConditionFailed) as failed:
        store.write(expressions.put(KEY, {}))
    assert not failed.value.maybe_done
    assert (clock.waits, server.connections, len(server.requests)) == (0, 2, 2)


@pytest.mark.parametrize("goodbye", [closes, resets])
def test_connection_that_is_closed_under_a_write_costs_no_wait(
    scripted: Scripted, clock: Waiting, goodbye: Step
) -> None:
    """The write is repeated at once, on a new connection, as one that may have been done."""
    store, server = scripted(DONE, goodbye, unmet(Item=ITEM))
    store.write(expressions.put(KEY, {}))
    with pytest.raises(ConditionFailed) as failed:
        store.write(expressions.put(KEY, {}))
    assert failed.value.maybe_done
    assert (clock.waits, server.connections) == (0, 2)


def test_large_answers_come_whole(scripted: Scripted) -> None:
    """A page of a megabyte is read item by item."""
    items = [{"n": {"N": str(n)}, "text": {"S": "x" * 10_000}} for n in range(100)]
    page = checked(json.dumps({"Items": items}).encode())
    assert len(page) > 1_000_000
    store, server = scripted(sends(page))
    for _ in range(2):
        found = store.query(table="t", condition="pk = :pk", values={":pk": "x"}, limit=100)
        assert [item["n"] for item in found.values] == list(range(100))
    assert server.connections == 1


@pytest.mark.parametrize("wrong", ["authority", "host", "nobody"])
def test_whom_the_store_does_not_trust_is_told_nothing(
    stack: ExitStack, clock: Waiting, tmp_path: Path, wrong: str
) -> None:
    """A wrong certificate, or no server: the store is unavailable, and nothing was sent."""
    context, ca_file = tls.context(tmp_path)
    host = "127.0.0.2" if wrong == "host" else "127.0.0.1"
    server = stack.enter_context(Loopback(DONE, tls=context, host=host))
    endpoint = replace(server.endpoint, host="127.0.0.3") if wrong == "nobody" else server.endpoint
    store = over(endpoint, clock, ca_file=None if wrong == "authority" else str(ca_file))
    with pytest.raises(Unavailable, match="did not answer in time"):
        store.write(expressions.put(KEY, {}))
    assert server.requests == []
