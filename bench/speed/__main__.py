"""Measure what the service costs, and print it.

Run: python -m bench.speed [--rounds 40] [--parts counted,cpu,starts,instructions]

Each ratio compares figures of one run, so the machine does not matter much; what else it does meets
both sides.
"""

import argparse
import sys
from collections.abc import Callable
from typing import Final

from bench.speed import counted, cpu, instructions, starts, world
from bench.speed.cases import BY_NAME
from bench.speed.processes import bench
from bench.speed.results import LATEST, Results
from local.template import ROOT

MEASURED_BY_VALGRIND: Final = ("validate",)


def count(found: Results, _rounds: int) -> None:
    """Calls of the tables, and bytes on the wire."""
    with bench(world.made()) as stub:
        each = counted.count(stub)
    print(f"\n{'counted':<36}{'calls':>8}{'sent':>8}{'received':>10}  B")
    for one in each:
        found.note("calls", one.case.name, len(one.operations))
        found.note("bytes", one.case.name, one.size)
        print(
            f"{one.case.title:<36}{len(one.operations):>8}{one.sent:>8}{one.received:>10}"
            f"  {' '.join(one.operations)}"
        )


def measure_cpu(found: Results, rounds: int) -> None:
    """CPU of each operation over its floor."""
    with bench(world.made()) as stub:
        each = cpu.measure(stub, rounds=rounds)
    print(f"\n{'CPU, µs':<36}{'service':>10}{'floor':>10}{'ratio':>8}{'of medians':>12}")
    for one in each:
        found.note("cpu", one.case.name, one.ratio)
        found.note("service_us", one.case.name, one.service_us)
        found.note("floor_us", one.case.name, one.floor_us)
        print(
            f"{one.case.title:<36}{one.service_us:>10,.0f}{one.floor_us:>10,.0f}{one.ratio:>8.2f}"
            f"{one.of_medians:>12.2f}"
        )


def measure_starts(found: Results, rounds: int) -> None:
    """Cold starts beside boto3's own."""
    with bench(world.made(), secure=True) as stub:
        each = starts.measure(stub, rounds=max(3, rounds // 6))
    compared = each[starts.COMPARED]
    print(
        f"\n{'cold start':<36}{'init ms':>8}{'ratio':>8}{'first +ms':>11}{'MiB':>8}{'modules':>9}"
    )
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


def measure_instructions(found: Results, _rounds: int) -> None:
    """Instructions of an operation over its floor's."""
    if not instructions.available():
        print("\nvalgrind is not installed, so no instructions are counted.")
        return
    print(f"\n{'instructions, million':<36}{'service':>10}{'floor':>10}{'ratio':>8}")
    with bench(world.made()) as stub:
        for name in MEASURED_BY_VALGRIND:
            case = BY_NAME[name]
            service = instructions.per_answer(stub, name, case.function)
            floor = instructions.per_answer(stub, name, "floor")
            found.note("instructions", name, service / floor)
            print(
                f"{case.title:<36}{service / 1e6:>10.2f}{floor / 1e6:>10.2f}{service / floor:>8.2f}"
            )


PARTS: Final[dict[str, Callable[[Results, int], None]]] = {
    "counted": count,
    "cpu": measure_cpu,
    "starts": measure_starts,
    "instructions": measure_instructions,
}


def main() -> int:
    """Measure the parts that are asked for, and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--parts", default=",".join(PARTS), help="which of the parts, with commas")
    options = parser.parse_args()
    chosen = options.parts.split(",")
    if unknown := [name for name in chosen if name not in PARTS]:
        parser.error(f"There is no part {unknown[0]}; there are {', '.join(PARTS)}.")
    found = Results.kept()
    for name in chosen:
        PARTS[name](found, options.rounds)
    found.keep()
    print(f"\nFigures: {LATEST.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
