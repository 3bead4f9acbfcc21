"""The parts of a measurement: each notes its figures, and prints them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Final

from bench.speed import (
    breakdown,
    contended,
    counted,
    cpu,
    growth,
    instructions,
    layer,
    starts,
    world,
)
from bench.speed.processes import bench
from bench.speed.results import Results
from local import dynamodb_local


class NotMeasured(Exception):
    """What this machine lacks for a part; the message says it."""


@dataclass(frozen=True, slots=True)
class Options:
    """How long the parts may take."""

    rounds: int
    users: tuple[int, ...]
    workers: tuple[int, ...]


def count(found: Results, _options: Options) -> None:
    """Calls of the tables, and bytes on the wire."""
    with bench(world.made()) as stub:
        each = counted.count(stub)
    found.begin("counted", "calls", "bytes")
    found.data["operations"] = {}
    print(f"{'counted':<36}{'calls':>8}{'sent':>8}{'received':>10}  B")
    for one in each:
        found.note("calls", one.case.name, len(one.operations))
        found.note("bytes", one.case.name, one.size)
        found.data["operations"][one.case.name] = {
            "operations": one.operations,
            "sent": one.sent,
            "received": one.received,
        }
        print(
            f"{one.case.title:<36}{len(one.operations):>8}{one.sent:>8}{one.received:>10}"
            f"  {' '.join(one.operations)}"
        )


def measure_cpu(found: Results, options: Options) -> None:
    """CPU of each operation over its floor."""
    with bench(world.made()) as stub:
        each = cpu.measure(stub, rounds=options.rounds)
    found.begin("cpu", "cpu", "service_us", "floor_us")
    print(f"{'CPU, µs':<36}{'service':>10}{'floor':>10}{'ratio':>8}{'of medians':>12}")
    for one in each:
        found.note("cpu", one.case.name, one.ratio)
        found.note("service_us", one.case.name, one.service_us)
        found.note("floor_us", one.case.name, one.floor_us)
        print(
            f"{one.case.title:<36}{one.service_us:>10,.0f}{one.floor_us:>10,.0f}{one.ratio:>8.2f}"
            f"{one.of_medians:>12.2f}"
        )


def measure_starts(found: Results, options: Options) -> None:
    """Cold starts beside boto3's own."""
    with bench(world.made(), secure=True) as stub:
        each = starts.measure(stub, rounds=max(3, options.rounds // 6))
    found.begin("starts", "init", "init_ms", "first_ms", "memory_mib", "modules")
    compared = each[starts.COMPARED]
    print(f"{'cold start':<36}{'ms':>8}{'ratio':>8}{'first +ms':>11}{'MiB':>8}{'modules':>9}")
    print(f"{'import boto3, DynamoDB client':<36}{compared.init_ms:>8.0f}{1:>8.2f}")
    found.note("init_ms", starts.COMPARED, compared.init_ms)
    for name in starts.STARTED:
        one = each[name]
        ratio = one.ratio(compared)
        found.note("init", name, ratio)
        found.note("init_ms", name, one.init_ms)
        found.note("first_ms", name, one.first_ms)
        found.note("memory_mib", name, one.peak_mib)
        found.note("modules", name, one.modules)
        print(
            f"{name:<36}{one.init_ms:>8.0f}{ratio:>8.2f}{one.first_ms:>11.1f}"
            f"{one.peak_mib:>8.1f}{one.modules:>9}"
        )


def measure_instructions(found: Results, _options: Options) -> None:
    """Instructions of an operation over its floor's."""
    with bench(world.made()) as stub:
        try:
            each = list(instructions.count(stub))
        except instructions.NotCounted as error:
            raise NotMeasured(str(error)) from error
    found.begin("instructions", "instructions")
    print(f"{'instructions, million':<36}{'service':>10}{'floor':>10}{'ratio':>8}")
    for one in each:
        found.note("instructions", one.case.name, one.ratio)
        print(
            f"{one.case.title:<36}{one.service / 1e6:>10.2f}{one.floor / 1e6:>10.2f}"
            f"{one.ratio:>8.2f}"
        )


def break_down(found: Results, _options: Options) -> None:
    """Where the time of a validation and of a login goes."""
    with bench(world.made()) as stub:
        each = {name: stub.breakdown(name) for name in breakdown.SHOWN}
    found.begin("breakdown")
    found.data["breakdown"] = each
    for name, samples in each.items():
        print(f"where the time of a {breakdown.SHOWN[name]} goes")
        for owner, number in sorted(samples.items(), key=lambda one: -one[1])[:12]:
            print(f"    {owner:<40}{100 * number / sum(samples.values()):>8.1f} %")


def measure_layer(found: Results, _options: Options) -> None:
    """The layer's size."""
    try:
        sizes = layer.sizes()
    except layer.NotBuilt as error:
        raise NotMeasured(str(error)) from error
    found.begin("layer", "layer")
    found.data["layer"] = dict(sizes)
    found.note("layer", "unpacked_mib", sizes.total() / 2**20)
    print(f"the layer, unpacked: {sizes.total() / 2**20:.1f} MiB")


def measure_sessions(found: Results, options: Options) -> None:
    """Growth with a user's sessions."""
    print(f"{'sessions':>8}{'item B':>8}{'validate µs':>12}{'floor':>8}{'list µs':>9}{'floor':>8}")
    points = []
    for one in growth.by_sessions((1, 2, 5, 10, 20, 50, 100), rounds=max(5, options.rounds // 2)):
        points.append(asdict(one))
        print(
            f"{one.sessions:>8}{one.item:>8}{one.validate_us:>12.0f}{one.validate_floor_us:>8.0f}"
            f"{one.list_us:>9.0f}{one.list_floor_us:>8.0f}"
        )
    found.begin("sessions")
    found.data["sessions"] = points


def measure_growth(found: Results, options: Options) -> None:
    """Growth with the number of users."""
    print(f"{'users':>10}  {'operation':<20}{'calls':>7}{'units':>7}{'bytes':>8}{'CPU µs':>9}")
    points = []
    with _dynamodb():
        for one in growth.by_users(options.users):
            points.append(asdict(one))
            print(
                f"{one.users:>10,}  {one.name:<20}{one.calls:>7.2f}{one.units:>7.1f}"
                f"{one.size:>8.0f}{one.cpu_us:>9.0f}"
            )
    found.begin("growth", "units")
    found.data["growth"] = points
    for name in growth.MEASURED:
        most = max(point["units"] for point in points if point["name"] == name)
        found.note("units", name, most)


def measure_crowds(found: Results, options: Options) -> None:
    """Logins at once, and the spread of writes."""
    with _dynamodb():
        crowds, spreads = contended.crowds(options.workers)
    found.begin("contended")
    found.data["crowds"] = [asdict(one) for one in crowds]
    found.data["spreads"] = [asdict(one) for one in spreads]
    print(f"{'logins of':<12}{'workers':>8}{'a second':>10}{'conflicts':>11}{'503':>6}")
    for one in crowds:
        print(
            f"{one.kind:<12}{one.workers:>8}{one.per_second:>10.1f}{one.conflicts:>11.2f}"
            f"{one.refused:>6}"
        )
    for each in spreads:
        print(f"{each.name}: {each.writes} writes of {each.keys} keys, hottest {each.hottest:.3f}")


@contextmanager
def _dynamodb() -> Iterator[None]:
    try:
        yield
    except dynamodb_local.Failed as error:
        raise NotMeasured(str(error)) from error


PARTS: Final[dict[str, Callable[[Results, Options], None]]] = {
    "counted": count,
    "cpu": measure_cpu,
    "starts": measure_starts,
    "instructions": measure_instructions,
    "breakdown": break_down,
    "layer": measure_layer,
    "sessions": measure_sessions,
    "growth": measure_growth,
    "contended": measure_crowds,
}
