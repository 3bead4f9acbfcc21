"""Growth: calls, units, bytes and CPU by the number of users, and by a user's sessions.

The users are in DynamoDB Local, in the stored form. Each operation is made for users of its own, so
that writes meet the same state at each size.
"""

import math
from base64 import b64decode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bench import item_sizes
from bench.speed import counted, cpu, filled, world
from bench.speed.cases import BY_NAME
from bench.speed.processes import Bench, bench
from bench.speed.world import World
from local import dynamodb_local

MEASURED: Final = ("validate", "list", "login_password", "terminate")
PEOPLE: Final = 10
"""Users of each operation and round."""
ROUNDS: Final = 6
_WARM: Final = 5
LEAST: Final = (PEOPLE * ROUNDS + _WARM) * len(MEASURED)
"""The users that the operations need: each size is at least so many more than the one before."""


@dataclass(frozen=True, slots=True)
class Point:
    """One operation at one size, for one answer."""

    name: str
    users: int
    calls: float
    units: float
    size: float
    cpu_us: float


def by_users(sizes: Sequence[int]) -> Iterator[Point]:
    """The operations with so many users, size by size in one DynamoDB Local that is filled on.

    Raises `dynamodb_local.Failed`.
    """
    with dynamodb_local.running() as endpoint:
        filled.make_tables(endpoint)
        users = 0
        for size in sizes:
            made = world.made(users=LEAST)
            filled.fill(endpoint, iter(made.items))
            filled.fill(endpoint, filled.others(made, users, size - users - LEAST))
            users = size
            with bench(filled.without_items(made), before=endpoint) as front:
                yield from _points(front, size)


def _points(front: Bench, size: int) -> Iterator[Point]:
    each = LEAST // len(MEASURED)
    for number, name in enumerate(MEASURED):
        worker, user = front.worker(BY_NAME[name].function), number * each
        worker.run(name, _WARM, user)
        front.calls()
        first = user + _WARM
        taken = [worker.run(name, PEOPLE, first + PEOPLE * n) for n in range(ROUNDS)]
        calls, answers = front.calls(), PEOPLE * ROUNDS
        yield Point(
            name=name,
            users=size,
            calls=len(calls) / answers,
            units=sum(call["units"] for call in calls) / answers,
            size=sum(call["sent"] + call["received"] for call in calls) / answers,
            cpu_us=min(taken) / 1000,
        )


def slope(points: Sequence[tuple[float, float]]) -> float:
    """The exponent of growth: the slope of the line through the points on logarithmic axes."""
    logs = [(math.log(x), math.log(y)) for x, y in points]
    middle_x = sum(x for x, _ in logs) / len(logs)
    middle_y = sum(y for _, y in logs) / len(logs)
    across = sum((x - middle_x) ** 2 for x, _ in logs)
    return sum((x - middle_x) * (y - middle_y) for x, y in logs) / across


@dataclass(frozen=True, slots=True)
class Sessions:
    """A user with so many sessions: the item, its units, and what operations cost."""

    sessions: int
    item: int
    read_units: int
    login_units: int
    validate_us: float
    validate_floor_us: float
    validate_bytes: int
    list_us: float
    list_floor_us: float
    list_bytes: int


def by_sessions(numbers: Sequence[int], *, rounds: int) -> Iterator[Sessions]:
    """Validation and list, of a user with so many sessions, on the stub."""
    cases = [BY_NAME[name] for name in ("validate", "list")]
    for number in numbers:
        made = world.made(sessions=number, users=1)
        size = item_size(made)
        with bench(made) as stub:
            of_validate, of_list = cpu.measure(stub, rounds=rounds, cases=cases)
            bytes_of_validate, bytes_of_list = counted.count(stub, cases=cases)
        yield Sessions(
            sessions=number,
            item=size,
            read_units=item_sizes.read(size),
            login_units=item_sizes.written(size),
            validate_us=of_validate.service_us,
            validate_floor_us=of_validate.floor_us,
            validate_bytes=bytes_of_validate.size,
            list_us=of_list.service_us,
            list_floor_us=of_list.floor_us,
            list_bytes=bytes_of_list.size,
        )


def item_size(made: World) -> int:
    """Bytes of the first user's item, as DynamoDB counts them."""
    (item,) = (
        item
        for _, item in made.items
        if item["pk"]["S"] == made.user_ids[0] and item["sk"]["S"] == "user"
    )
    return sum(len(name) + item_sizes.value_size(_stored(value)) for name, value in item.items())


def _stored(value: Any) -> Any:
    """A value of the wire with bytes instead of base64."""
    match value:
        case {"B": text}:
            return {"B": b64decode(text)}
        case dict():
            return {name: _stored(member) for name, member in value.items()}
        case list():
            return [_stored(member) for member in value]
        case _:
            return value
