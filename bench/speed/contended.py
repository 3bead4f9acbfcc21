"""Throughput of logins by the number of workers, conflicts, and how evenly writes are spread.

On DynamoDB Local, by threads of one process. All of it shares one machine's cores, so throughput
ends where these do; conflicts depend on how many logins of one user are under way at once.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import md5
from typing import Final

from bench.speed import filled, world
from bench.speed.processes import Bench, bench
from local import dynamodb_local

WORKERS: Final = (1, 2, 4, 8, 16, 32, 64)
LOGINS: Final = 128
PARTITIONS: Final = 64
PEOPLE: Final = 256
_CONFLICTS: Final = frozenset(
    {
        "ConditionalCheckFailedException",
        "TransactionCanceledException",
        "TransactionConflictException",
    }
)


@dataclass(frozen=True, slots=True)
class Crowd:
    """Logins at once: of one user or of many, by so many workers."""

    kind: str
    workers: int
    logins: int
    per_second: float
    conflicts: float
    """Writes that DynamoDB refused since another came between, for one login."""
    refused: int
    """Logins that were answered by 503, as their deadline came first."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Writes of some operations by their partition keys."""

    name: str
    writes: int
    keys: int
    hottest: float
    """The share of the writes that go to the key with the most."""
    counts: tuple[int, ...]
    """Writes by partition, of so many as `PARTITIONS`, by a hash of the key."""


def crowds(
    workers: Sequence[int] = WORKERS, *, logins: int = LOGINS
) -> tuple[list[Crowd], list[Spread]]:
    """Each number of workers, for one user and for many; and before, the spread of writes.

    Raises `dynamodb_local.Failed`.
    """
    made = world.made(users=PEOPLE)
    with dynamodb_local.running() as endpoint:
        filled.make_tables(endpoint)
        filled.fill(endpoint, iter(made.items))
        with bench(filled.without_items(made), before=endpoint) as front:
            spreads = list(_spreads(front))
            return list(_crowds(front, workers, logins)), spreads


def _crowds(front: Bench, workers: Sequence[int], logins: int) -> Iterator[Crowd]:
    with front.crowd() as ask:
        ask("many 1 4")
        for kind in ("many", "one"):
            for number in workers:
                front.calls()
                told = ask(f"{kind} {number} {logins}")
                conflicts = sum(call.get("error") in _CONFLICTS for call in front.calls())
                yield Crowd(
                    kind=kind,
                    workers=number,
                    logins=logins,
                    per_second=logins / told["seconds"],
                    conflicts=conflicts / logins,
                    refused=told["statuses"].get("503", 0),
                )


def _spreads(front: Bench) -> Iterator[Spread]:
    for name, case, function in (
        ("logins", "login_password", "login"),
        ("ends", "terminate", "terminate"),
    ):
        worker = front.worker(function)
        front.calls()
        worker.run(case, PEOPLE, 0)
        yield spread(name, (key for call in front.calls() for key in call.get("written", ())))


def spread(name: str, written: Iterable[str]) -> Spread:
    """How these keys are spread."""
    keys = Counter(written)
    counts = [0] * PARTITIONS
    for key, times in keys.items():
        counts[partition(key)] += times
    writes = keys.total()
    return Spread(name, writes, len(keys), max(keys.values()) / writes, tuple(counts))


def partition(key: str) -> int:
    """A partition for a key. DynamoDB's own hash is not public; any good one spreads alike."""
    return int.from_bytes(md5(key.encode(), usedforsecurity=False).digest()[:4]) % PARTITIONS
